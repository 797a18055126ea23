"""A whole call centre for tests: real Asterisk, real controller, the example's configuration, an own menu.

Each centre has its own folder and ports, so that it runs beside anything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeVar

from acd.errors import OperatorError, RequestRefused
from acd.records.record import CallRecord
from acd.records.store import RecordStore
from acd.runtime.control import request
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.secrets import load_or_create_secrets
from acd.telephony import cdr
from acd.telephony.provision_all import provision
from tests import tables
from tests.integration.copied_process import CopiedProcess
from tests.integration.sip.baresip import Baresip
from tests.integration.sip.phone import RING, Answering, Phone
from tests.integration.sip.sipp import SippCaller
from tests.integration.sip.waiting import WaitedTooLong

CHECKOUT = Path(__file__).resolve().parents[2]
LOOK_AGAIN_S = 0.02
# Speech is kept by what is said and by which voice, so all test centres, and all runs, may share it.
SPEECH = CHECKOUT / "var" / "test-speech"
T = TypeVar("T")
C = TypeVar("C", bound="Centre")
Program = subprocess.Popen[bytes] | CopiedProcess

# The example's times, shortened so that a test need not wait; everything else stays as it is.
FASTER = {
    "groups.yml": {
        "ring_timeout_s: 15": "ring_timeout_s: 4",
        "wrap_up_s: 10": "wrap_up_s: 2",
        "wrap_up_s: 20": "wrap_up_s: 3",
        "short_abandon_s: 5": "short_abandon_s: 1\n    record: on_demand",
    },
    "system.yml": {
        "lease_s: 12": "lease_s: 5\n  direct_ring_timeout_s: 6",
        "fallback_after_s: 4": "fallback_after_s: 8\n  call_id_header: true",
        "fallback_others_after_s: 45": "fallback_others_after_s: 6",
        "# queue_log: {enabled: true, file: queue_log, agents: id}": "queue_log: {enabled: true}",
        "# What agents dial": "missed_rings: {busy: {back_off_s: 2}}\nrecordings: {format: wav}\n\n"
        "# What agents dial",
    },
}


PORTS_FIRST, PORTS_EACH, SHARES = 20_000, 1_500, 8
"""Below the range of outgoing connections. Each process has a share, as ports are bound long after that."""
_given: set[int] = set()


@cache
def _share() -> tuple[int, IO[str] | None]:
    """Which share is this process's, for as long as it lives and holds the lock; the last is the others'."""
    for number in range(SHARES - 1):
        lock = (Path(tempfile.gettempdir()) / f"acd-test-ports-{os.getuid()}.{number}").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
        else:
            return number, lock
    return SHARES - 1, None


def free_ports(count: int) -> list[int]:
    """Ports that are free for TCP and UDP, and that this process has not chosen before."""
    first = PORTS_FIRST + _share()[0] * PORTS_EACH
    if len(_given) > PORTS_EACH // 2:
        _given.clear()
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(first, first + PORTS_EACH)
        if port in _given:
            continue
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        found.append(port)
    return found


class Centre:
    """Started with `start()`, ended with `stop()`; both take about a second."""

    starts_within_s = 60.0
    controller = "acd"  # the module whose `run` is the controller
    copied = True  # whether controller and web process may begin as copies of one that has read their modules

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        _share_speech(self.home / "sounds")
        self.config = folder / "config"
        self.flows = folder / "ivr_flows"
        shutil.copytree(CHECKOUT / "config", self.config)
        shutil.copytree(CHECKOUT / "tests" / "flows", self.flows)
        for name, changes in FASTER.items():
            text = (self.config / name).read_text()
            for old, new in changes.items():
                assert old in text, (name, old)
                text = text.replace(old, new)
            (self.config / name).write_text(text)
        self.adapt()
        self.sip_port, ami, agi, http, health, self.ws_port = free_ports(6)
        low = random.randrange(33_000, 58_000, 1000)
        self.env = {
            **os.environ,
            "ACD_HOME": str(self.home),
            "ACD_CONFIG": str(self.config),
            "ACD_FLOWS": str(self.flows),
            "ACD_SIP_PORT": str(self.sip_port),
            "ACD_AMI_PORT": str(ami),
            "ACD_AGI_PORT": str(agi),
            "ACD_HTTP_PORT": str(http),
            "ACD_HEALTH_PORT": str(health),
            "ACD_WS_PORT": str(self.ws_port),
            "ACD_RTP_PORTS": f"{low}-{low + 999}",
            "ACD_LOG": os.environ.get("ACD_LOG", "debug"),
        }
        self.database_url = f"sqlite:///{self.home}/records.sqlite3"
        self.server = ("127.0.0.1", self.sip_port)
        self.socket = self.home / "run" / "acd.sock"
        self.settings = load_centre(self.config, self.flows)
        secrets = load_or_create_secrets(self.home / "secrets.yml", self.settings.phones)
        self.passwords = secrets.phone_passwords
        self._asterisk: subprocess.Popen[bytes] | None = None
        self._controller: Program | None = None
        self.log = folder / "controller.log"
        self._log = self.log.open("ab")

    def adapt(self) -> None:
        """For other centres: change the copied configuration and flows before they are read."""

    # --- processes ----------------------------------------------------------------------------
    def provision(self) -> None:
        """Write Asterisk's configuration, and Kamailio's, as `acd phones provision` does."""
        env, centre = Environment.from_env(self.env, CHECKOUT), load_centre(self.config, self.flows)
        secrets = load_or_create_secrets(self.home / "secrets.yml", centre.phones)
        usual = os.umask(0o077)
        try:
            provision(centre, env, secrets, CHECKOUT / "asterisk", self.env)
            records = self.home / "records.sqlite3"
            if self.copied and not records.exists():
                tables.make(records)
        finally:
            os.umask(usual)

    def start(self) -> None:
        """Asterisk and controller, ready for calls."""
        self.provision()
        self._start_asterisk()
        self.start_controller()

    def restart_asterisk(self) -> None:
        """Killed, and started again; all its calls are lost."""
        assert self._asterisk is not None
        self._asterisk.kill()
        self._asterisk.wait(30)
        self._start_asterisk()

    def _start_asterisk(self) -> None:
        self._asterisk = subprocess.Popen(
            [CHECKOUT / "asterisk" / "run"], env=self.env, stdout=self._log, stderr=self._log, umask=0o022
        )
        wait_until(lambda: self.console("core waitfullybooted") is not None, 20, "Asterisk")

    def stop(self) -> None:
        """End both, by pid."""
        self.stop_controller()
        if self._asterisk is not None:
            self._asterisk.terminate()
            self._asterisk.wait(30)
        self._log.close()

    def start_controller(self, *, wait: bool = True) -> None:
        """The controller, dispatching unless `wait` is false."""
        self._controller = self.begin_program("run", self.controller)
        if wait:
            wait_until(self._dispatching, self.starts_within_s, "the controller")

    def begin_program(self, command: str, module: str = "acd") -> Program:
        """`acd COMMAND`, or that of another module; what it prints goes to `log`."""
        if self.copied and module == "acd":
            return CopiedProcess([command], self.env, CHECKOUT, self.log)
        return subprocess.Popen(
            [sys.executable, "-m", module, command],
            env=self.env,
            cwd=CHECKOUT,
            stdout=self._log,
            stderr=self._log,
        )

    def stop_controller(self) -> None:
        """An orderly end, if it runs."""
        if self._controller is not None:
            self._controller.send_signal(signal.SIGCONT)
            self._controller.terminate()
            self._controller.wait(30)
            self._controller = None

    def kill_controller(self) -> None:
        """kill -9."""
        assert self._controller is not None
        self._controller.kill()
        self._controller.wait(5)
        self._controller = None

    def freeze_controller(self) -> None:
        """SIGSTOP: sockets stay open, nothing answers."""
        assert self._controller is not None
        self._controller.send_signal(signal.SIGSTOP)

    def thaw_controller(self) -> None:
        """SIGCONT."""
        assert self._controller is not None
        self._controller.send_signal(signal.SIGCONT)

    def console(self, command: str) -> str | None:
        """Asterisk's answer to a console command; None when it does not answer."""
        done = subprocess.run(
            [CHECKOUT / "asterisk" / "run", "-rx", command], env=self.env, capture_output=True, check=False
        )
        return done.stdout.decode() if done.returncode == 0 else None

    def _acd(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "acd", *arguments],
            env=self.env,
            cwd=CHECKOUT,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (done.stderr + done.stdout).decode()
        return done.stdout.decode()

    def acd(self, *arguments: str) -> str:
        """What the command line prints; fails the test when it fails."""
        return self._acd(*arguments)

    def _dispatching(self) -> bool:
        try:
            return bool(asyncio.run(request(self.socket, do="status"))["dispatching"])
        except OperatorError:
            assert self._controller is not None
            assert self._controller.poll() is None, "the controller ended; see controller.log"
            return False

    # --- people -------------------------------------------------------------------------------
    def phone(self, number: str, *, answering: Answering = RING, tone_hz: float | None = None) -> Phone:
        """An agent's phone, not registered yet."""
        return Phone(number, self.passwords[number], server=self.server, answering=answering, tone_hz=tone_hz)

    def baresip(self, number: str, tone_hz: float = 440.0) -> Baresip:
        """An agent's softphone."""
        return Baresip(number, self.passwords[number], server=self.server, tone_hz=tone_hz)

    def caller(self, number: str, from_number: str = "+491700000001", from_name: str = "") -> SippCaller:
        """A caller from the trunk, by SIPp."""
        return SippCaller(
            number, server=self.server, from_number=from_number, from_name=from_name, tone_hz=700.0
        )

    def customer(self, from_number: str = "+491700000001", tone_hz: float | None = None) -> Phone:
        """A caller from the trunk whose every step a test decides."""
        return Phone(from_number, server=self.server, local_host="127.0.0.2", tone_hz=tone_hz)

    # --- what the controller says -----------------------------------------------------------------
    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """One request on the control socket."""
        return await request(self.socket, do=do, **fields)

    async def ready(self, *agents: str) -> None:
        """Log in on their own phones and go ready, in this order (the first is idle longest)."""
        for agent in agents:
            await self.ask("login", agent=agent)
            await self._go_ready(agent)

    async def _go_ready(self, agent: str) -> None:
        """As soon as the phone's registration is known (a new one replaces an old one in between)."""
        deadline = time.monotonic() + 8.0
        while True:
            try:
                await self.ask("ready", agent=agent)
                return  # a waiting caller may ring the phone already
            except RequestRefused as refusal:
                if refusal.code != "phone-unreachable" or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(LOOK_AGAIN_S)

    async def until(
        self, condition: Callable[[dict[str, Any]], T | None], what: str, limit_s: float = 8.0
    ) -> T:
        """Look at the live picture until `condition` gives something true; that."""
        return await until(self.socket, condition, what, limit_s)

    async def until_agent(
        self, agent: str, state: str, reason: str | None = None, limit_s: float = 8.0
    ) -> None:
        """Wait for an agent's state (and reason)."""
        await self.until(
            lambda s: (
                agent_of(s, agent)["state"] == state
                and (reason is None or agent_of(s, agent)["reason"] == reason)
            ),
            f"{agent} {state} {reason or ''}",
            limit_s,
        )

    async def until_call(self, state: str, limit_s: float = 8.0, **fields: Any) -> dict[str, Any]:
        """Wait for a call in a state (waiting, ringing, …) with these further values; the call."""
        return await self.until(
            lambda s: next(
                (
                    c
                    for c in s["calls"]
                    if c["state"] == state and all(c[name] == value for name, value in fields.items())
                ),
                None,
            ),
            f"a call {state} {fields}",
            limit_s,
        )

    async def reset(self) -> None:
        """Everybody logged out, no call left (a failed test leaves some); for the next test."""
        await asyncio.to_thread(self.console, "channel request hangup all")
        if self._controller is None or self._controller.poll() is not None:
            await asyncio.to_thread(self.start_controller)
        self.thaw_controller()
        for agent in self.settings.plan.agents:
            await self.ask("logout", agent=agent)
        await self.until(
            lambda s: not s["calls"] and all(a["state"] == "logged_out" for a in s["agents"]),
            "an empty floor",
            15,
        )

    # --- afterwards ---------------------------------------------------------------------------
    async def record(self, call_id: str, *, finished: bool = True, limit_s: float = 10.0) -> CallRecord:
        """The call's record, once it is stored (and its wrap-up is over)."""
        deadline = time.monotonic() + limit_s
        record: CallRecord | None = None
        while time.monotonic() < deadline:
            record = await asyncio.to_thread(self._record, call_id)
            if record is not None and (not finished or all(s.ended_at for s in record.segments)):
                return record
            await asyncio.sleep(LOOK_AGAIN_S * 5)
        raise WaitedTooLong(f"waited {limit_s:g} s for the record of {call_id}; found {record}")

    def _record(self, call_id: str) -> CallRecord | None:
        with RecordStore(self.database_url) as store:
            return store.call(call_id)

    async def next_record(self, before: Iterable[CallRecord], limit_s: float = 10.0) -> CallRecord:
        """The first finished record that is not among those of `before`."""
        known = {record.call_id for record in before}
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            for record in await asyncio.to_thread(self.records):
                if record.call_id not in known:
                    return record
            await asyncio.sleep(LOOK_AGAIN_S * 5)
        raise WaitedTooLong(f"waited {limit_s:g} s for a new record")

    def records(self) -> list[CallRecord]:
        """Every record."""
        now = datetime.now(UTC)
        with RecordStore(self.database_url) as store:
            return store.calls(now - timedelta(days=1), now + timedelta(days=1), limit=10_000)

    async def agrees_with_asterisk(self) -> bool:
        """Whether each of its calls is on record once, and begins, is answered and ends when ours does.

        `acd` fails where they differ; False: there was none to compare.
        """
        told = await asyncio.to_thread(self.acd, "records", "reconcile", "--json")
        return bool(json.loads(told)["calls"])

    def cdr_rows(self) -> list[cdr.Row]:
        """Asterisk's own account."""
        return cdr.rows(self.home / "asterisk" / "log" / "cdr-custom" / "acd.csv")

    async def until_no_channels(self, limit_s: float = 10.0) -> None:
        """Wait until Asterisk has no channel left."""
        await self.until_channels(lambda shown: not shown.strip(), limit_s)

    async def until_channels(self, condition: Callable[[str], bool], limit_s: float = 10.0) -> None:
        """Wait until this is true of `core show channels concise`."""
        deadline = time.monotonic() + limit_s
        text: str | None = ""
        while time.monotonic() < deadline:
            text = await asyncio.to_thread(self.console, "core show channels concise")
            if text is not None and condition(text):
                return
            await asyncio.sleep(LOOK_AGAIN_S * 5)
        raise WaitedTooLong(f"channels left: {text}")


