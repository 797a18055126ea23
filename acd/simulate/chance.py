"""Chance that can be repeated: one stream of random numbers for each purpose, all from one seed.

Two simulations of one seed draw the same numbers for the same purpose, whatever the engine decides
meanwhile. So two configurations see the same callers, and what differs is what they do with them
(common random numbers).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


def stream(seed: int, *purpose: str) -> random.Random:
    """The stream for a purpose such as ("sales", "patience")."""
    return random.Random("/".join((str(seed), *purpose)))


class Duration(Protocol):
    """A distribution of seconds."""

    @property
    def mean_s(self) -> float:
        """Its expectation; infinite for one that never ends."""

    def draw(self, chance: random.Random) -> float:
        """One value, in seconds, 0 or more. Takes the same number of draws whatever it returns."""

    def __str__(self) -> str:
        """In words, for the head of a result."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same."""

    mean_s: float

    def draw(self, chance: random.Random) -> float:
        """See Duration."""
        del chance
        return self.mean_s

    def __str__(self) -> str:
        return f"always {self.mean_s:g} s"


@dataclass(frozen=True, slots=True)
class Never:
    """No end: a patience that is never exhausted."""

    @property
    def mean_s(self) -> float:
        """See Duration."""
        return math.inf

    def draw(self, chance: random.Random) -> float:
        """See Duration."""
        del chance
        return math.inf

    def __str__(self) -> str:
        return "without limit"


@dataclass(frozen=True, slots=True)
class Exponential:
    """Without memory: how long it has lasted says nothing about how long it will."""

    mean_s: float

    def draw(self, chance: random.Random) -> float:
        """See Duration."""
        return -math.log(1.0 - chance.random()) * self.mean_s

    def __str__(self) -> str:
        return f"exponential, {self.mean_s:g} s"


@dataclass(frozen=True, slots=True)
class Lognormal:
    """The usual form of talk times. `cv` is standard deviation ÷ mean."""

    mean_s: float
    cv: float

    def draw(self, chance: random.Random) -> float:
        """See Duration."""
        variance = math.log(1.0 + self.cv**2)
        return chance.lognormvariate(math.log(self.mean_s) - variance / 2, math.sqrt(variance))

    def __str__(self) -> str:
        return f"lognormal, {self.mean_s:g} s, cv {self.cv:g}"


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of the values that were seen, each as likely as the other."""

    values_s: Sequence[float]

    @property
    def mean_s(self) -> float:
        """See Duration."""
        return sum(self.values_s) / len(self.values_s)

    def draw(self, chance: random.Random) -> float:
        """See Duration."""
        return self.values_s[int(chance.random() * len(self.values_s))]

    def __str__(self) -> str:
        return f"as recorded ({len(self.values_s)} calls), mean {self.mean_s:.1f} s"
