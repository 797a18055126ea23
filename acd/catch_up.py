"""What a controller makes up for after its start, from the records: nobody has to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.core.last_agents import MOST_CUSTOMERS, LastAgents, Talk, customer_key
from acd.reconcile import Reconciler
from acd.records.store import RecordStore
from acd.settings.centre_now import CentreView

log = structlog.get_logger(__name__)

AGAIN_S = 5.0
"""The pause after a part that has failed; it doubles with each failure,"""
AGAIN_AT_MOST_S = 60.0
"""up to this."""


@dataclass(frozen=True, slots=True)
class CatchUp:
    """`refresh_callbacks` reads anew which are open, and takes those that are not out of the line.

    `last_agents` is filled from the records.
    """

    centre: CentreView
    store: RecordStore
    reconciler: Reconciler
    refresh_callbacks: Callable[[], Awaitable[None]]
    last_agents: LastAgents

    async def run(self, floor_known: asyncio.Event, *, callbacks_known: bool) -> None:
        """Once; a part that fails is tried until it is done, and holds no other up.

        Asterisk's account is read when the floor is known: then it has said who is still there.
        `callbacks_known`: the start has read already which callbacks are open.
        """
        if not self.store.is_open:
            await _until_done("the database is opened", self._open_store)
        parts = [
            _until_done("who talked last with whom is read", self._load_last_agents),
            self._recover_when_known(floor_known),
        ]
        if not callbacks_known:
            parts.append(_until_done("open callbacks are read", self.refresh_callbacks))
        await asyncio.gather(*parts)

    async def _open_store(self) -> None:
        """The database was away at the start."""
        await asyncio.to_thread(lambda: self.store.engine)
        log.info("the database of records is there now")

    async def _recover_when_known(self, floor_known: asyncio.Event) -> None:
        await floor_known.wait()
        await _until_done("calls served without a controller are on record", self._look)

    async def _look(self) -> None:
        await self.reconciler.look()

    async def _load_last_agents(self) -> None:
        """Who talked last with whom, as far back as a group asks for it."""
        groups = self.centre.plan.groups.values()
        days = max((group.last_agent.days for group in groups if group.last_agent is not None), default=0.0)
        if not days:
            return
        since = datetime.now(UTC) - timedelta(days=days)
        talks = await asyncio.to_thread(self.store.last_talks, since, MOST_CUSTOMERS)
        known = (
            Talk(customer_key(customer_id, number), agent, at.timestamp())
            for customer_id, number, agent, at in talks
        )
        self.last_agents.load(talk for talk in known if talk.customer)


async def _until_done(what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Again and again, with growing pauses. `what` is done then, for the log."""
    pause_s = AGAIN_S
    while True:
        try:
            return await work()
        except (SQLAlchemyError, OSError) as error:
            log.error("to be tried again", until=what, reason=type(error).__name__, after_s=pause_s)
        except Exception:
            log.exception("to be tried again", until=what, after_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, AGAIN_AT_MOST_S)
