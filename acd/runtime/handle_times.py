"""The average handle time of each group, of its latest calls. Not kept: after a start it is learnt anew."""

from __future__ import annotations

from collections import deque

from acd.core.calls import Call
from acd.core.expected_wait import DEFAULT_HANDLE_TIME_S, handle_times_s

LATEST_CALLS = 50


class HandleTimes:
    """Told of each call that is over."""

    def __init__(self) -> None:
        self._latest: dict[str, deque[float]] = {}

    def learn(self, call: Call) -> None:
        """From a finished call."""
        for group, seconds in handle_times_s(call.facts):
            self._latest.setdefault(group, deque(maxlen=LATEST_CALLS)).append(seconds)

    def average_s(self, group: str) -> float:
        """Of the group's latest calls; a usual value when there was none."""
        latest = self._latest.get(group)
        return sum(latest) / len(latest) if latest else DEFAULT_HANDLE_TIME_S
