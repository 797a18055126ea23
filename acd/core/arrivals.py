"""How often callers of each priority have come to each group lately; the older, the less they count."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

LASTS_S = 1800.0
LEANS_S = 300.0
"""Nobody is taken to come before so much time has been seen."""


@dataclass(slots=True)
class Arrivals:
    """Times in engine seconds; one that is earlier than the last counts as the last."""

    since: float | None = None
    _came: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)  # at, so many

    def came(self, group: str, priority: int, now: float) -> None:
        """One caller more."""
        if self.since is None:
            self.since = now
        key = (group, priority)
        self._came[key] = (now, self._faded(key, now) + 1.0)

    def per_s(self, now: float) -> Iterator[tuple[str, int, float]]:
        """Group, priority, and callers a second."""
        if self.since is None:
            return
        seen_s = LASTS_S * -math.expm1(-max(0.0, now - self.since) / LASTS_S)
        for key in self._came:
            yield *key, self._faded(key, now) / (seen_s + LEANS_S)

    def _faded(self, key: tuple[str, int], now: float) -> float:
        at, number = self._came.get(key, (now, 0.0))
        return number * math.exp(-max(0.0, now - at) / LASTS_S)
