"""A day that the engine worked through, put on record as if it had been a real one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from acd.core.calls import Call
from acd.core.facts import AgentInterval
from acd.core.plan import Plan
from acd.records.fold import fold
from acd.records.store import RecordStore
from acd.simulate.callers import Caller
from acd.simulate.chance import Constant, Exponential
from acd.simulate.scenario import GroupTraffic, Habits, Poisson, Scenario, Shift
from acd.simulate.visits import OfferedCallback
from acd.simulate.world import World

MIDNIGHT = 1_795_129_200.0  # 2026-11-20 00:00 in Berlin
HOUR = 3600.0
HABITS = Habits(Constant(3.0))


@dataclass
class Recorder:
    """Keeps what records are made of."""

    calls: list[Call] = field(default_factory=list)
    intervals: list[AgentInterval] = field(default_factory=list)

    def blocked(self, caller: Caller) -> None:
        raise AssertionError(caller)

    def turned_away(self, caller: Caller) -> None:
        raise AssertionError(caller)

    def callback_over(self, offered: OfferedCallback) -> None:
        raise AssertionError(offered)

    def call_over(self, call: Call) -> None:
        self.calls.append(call)

    def interval_over(self, interval: AgentInterval) -> None:
        self.intervals.append(interval)


def recorded_day(plan: Plan) -> Recorder:
    """2026-11-20 in the example centre."""
    agents = list(plan.agents)
    shifts = [Shift(agents[:4], 8 * HOUR, 18 * HOUR, [(12 * HOUR, 12.5 * HOUR)]), Shift(agents[4:], 9 * HOUR)]
    by_day = Poisson(((0.0, 0.0), (8 * HOUR, 55.0), (17.5 * HOUR, 0.0)))
    traffic = {
        group: GroupTraffic(by_day, Exponential(150), Exponential(90), max_wait_s=120)
        for group in plan.groups
    }
    recorder = Recorder()
    World(plan, Scenario(traffic, 24 * HOUR, habits=HABITS, shifts=shifts, seed=11), recorder).run()
    return recorder


def store_day(home: Path, day: Recorder) -> None:
    """Into the database of this home."""
    with RecordStore(f"sqlite:///{home / 'records.sqlite3'}") as store:
        moved = [[replace(fact, at=fact.at + MIDNIGHT) for fact in call.facts] for call in day.calls]
        store.save_calls([fold(call.id, facts) for call, facts in zip(day.calls, moved, strict=True)])
        store.save_intervals(
            [replace(i, since=i.since + MIDNIGHT, until=i.until + MIDNIGHT) for i in day.intervals]
        )
