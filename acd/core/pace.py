"""What a group's past says of its handle times and its callers' patience: live, of bounded size.

Not single talks are averaged, but time is counted: handle time = time that agents were busy with the
group's calls ÷ calls that they finished. Talks still running count with the time they have taken so far (they
are censored observations), so the estimate rises while nobody becomes free; and the quotient is right for
handle times of any distribution (elementary renewal theorem; with exponential ones it is the maximum of
likelihood: J. D. Kalbfleisch and R. L. Prentice, "The Statistical Analysis of Failure Time Data" (1980)).

The past is forgotten exponentially, twice: the latest quarter of an hour follows sudden change, and leans
on the last hours while it has seen little; those lean on a usual value. Time in which nobody works, as at
night, makes nothing be forgotten.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from acd.core.expected_wait import Habit

DEFAULT_HANDLE_TIME_S = 180.0
"""Of a group that nothing is known of."""

LATELY_S = 900.0
LONG_S = 8 * 3600.0
LATELY_LEANS_CALLS = 10.0
"""The last hours count as so many calls beside the latest ones."""
LONG_LEANS_CALLS = 5.0
"""The usual value counts as so many calls beside those of the last hours."""
USUAL_UNCERTAINTY = 0.25
"""Variance of the usual value, relative to its square: it may well be wrong by half."""
USUAL_VARIATION = 1.0
VARIATION_MAX = 4.0
VARIATION_LEANS_CALLS = 20.0
PATIENCE_LEANS_S = 600.0
"""Nobody is taken to give up before so much waiting has been seen."""


@dataclass(slots=True)
class Pace:
    """Told when an agent is taken by a call of the group and free of it, and how long the line is.

    Times in engine seconds; one that is earlier than the last counts as the last. O(1) for each piece of
    news. `usual_handle_time_s` is what to believe before there is a past.
    """

    usual_handle_time_s: float = DEFAULT_HANDLE_TIME_S
    at: float = 0.0
    lately_busy_s: float = 0.0
    lately_calls: float = 0.0
    long_busy_s: float = 0.0
    long_calls: float = 0.0
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
            self.lately_calls += 1.0
            self.long_calls += 1.0
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
        long_weight = self.long_calls + LONG_LEANS_CALLS
        long_s = (self.long_busy_s + LONG_LEANS_CALLS * self.usual_handle_time_s) / long_weight
        weight = self.lately_calls + LATELY_LEANS_CALLS
        handle_time_s = (self.lately_busy_s + LATELY_LEANS_CALLS * long_s) / weight
        variation = self._variation()
        # Exponentially forgotten counts: the squares of their weights add up to half of what the weights do.
        usual = LONG_LEANS_CALLS**2 * USUAL_UNCERTAINTY
        long_variance = (self.long_calls / 2 * variation + usual) / long_weight**2
        variance = (self.lately_calls / 2 * variation + LATELY_LEANS_CALLS**2 * long_variance) / weight**2
        give_ups_per_s = self.gave_up / (self.waited_s + PATIENCE_LEANS_S)
        return Habit(handle_time_s, variance, variation, give_ups_per_s)

    def to_dict(self) -> dict[str, float]:
        """JSON-ready, for the mirror of live state."""
        return {name: getattr(self, name) for name in _KEPT}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], usual_handle_time_s: float = DEFAULT_HANDLE_TIME_S) -> Pace:
        """The inverse of `to_dict`. Raises KeyError or ValueError for what cannot be one."""
        values = {name: float(data[name]) for name in _KEPT}
        if not all(math.isfinite(value) and value >= 0.0 for value in values.values()):
            raise ValueError("numbers of 0 and above are expected")
        return cls(usual_handle_time_s, **values)

    def _variation(self) -> float:
        seen = USUAL_VARIATION
        if self.lasted_s > 0.0:
            seen = min(VARIATION_MAX, max(0.0, self.lasted_s2 * self.long_calls / self.lasted_s**2 - 1.0))
        weight = self.long_calls + VARIATION_LEANS_CALLS
        return (self.long_calls * seen + VARIATION_LEANS_CALLS * USUAL_VARIATION) / weight

    def _advance(self, now: float) -> None:
        passed_s = max(0.0, now - self.at)
        self.at = max(now, self.at)
        if self.busy:
            kept = math.exp(-passed_s / LATELY_S)
            self.lately_calls *= kept
            self.lately_busy_s = self.lately_busy_s * kept + self.busy * LATELY_S * (1.0 - kept)
            kept = math.exp(-passed_s / LONG_S)
            self.long_calls *= kept
            self.lasted_s *= kept
            self.lasted_s2 *= kept
            self.long_busy_s = self.long_busy_s * kept + self.busy * LONG_S * (1.0 - kept)
        if self.waiting:
            kept = math.exp(-passed_s / LONG_S)
            self.gave_up *= kept
            self.waited_s = self.waited_s * kept + self.waiting * LONG_S * (1.0 - kept)


_KEPT = tuple(f.name for f in fields(Pace) if f.init and f.name != "usual_handle_time_s")
