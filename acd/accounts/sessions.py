"""Sessions of people who have signed in. They are in the database, so that they outlive a restart."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, insert, select, update

from acd.accounts.keys import hash_of, new_key
from acd.accounts.schema import accounts, sessions
from acd.sql import in_chunks

IDLE_MAX = timedelta(hours=1)
"""Without a request or an open desktop for so long a session is over."""
LENGTH_MAX = timedelta(hours=16)
"""And after so long in any case: longer than a shift, shorter than a day."""
SEEN_EVERY = timedelta(minutes=1)
SESSIONS_MAX = 20
"""Of one account; the oldest gives way."""


@dataclass(frozen=True, slots=True)
class Session:
    """One that holds, with its account as it is now. `key_hash` is what it is known by."""

    key_hash: str
    username: str
    role: str
    agent: str | None
    must_change: bool
    expires_at: datetime


class Sessions:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, username: str, address: str, browser: str) -> tuple[str, datetime]:
        """A new session: its key, which is kept nowhere, and when it ends at the latest."""
        key, now = new_key(), datetime.now(UTC)
        row = {
            "token_hash": hash_of(key),
            "username": username,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + LENGTH_MAX,
            "address": address,
            "browser": browser[:200],
        }
        mine = select(sessions.c.token_hash).where(sessions.c.username == username)
        oldest = mine.order_by(sessions.c.created_at.desc()).offset(SESSIONS_MAX - 1)
        with self._engine.begin() as connection:
            over = (sessions.c.expires_at < now) | (sessions.c.seen_at < now - IDLE_MAX)
            connection.execute(delete(sessions).where(over))
            too_many = list(connection.scalars(oldest))
            connection.execute(delete(sessions).where(sessions.c.token_hash.in_(too_many)))
            connection.execute(insert(sessions), row)
        return key, row["expires_at"]  # type: ignore[return-value]

    def of(self, key: str) -> Session | None:
        """The session with this key, if it holds; it is noted, at times, that it was used."""
        return self.holding([hash_of(key)]).get(hash_of(key))

    def holding(self, key_hashes: Collection[str], now: datetime | None = None) -> dict[str, Session]:
        """Those of the sessions that hold, which are in use: so noted."""
        now = now or datetime.now(UTC)
        found: dict[str, Session] = {}
        stale: list[str] = []
        with self._engine.connect() as connection:
            for chunk in in_chunks(list(key_hashes)):
                query = (
                    select(
                        *(sessions.c.token_hash, sessions.c.username, accounts.c.role, accounts.c.agent_id),
                        *(accounts.c.must_change, sessions.c.expires_at, sessions.c.seen_at),
                    )
                    .join(accounts, accounts.c.username == sessions.c.username)
                    .where(
                        sessions.c.token_hash.in_(chunk),
                        sessions.c.expires_at > now,
                        sessions.c.seen_at > now - IDLE_MAX,
                        accounts.c.disabled.is_(False),
                    )
                )
                for row in connection.execute(query):
                    found[row.token_hash] = Session(*row[:6])
                    if row.seen_at < now - SEEN_EVERY:
                        stale.append(row.token_hash)
        if stale:
            with self._engine.begin() as connection:
                for chunk in in_chunks(stale):
                    seen = update(sessions).where(sessions.c.token_hash.in_(chunk)).values(seen_at=now)
                    connection.execute(seen)
        return found

    def end(self, key_hash: str) -> None:
        """It no longer holds."""
        with self._engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == key_hash))
