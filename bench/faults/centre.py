"""The centre that is hurt: Asterisk, two controllers, Redis with a replica, PostgreSQL, a web process."""

from __future__ import annotations

import asyncio
import os
import random
import struct
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from acd.errors import OperatorError, RequestRefused
from acd.runtime.leader import Leader
from acd.settings.environment import Environment
from bench.load_centre import FIRST_PHONE, write_load
from tests.integration.ami_proxy import AmiProxy
from tests.integration.centre import CHECKOUT, wait_until
from tests.integration.postgres_centre import PostgresCentre
from tests.integration.standby_centre import NAMES, StandbyCentre
from tests.redis_server import RedisProcess

FALLBACK_AFTER_S = 4
AHEAD = struct.Struct("=q")
ROOMY = "size=256m"
FILL_TRIES = 5
RECORDINGS = "recordings"
PAGE_BYTES = 4096


@cache
def may_mount() -> bool:
    """Whether disks can be made here: a full one needs root, and not every container lets root do it."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory(prefix="acd-mount-") as folder:
        tried = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False)
        if tried.returncode == 0:
            _run("umount", folder)
    return tried.returncode == 0


class FaultCentre(StandbyCentre, PostgresCentre):
    """`phones` are the agents' phones. Controllers reach Asterisk through a proxy, which may misbehave."""

    starts_within_s = 120.0
    copied = False  # the clock is put in at the start of a program

    def __init__(self, folder: Path, agents: int) -> None:
        self.phones = tuple(str(FIRST_PHONE + number) for number in range(agents))
        super().__init__(folder)
        low = random.randrange(33_000, 50_000, 1000)
        self.env |= {"ACD_LOG": "info", "ACD_RTP_PORTS": f"{low}-{low + 7999}"}
        self.replica = RedisProcess(folder, password=self.env["ACD_REDIS_PASSWORD"])
        both = (self.redis.port, self.replica.port)
        self.env["ACD_REDIS_HOST"] = ",".join(f"redis-{port}.acd.test:{port}" for port in both)
        self._clock, self._names = folder / "clock", folder / "names"
        self.env |= self._settable(folder)
        for env in self.envs.values():
            env.update(self.env | {name: env[name] for name in ("ACD_AGI_PORT", "ACD_HEALTH_PORT")})
        self.proxy = AmiProxy(int(self.env["ACD_AMI_PORT"]))
        self.held_down: set[str] = set()
        self._disks: dict[str, Path] = {}
        self._leading = Leader(Environment.from_env(self.env, CHECKOUT))

    def adapt(self) -> None:
        """As under load, the fallback queue takes over sooner, and agents may record."""
        write_load(self.config, self.flows, self.phones)
        groups = self.config / "groups.yml"
        text = groups.read_text(encoding="utf-8")
        groups.write_text(text.replace("  load:\n", "  load:\n    record: on_demand\n"), encoding="utf-8")
        system = self.config / "system.yml"
        text = system.read_text(encoding="utf-8")
        assert "fallback_after_s: 8" in text
        system.write_text(text.replace("fallback_after_s: 8", f"fallback_after_s: {FALLBACK_AFTER_S}"))

    def _settable(self, folder: Path) -> dict[str, str]:
        """Clock and names of Asterisk, controllers and web process: see `clock.c`, `names.c`."""
        libraries = [folder / f"{name}.so" for name in ("clock", "names")]
        for library in libraries:
            source = Path(__file__).with_name(f"{library.stem}.c")
            _run("gcc", "-O2", "-shared", "-fPIC", "-o", library, source)
        self._clock.write_bytes(AHEAD.pack(0))
        self._names.touch()
        return {
            "LD_PRELOAD": ":".join(map(str, libraries)),
            "ACD_TEST_CLOCK": str(self._clock),
            "ACD_TEST_NAMES": str(self._names),
        }

    def step_clock(self, by_s: int) -> None:
        """It is set so many seconds forward, or back, for all of them at once."""
        with self._clock.open("r+b") as file:
            ahead_s = AHEAD.unpack(file.read())[0]
            file.seek(0)
            file.write(AHEAD.pack(ahead_s + by_s))

    # --- its life -------------------------------------------------------------------------------------
    async def begin(self) -> None:
        """All of it; what was begun is to be ended with `finish` whatever happens."""
        await self.proxy.__aenter__()
        await asyncio.to_thread(self._mount_disks)
        for env in self.envs.values():
            env["ACD_AMI_PORT"] = str(self.proxy.port)
        await asyncio.to_thread(self.start)
        await asyncio.to_thread(self.replica.start, self.redis)

    def start_controller(self, *, wait: bool = True) -> None:
        """They are told where the records are, which is known only now."""
        for env in self.envs.values():
            env["ACD_DATABASE_URL"] = self.database_url
        super().start_controller(wait=wait)

    async def finish(self) -> None:
        """End all of it."""
        self.replica.stop()
        self.proxy.passing.set()
        try:
            await asyncio.to_thread(self.stop)
        finally:
            await self.proxy.__aexit__()
            for folder in self._disks.values():
                await asyncio.to_thread(_run, "umount", "--lazy", folder)

    def kill_web(self) -> None:
        """kill -9."""
        assert self._web is not None
        self._web.kill()
        self._web.wait(5)

    def web_is_up(self) -> bool:
        """Whether its health page says that all is well."""
        return self._web_is_up()

    def keep(self) -> None:
        """Start whatever has ended and is not held down: the service manager's part."""
        for name in NAMES:
            process = self.processes.get(name)
            if name not in self.held_down and process is not None and process.poll() is not None:
                self.start_one(name)
        if "web" not in self.held_down and self._web is not None and self._web.poll() is not None:
            self.start_web()

    # --- what it says -----------------------------------------------------------------------------------
    async def ask_leader(self, do: str, limit_s: float = 2.0, **fields: Any) -> dict[str, Any] | None:
        """Whoever leads; None where nobody answers."""
        try:
            return await self._leading.request(limit_s=limit_s, do=do, **fields)
        except (OperatorError, RequestRefused):
            return None

    async def look_for_leader(self) -> bool:
        """Whether one leads and routes calls; notes which."""
        told = await self.ask_leader("leadership")
        health = await self.ask_leader("health")
        if told is None or health is None or not health["dispatching"]:
            return False
        self.note_leader(str(told["name"]))
        return True

    async def is_whole(self) -> bool:
        """Whether one leads and routes calls, and the other stands by and sees it."""
        if not await self.look_for_leader():
            return False
        told = await asyncio.gather(*(asyncio.to_thread(self.health, name) for name in NAMES))
        return all(h is not None and h["leader"] == self.leader and h["lease_in_redis"] for h in told)

    # --- what is done to it -----------------------------------------------------------------------------
    def _mount_disks(self) -> None:
        """A small disk for each controller's own folder, and one for recordings, if we may."""
        folders = {name: self.home / "controllers" / name for name in NAMES}
        folders[RECORDINGS] = self.home / RECORDINGS
        for name, folder in folders.items() if may_mount() else ():
            folder.mkdir(parents=True, mode=0o700)
            _run("mount", "-t", "tmpfs", "-o", f"{ROOMY},mode=700", "tmpfs", folder)
            self._disks[name] = folder

    def fail_over(self) -> None:
        """The replica of Redis is the master from now on, and the other one its replica when it is back."""
        self.redis, self.replica = self.replica, self.redis
        self.redis.lead()

    def fill_disk_of(self, name: str) -> None:
        """The disk with a controller's live state, journal and spool, or recordings, takes nothing more."""
        (self._disks[name] / "filler").write_bytes(b"x" * PAGE_BYTES)  # no size at all would be any size
        for left in reversed(range(FILL_TRIES)):
            told = os.statvfs(self._disks[name])
            used = (told.f_blocks - told.f_bfree) * told.f_frsize
            try:
                self._remount(name, f"size={used}")
                return
            except subprocess.CalledProcessError:  # what is kept there has grown meanwhile
                if not left:
                    raise

    def make_room_for(self, name: str) -> None:
        """It has room again."""
        self._remount(name, ROOMY)

    def _remount(self, name: str, options: str) -> None:
        _run("mount", "-o", f"remount,{options}", self._disks[name])

    def lose_names(self) -> None:
        """No name of Redis's servers is found any more: looking for one hangs."""
        self._names.write_text("silent")

    def find_names(self) -> None:
        """They are found again."""
        self._names.write_text("")

    def recording_of(self, call_id: str) -> Path | None:
        """What is kept of a talk; None: nothing yet."""
        return next((self.home / RECORDINGS).glob(f"*/{call_id}-talk.wav"), None)

    def kill_asterisk(self) -> None:
        """kill -9."""
        assert self._asterisk is not None
        self._asterisk.kill()
        self._asterisk.wait(10)

    def start_asterisk(self) -> None:
        """Again, as its keeper does."""
        self._start_asterisk()
        wait_until(lambda: self.console("pjsip show transports") is not None, 10, "Asterisk's SIP")


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)
