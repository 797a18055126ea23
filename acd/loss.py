"""A loss that is played: for a drill, connections of this process fail for a while, as if a server were away.

Nothing is done to the server, which others may use. The loss ends by itself, whatever becomes of its author.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_S = 120.0


class Loss:
    """One for each kind of server, since a process is one controller. `what` is the server's name."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.what = what
        self._clock = clock
        self._until = 0.0

    def begin(self, for_s: float) -> float:
        """From now on, for so long, at most LONGEST_S; how long it will be."""
        for_s = min(for_s, LONGEST_S)
        self._until = self._clock() + for_s
        return for_s

    def end(self) -> None:
        """It is over."""
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        """Whether connections have to fail now."""
        return self._clock() < self._until


REDIS = Loss("Redis")
DATABASE = Loss("the database")
