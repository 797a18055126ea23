"""The average handle time of each group, of its latest calls: those on record at the start, then new ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from acd.core.calls import Call
from acd.core.expected_wait import DEFAULT_HANDLE_TIME_S, handle_times_s

LATEST_CALLS = 50
OLDEST_DAYS = 30
"""A group's calls of long ago say little about today's."""


class HandleTimes:
    """Told of each call that is over."""

    def __init__(self) -> None:
        self._latest: dict[str, deque[float]] = {}

    def learn(self, call: Call) -> None:
        """From a finished call."""
        for group, seconds in handle_times_s(call.facts):
            self._latest.setdefault(group, deque(maxlen=LATEST_CALLS)).append(seconds)

    def recall(self, on_record: Mapping[str, Sequence[float]]) -> None:
        """Handle times from before the start, oldest first; what has been learnt since is newer."""
        for group, seconds in on_record.items():
            since = self._latest.get(group, ())
            self._latest[group] = deque((*seconds, *since), maxlen=LATEST_CALLS)

    def average_s(self, group: str) -> float:
        """Of the group's latest calls; a usual value when there was none."""
        latest = self._latest.get(group)
        return sum(latest) / len(latest) if latest else DEFAULT_HANDLE_TIME_S