async def until(
    control_socket: Path, condition: Callable[[dict[str, Any]], T | None], what: str, limit_s: float
) -> T:
    """Look at a live picture until `condition` gives something true; that. Raises WaitedTooLong."""
    deadline = time.monotonic() + limit_s
    status: dict[str, Any] = {}
    while time.monotonic() < deadline:
        with contextlib.suppress(OperatorError):
            status = await request(control_socket, do="status")
            if found := condition(status):
                return found
        await asyncio.sleep(LOOK_AGAIN_S)
    raise WaitedTooLong(f"waited {limit_s:g} s for {what}; last seen: {_short(status)}")


def _share_speech(sounds: Path) -> None:
    SPEECH.mkdir(parents=True, exist_ok=True)
    sounds.mkdir(parents=True)
    (sounds / "speech").symlink_to(SPEECH)


@contextmanager
def started(centre: C) -> Iterator[C]:
    """The centre, which runs until the end of the `with`; for fixtures."""
    try:
        centre.start()
        yield centre
    finally:
        centre.stop()


def agent_of(status: dict[str, Any], agent: str) -> dict[str, Any]:
    """One agent of the live picture."""
    return next(a for a in status["agents"] if a["id"] == agent)


def story(record: CallRecord) -> list[str]:
    """The segments in a line each, for comparing: 'talking sales anna agent_hung_up'."""
    return [
        " ".join(part for part in (s.kind.value, s.group, s.agent, s.outcome and s.outcome.value) if part)
        for s in record.segments
    ]


def wait_until(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    """For set-up, outside of any event loop."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise WaitedTooLong(f"waited {limit_s:g} s for {what}")
        time.sleep(LOOK_AGAIN_S)


def _short(status: dict[str, Any]) -> str:
    agents: Iterable[Any] = status.get("agents", ())
    states = {a["id"]: f"{a['state']}/{a['reason']}" for a in agents if a["state"] != "logged_out"}
    calls = [(c["id"], c["state"], c["group"], c["agent"]) for c in status.get("calls", ())]
    return f"agents {states}, calls {calls}"
