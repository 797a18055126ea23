"""The lines of the live feed in their order, whichever way they come, and each once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AHEAD_MAX = 1000
Line = Mapping[str, Any]


class FeedOrder:
    """`feed` is whose lines count, `at` the number of the last one that was handed on."""

    def __init__(self) -> None:
        self.feed = ""
        self.at = 0
        self._ahead: dict[int, Line] = {}

    def start(self, feed: str, at: int) -> list[Line]:
        """Everything is known as of this line; what follows on it, as far as it was heard already."""
        if feed != self.feed:
            self._ahead.clear()
        self.feed, self.at = feed, at
        return self._in_order()

    def take(self, line: Line) -> list[Line]:
        """What is to be handed on now: nothing for what is of another feed, known, or too early."""
        number = line.get("seq")
        if number is None:  # of a controller that does not count
            return [line]
        if line.get("feed") != self.feed or number <= self.at:
            return []
        if len(self._ahead) >= AHEAD_MAX:
            self._ahead.clear()
        self._ahead[number] = line
        return self._in_order()

    def _in_order(self) -> list[Line]:
        found = []
        while (line := self._ahead.pop(self.at + 1, None)) is not None:
            found.append(line)
            self.at += 1
        if self._ahead:
            self._ahead = {number: line for number, line in self._ahead.items() if number > self.at}
        return found

    @property
    def is_missing_some(self) -> bool:
        """Whether something was heard that comes after what was not."""
        return bool(self._ahead)
