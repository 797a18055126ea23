"""Sends what is due, in the one web process that has the lease."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from acd.errors import OperatorError
from acd.reports.sending.attempt import Rights, attempt
from acd.reports.sending.job import InUse, Job, Made, make_elsewhere
from acd.reports.sending.store import Runs, SavedReport, SavedReports

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 5.0
RENEW_EVERY_S = 15.0


def _utc() -> datetime:
    return datetime.now(UTC)


class ReportSender:
    """`engine` gives the database's, or raises where that is away; `in_use` the configuration of now, and
    `rights` those of who keeps a report."""

    def __init__(
        self,
        engine: Callable[[], Engine],
        database_url: str,
        in_use: Callable[[], Awaitable[InUse]],
        rights: Rights,
        make: Callable[[Job], Made] = make_elsewhere,
        now: Callable[[], datetime] = _utc,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._engine = engine
        self._database_url = database_url
        self._in_use = in_use
        self._rights = rights
        self._make = make
        self._now = now
        self._look_every_s = look_every_s
        self._broken: frozenset[str] = frozenset()
        self._holder = secrets.token_hex(8)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                engine = await asyncio.to_thread(self._engine)
                await self._turn(engine)
            except (SQLAlchemyError, OperatorError) as error:
                log.warning("saved reports wait", reason=str(error)[:300] or type(error).__name__)
            except Exception:  # a fault of ours: no reason to end everybody's page
                log.exception("the sending of reports has failed and begins again")
            await asyncio.sleep(self._look_every_s)

    async def _turn(self, engine: Engine) -> None:
        runs = Runs(engine)
        if not await asyncio.to_thread(self._is_mine, engine):
            return
        holding = asyncio.create_task(self._hold(runs))
        try:
            in_use = await self._in_use()
            now = self._now()
            await asyncio.to_thread(runs.sweep, now)
            await asyncio.to_thread(runs.take_due, in_use.tz, now)
            await asyncio.to_thread(self._tell_broken, engine)
            for run in await asyncio.to_thread(runs.to_try, now):
                if holding.done():
                    return
                saved = await asyncio.to_thread(SavedReports(engine).look_up, run.saved_id)
                if isinstance(saved, SavedReport):
                    await asyncio.to_thread(
                        attempt, engine, saved, run, in_use, self._database_url, self._make,
                        os.environ, self._now, self._rights,
                    )  # fmt: skip
                    await asyncio.to_thread(_tell, runs, run.id, saved.name)
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)
            with contextlib.suppress(SQLAlchemyError):
                await asyncio.to_thread(runs.give_lease, self._holder)

    def _tell_broken(self, engine: Engine) -> None:
        """Each once: nobody but the log misses what is not sent."""
        broken = SavedReports(engine).broken()
        for one in broken:
            if one.id not in self._broken:
                log.error("a saved report cannot be read and is not sent", report=one.name, reason=one.why)
        self._broken = frozenset(one.id for one in broken)

    def _is_mine(self, engine: Engine) -> bool:
        """Whether there may be something to do, and this process is to do it."""
        runs, now = Runs(engine), self._now()
        return runs.is_any_due(now) and runs.take_lease(self._holder, now)

    async def _hold(self, runs: Runs) -> None:
        """Until another has it, or the database does not say."""
        with contextlib.suppress(SQLAlchemyError):
            while True:
                if not await asyncio.to_thread(runs.take_lease, self._holder, self._now()):
                    return
                await asyncio.sleep(RENEW_EVERY_S)


def _tell(runs: Runs, run_id: int, name: str) -> None:
    """For the log: what became of a try."""
    run = runs.get(run_id)
    if run is None:
        return
    if run.error is None:
        log.info("a report was sent", report=name, file=run.file_name)
    else:
        log.warning("a report was not sent", report=name, state=run.state, reason=run.error)
