"""How fast the pure engine decides, in a large centre and in a small one: no Asterisk, no clock, one core.

The large centre has 10,000 agents of 300 skill profiles, 400 lines and 20,000 callers who wait; the small one
100 agents and 200 callers. Everybody talks; a talk that ends makes an agent free, who gets the next caller at
once, and another caller comes: five events for each call.
"""

from __future__ import annotations

import json
import random
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from rich.table import Table

from acd.core import events
from acd.core.agents import Agent
from acd.core.calls import Call, CallState
from acd.core.commands import Command, Offer
from acd.core.engine import Engine
from acd.core.events import Event
from acd.core.facts import CallKind
from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.requirement import Requirement
from acd.core.work_rules import NO_WRAP_UP
from acd.runtime.memory import settle, without_collection

SKILLS = 60
TARGETS: Mapping[str, float] = {
    "events_per_s": 25_000,
    "decision_p99_ms": 1.0,
    "cost_ratio": 1.5,
    "rss_mb": 250,
    "restore_s": 2.0,
}
_AT_LEAST = frozenset({"events_per_s"})


@dataclass(frozen=True, slots=True)
class Size:
    """Of a centre."""

    agents: int
    profiles: int
    lines: int
    waiting: int


LARGE = Size(10_000, 300, 400, 20_000)
SMALL = Size(100, 300, 400, 200)


@dataclass(frozen=True, slots=True)
class Figures:
    """`cost_ratio`: processor time of an event in the large centre ÷ that in the small one.

    `decision_p99_ms` is of the events that make an offer possible; `rss_mb` the most that the process
    has had up to then, all in all; `restore_s` from the large centre's kept JSON to a full floor.
    """

    events_per_s: float
    decision_p99_ms: float
    cost_ratio: float
    rss_mb: float
    restore_s: float


def plan_of(size: Size) -> Plan:
    """The same each time: each profile knows 6 of 60 skills, each line asks for one or two."""
    chance = random.Random(5)
    skills = [f"s{n}" for n in range(SKILLS)]
    profiles = [{s: chance.randint(1, 10) for s in chance.sample(skills, 6)} for _ in range(size.profiles)]
    groups = {}
    for n in range(size.lines):
        first, second = chance.sample(skills, 2)
        text = f"{first} >= {chance.randint(1, 5)}" + (f" or {second} >= 8" if n % 2 else "")
        groups[f"g{n}"] = GroupPolicy(f"g{n}", f"g{n}", Requirement.parse(text), wrap_up=NO_WRAP_UP)
    agents = {
        f"a{n}": AgentProfile(f"a{n}", f"Agent {n}", f"{10_000 + n}", profiles[n % size.profiles])
        for n in range(size.agents)
    }
    return Plan(agents, groups)


class Day:
    """A centre in which everybody talks and the lines are long."""

    def __init__(self, size: Size) -> None:
        self.plan = plan_of(size)
        self.engine = Engine(self.plan)
        self.now = 1_700_000_000.0
        self.decisions_s: list[float] = []
        self._chance = random.Random(6)
        self._groups = list(self.plan.groups)
        self._calls = 0
        self._talking: list[str] = []
        self.events = 0
        for agent in self.plan.agents.values():
            self._tell(events.PhoneChanged(agent.extension, reachable=True, in_use=False))
            self._tell(events.AgentLoggedIn(agent.id, agent.extension))
            self._tell(events.AgentWentReady(agent.id))
        while len(self._talking) < size.agents or self._waiting() < size.waiting:
            self._call_comes()

    def _waiting(self) -> int:
        return self._calls - len(self._talking)

    def _tell(self, event: Event) -> list[Command]:
        self.events += 1
        return self.engine.handle(event, self.now)

    def _call_comes(self) -> None:
        self._calls += 1
        call_id, group = f"c{self.events}", self._chance.choice(self._groups)
        self._tell(events.CallArrived(call_id, CallKind.INBOUND, "+4930123", "", "8000"))
        self._taken(self._decide(events.CallQueued(call_id, group, self._chance.choice((0, 0, 5)))))

    def _decide(self, event: Event) -> list[Command]:
        begun = time.thread_time()
        commands = self._tell(event)
        self.decisions_s.append(time.thread_time() - begun)
        return commands

    def _taken(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Offer):
                self._tell(events.OfferAlerting(command.call_id))
                self._tell(events.OfferAnswered(command.call_id))
                self._talking.append(command.call_id)

    def talk_ends(self) -> None:
        """Somebody hangs up, the agent takes the next caller, another one comes: five events."""
        self.now += 0.001
        place = self._chance.randrange(len(self._talking))
        self._talking[place], self._talking[-1] = self._talking[-1], self._talking[place]
        self._calls -= 1
        self._taken(self._decide(events.CallEnded(self._talking.pop())))
        self._call_comes()


