"""How much may come in a time: messages of a browser on a WebSocket, requests."""

from __future__ import annotations


class Rate:
    """A bucket that fills up with time: so many messages `a_second` on the long run, and `burst` at once."""

    def __init__(self, a_second: float, burst: int, now: float) -> None:
        self._a_second = a_second
        self._burst = float(burst)
        self._left = self._burst
        self._at = now

    def has_room(self, now: float) -> bool:
        """Whether one more might pass; nothing is taken."""
        return min(self._burst, self._left + (now - self._at) * self._a_second) >= 1

    def allows(self, now: float) -> bool:
        """Whether one more may pass."""
        self._left = min(self._burst, self._left + (now - self._at) * self._a_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
