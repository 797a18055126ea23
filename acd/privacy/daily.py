"""Carries out the time limits of config/retention.yml once a day, in the night, in one of all processes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.accounts.audit import AuditLog, Entry
from acd.errors import OperatorError
from acd.privacy.retention import Retention
from acd.recordings.bucket import Bucket
from acd.records.store import RecordStore
from acd.settings.retention import RetentionSettings
from acd.sole import sole

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 600.0
FROM_HOUR = 3
PAUSE_S = 0.2
"""Between two batches, so that records of calls get their turn."""
STAMP, LOCK = "retention.stamp", "retention.lock"
WHO = "system:retention"

Settings = Callable[[], Awaitable[tuple[RetentionSettings, ZoneInfo, Callable[[], Bucket | None]]]]


class DailyRetention:
    """`settings` are those in use: the rules, the centre's time zone, and the store of recordings."""

    def __init__(self, home: Path, recordings: Path, store: RecordStore, settings: Settings) -> None:
        self._home = home
        self._recordings = recordings
        self._store = store
        self._settings = settings

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look(datetime.now(UTC))
            except (SQLAlchemyError, OperatorError, OSError) as error:
                log.error("what is kept too long waits", reason=f"{type(error).__name__}: {error}"[:200])
            except Exception:  # a fault of ours: no reason to end everybody's page
                log.exception("the time limits of what is kept have failed")
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, now: datetime) -> None:
        """Run where it is time and nobody has today. Raises SQLAlchemy's errors, OperatorError, OSError."""
        rules, zone, bucket = await self._settings()
        local = now.astimezone(zone)
        if rules == RetentionSettings() or local.hour < FROM_HOUR:
            return
        await asyncio.to_thread(self._once, f"{local:%Y-%m-%d}", now, rules, bucket)

    def _once(
        self, day: str, now: datetime, rules: RetentionSettings, bucket: Callable[[], Bucket | None]
    ) -> None:
        stamp = self._home / STAMP
        with sole(self._home / LOCK) as is_alone:
            if not is_alone or (stamp.exists() and stamp.read_text() == day):
                return
            engine = self._store.engine
            work = Retention(engine, self._home, self._recordings, rules, bucket, now, PAUSE_S)
            is_whole = False
            try:
                work.run()
                is_whole = True
            finally:  # also where something has ended it
                done = dict(+work.done)
                if done or is_whole:
                    AuditLog(engine).add([Entry(now, WHO, "admin", "", "retention-run", "", done)])
            stamp.write_text(day)
            log.info("what was kept for its time is gone", **done)