def measure(rounds: int, progress: Callable[[float], None]) -> Figures:
    """So many talks end in each centre."""
    small_day = Day(SMALL)
    settle()  # as the controller does when it has started
    small = _cost_per_event_s(small_day, rounds)
    progress(0.1)
    day = Day(LARGE)
    settle()
    progress(0.5)
    day.decisions_s.clear()
    large = _cost_per_event_s(day, rounds)
    progress(0.7)
    decisions = sorted(day.decisions_s)
    peak_mb = _rss_mb()  # before the large centre is made a second time
    restore_s = _restore_s(day)
    progress(1.0)
    return Figures(
        events_per_s=1 / large,
        decision_p99_ms=decisions[int(len(decisions) * 0.99)] * 1000,
        cost_ratio=large / small,
        rss_mb=peak_mb,
        restore_s=restore_s,
    )


def _cost_per_event_s(day: Day, rounds: int) -> float:
    events_before, begun = day.events, time.process_time()
    for _ in range(rounds):
        day.talk_ends()
    return (time.process_time() - begun) / (day.events - events_before)


def _restore_s(day: Day) -> float:
    """From JSON, as the mirror keeps it, to a floor on which every waiting caller stands in line."""
    floor = day.engine.floor
    agents = [orjson.dumps(agent.to_dict()) for agent in floor.agents.values()]
    calls = [orjson.dumps(call.to_dict()) for call in floor.calls.values()]
    waiting = [call.id for call in floor.calls.values() if call.state is CallState.WAITING]
    engine, now = Engine(day.plan), day.now + 1
    begun = time.process_time()
    with without_collection():  # as the controller does
        engine.restore(
            [Agent.from_dict(orjson.loads(text)) for text in agents],
            [Call.from_dict(orjson.loads(text)) for text in calls],
            now,
        )
        for call_id in waiting:
            engine.handle(events.CallerReturned(call_id), now)
    return time.process_time() - begun


def _rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def is_good(figures: Figures) -> bool:
    """Whether all targets were met."""
    return all(_is_met(name, value) for name, value in asdict(figures).items())


def _is_met(name: str, value: float) -> bool:
    return value >= TARGETS[name] if name in _AT_LEAST else value <= TARGETS[name]


def table(figures: Figures) -> Table:
    """The figures beside their targets."""
    out = Table(title="The engine: 10,000 agents, 300 profiles, 400 lines, 20,000 waiting; one core")
    for name in ("figure", "measured", "target", ""):
        out.add_column(name, justify="left" if name == "figure" else "right")
    for name, value in asdict(figures).items():
        sign = "≥" if name in _AT_LEAST else "≤"
        met = "met" if _is_met(name, value) else "missed"
        out.add_row(name, f"{value:,.3f}", f"{sign} {TARGETS[name]:,g}", met)
    return out


def write_json(path: Path, figures: Figures) -> None:
    """The figures by name."""
    data = {name: round(value, 4) for name, value in asdict(figures).items()}
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
