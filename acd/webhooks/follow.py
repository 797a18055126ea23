"""From the controller's facts into the queue, so that none is missed.

The stream tells the facts of calls that go on, and those that come; what ended while this process, or the
controller, was away is on record. Both are put into the queue together, where each event is kept once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy import Engine

from acd.core.fact_json import fact_from_dict
from acd.runtime.leader import Leader
from acd.webhooks.events import Event, agent_event, budget_event, events_of
from acd.webhooks.lease import Lease
from acd.webhooks.on_record import events_since
from acd.webhooks.queue import DeliveryQueue
from acd.webhooks.store import Webhooks

log = structlog.get_logger(__name__)

LINE_MAX = 16 * 1024 * 1024
SILENCE_MAX_S = 5.0
MARGIN = timedelta(seconds=60)
"""What is in the queue already is looked at once more for so long: it was perhaps told late."""
LOOK_AGAIN_S = (10.0, 60.0)
"""A record is written a moment after its call: so long after the start the records are looked at again."""
SEEN_EVERY = timedelta(seconds=5)


class Follower:
    """`follow` runs while this process has the lease."""

    def __init__(self, leader: Leader, engine: Engine, lease: Lease) -> None:
        self._leader = leader
        self._engine = engine
        self._lease = lease
        self._seen = datetime.now(UTC)

    async def follow(self) -> None:
        """Until the stream ends: OSError, ValueError, TimeoutError, OperatorError; or SQLAlchemy's errors."""
        since = await asyncio.to_thread(self._begin)
        loop = asyncio.get_running_loop()
        again = [loop.time() + pause_s for pause_s in LOOK_AGAIN_S]
        async with asyncio.timeout(SILENCE_MAX_S) as limit:
            async with self._leader.connection(LINE_MAX) as found:
                reader = found.reader
                request = {"do": "facts", "since": since.timestamp()}
                found.writer.write(orjson.dumps(request) + b"\n")
                first = _read(await reader.readline())
                limit.reschedule(None)  # the database may take its time
                missed = await asyncio.to_thread(events_since, self._engine, since)
                await self._keep([*missed, *_events(first, since)])
                while True:
                    limit.reschedule(loop.time() + SILENCE_MAX_S)
                    told = _read(await reader.readline())
                    limit.reschedule(None)
                    await self._take(told, since)
                    if again and loop.time() > again[0]:
                        del again[0]
                        await self._keep(await asyncio.to_thread(events_since, self._engine, since))

    def _begin(self) -> datetime:
        """From when on facts are wanted: what nobody is told any more is not even read, however long ago the
        last webhook was in use."""
        now = datetime.now(UTC)
        wanted = [webhook.since_at for webhook in Webhooks(self._engine).every(enabled=True)]
        seen = (self._lease.seen_at() or now) - MARGIN
        return max(seen, min(wanted, default=now))

    async def _take(self, told: Mapping[str, Any], since: datetime) -> None:
        if events := _events(told, since):
            await self._keep(events)
        if told.get("more"):
            return  # what is still to be told may be older than this moment
        now = datetime.fromtimestamp(told["now_s"], UTC)
        if now - self._seen >= SEEN_EVERY:
            await asyncio.to_thread(self._lease.seen, now)
            self._seen = now

    async def _keep(self, events: list[Event]) -> None:
        if events:
            await asyncio.to_thread(self._add, events)

    def _add(self, events: list[Event]) -> None:
        DeliveryQueue(self._engine).add(events, Webhooks(self._engine).every(enabled=True))


def _read(line: bytes) -> dict[str, Any]:
    if not line:
        raise ConnectionResetError("the controller has closed the stream of facts")
    told = orjson.loads(line)
    if not isinstance(told, dict) or "error" in told:
        raise ValueError(f"the controller gives no facts: {str(told)[:200]}")
    return told


def _events(told: Mapping[str, Any], since: datetime) -> list[Event]:
    at_least = since.timestamp()
    found = [
        event
        for call, call_facts in told["calls"].items()
        for event in events_of(call, [fact_from_dict(fact) for fact in call_facts])
    ]
    found += [agent_event(a["agent"], a["state"], a["reason"], a["at"]) for a in told["agents"]]
    found += [budget_event(alarm) for alarm in told.get("alarms", ())]
    return [event for event in found if event.at >= at_least]
