"""A real redis-server of a test's own, on a free port of the loopback or of `host`, with nothing on disk."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from tests.integration.centre import free_ports
from tests.leaks import register

START_LIMIT_S = 10.0
LOOK_AGAIN_S = 0.01
OWN_COMMANDS = frozenset({"auth", "command", "config", "info", "ping", "select"})


class RedisProcess:
    """`start`, `stop` (what it had is lost), `stall`, `thaw`; `cli` asks it."""

    def __init__(self, folder: Path, password: str = "", host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = free_ports(1)[0]
        self._folder = folder
        self._password = password
        register(password, "password of Redis")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, master: RedisProcess | None = None) -> None:
        """Run, empty, and answer; with a `master`, as its replica."""
        dump = f"dump-{self.port}.rdb"
        (self._folder / dump).unlink(missing_ok=True)  # what it got as a replica once
        options = {
            "port": self.port,
            "bind": self.host,
            "save": "",
            "dir": self._folder,
            "dbfilename": dump,
        }
        command = ["redis-server", "--repl-diskless-sync-delay", "0"]
        if master is not None:
            command += ["--replicaof", master.host, str(master.port)]
            command += ["--masterauth", self._password] if self._password else []
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        if self._password:
            command += ["--requirepass", self._password]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_LIMIT_S
        while self._ask("ping").stdout != "PONG\n":
            assert self._process.poll() is None, "redis-server ended at once"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(LOOK_AGAIN_S)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(5)
            self._process = None

    def lead(self) -> None:
        """No longer a replica of anybody."""
        self.cli("replicaof", "no", "one")

    def has_all(self) -> bool:
        """Of a replica: whether it has what its master has, and hears of what changes."""
        return "master_link_status:up" in self.cli("info", "replication")

    def stall(self) -> None:
        """SIGSTOP: connections stay open and can be made, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT; starts it if it does not run."""
        if self._process is None:
            self.start()
        self._signal(signal.SIGCONT)

    def _signal(self, name: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(name)

    def cli(self, *command: str) -> str:
        """What redis-cli prints."""
        done = self._ask(*command)
        assert done.returncode == 0, done.stderr
        return done.stdout.removesuffix("\n")

    def _ask(self, *command: str) -> subprocess.CompletedProcess[str]:
        password = ["-a", self._password, "--no-auth-warning"] if self._password else []
        return subprocess.run(
            ["redis-cli", "-h", self.host, "-p", str(self.port), *password, *command],
            capture_output=True,
            text=True,
            check=False,
        )

    def commands(self) -> dict[str, int]:
        """How often each command came since `config resetstat`; those of this class are left out."""
        counts = {}
        for line in self.cli("info", "commandstats").splitlines():
            name, _, values = line.removeprefix("cmdstat_").partition(":calls=")
            if values and name.partition("|")[0] not in OWN_COMMANDS:
                counts[name] = int(values.partition(",")[0])
        return counts
