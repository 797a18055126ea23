"""What a controller makes up for after its start, from the records: nobody has to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from acd.core.facts import Customer
from acd.core.last_agents import MOST_CUSTOMERS, LastAgents, Talk, customer_key
from acd.parts import facts_of
from acd.records.fold import fold
from acd.records.store import RecordStore
from acd.records.writer import RecordWriter
from acd.settings.centre_now import CentreView
from acd.telephony import cdr

log = structlog.get_logger(__name__)

AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class CatchUp:
    """`refresh_callbacks` reads anew which are open; `kept` is what the mirror has.

    `last_agents` is filled from the records.
    """

    centre: CentreView
    store: RecordStore
    writer: RecordWriter
    find_customer: Callable[[str], Customer | None]
    refresh_callbacks: Callable[[], Awaitable[None]]
    kept: Callable[[], Mapping[str, Mapping[str, Any]]]
    last_agents: LastAgents

    async def run(self, floor_known: asyncio.Event, cdr_file: Path) -> None:
        """Once. `cdr_file` is read when the floor is known: then Asterisk has said who is still there."""
        if not self.store.is_open:
            await self.until_open()
            await self.refresh_callbacks()
        await self._load_last_agents()
        await floor_known.wait()
        await self._recover_unseen(cdr_file)

    async def until_open(self) -> None:
        """The database was away at the start: try until it is there."""
        while True:
            try:
                await asyncio.to_thread(lambda: self.store.engine)
            except DBAPIError:
                await asyncio.sleep(AGAIN_S)
            else:
                log.info("the database of records is there now")
                return

    async def _load_last_agents(self) -> None:
        """Who talked last with whom, as far back as a group asks for it."""
        groups = self.centre.plan.groups.values()
        days = max((group.last_agent.days for group in groups if group.last_agent is not None), default=0.0)
        if not days:
            return
        since = datetime.now(UTC) - timedelta(days=days)
        try:
            talks = await asyncio.to_thread(self.store.last_talks, since, MOST_CUSTOMERS)
        except SQLAlchemyError as error:
            log.error("who talked last with whom is not known", reason=type(error).__name__)
            return
        known = (
            Talk(customer_key(customer_id, number), agent, at.timestamp())
            for customer_id, number, agent, at in talks
        )
        self.last_agents.load(talk for talk in known if talk.customer)

    async def _recover_unseen(self, cdr_file: Path) -> None:
        """Calls that came and went while no controller was there: put them on record, too."""
        calls = await asyncio.to_thread(cdr.customer_calls, cdr_file)
        # The mirror first: what leaves it in the meantime is in the database when we look there.
        kept = self.kept()
        stored = await asyncio.to_thread(self.store.known, list(calls))
        unseen = [c for c in calls.values() if c.call_id not in stored and f"call:{c.call_id}" not in kept]
        for call in unseen:
            record = fold(call.call_id, facts_of(call, self.centre, self.find_customer))
            self.writer.submit(record, lambda: None, replace=False)
        if unseen:
            log.info("calls served without a controller are on record now", calls=len(unseen))
