"""What a group's past says of its handle times and its callers' patience: live, of bounded size.

Not single talks are averaged, but time is counted: handle time = time that agents were busy with the
group's calls ÷ calls that they finished. Talks still running count with the time they have taken so far (they
are censored observations), so the estimate rises while nobody becomes free; and the quotient is right for
handle times of any distribution (elementary renewal theorem; with exponential ones it is the maximum of
likelihood: J. D. Kalbfleisch and R. L. Prentice, "The Statistical Analysis of Failure Time Data" (1980)).

The past is forgotten exponentially, three times over: the latest minutes follow sudden change, and lean on
the last quarter of an hour while they have seen little; that leans on the last hours, and those on a usual
value. Time in which nobody works, as at night, makes nothing be forgotten.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.core.expected_wait import Habit

DEFAULT_HANDLE_TIME_S = 180.0
"""Of a group that nothing is known of."""

USUAL_UNCERTAINTY = 0.25
"""Variance of the usual value, relative to its square: it may well be wrong by half."""
USUAL_VARIATION = 1.0
VARIATION_MAX = 4.0
VARIATION_LEANS_CALLS = 20.0
PATIENCE_LEANS_S = 600.0
"""Nobody is taken to give up before so much waiting has been seen."""


@dataclass(frozen=True, slots=True)
class Span:
    """How far a memory reaches, and how many calls of its own what lies behind it is worth."""

    name: str
    lasts_s: float
    leans_calls: float


SPANS = (Span("hours", 8 * 3600.0, 5.0), Span("lately", 1200.0, 5.0), Span("minutes", 300.0, 10.0))
HOURS = SPANS[0]


@dataclass(slots=True)
class Memory:
    """Time that agents were busy and calls that they finished, the older the less."""

    busy_s: float = 0.0
    calls: float = 0.0

    def fade(self, span: Span, passed_s: float, busy: int) -> None:
        """Time has passed, with so many agents busy."""
        kept = math.exp(-passed_s / span.lasts_s)
        self.calls *= kept
        self.busy_s = self.busy_s * kept + busy * span.lasts_s * (1.0 - kept)

    def lean(self, span: Span, on_s: float, uncertainty: float, variation: float) -> tuple[float, float]:
        """Handle time and its uncertainty, where these are what lies behind."""
        weight = self.calls + span.leans_calls
        handle_time_s = (self.busy_s + span.leans_calls * on_s) / weight
        # The squares of exponentially forgotten weights add up to half of what the weights do.
        spread = self.calls / 2 * variation + span.leans_calls**2 * uncertainty
        return handle_time_s, spread / weight**2


@dataclass(slots=True)
class Pace:
    """Told when an agent is taken by a call of the group and free of it, and how long the line is.

    Times in engine seconds; one that is earlier than the last counts as the last. O(1) for each piece of
    news. `usual_handle_time_s` is what to believe before there is a past.
    """

    usual_handle_time_s: float = DEFAULT_HANDLE_TIME_S
    at: float = 0.0
    memories: tuple[Memory, ...] = field(default_factory=lambda: tuple(Memory() for _ in SPANS))
    lasted_s: float = 0.0  # of the calls of the last hours, and the sum of squares
    lasted_s2: float = 0.0
    waited_s: float = 0.0
    gave_up: float = 0.0
    busy: int = field(default=0, init=False)  # what is live is learnt anew after a start
    waiting: int = field(default=0, init=False)

    def taken(self, now: float) -> None:
        """An agent is being rung for a caller of the group, or talks already."""
        self._advance(now)
        self.busy += 1

    def free(self, now: float, lasted_s: float | None) -> None:
        """An agent is done with a call after so long, wrap-up included; None: it came to no talk."""
        self._advance(now)
        self.busy = max(0, self.busy - 1)
        if lasted_s is not None:
            for memory in self.memories:
                memory.calls += 1.0
            self.lasted_s += lasted_s
            self.lasted_s2 += lasted_s * lasted_s

    def line(self, now: float, waiting: int, gave_up: int = 0) -> None:
        """So many wait now; `gave_up` of them who waited have just left unserved."""
        self._advance(now)
        self.waiting = waiting
        self.gave_up += gave_up

    def habit(self, now: float) -> Habit:
        """What to expect."""
        self._advance(now)
        variation = self._variation()
        handle_time_s, uncertainty = self.usual_handle_time_s, USUAL_UNCERTAINTY
        for span, memory in zip(SPANS, self.memories, strict=True):
            handle_time_s, uncertainty = memory.lean(span, handle_time_s, uncertainty, variation)
        give_ups_per_s = self.gave_up / (self.waited_s + PATIENCE_LEANS_S)
        return Habit(handle_time_s, uncertainty, variation, give_ups_per_s)

    def to_dict(self) -> dict[str, float]:
        """JSON-ready, for the mirror of live state."""
        data = {name: getattr(self, name) for name in _KEPT}
        for span, memory in zip(SPANS, self.memories, strict=True):
            data |= {f"{span.name}_busy_s": memory.busy_s, f"{span.name}_calls": memory.calls}
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], usual_handle_time_s: float = DEFAULT_HANDLE_TIME_S) -> Pace:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError for what cannot be one."""
        memories = tuple(
            Memory(_number(data, f"{span.name}_busy_s"), _number(data, f"{span.name}_calls"))
            for span in SPANS
        )
        kept = {name: _number(data, name) for name in _KEPT}
        return cls(usual_handle_time_s, memories=memories, **kept)

    def _variation(self) -> float:
        calls, seen = self.memories[0].calls, USUAL_VARIATION
        if self.lasted_s > 0.0:
            seen = min(VARIATION_MAX, max(0.0, self.lasted_s2 * calls / self.lasted_s**2 - 1.0))
        return (calls * seen + VARIATION_LEANS_CALLS * USUAL_VARIATION) / (calls + VARIATION_LEANS_CALLS)

    def _advance(self, now: float) -> None:
        passed_s = max(0.0, now - self.at)
        self.at = max(now, self.at)
        kept = math.exp(-passed_s / HOURS.lasts_s)
        if self.busy:
            for span, memory in zip(SPANS, self.memories, strict=True):
                memory.fade(span, passed_s, self.busy)
            self.lasted_s *= kept
            self.lasted_s2 *= kept
        if self.waiting:
            self.gave_up *= kept
            self.waited_s = self.waited_s * kept + self.waiting * HOURS.lasts_s * (1.0 - kept)


_KEPT = ("at", "lasted_s", "lasted_s2", "waited_s", "gave_up")


def _number(data: Mapping[str, Any], name: str) -> float:
    value = float(data[name])
    if not math.isfinite(value) or value < 0.0:
        raise ValueError(f"{name} is {value}: a number of 0 and above is expected")
    return value
