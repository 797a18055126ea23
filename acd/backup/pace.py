"""How fast bytes are moved: a back-up must not take the disk from the calls."""

from __future__ import annotations

import time
from collections.abc import Callable

BLOCK = 1 << 20
"""So much is read, hashed and written at once."""

Progress = Callable[[str, int], None]
"""Told what is moved, and how many bytes more."""


class Pace:
    """At most `bytes_per_s` on average, as long as all say what they have moved; None: as fast as it goes."""

    def __init__(
        self,
        bytes_per_s: float | None = None,
        progress: Progress = lambda _what, _bytes: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bytes_per_s = bytes_per_s
        self._progress = progress
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    def moved(self, what: str, count: int) -> None:
        """Waits until it may go on."""
        self._progress(what, count)
        if self._bytes_per_s is None:
            return
        now = self._clock()
        self._free_at = max(self._free_at, now) + count / self._bytes_per_s
        if self._free_at > now:
            self._sleep(self._free_at - now)
