"""What a controller makes up for after its start, from the records: nobody has to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.core.facts import Customer
from acd.core.last_agents import MOST_CUSTOMERS, LastAgents, Talk, customer_key
from acd.parts import facts_of
from acd.records.fold import fold
from acd.records.record import Source
from acd.records.store import RecordStore
from acd.records.writer import RecordWriter
from acd.settings.centre_now import CentreView
from acd.telephony import cdr

log = structlog.get_logger(__name__)

AGAIN_S = 5.0
"""The pause after a part that has failed; it doubles with each failure,"""
AGAIN_AT_MOST_S = 60.0
"""up to this."""


@dataclass(frozen=True, slots=True)
class CatchUp:
    """`refresh_callbacks` reads anew which are open, and takes those that are not out of the line.

    `kept` is what the mirror has. `last_agents` is filled from the records.
    """

    centre: CentreView
    store: RecordStore
    writer: RecordWriter
    find_customer: Callable[[str], Customer | None]
    refresh_callbacks: Callable[[], Awaitable[None]]
    kept: Callable[[], Mapping[str, Mapping[str, Any]]]
    last_agents: LastAgents

    async def run(self, floor_known: asyncio.Event, cdr_file: Path, *, callbacks_known: bool) -> None:
        """Once; a part that fails is tried until it is done, and holds no other up.

        `cdr_file` is read when the floor is known: then Asterisk has said who is still there.
        `callbacks_known`: the start has read already which callbacks are open.
        """
        if not self.store.is_open:
            await _until_done("the database is opened", self._open_store)
        parts = [
            _until_done("who talked last with whom is read", self._load_last_agents),
            self._recover_when_known(floor_known, cdr_file),
        ]
        if not callbacks_known:
            parts.append(_until_done("open callbacks are read", self.refresh_callbacks))
        await asyncio.gather(*parts)

    async def _open_store(self) -> None:
        """The database was away at the start."""
        await asyncio.to_thread(lambda: self.store.engine)
        log.info("the database of records is there now")

    async def _recover_when_known(self, floor_known: asyncio.Event, cdr_file: Path) -> None:
        await floor_known.wait()
        recover = partial(self._recover_unseen, cdr_file)
        await _until_done("calls served without a controller are on record", recover)

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

    async def _recover_unseen(self, cdr_file: Path) -> None:
        """Calls that came and went while no controller was there: put them on record, too."""
        calls = await asyncio.to_thread(cdr.customer_calls, cdr_file)
        # The mirror first: what leaves it in the meantime is in the database when we look there.
        kept = self.kept()
        stored = await asyncio.to_thread(self.store.known, list(calls))
        unseen = [c for c in calls.values() if c.call_id not in stored and f"call:{c.call_id}" not in kept]
        for call in unseen:
            self._recover(call)
        if unseen:
            log.info("calls served without a controller are on record now", calls=len(unseen))

    def _recover(self, call: cdr.CustomerCall) -> None:
        try:
            told = facts_of(call, self.centre, self.find_customer)
            record = fold(call.call_id, told, Source.FALLBACK)
        except Exception:  # a fault of ours with this one must not cost the others
            log.exception("a call served without a controller cannot be put on record", call=call.call_id)
        else:
            self.writer.submit(record, lambda: None, replace=False)


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
