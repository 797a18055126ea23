"""A real PostgreSQL of the tests' own, on a free port of the loopback, or of `host`: fast, since nothing has
to last.

It runs as an ordinary user also where root runs the tests (the server refuses root), sorts as people do
(ICU), and wants a password, so that what works here works elsewhere.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.integration.centre import free_ports
from tests.leaks import register

USER = "acd"
PASSWORD = "correct horse 7"
register(PASSWORD, "password of the database")
OLDEST = 15
START_LIMIT_S = 60.0
LOOK_AGAIN_S = 0.02
SETTINGS = {
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "log_min_messages": "fatal",
    "timezone": "Asia/Shanghai",  # not ours: moments must not depend on it
}
_numbers = itertools.count(1)


def programs() -> Path:
    """The folder with `initdb` and `postgres` of the newest version that is there."""
    found: dict[int, Path] = {}
    places = [Path(path).parent for path in [shutil.which("postgres")] if path]
    for folder in [*places, *Path("/usr/lib/postgresql").glob("*/bin")]:
        told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
        if (version := re.search(r"\(PostgreSQL\) (\d+)", told.stdout)) is not None:
            found[int(version[1])] = folder
    newest = max(found, default=0)
    assert newest >= OLDEST, f"PostgreSQL {OLDEST} or newer is missing: run script/bootstrap"
    return found[newest]


class PostgresProcess:
    """`start`, `stop` (at once, like a crash), `stall`, `thaw`; `new_database` makes one."""

    def __init__(self, host: str = "127.0.0.1", **settings: str) -> None:
        self.host = host
        self.port = free_ports(1)[0]
        self._settings = settings
        self._programs = programs()
        self._folder = Path(tempfile.mkdtemp(prefix="acd-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._make()

    def _make(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (self._folder, password):
                shutil.chown(path, *_ordinary_user())
        subprocess.run(
            [
                *_as_ordinary_user(), self._programs / "initdb", "--pgdata", self._folder / "data",
                "--username", USER, "--pwfile", password, "--auth", "scram-sha-256", "--no-sync",
                "--encoding", "UTF8", "--locale", "C", "--locale-provider", "icu", "--icu-locale", "en-US",
            ],
            check=True,
            capture_output=True,
            cwd="/",
        )  # fmt: skip
        if self.host != "127.0.0.1":
            with (self._folder / "data" / "pg_hba.conf").open("a") as file:
                file.write(f"host all all {self.host}/24 scram-sha-256\n")

    def start(self) -> None:
        """Run, with what it had, and answer."""
        command = [*_as_ordinary_user(), self._programs / "postgres", "-D", self._folder / "data"]
        place = {"listen_addresses": self.host, "port": str(self.port)}
        for name, value in {**SETTINGS, **self._settings, **place}.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("ab") as told:
            self._process = subprocess.Popen(command, stdout=told, stderr=told, cwd="/")
        deadline = time.monotonic() + START_LIMIT_S
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(LOOK_AGAIN_S)

    def stop(self) -> None:
        """End it at once, if it runs: connections break, what was not committed is gone."""
        if self._process is not None:
            if self._process.poll() is None:
                self._signal_all(signal.SIGCONT)
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        """End it, and delete all that it had."""
        self.stop()
        shutil.rmtree(self._folder)

    def stall(self) -> None:
        """SIGSTOP: connections stay open and can be made, nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT; starts it if it does not run."""
        if self._process is None:
            self.start()
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, name: signal.Signals) -> None:
        """The server and the processes that it has made for its connections."""
        assert self._process is not None
        self._process.send_signal(name)
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for child in map(int, children.split()):
            try:
                os.kill(child, name)
            except ProcessLookupError:
                continue

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _address(self, database: str) -> str:
        return f"host={self.host} port={self.port} user={USER} password='{PASSWORD}' dbname={database}"

    def url(self, database: str) -> str:
        """What ACD_DATABASE_URL is to be for a database."""
        password = PASSWORD.replace(" ", "%20")
        return f"postgresql+psycopg://{USER}:{password}@{self.host}:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """One statement, outside of any transaction; its rows."""
        with psycopg.connect(self._address(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, template: str = "template0") -> str:
        """Its name: a copy of `template`, which nobody may be using."""
        name = f"acd_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
        return name

    def drop(self, database: str) -> None:
        """Away with it, whoever still has it open."""
        self.run(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def migrated(self, upgrade: Callable[[str], None]) -> str:
        """The name of a database in which `upgrade`, told its URL, has made the tables: a template."""
        name = self.new_database()
        upgrade(self.url(name))
        return name


def _ordinary_user() -> tuple[str, str]:
    return "nobody", "nogroup"


def _as_ordinary_user() -> list[str | Path]:
    """It ends with us, however we end; where we are root it is nobody."""
    user, group = _ordinary_user()
    other = ["--reuid", user, "--regid", group, "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *other, "--pdeathsig", "QUIT", "--"]
