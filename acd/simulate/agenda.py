"""What is to happen in a simulation, by time; what was put down first happens first."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any


class Agenda:
    """`now` is the virtual time; whoever takes from `heap` sets it."""

    __slots__ = ("_entries", "heap", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self.heap: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._entries = 0

    def at(self, at: float, action: Callable[[Any], None], subject: Any) -> None:
        """`action(subject)` at this time."""
        self._entries += 1
        heapq.heappush(self.heap, (at, self._entries, action, subject))

    def after(self, delay_s: float, action: Callable[[Any], None], subject: Any) -> None:
        """So much later than now."""
        self.at(self.now + delay_s, action, subject)
