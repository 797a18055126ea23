"""The certificate in use, and its exchange: new connections get the new one, open ones go on.

The files are looked at every few seconds and on request. A pair that cannot be used changes nothing: the one
before stays in use, and logs, `/health` and a metric say why.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from acd.errors import OperatorError
from acd.web.tls.pair import new_context, read_pair

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 10.0
SOON_DAYS = 14.0
"""From then on the end of the certificate is warned of, once a day."""
_DAY_S = 86400.0
_Seen = tuple[tuple[int, int, int] | None, ...]


class Certificate:
    """`context` is for the listener. Raises OperatorError where the first pair cannot be used."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._files = (cert, key)
        self._seen = self._look_of_files()
        self._pair = read_pair(cert, key)
        self._fault: str | None = None
        self._reading = asyncio.Lock()
        self._asked = asyncio.Event()
        self._warned_at: datetime | None = None
        self.context = new_context()
        self.context.sni_callback = self._choose

    def look(self) -> None:
        """Look at the files now, whether they seem changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.check(asked=self._asked.is_set())
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()
            except TimeoutError:
                continue

    async def check(self, *, asked: bool = False) -> None:
        """Take the pair in the files if they have changed, or if somebody has asked."""
        async with self._reading:
            self._asked.clear()
            seen = await asyncio.to_thread(self._look_of_files)
            if asked or seen != self._seen or self._fault is not None:
                await self._take(seen, asked=asked)
        self._warn_of_the_end(datetime.now(UTC))

    async def _take(self, seen: _Seen, *, asked: bool) -> None:
        try:
            pair = await asyncio.to_thread(read_pair, *self._files)
        except OperatorError as error:
            if str(error) != self._fault or asked:
                log.error("the new certificate cannot be used; the one before is used on", reason=str(error))
            self._fault, self._seen = str(error), seen
            return
        self._fault, self._seen = None, seen
        if pair.fingerprint == self._pair.fingerprint:
            if asked:
                log.info("the certificate is the one in use", valid_until=pair.valid_until.isoformat())
            return
        self._pair, self._warned_at = pair, None
        log.info("a new certificate is in use", valid_until=pair.valid_until.isoformat(), names=pair.names)

    def days_left(self, now: datetime | None = None) -> float:
        """Until the certificate in use expires; less than 0: since then."""
        return ((self._pair.valid_until - (now or datetime.now(UTC))).total_seconds()) / _DAY_S

    @property
    def fault(self) -> str | None:
        """Why the pair in the files is not the one in use."""
        return self._fault

    def facts(self) -> dict[str, Any]:
        """For `/health`, which anybody may read: no paths, no reasons."""
        left = self.days_left()
        state = "expired" if left <= 0 else "old" if self._fault is not None else "ok"
        return {
            "certificate": state,
            "valid_until": self._pair.valid_until.isoformat(),
            "days_left": round(left, 1),
        }

    def _warn_of_the_end(self, now: datetime) -> None:
        left = self.days_left(now)
        if left > SOON_DAYS or (
            self._warned_at is not None and (now - self._warned_at).total_seconds() < _DAY_S
        ):
            return
        self._warned_at = now
        until = self._pair.valid_until.isoformat()
        if left <= 0:
            log.error("the certificate has expired: browsers turn away", valid_until=until)
        else:
            log.warning("the certificate expires soon", valid_until=until, days_left=round(left, 1))

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Called for each connection before the certificate is shown, with or without a name of a host."""
        connection.context = self._pair.context

    def _look_of_files(self) -> _Seen:
        found: list[tuple[int, int, int] | None] = []
        for file in self._files:
            try:
                status = file.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(found)
