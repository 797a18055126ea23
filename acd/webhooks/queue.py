"""What waits to be told, and what became of it: bounded, and each event once a webhook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from acd.sql import GREATEST_KEY, in_chunks
from acd.webhooks.events import Event
from acd.webhooks.schema import deliveries, webhooks
from acd.webhooks.store import Webhook

WAITING_MAX = 10_000
"""So many may wait for one webhook; more are dropped, and counted."""
KEPT = timedelta(days=3)
"""So long it is kept what became of a delivery."""
GIVEN_UP_AFTER = timedelta(days=1)
DISABLED_AFTER = timedelta(days=3)
PAUSES_S = (5, 30, 120, 600, 1800, 3600)
_ERROR_MAX = 300


class DeliveryState(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"  # given up


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. `status`: the last answer's; `error`: what went wrong the last time."""

    id: int
    webhook_id: str
    event_id: str
    event: str
    body: str
    state: str
    tries: int
    created_at: datetime
    next_at: datetime
    done_at: datetime | None
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one try: the answer's status, or what went wrong."""

    status: int | None
    error: str | None

    @property
    def is_good(self) -> bool:
        """Whether the other side has taken it."""
        return self.error is None


class DeliveryQueue:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, events: Sequence[Event], to: Sequence[Webhook]) -> None:
        """Those of the events that a webhook wants and does not have yet: all of them, or none."""
        now = datetime.now(UTC)
        with self._engine.begin() as connection:
            for webhook in to:
                wanted = {e.id: e for e in events if e.name in webhook.events and _is_after(e, webhook)}
                for known in _known(connection, webhook.id, wanted):
                    del wanted[known]
                if not wanted:
                    continue
                room = WAITING_MAX - _waiting(connection, webhook.id)
                kept = list(wanted.values())[: max(0, room)]
                if kept:
                    rows = [_row(webhook.id, event, now) for event in kept]
                    connection.execute(insert(deliveries), rows)
                if len(kept) < len(wanted):
                    dropped = webhooks.c.dropped + len(wanted) - len(kept)
                    query = update(webhooks).where(webhooks.c.id == webhook.id)
                    connection.execute(query.values(dropped=dropped))

    def add_tested(self, webhook_id: str, event: Event, outcome: Outcome) -> None:
        """A test that was made at once, and is not tried again."""
        now = datetime.now(UTC)
        state = DeliveryState.DELIVERED if outcome.is_good else DeliveryState.FAILED
        row = {**_row(webhook_id, event, now), "state": state, "tries": 1, "done_at": now}
        with self._engine.begin() as connection:
            connection.execute(insert(deliveries), {**row, "status": outcome.status, "error": outcome.error})

    def due(self, webhook_id: str, limit: int) -> list[Delivery]:
        """What is to be tried now, the oldest first."""
        query = (
            select(deliveries)
            .where(deliveries.c.webhook_id == webhook_id)
            .where(deliveries.c.state == DeliveryState.WAITING)
            .where(deliveries.c.next_at <= datetime.now(UTC))
            .order_by(deliveries.c.id)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def find(
        self, webhook_id: str, *, state: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[Delivery]:
        """The newest first; `before`: older than the delivery of this number."""
        query = select(deliveries).where(deliveries.c.webhook_id == webhook_id)
        if state is not None:
            query = query.where(deliveries.c.state == state)
        if before is not None:
            query = query.where(deliveries.c.id < min(before, GREATEST_KEY))
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(deliveries.c.id.desc()).limit(limit))
            return [_delivery(row) for row in found]

    def waiting(self) -> Mapping[str, int]:
        """How many wait, by webhook."""
        query = (
            select(deliveries.c.webhook_id, func.count())
            .where(deliveries.c.state == DeliveryState.WAITING)
            .group_by(deliveries.c.webhook_id)
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def tried(self, webhook: Webhook, tries: Iterable[tuple[Delivery, Outcome]]) -> str | None:
        """Keep what became of these. Why the webhook was disabled, if it was."""
        now, outcomes = datetime.now(UTC), list(tries)
        with self._engine.begin() as connection:
            for delivery, outcome in outcomes:
                values = _after(delivery, outcome, now)
                connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(**values))
            return _judge(connection, webhook, [outcome for _, outcome in outcomes], now)

    def sweep(self) -> None:
        """What was kept long enough goes; what waited too long, such as for one switched off, is given up."""
        now = datetime.now(UTC)
        old = (deliveries.c.created_at < now - KEPT) & (deliveries.c.state != DeliveryState.WAITING)
        late = (deliveries.c.created_at < now - GIVEN_UP_AFTER) & (
            deliveries.c.state == DeliveryState.WAITING
        )
        with self._engine.begin() as connection:
            connection.execute(delete(deliveries).where(old))
            connection.execute(update(deliveries).where(late).values(state=DeliveryState.FAILED, done_at=now))


def pause_s(tries: int) -> int:
    """How long to wait after so many tries that failed."""
    return PAUSES_S[min(tries, len(PAUSES_S)) - 1]


def _is_after(event: Event, webhook: Webhook) -> bool:
    return event.at >= webhook.since_at.timestamp()


def _known(connection: Connection, webhook_id: str, wanted: Mapping[str, Event]) -> list[str]:
    found: list[str] = []
    for ids in in_chunks(list(wanted)):
        query = select(deliveries.c.event_id).where(deliveries.c.webhook_id == webhook_id)
        found += connection.execute(query.where(deliveries.c.event_id.in_(ids))).scalars()
    return found


def _waiting(connection: Connection, webhook_id: str) -> int:
    query = select(func.count()).select_from(deliveries).where(deliveries.c.webhook_id == webhook_id)
    return int(connection.execute(query.where(deliveries.c.state == DeliveryState.WAITING)).scalar_one())


def _row(webhook_id: str, event: Event, now: datetime) -> dict[str, Any]:
    return {
        "webhook_id": webhook_id,
        "event_id": event.id,
        "event": event.name,
        "body": event.body(),
        "state": DeliveryState.WAITING,
        "tries": 0,
        "created_at": now,
        "next_at": now,
    }


def _after(delivery: Delivery, outcome: Outcome, now: datetime) -> dict[str, Any]:
    tries = delivery.tries + 1
    error = None if outcome.error is None else outcome.error[:_ERROR_MAX]
    values: dict[str, Any] = {"tries": tries, "status": outcome.status, "error": error}
    if outcome.is_good:
        return {**values, "state": DeliveryState.DELIVERED, "done_at": now}
    next_at = now + timedelta(seconds=pause_s(tries))
    if next_at > delivery.created_at + GIVEN_UP_AFTER:
        return {**values, "state": DeliveryState.FAILED, "done_at": now}
    return {**values, "next_at": next_at}


def _judge(
    connection: Connection, webhook: Webhook, outcomes: Sequence[Outcome], now: datetime
) -> str | None:
    query = update(webhooks).where(webhooks.c.id == webhook.id)
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if len(errors) < len(outcomes):
        connection.execute(query.values(failing_since=None, last_error=None))
        return None
    if not errors:
        return None
    since, error = webhook.failing_since or now, errors[-1][:_ERROR_MAX]
    values: dict[str, Any] = {"failing_since": since, "last_error": error}
    why = None
    if now - since >= DISABLED_AFTER:
        why = f"nothing has arrived for {DISABLED_AFTER.days} days; the last time: {error}"
        values |= {"enabled": False, "disabled_why": why}
    connection.execute(query.values(**values))
    return why


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in Delivery.__slots__})
