"""Until when this controller may decide. Past that moment another one may lead, so the process ends at once.

Whoever is about to decide, or to tell Asterisk something, asks here first: a process that was stopped and
wakes up later must find out before it does anything. Its keeper starts it again, and it stands by then.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import structlog

log = structlog.get_logger(__name__)

EXIT_CODE = 75  # EX_TEMPFAIL of sysexits.h: try again
LAST_WORD_S = 1.0
Ending = Callable[[str], NoReturn]


def end_now(reason: str) -> NoReturn:
    """No farewell of any kind: what it would write or say is the new leader's to write and say."""
    with suppress(RuntimeError):  # no room for a thread
        threading.Thread(target=_end_soon, daemon=True).start()
    try:
        log.critical("this controller no longer leads, its process ends", reason=reason)
    finally:  # whatever becomes of the word
        os._exit(EXIT_CODE)


def _end_soon() -> None:
    """A log that takes nothing, as that of a disk that hangs, keeps nobody alive."""
    time.sleep(LAST_WORD_S)
    os._exit(EXIT_CODE)


class Gate:
    """Open for ever where there is one controller only; otherwise as long as the lease is sure to be ours."""

    def __init__(self, end: Ending = end_now, clock: Callable[[], float] = time.monotonic) -> None:
        self._end = end
        self._clock = clock
        self._until = math.inf

    def open_until(self, moment: float) -> None:
        """`moment` of the monotonic clock. Never earlier than before: of two keepers one may be told late."""
        self._until = moment if self._until == math.inf else max(self._until, moment)

    @property
    def is_open(self) -> bool:
        """Whether the time is not over yet."""
        return self._clock() <= self._until

    def check(self) -> None:
        """Does not return where the time is over."""
        if not self.is_open:
            self._end("the lease ran out before it could be renewed")

    def shut(self, reason: str) -> NoReturn:
        """The time is over, whatever the clock says."""
        self._end(reason)
