"""What is counted of one key: sums, waits and maxima, all whole numbers, so that adding up is exact. Pure.

Durations in sums are microseconds (names end in `_us`), waits are whole milliseconds. Which waits were in
time is only decided when figures are worked out: thresholds may change, and old days can be looked at by
new ones.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

ANSWERED, ABANDONED, LEFT, WAITING = "answered", "abandoned", "left", "waiting"
"""The kinds of waits: what became of them."""
TRANSFERRED_IN = "transferred_in"
"""A visit without a wait: taken over from a colleague, and never offered. Counted in a sum of this name."""
SCORE, REASON = "score:", "reason:"
"""Before a score (how often it was given) and a reason (how long not ready for it), in the names of sums."""


@dataclass(frozen=True, slots=True)
class Limits:
    """By what it is measured. A group's: served within `service_level_s`; short below `short_abandon_s`.

    A satisfied caller gives `score_top` or more. `unpaid`: reasons for which being not ready is no work.
    """

    service_level_s: float = 20.0
    short_abandon_s: float = 5.0
    score_top: int = 4
    unpaid: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Measures:
    """`sums` and `maxima` by name; `waits` by what became of them, in any order."""

    sums: dict[str, int] = field(default_factory=dict)
    waits: dict[str, list[int]] = field(default_factory=dict)
    maxima: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, amount: int = 1) -> None:
        """To a sum."""
        self.sums[name] = self.sums.get(name, 0) + amount

    def wait(self, kind: str, wait_ms: int) -> None:
        """One more wait."""
        self.waits.setdefault(kind, []).append(wait_ms)

    def most(self, name: str, value: int) -> None:
        """Raise a maximum."""
        self.maxima[name] = max(self.maxima.get(name, value), value)

    def merge(self, other: Measures) -> None:
        """Add another's figures to these."""
        for name, amount in other.sums.items():
            self.add(name, amount)
        for kind, waits in other.waits.items():
            self.waits.setdefault(kind, []).extend(waits)
        for name, value in other.maxima.items():
            self.most(name, value)

    def sum(self, name: str) -> int:
        """0 where nothing was counted."""
        return self.sums.get(name, 0)

    def count(self, kind: str) -> int:
        """How many waits ended so."""
        return len(self.waits.get(kind, ()))

    def in_order(self, *kinds: str) -> list[int]:
        """The waits of these kinds, the shortest first."""
        if len(kinds) == 1:
            waits = self.waits.get(kinds[0], [])
            waits.sort()  # quick where it is in order already
            return waits
        return sorted(wait for kind in kinds for wait in self.waits.get(kind, ()))

    def __eq__(self, other: object) -> bool:
        """Equal where they count the same; a sum of nothing is none."""
        if not isinstance(other, Measures):
            return NotImplemented
        return self._plain() == other._plain()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def _plain(self) -> tuple[dict[str, int], dict[str, list[int]], dict[str, int]]:
        sums = {name: amount for name, amount in self.sums.items() if amount}
        return sums, {kind: sorted(waits) for kind, waits in self.waits.items() if waits}, self.maxima


def measured(parts: Iterable[tuple[Limits, Measures]]) -> Measures:
    """All parts in one, with what their own limits say: `answered_in_time`, `abandoned_in_time`,
    `short_abandoned`, `scores_top`, `unpaid_us`. In time is a wait of at most the threshold, short one below.
    """
    whole = Measures()
    for limits, part in parts:
        whole.merge(part)
        level_ms, short_ms = _ms(limits.service_level_s), _ms(limits.short_abandon_s)
        abandoned = part.in_order(ABANDONED)
        whole.add("answered_in_time", bisect_right(part.in_order(ANSWERED), level_ms))
        whole.add("abandoned_in_time", bisect_right(abandoned, level_ms))
        whole.add("short_abandoned", bisect_left(abandoned, short_ms))
        for name, amount in part.sums.items():
            if name.startswith(SCORE) and int(name.removeprefix(SCORE)) >= limits.score_top:
                whole.add("scores_top", amount)
            elif name.startswith(REASON) and name.removeprefix(REASON) in limits.unpaid:
                whole.add("unpaid_us", amount)
    return whole


def handled(m: Measures) -> int:
    """Visits that agents had work with: answered out of the line, or taken over from a colleague."""
    return m.count(ANSWERED) + m.sum(TRANSFERRED_IN)


def is_in_time(wait_ms: int, limits: Limits) -> bool:
    """Whether a wait of so long kept the promise."""
    return wait_ms <= _ms(limits.service_level_s)


def is_short(wait_ms: int, limits: Limits) -> bool:
    """Whether somebody who gave up after so long counts apart."""
    return wait_ms < _ms(limits.short_abandon_s)


def percentile(waits: list[int], percent: int) -> int | None:
    """By nearest rank, of waits in order: the shortest that so many percent do not exceed."""
    if not waits:
        return None
    return waits[max(0, -(-len(waits) * percent // 100) - 1)]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)  # 1.001 × 1000 is a little less than 1001
