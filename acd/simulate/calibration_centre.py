"""How honest the expected wait is where not all wait in one line, first come first served.

The production engine with the production's forecast: callers of classes that overtake others, and agents kept
in reserve. Callers do not give up, so that each wait is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from acd.core.calls import Call, CallState
from acd.core.expected_wait import WaitRange
from acd.core.facts import AgentInterval, Answered
from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.requirement import Requirement
from acd.core.work_rules import NO_WRAP_UP
from acd.simulate.calibration import HOUR_S, Score
from acd.simulate.callers import Caller
from acd.simulate.chance import Constant, Exponential
from acd.simulate.scenario import CallerClass, GroupTraffic, Habits, Poisson, Scenario
from acd.simulate.visits import OfferedCallback
from acd.simulate.world import World

TALK_S = 180.0


@dataclass(frozen=True, slots=True)
class CentreDay:
    """Counted are the callers of `group` and of the class `kind`. `per_hour` by group; all have `classes`."""

    name: str
    plan: Plan
    per_hour: Mapping[str, float]
    group: str
    kind: str = ""
    classes: Sequence[CallerClass] = (CallerClass(),)
    hours: float = 12.0

    def scenario(self, seed: int) -> Scenario:
        """With other chance for each seed."""
        talk = Exponential(TALK_S)
        traffic = {
            group: GroupTraffic(Poisson.even(rate), talk, classes=self.classes)
            for group, rate in self.per_hour.items()
        }
        return Scenario(traffic, self.hours * HOUR_S, habits=Habits(answer=Constant(0.0)), seed=seed)


def _plan(skills: Sequence[str], groups: Mapping[str, GroupPolicy], ageing: Mapping[int, float]) -> Plan:
    agents = {
        f"a{n}": AgentProfile(f"a{n}", f"a{n}", str(1000 + n), dict.fromkeys(known.split(), 5))
        for n, known in enumerate(skills)
    }
    return Plan(agents, groups, ageing=ageing)


def _group(name: str, reserve: int = 0) -> GroupPolicy:
    return GroupPolicy(name, name, Requirement.of({name: 1}), wrap_up=NO_WRAP_UP, reserve=reserve)


ONE_LINE = {"calls": _group("calls")}
CLASSES = (CallerClass("high", 0.3, 10), CallerClass("low", 0.7, 0))
SHARED = {"calls": _group("calls"), "urgent": _group("urgent", reserve=2)}
TEN = ["calls"] * 10
PRIORITY, AGEING = _plan(TEN, ONE_LINE, {}), _plan(TEN, ONE_LINE, {0: 1.0, 10: 3.0})
RESERVE = _plan(["calls urgent"] * 10, SHARED, {})
RATE, RATES = {"calls": 190.0}, {"calls": 120.0, "urgent": 30.0}
CENTRE_DAYS = (
    CentreDay("priority, 10 agents: the low class, 70 %", PRIORITY, RATE, "calls", "low", CLASSES),
    CentreDay("priority, 10 agents: the high class, 30 %", PRIORITY, RATE, "calls", "high", CLASSES),
    CentreDay("priority with ageing 3 : 1: the low class", AGEING, RATE, "calls", "low", CLASSES),
    CentreDay("a reserve of 2 of 10 shared agents: the other group", RESERVE, RATES, "calls"),
)


@dataclass
class _Waits:
    """An observer: of who was told a range, what became of the wait."""

    day: CentreDay
    score: Score
    said: dict[str, WaitRange] = field(default_factory=dict)

    def call_over(self, call: Call) -> None:
        said = self.said.pop(call.id, None)
        answered = next((fact.at for fact in call.facts if isinstance(fact, Answered)), None)
        if said is not None and answered is not None:
            self.score.count(said, answered - call.arrived_at)

    def blocked(self, caller: Caller) -> None:
        """Nobody is."""

    def turned_away(self, caller: Caller) -> None:
        """Nobody is."""

    def callback_over(self, offered: OfferedCallback) -> None:
        """There are none."""

    def interval_over(self, interval: AgentInterval) -> None:
        """Nothing is made of it."""


class _Telling(World):
    """Each caller who has to wait is told a range at joining."""

    def __init__(self, day: CentreDay, seed: int, waits: _Waits) -> None:
        super().__init__(day.plan, day.scenario(seed), waits)
        self._forecast = self.learn()
        self._waits = waits

    def _queue(self, caller: Caller, group: str) -> None:
        super()._queue(caller, group)
        call = self.engine.floor.calls.get(caller.id)
        day = self._waits.day
        if call is None or call.state is not CallState.WAITING or group != day.group:
            return
        if day.kind in ("", caller.segment):
            said = self._forecast.of_call(call, self.engine.floor.now)
            assert said is not None, caller.id
            self._waits.said[caller.id] = said


def measure_centre(day: CentreDay, days: int, seed: int) -> Score:
    """The same day so many times, each with other chance, each beginning without a past."""
    score = Score()
    for number in range(days):
        _Telling(day, seed * 1000 + number, _Waits(day, score)).run()
    return score
