"""What is simulated, ready to run: callers, habits of agents, shifts.

Times are seconds of the virtual clock, which begins at 0; `opens_s` is the time of day, in seconds, that it
shows then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from acd.core.facts import Customer
from acd.core.last_agents import Talk
from acd.simulate.chance import Constant, Duration, Exponential, Never

DAY_S = 86_400.0
FIRST_DAY = date(2026, 1, 5)
"""A Monday, where no date is given."""


@dataclass(frozen=True, slots=True)
class Poisson:
    """Callers who know nothing of each other. `per_hour`: from each second of the day on, in order."""

    per_hour: Sequence[tuple[float, float]]

    @classmethod
    def even(cls, per_hour: float) -> Poisson:
        """The same rate around the clock."""
        return cls(((0.0, per_hour),))

    @property
    def mean_per_hour(self) -> float:
        """Over a whole day."""
        steps = [*self.per_hour, (self.per_hour[0][0] + DAY_S, 0.0)]
        return sum(rate * (end - begin) for (begin, rate), (end, _) in pairwise(steps)) / DAY_S

    def __str__(self) -> str:
        if len(self.per_hour) == 1:
            return f"Poisson, {self.per_hour[0][1]:g} an hour"
        return f"Poisson by time of day, {self.mean_per_hour:.1f} an hour on average"


@dataclass(frozen=True, slots=True)
class Listed:
    """Callers whose times are known.

    A talk or patience of None is drawn, a priority of None is that of the caller's class.
    """

    calls: Sequence[KnownCall]

    def __str__(self) -> str:
        return f"{len(self.calls)} known times"


class KnownCall(NamedTuple):
    """One caller who came, or is to come, at `at`.

    `customer_id`: of somebody of the caller's class, where `customer` is not known; the same one may call
    again. `wants_callback`: if one is offered (None: by chance); `asks_for_callback`: when out of patience.
    `let_in`: into the line, whatever the hour. `prefer`, `prefer_wait_s`, `alone`: see
    `acd.core.events.CallQueued`.
    """

    at: float
    id: str = ""
    number: str = ""
    customer: Customer | None = None
    customer_id: str = ""
    priority: int | None = None
    talk_s: float | None = None
    patience_s: float | None = None
    let_in: bool = False
    prefer: str = ""
    prefer_wait_s: float = 0.0
    wants_callback: bool | None = None
    asks_for_callback: bool = False
    alone: bool = False


Arrivals: TypeAlias = Poisson | Listed


@dataclass(frozen=True, slots=True)
class CallerClass:
    """A kind of caller. Its name is, to the engine, the segment of the customer.

    `value` and `requirement` are those of `acd.core.facts.Customer`; `prefer`: the agent for whom a caller
    waits alone for up to `prefer_wait_s`.
    """

    name: str = ""
    share: float = 1.0
    priority: int = 0
    value: float = 0.0
    requirement: str = ""
    prefer: str = ""
    prefer_wait_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Returning:
    """This share of callers have talked with an agent of the group before, within `within_days`."""

    share: float = 0.0
    within_days: float = 7.0


@dataclass(frozen=True, slots=True)
class CallbackHabits:
    """What callers do who are offered a callback: those who leave the line by one of `exits`.

    `accept`: this share wants it; the others go back into the line, at its end. `reached`: the share of dials
    that the customer answers, after `answer`.
    """

    accept: float = 0.5
    reached: float = 0.8
    answer: Duration = field(default_factory=lambda: Constant(8.0))
    exits: frozenset[str] = frozenset({"callback"})


@dataclass(frozen=True, slots=True)
class GroupTraffic:
    """Who calls one group. `talk` is hold included, wrap-up not: that is the configuration's.

    `exits`: the ways out of the line that the flow has, see `acd.core.events.CallQueued`. `callbacks` None:
    whoever leaves by them is gone.
    """

    arrivals: Arrivals
    talk: Duration
    patience: Duration = field(default_factory=Never)
    classes: Sequence[CallerClass] = (CallerClass(),)
    max_wait_s: float | None = None
    exits: frozenset[str] = frozenset()
    returning: Returning = Returning()
    callbacks: CallbackHabits | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """These agents work from `begin_s` to `end_s` of each day (more than a day: over midnight).

    `breaks` are (begin, end) within it, in the same seconds.
    """

    agents: Sequence[str]
    begin_s: float = 0.0
    end_s: float = DAY_S
    breaks: Sequence[tuple[float, float]] = ()


class Turn(StrEnum):
    """What an agent does at a moment of the day."""

    COME = "come"
    PAUSE = "pause"
    RETURN = "return"
    GO = "go"


@dataclass(frozen=True, slots=True)
class Duty:
    """An agent's next turn."""

    at: float
    agent: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class Habits:
    """How agents answer: `unanswered` is the share of rings that nobody takes.

    `work` is how long they work after a talk where the group lets them end that (`until_released`).

    Whoever let a phone ring is made not ready by the engine and comes back after `back_after_s`.
    `shrinkage` is the share of each shift's agents who are away, others each day.
    """

    answer: Duration = field(default_factory=lambda: Constant(3.0))
    work: Duration = field(default_factory=lambda: Constant(30.0))
    unanswered: float = 0.0
    back_after_s: float = 60.0
    shrinkage: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One simulation. Without `shifts` everybody is there around the clock; `lines`: calls at once, at most.

    `duties`: what the agents did on a recorded day, in place of shifts. `first_day`: the date at the
    beginning. `talks`: those before it, for customers who want the same agent again.

    Figures are of what begins in [warm_up_s, length_s), in `batches` equal parts.
    """

    traffic: Mapping[str, GroupTraffic]
    length_s: float
    warm_up_s: float = 0.0
    opens_s: float = 0.0
    habits: Habits = field(default_factory=Habits)
    shifts: Sequence[Shift] | None = None
    duties: Sequence[Duty] | None = None
    lines: int | None = None
    seed: int = 1
    batches: int = 20
    first_day: date = FIRST_DAY
    talks: Sequence[Talk] = ()


def exponential(mean_s: float) -> Duration:
    """The usual assumption; of no length where the mean is 0."""
    return Exponential(mean_s) if mean_s > 0 else Constant(0.0)
