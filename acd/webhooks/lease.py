"""Which one of several web processes delivers, and how far it has come."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select, update

from acd.webhooks.schema import lease

LASTS = timedelta(seconds=20)


class Lease:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine, holder: str) -> None:
        self._engine = engine
        self._holder = holder

    @staticmethod
    def new_holder() -> str:
        """A name for this process."""
        return secrets.token_hex(8)

    def take(self) -> bool:
        """Whether this process has it, for LASTS from now."""
        now = datetime.now(UTC)
        free = (lease.c.holder == self._holder) | (lease.c.until < now)
        query = update(lease).where(free).values(holder=self._holder, until=now + LASTS)
        with self._engine.begin() as connection:
            return connection.execute(query).rowcount > 0

    def give(self) -> None:
        """Another may have it at once."""
        query = (
            update(lease).where(lease.c.holder == self._holder).values(until=datetime.fromtimestamp(0, UTC))
        )
        with self._engine.begin() as connection:
            connection.execute(query)

    def seen_at(self) -> datetime | None:
        """The facts up to then are in the queue."""
        with self._engine.connect() as connection:
            found: datetime | None = connection.execute(select(lease.c.seen_at)).scalar()
        return found

    def seen(self, at: datetime) -> None:
        """The facts up to then are in the queue now."""
        with self._engine.begin() as connection:
            connection.execute(update(lease).values(seen_at=at))
