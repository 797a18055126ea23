"""Webhooks as they are kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from acd.webhooks.schema import deliveries, webhooks
from acd.webhooks.signing import new_secret

WEBHOOKS_MAX = 50


class TooMany(Exception):
    """There are as many as there may be."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Without its secret.

    `since_at`: of nothing before is told. `failing_since`: since when nothing has arrived. `dropped`: so many
    events were not kept, because too many waited.
    """

    id: str
    url: str
    events: tuple[str, ...]
    note: str
    enabled: bool
    created_by: str
    created_at: datetime
    since_at: datetime
    failing_since: datetime | None
    last_error: str | None
    disabled_why: str | None
    dropped: int


class Webhooks:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def every(self, *, enabled: bool = False) -> list[Webhook]:
        """All of them, or those in use, the oldest first."""
        query = select(webhooks).order_by(webhooks.c.created_at, webhooks.c.id)
        if enabled:
            query = query.where(webhooks.c.enabled)
        with self._engine.connect() as connection:
            return [_webhook(row) for row in connection.execute(query)]

    def get(self, webhook_id: str) -> Webhook | None:
        """The one with this id."""
        with self._engine.connect() as connection:
            row = connection.execute(select(webhooks).where(webhooks.c.id == webhook_id)).first()
        return None if row is None else _webhook(row)

    def secret(self, webhook_id: str) -> str | None:
        """What its deliveries are signed with."""
        query = select(webhooks.c.secret).where(webhooks.c.id == webhook_id)
        with self._engine.connect() as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def add(self, url: str, events: Sequence[str], note: str, by: str) -> tuple[Webhook, str]:
        """A new one, and its secret. Raises TooMany."""
        if len(self.every()) >= WEBHOOKS_MAX:
            raise TooMany
        now, secret = datetime.now(UTC), new_secret()
        webhook_id = secrets.token_hex(4)
        row = {
            "id": webhook_id,
            "url": url,
            "events": list(events),
            "secret": secret,
            "note": note,
            "enabled": True,
            "created_by": by,
            "created_at": now,
            "since_at": now,
            "dropped": 0,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(webhooks), row)
        found = self.get(webhook_id)
        assert found is not None
        return found, secret

    def change(self, webhook_id: str, **values: Any) -> Webhook | None:
        """`url`, `events`, `note`, `enabled`. One that is switched on again begins with what happens then."""
        was = self.get(webhook_id)
        if was is None:
            return None
        if values.get("enabled") and not was.enabled:
            values |= {"since_at": datetime.now(UTC), "failing_since": None, "disabled_why": None}
        if values:
            with self._engine.begin() as connection:
                connection.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))
        return self.get(webhook_id)

    def remove(self, webhook_id: str) -> bool:
        """Whether there was one; what waits for it goes, too."""
        with self._engine.begin() as connection:
            connection.execute(delete(deliveries).where(deliveries.c.webhook_id == webhook_id))
            return connection.execute(delete(webhooks).where(webhooks.c.id == webhook_id)).rowcount > 0


def _webhook(row: Row[Any]) -> Webhook:
    values = {name: getattr(row, name) for name in Webhook.__slots__}
    return Webhook(**{**values, "events": tuple(values["events"])})
