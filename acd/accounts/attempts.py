"""Failed attempts to sign in, by account and by address: after some, a pause that grows.

Names that no account has are counted like others, so that a pause says nothing about who there is. An
address may fail more often than an account: behind one may sit a whole centre.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select, update

from acd.accounts.schema import attempts
from acd.sql import one_at_a_time

FREE_OF_NAME = 5
FREE_OF_ADDRESS = 30
PAUSE_FIRST_S = 30.0
PAUSE_MAX_S = 900.0
FORGOTTEN_AFTER = timedelta(hours=1)
"""Without a failure for so long the count begins anew."""


class Attempts:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pause_s(self, username: str, address: str, now: datetime | None = None) -> float:
        """For how long nobody may try this name, or from this address; 0 or less: one may."""
        now = now or datetime.now(UTC)
        query = select(attempts.c.locked_until).where(attempts.c.key.in_(_keys(username, address)))
        with self._engine.connect() as connection:
            until = [moment for moment in connection.scalars(query) if moment is not None]
        return max((float((moment - now).total_seconds()) for moment in until), default=0.0)

    def failed(self, username: str, address: str, now: datetime | None = None) -> None:
        """Count one more."""
        now = now or datetime.now(UTC)
        with self._engine.begin() as connection:
            one_at_a_time(connection, "attempts")
            connection.execute(delete(attempts).where(attempts.c.last_at < now - FORGOTTEN_AFTER))
            name, from_ = _keys(username, address)
            _count(connection, name, FREE_OF_NAME, now)
            _count(connection, from_, FREE_OF_ADDRESS, now)

    def succeeded(self, username: str) -> None:
        """The account's count begins anew. The address's does not: its user may be guessing at others."""
        with self._engine.begin() as connection:
            connection.execute(delete(attempts).where(attempts.c.key == _keys(username, "")[0]))

    def locked(self, now: datetime | None = None) -> dict[str, datetime]:
        """Until when which names are locked."""
        now = now or datetime.now(UTC)
        query = select(attempts.c.key, attempts.c.locked_until).where(attempts.c.locked_until > now)
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        return {key.removeprefix("name:"): until for key, until in found if key.startswith("name:")}


def _keys(username: str, address: str) -> tuple[str, str]:
    return f"name:{username[:64]}", f"address:{address}"


def _count(connection: Connection, key: str, free: int, now: datetime) -> None:
    failed = (connection.execute(select(attempts.c.failed).where(attempts.c.key == key)).scalar() or 0) + 1
    pause_s = 0.0 if failed < free else min(PAUSE_MAX_S, PAUSE_FIRST_S * 2 ** min(failed - free, 10))
    values = {"failed": failed, "last_at": now, "locked_until": now + timedelta(seconds=pause_s)}
    if failed == 1:
        connection.execute(insert(attempts), {"key": key, **values})
    else:
        connection.execute(update(attempts).where(attempts.c.key == key).values(**values))
