"""Keeps roll-ups up to date in the background, a little at a time: reports come first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from acd.errors import OperatorError
from acd.reports.known import Known
from acd.reports.kpis import RowKind
from acd.reports.rollups.dimensions import names_of
from acd.reports.rollups.kept import drop_others
from acd.reports.rollups.make import Stretch, make
from acd.reports.rollups.stale import stale
from acd.sole import sole

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 60.0
SHARE = 0.1
"""Of the time, so much is spent on counting: after each piece it rests nine times as long as that took."""


class RollUpKeeper:
    """`run` it in processes that are not the controller: one at a time works, whoever has the file `lock`.

    `engine` may raise SQLAlchemy's errors while the database is away. `centre`: the zone in which days are
    kept, and what is known of the configuration now.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        centre: Callable[[], Awaitable[tuple[ZoneInfo, Known]]],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        share: float = SHARE,
        lock: Path | None = None,
    ) -> None:
        self._lock = lock
        self._engine = engine
        self._centre = centre
        self._now = now
        self._share = share
        self._read: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self._take_turn()
            except (SQLAlchemyError, OSError, OperatorError) as error:
                log.warning("roll-ups are made later", reason=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _take_turn(self) -> None:
        """Work, and go on while this process is the one that does."""
        if self._lock is None:
            await self.look()
            return
        with sole(self._lock) as is_alone:
            while is_alone:
                await self.look()
                await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> int:
        """Make what is missing or no longer true; how many pieces that were."""
        tz, known = await self._centre()
        if self._read != names_of(known):
            await asyncio.to_thread(self._sweep, known)
        pieces = await asyncio.to_thread(self._stale, tz, known)
        for kinds, stretch in pieces:
            began = time.monotonic()
            await asyncio.to_thread(make, self._engine(), kinds, stretch, tz, known)
            took_s = time.monotonic() - began
            await asyncio.sleep(took_s * (1 - self._share) / self._share)
        return len(pieces)

    def _sweep(self, known: Known) -> None:
        """Once, and again when other roll-ups are read than before."""
        with self._engine().begin() as connection:
            drop_others(connection, names_of(known))
        self._read = names_of(known)

    def _stale(self, tz: ZoneInfo, known: Known) -> list[tuple[tuple[RowKind, ...], Stretch]]:
        with self._engine().connect() as connection:
            return list(stale(connection, tz, known, self._now()))
