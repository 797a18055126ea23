"""Desktops on one web process: how soon a change of an agent's state is on the screens, and what it takes.

The web process is the real one. What it is told comes from the real engine and its live feed, over a real
control socket: 500 agents who go ready and not ready, 50 groups, calls in menus. The browsers are WebSocket
clients in a process of their own: all agents watch what is theirs, supervisors the wallboard and all calls.
A change is late by the time from the event in the engine until the client has the message. Afterwards, alone,
a real browser draws the wallboard of as many agents: `bench.board_frames`.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.table import Table

from acd.accounts.sessions import Sessions
from acd.accounts.store import AccountStore
from acd.core import events
from acd.core.commands import AgentChanged, CallChanged
from acd.core.engine import Engine
from acd.core.events import Event
from acd.core.expected_wait import WaitRange
from acd.core.facts import CallKind
from acd.core.work_rules import Reason
from acd.records.store import RecordStore
from acd.runtime.control_server import ControlServer
from acd.runtime.feed import LiveFeed
from acd.runtime.feed_look import View
from acd.runtime.presence import Presence
from acd.runtime.watchers import Watchers
from acd.settings.environment import Environment
from bench.engine import Size, plan_of
from bench.figures import figures
from bench.processes import cpu_s, rss_mb

CHECKOUT = Path(__file__).parents[1]
TARGETS: Mapping[str, float] = {
    "late_p50_ms": 50.0,
    "late_p99_ms": 50.0,
    "rss_mb": 100.0,
    "closed": 0.0,
    "frame_p99_ms": 16.0,
}
START_LIMIT_S = 60.0
NO_PASSWORD = "!"  # noqa: S105  nobody signs in with one


@dataclass(frozen=True, slots=True)
class Load:
    """`changes_per_s`: of agents' states."""

    agents: int = 500
    groups: int = 50
    supervisors: int = 20
    calls: int = 200
    changes_per_s: float = 20.0
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Measured:
    """`messages`: changes that clients were told; `idle_rss_mb`: before the first of them came.

    `cpu_percent`: of one core; `closed`: clients that were cut off. `frame_…_ms`: what a frame of the
    wallboard takes the browser's main thread, None where it was not measured.
    """

    messages: float
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    idle_rss_mb: float
    rss_mb: float
    cpu_percent: float
    closed: float
    frame_p50_ms: float | None = None
    frame_p99_ms: float | None = None
    frame_max_ms: float | None = None


class StandIn:
    """A controller without telephones: engine, feed and control socket."""

    def __init__(self, load: Load, path: Path) -> None:
        plan = plan_of(Size(load.agents, load.groups, load.groups, 0))
        self._engine = Engine(replace(plan, reasons={"break": Reason({"en": "Break"})}))
        self._agents = list(plan.agents)
        self._chance = random.Random(7)
        self._at_work: set[str] = set()
        self.feed = LiveFeed(
            self._engine.floor,
            time.time,
            View(
                centre=lambda: {"name": "Bench", "dispatching": True},
                language=lambda: "en",
                step_of=lambda _call: "main/menu",
                expected_wait=lambda _group: WaitRange(30.0, 90.0),
            ),
        )
        for agent in plan.agents.values():
            self.tell(events.PhoneChanged(agent.extension, reachable=True, in_use=False))
            self.tell(events.AgentLoggedIn(agent.id, agent.extension))
        for number in range(load.calls):
            self.tell(events.CallArrived(f"c{number}", CallKind.INBOUND, f"+49301{number:05}", "Ada", "8000"))
        watchers = Watchers(self.feed, Presence(self.tell))
        self.server = ControlServer(path, {"health": lambda _asked: {}}, {"watch": watchers.serve})

    def tell(self, event: Event) -> None:
        """As the shell does: what has changed is marked."""
        floor = self._engine.floor
        for command in self._engine.handle(event, time.time()):
            if isinstance(command, AgentChanged):
                self.feed.agent_changed(floor.agents[command.agent])
            elif isinstance(command, CallChanged):
                self.feed.call_changed(floor.calls[command.call_id])

    def change(self) -> None:
        """One agent goes ready, or for a break."""
        agent = self._chance.choice(self._agents)
        if agent in self._at_work:
            self._at_work.discard(agent)
            self.tell(events.AgentWentNotReady(agent, "break"))
        else:
            self._at_work.add(agent)
            self.tell(events.AgentWentReady(agent))

    async def run(self, per_s: float) -> None:
        """Until cancelled, evenly."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.change()
            due += 1 / per_s
            await asyncio.sleep(max(0.0, due - loop.time()))


async def measure(load: Load, progress: Callable[[str], None]) -> Measured:
    """Raises OSError or TimeoutError where something does not start."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = Environment(home, CHECKOUT / "config", CHECKOUT / "ivr_flows", http_port=_free_port())
        progress("making accounts")
        clients = await asyncio.to_thread(_sign_in, environment, load)
        file = home / "clients.json"
        file.write_text(json.dumps(clients), encoding="utf-8")
        stand_in = StandIn(load, environment.control_socket)
        await stand_in.server.start()
        work = [asyncio.create_task(stand_in.feed.run())]
        web = await _start_web(environment)
        try:
            idle_mb = rss_mb(web.pid)
            progress("browsers connect")
            url = f"http://127.0.0.1:{environment.http_port}"
            browsers = await _run("bench.desktop_clients", url, str(file), str(load.seconds))
            assert browsers.stdout is not None
            async with asyncio.timeout(START_LIMIT_S):
                await browsers.stdout.readline()
            progress("measuring")
            work.append(asyncio.create_task(stand_in.run(load.changes_per_s)))
            began, before_s = time.monotonic(), cpu_s(web.pid)
            told = json.loads(await browsers.stdout.readline())
            used, took_s = cpu_s(web.pid) - before_s, time.monotonic() - began
            return _measured(told, (idle_mb, rss_mb(web.pid)), used / took_s)
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            with suppress(ProcessLookupError):
                web.terminate()
            await web.wait()
            await stand_in.server.stop()


