"""Engine time: Unix time at the start, advanced by the monotonic clock, so that it never jumps."""

from __future__ import annotations

import time


class EngineClock:
    """Call it for the present moment in engine seconds."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> float:
        return time.monotonic() + self._offset
