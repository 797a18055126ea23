"""A circuit breaker: whoever has failed several times in a row is left alone for a while. Pure."""

from __future__ import annotations

FAILURES_MAX = 3
REST_S = 10.0


class Breaker:
    """Closed at first. After `FAILURES_MAX` failures in a row nobody asks for `REST_S`; then one may try."""

    def __init__(self) -> None:
        self._failures = 0
        self._rests_until = 0.0

    def lets(self, now: float) -> bool:
        """Whether one may ask now; who may after a rest is the only one until it is known how that went."""
        if self._failures < FAILURES_MAX:
            return True
        if now < self._rests_until:
            return False
        self._rests_until = now + REST_S
        return True

    def went_well(self) -> None:
        """An answer came."""
        self._failures = 0

    def failed(self, now: float) -> None:
        """No answer came, or a useless one."""
        self._failures += 1
        if self._failures >= FAILURES_MAX:
            self._rests_until = now + REST_S