def _measured(told: Mapping[str, Any], memory_mb: tuple[float, float], cpu_share: float) -> Measured:
    found = figures(told["late_ms"])
    return Measured(
        messages=len(told["late_ms"]),
        late_p50_ms=found.p50_ms,
        late_p99_ms=found.p99_ms,
        late_max_ms=found.max_ms,
        idle_rss_mb=memory_mb[0],
        rss_mb=memory_mb[1],
        cpu_percent=cpu_share * 100,
        closed=told["closed"],
    )


async def with_frames(measured: Measured, load: Load) -> Measured:
    """The browser's part as well. Raises playwright's Error where there is no Chromium."""
    from bench import board_frames  # the rest needs no browser

    found = await board_frames.measure(load.seconds, load.agents, load.groups, load.changes_per_s)
    return replace(
        measured, frame_p50_ms=found["p50_ms"], frame_p99_ms=found["p99_ms"], frame_max_ms=found["most_ms"]
    )


def _sign_in(environment: Environment, load: Load) -> list[dict[str, Any]]:
    """Sessions for all, without the time that passwords take."""
    environment.control_socket.parent.mkdir(parents=True, exist_ok=True)
    clients = []
    with RecordStore(environment.database_url) as store:
        accounts, sessions = AccountStore(store.engine), Sessions(store.engine)
        for number in range(load.agents):
            supervises = number < load.supervisors
            name, role = f"a{number}", "supervisor" if supervises else "agent"
            accounts.add(name, role, NO_PASSWORD, name, must_change=False)
            key, _ = sessions.begin(name, "127.0.0.1", "bench")
            topics = ["me", "wallboard", "calls"] if supervises else ["me"]
            clients.append({"key": key, "topics": topics})
    return clients


async def _start_web(environment: Environment) -> asyncio.subprocess.Process:
    web = await _run("acd.cli.web", env=_variables(environment))
    async with asyncio.timeout(START_LIMIT_S):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", environment.http_port)
                writer.close()
                return web
            await asyncio.sleep(0.1)


def _variables(environment: Environment) -> dict[str, str]:
    return {
        **os.environ,
        "ACD_HOME": str(environment.home),
        "ACD_HTTP_ADDRESS": "127.0.0.1",
        "ACD_HTTP_PORT": str(environment.http_port),
    }


async def _run(
    module: str,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    stdin: int | None = None,
    new_session: bool = False,
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=stdin,
        stdout=asyncio.subprocess.PIPE, env=env, cwd=CHECKOUT, limit=256 * 1024 * 1024,
        start_new_session=new_session,
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_good(measured: Measured) -> bool:
    """Whether all targets were met."""
    found = asdict(measured)
    return all(found[name] is None or found[name] <= target for name, target in TARGETS.items())


def table(measured: Measured, load: Load) -> Table:
    """The figures beside their targets."""
    title = f"{load.agents} desktops on one web process, {load.changes_per_s:g} changes of state a second"
    out = Table(title=title)
    for name in ("figure", "measured", "target", ""):
        out.add_column(name, justify="left" if name == "figure" else "right")
    for name, value in _known(measured).items():
        target = TARGETS.get(name)
        met = "" if target is None else "met" if value <= target else "missed"
        out.add_row(name, f"{value:,.1f}", "" if target is None else f"≤ {target:g}", met)
    return out


def write_json(path: Path, measured: Measured) -> None:
    """The figures by name."""
    data = {name: round(value, 3) for name, value in _known(measured).items()}
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _known(measured: Measured) -> dict[str, float]:
    return {name: value for name, value in asdict(measured).items() if value is not None}
