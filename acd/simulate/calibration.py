"""How honest the expected wait is: simple days of callers who are told a range when they join the line.

One line, first come first served, the estimator of the product fed with what it would see. Repeatable: the
same seed gives the same day. A caller who gives up leaves a mark in the line, so that it is known how long
the wait would have been.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from acd.core.expected_wait import Crew, WaitRange, expected_wait, service
from acd.core.pace import Pace

HOUR_S = 3600.0
LINE = "line"


@dataclass(frozen=True, slots=True)
class Shift:
    """From `since_s` on: calls an hour, agents at work, and the mean handle time."""

    since_s: float
    calls_per_hour: float
    agents: int
    handle_time_s: float


@dataclass(frozen=True, slots=True)
class Day:
    """`variation`: of the lognormal handle times (variance ÷ mean²); None: exponential ones.

    `patience_s`: exponential, its mean; None: without end. `counted_s`: callers who join outside of these
    seconds are learnt from, but not counted.
    """

    name: str
    shifts: Sequence[Shift]
    hours: float = 10.0
    variation: float | None = None
    patience_s: float | None = None
    counted_s: tuple[float, float] = (0.0, math.inf)


DAYS = (
    Day("M/M/n: steady, 10 agents", [Shift(0, 190, 10, 180)]),
    Day("M/M/n: steady, 2 agents", [Shift(0, 37, 2, 180)]),
    Day("M/M/n: steady, 100 agents", [Shift(0, 1980, 100, 180)], hours=4.0),
    Day("M/M/n: handle time unlike the usual", [Shift(0, 54, 10, 600)]),
    Day("M/M/n+M: overloaded, callers give up", [Shift(0, 260, 10, 180)], patience_s=240.0),
    Day("lognormal, variation 0.5: 10 agents", [Shift(0, 192, 10, 180)], variation=0.5),
    Day("lognormal, variation 0.5: 2 agents", [Shift(0, 37, 2, 180)], variation=0.5),
    Day("lognormal, variation 2: 10 agents", [Shift(0, 188, 10, 180)], variation=2.0),
    Day(
        "half the agents leave for an hour: who joins in it",
        [Shift(0, 190, 10, 180), Shift(4 * HOUR_S, 120, 5, 180), Shift(5 * HOUR_S, 190, 10, 180)],
        patience_s=900.0,
        counted_s=(4 * HOUR_S, 5 * HOUR_S),
    ),
    Day(
        "handle times double: who joins in the hour before",
        [Shift(0, 190, 10, 180), Shift(4 * HOUR_S, 190, 10, 360)],
        patience_s=600.0,
        counted_s=(3 * HOUR_S, 4 * HOUR_S),
    ),
    Day(
        "handle times double: in the first half-hour",
        [Shift(0, 190, 10, 180), Shift(4 * HOUR_S, 190, 10, 360)],
        patience_s=600.0,
        counted_s=(4 * HOUR_S, 4.5 * HOUR_S),
    ),
    Day(
        "handle times double: in the hour after that",
        [Shift(0, 190, 10, 180), Shift(4 * HOUR_S, 190, 10, 360)],
        patience_s=600.0,
        counted_s=(4.5 * HOUR_S, 5.5 * HOUR_S),
    ),
)


@dataclass(slots=True)
class Score:
    """Of the callers who had to wait: how many, and how many were served within p50 and p90."""

    callers: int = 0
    within_p50: int = 0
    within_p90: int = 0
    said_p50_s: float = 0.0
    waited_s: float = 0.0

    def count(self, said: WaitRange, waited_s: float) -> None:
        """One caller more."""
        self.callers += 1
        self.within_p50 += waited_s <= said.p50_s
        self.within_p90 += waited_s <= said.p90_s
        self.said_p50_s += said.p50_s
        self.waited_s += waited_s

    @property
    def share_p50(self) -> float:
        """0..1; not a number where nobody waited."""
        return self.within_p50 / self.callers if self.callers else math.nan

    @property
    def share_p90(self) -> float:
        """Likewise."""
        return self.within_p90 / self.callers if self.callers else math.nan


@dataclass(slots=True)
class _Caller:
    joined_s: float
    said: WaitRange
    gone: bool = False


@dataclass(slots=True)
class _Centre:
    """One day as it goes."""

    day: Day
    chance: random.Random
    score: Score
    pace: Pace = field(default_factory=Pace)
    line: deque[_Caller] = field(default_factory=deque)
    busy: int = 0
    waiting: int = 0
    events: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    order: int = 0

    def run(self) -> None:
        end_s = self.day.hours * HOUR_S
        self._next_arrival(0.0)
        for shift in self.day.shifts:
            self._at(shift.since_s, self._fill)
        while self.events:
            now, _, happen = heapq.heappop(self.events)
            if now > end_s and not self.line:
                break
            happen(now)

    def _at(self, when: float, happen: Callable[[float], None]) -> None:
        self.order += 1
        heapq.heappush(self.events, (when, self.order, happen))

    def _shift(self, now: float) -> Shift:
        return max((s for s in self.day.shifts if s.since_s <= now), key=lambda s: s.since_s)

    def _next_arrival(self, now: float) -> None:
        when = now + self.chance.expovariate(self._shift(now).calls_per_hour / HOUR_S)
        if when < self.day.hours * HOUR_S:
            self._at(when, self._arrive)

    def _arrive(self, now: float) -> None:
        self._next_arrival(now)
        if self.busy < self._shift(now).agents and not self.line:
            self._serve(now)
            return
        caller = _Caller(now, self._expected(now))
        self.line.append(caller)
        self._lined_up(now, self.waiting + 1)
        if self.day.patience_s is not None:
            give_up = self.chance.expovariate(1.0 / self.day.patience_s)
            self._at(now + give_up, lambda then: self._give_up(then, caller))

    def _expected(self, now: float) -> WaitRange:
        habit, agents = self.pace.habit(now), self._shift(now).agents
        crews = [Crew(min(self.busy, agents), (LINE,), LINE)]  # who goes home takes nobody any more
        offered = service(LINE, {LINE: self.waiting}, crews, lambda _: habit.handle_time_s)
        return expected_wait(self.waiting + 1, 0, offered, habit)

    def _give_up(self, now: float, caller: _Caller) -> None:
        if not caller.gone:
            caller.gone = True
            self._lined_up(now, self.waiting - 1, gave_up=1)

    def _serve(self, now: float) -> None:
        self.busy += 1
        self.pace.taken(now)
        lasts_s = self._handle_time_s(self._shift(now).handle_time_s)
        self._at(now + lasts_s, lambda then: self._finish(then, lasts_s))

    def _finish(self, now: float, lasted_s: float) -> None:
        self.busy -= 1
        self.pace.free(now, lasted_s)
        self._fill(now)

    def _fill(self, now: float) -> None:
        """Free agents take callers; marks of those who gave up are passed over at once."""
        while self.line and self.busy < self._shift(now).agents:
            caller = self.line.popleft()
            since_s, until_s = self.day.counted_s
            if since_s <= caller.joined_s < until_s:
                self.score.count(caller.said, now - caller.joined_s)
            if not caller.gone:
                caller.gone = True
                self._lined_up(now, self.waiting - 1)
                self._serve(now)

    def _lined_up(self, now: float, waiting: int, gave_up: int = 0) -> None:
        self.waiting = waiting
        self.pace.line(now, waiting, gave_up)

    def _handle_time_s(self, mean_s: float) -> float:
        variation = self.day.variation
        if variation is None:
            return self.chance.expovariate(1.0 / mean_s)
        sigma2 = math.log1p(variation)
        return self.chance.lognormvariate(math.log(mean_s) - sigma2 / 2, math.sqrt(sigma2))


def measure(day: Day, days: int, seed: int) -> Score:
    """The same day so many times, each with other chance, each beginning without a past."""
    score = Score()
    for number in range(days):
        _Centre(day, random.Random(f"{seed}/{number}"), score).run()
    return score
