"""The engine's deadlines: one heap, one earliest moment."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import StrEnum


class Timer(StrEnum):
    """What a deadline is about."""

    ALERT = "alert"  # by now the phone should have said that it rings
    OVERDUE = "overdue"  # Asterisk should have ended this ring long ago
    WRAP_UP = "wrap_up"
    MAX_WAIT = "max_wait"  # the longest wait in line is over
    WIDEN = "widen"  # the next ring of agents, or no longer one agent alone
    POLICY = "policy"  # a step of the group's policy may be due
    BACK_OFF = "back_off"  # an agent who did not take a call may be offered calls again
    CALLBACK = "callback"  # a callback stands in line again, or has expired
    REST = "rest"  # the rest after many calls in a row is over
    DESKTOP = "desktop"  # the agent's desktop has been gone for too long


@dataclass(slots=True)
class Timers:
    """A key of a kind has at most one deadline; setting it again moves it."""

    _due: dict[str, dict[Timer, float]] = field(default_factory=dict)
    _heap: list[tuple[float, Timer, str]] = field(default_factory=list)

    def set(self, kind: Timer, key: str, at: float) -> None:
        """Arm or move."""
        own = self._due.get(key)
        if own is None:
            self._due[key] = {kind: at}
        else:
            own[kind] = at
        heapq.heappush(self._heap, (at, kind, key))

    def clear(self, key: str, *kinds: Timer) -> None:
        """Disarm; not armed is fine."""
        own = self._due.get(key)
        if own is None:
            return
        for kind in kinds:
            own.pop(kind, None)
        if not own:
            del self._due[key]

    def is_armed(self, key: str, kind: Timer) -> bool:
        """Whether this key has a deadline of this kind."""
        return kind in self._due.get(key, ())

    def next(self) -> float | None:
        """The earliest deadline, or None."""
        while self._heap:
            at, kind, key = self._heap[0]
            own = self._due.get(key)
            if own is not None and own.get(kind) == at:
                return at
            heapq.heappop(self._heap)
        return None

    def all(self) -> tuple[tuple[Timer, str, float], ...]:
        """Kind, key and moment of every deadline that is armed."""
        return tuple((kind, key, at) for key, own in self._due.items() for kind, at in own.items())

    def pop_due(self, now: float) -> tuple[Timer, str] | None:
        """Take the earliest deadline that has passed, or None."""
        at = self.next()
        if at is None or at > now:
            return None
        _, kind, key = heapq.heappop(self._heap)
        self.clear(key, kind)
        return kind, key
