"""How many messages a browser may send on a WebSocket."""

from __future__ import annotations


class Rate:
    """A bucket that fills up with time: so many messages `a_second` on the long run, and `burst` at once."""

    def __init__(self, a_second: float, burst: int, now: float) -> None:
        self._a_second = a_second
        self._burst = float(burst)
        self._left = self._burst
        self._at = now

    def allows(self, now: float) -> bool:
        """Whether one more may pass."""
        self._left = min(self._burst, self._left + (now - self._at) * self._a_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
