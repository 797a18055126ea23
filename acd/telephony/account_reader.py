"""Reads Asterisk's account while calls go on: in a thread, and no longer than callers can wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import structlog

from acd.telephony import cdr

log = structlog.get_logger(__name__)

LIMIT_S = 2.0
"""Nobody is offered meanwhile; calls of which nothing is known by then have ended without a reason."""


class AccountReader:
    """Of one Asterisk. While a disk does not answer at all it is not asked a second time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._reading: asyncio.Future[cdr.Ends] | None = None
        self._has_failed = False

    @property
    def is_stuck(self) -> bool:
        """Whether it is still being read, for longer than anybody waits."""
        return self._reading is not None and not self._reading.done()

    @property
    def is_silent(self) -> bool:
        """Whether asking once more at once is in vain: it is stuck, or could not be read."""
        return self.is_stuck or self._has_failed

    async def ends(self, calls: Collection[str], since: float) -> cdr.Ends:
        """See `cdr.ends`; nothing where that takes too long, or where the disk refuses."""
        if self.is_stuck:
            log.warning("the account of calls is still being read, and not asked", calls=len(calls))
            return cdr.Ends()
        self._reading = asyncio.ensure_future(asyncio.to_thread(cdr.ends, self._file, calls, since))
        await asyncio.wait((self._reading,), timeout=LIMIT_S)
        if not self._reading.done():
            self._reading.add_done_callback(_dropped)
            log.warning("the account of calls is not read in time", calls=len(calls), limit_s=LIMIT_S)
            return cdr.Ends()
        try:
            ends = self._reading.result()
        except OSError as error:  # callers must not wait for a disk
            if not self._has_failed:
                log.warning("the account of calls cannot be read", calls=len(calls), reason=str(error))
            self._has_failed = True
            return cdr.Ends()
        self._has_failed = False
        return ends


def _dropped(reading: asyncio.Future[cdr.Ends]) -> None:
    """Nobody waits for it any more."""
    if not reading.cancelled() and (error := reading.exception()) is not None:
        log.warning("the account of calls could not be read", reason=str(error))
