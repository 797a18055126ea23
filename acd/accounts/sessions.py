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
WHOLE, ENROL = "", "enrol"
"""How far a session has come: all may be done, or first of all a second factor must be set up."""
_ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Session:
    """One that holds, with its account as it is now. `key_hash` is what it is known by. `by_provider`: it
    began with single sign-on, and not with the password, so that this is nothing to be changed first."""

    key_hash: str
    username: str
    role: str
    agent: str | None
    must_change: bool
    expires_at: datetime
    stage: str = WHOLE
    by_provider: bool = False


@dataclass(frozen=True, slots=True)
class SessionListed:
    """For the eyes of its owner. `id` is the beginning of the key's hash: it says nothing of the key."""

    id: str
    key_hash: str
    created_at: datetime
    seen_at: datetime
    address: str
    browser: str


class Sessions:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self,
        username: str,
        address: str,
        browser: str,
        *,
        stage: str = WHOLE,
        instead_of: str | None = None,
        by_provider: bool = False,
    ) -> tuple[str, datetime]:
        """A new session: its key, which is kept nowhere, and when it ends at the latest.

        `instead_of`: the hash of the key of a session that ends with it: the one that the browser had.
        """
        key, now = new_key(), datetime.now(UTC)
        row = {
            "token_hash": hash_of(key),
            "username": username,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + LENGTH_MAX,
            "address": address,
            "browser": browser[:200],
            "stage": stage,
            "by_provider": by_provider,
        }
        mine = select(sessions.c.token_hash).where(sessions.c.username == username)
        oldest = mine.order_by(sessions.c.created_at.desc()).offset(SESSIONS_MAX - 1)
        with self._engine.begin() as connection:
            over = (sessions.c.expires_at < now) | (sessions.c.seen_at < now - IDLE_MAX)
            connection.execute(delete(sessions).where(over | (sessions.c.token_hash == (instead_of or ""))))
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
                        *(
                            accounts.c.must_change,
                            sessions.c.expires_at,
                            sessions.c.stage,
                            sessions.c.by_provider,
                            sessions.c.seen_at,
                        ),
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
                    found[row.token_hash] = Session(*row[:8])
                    if row.seen_at < now - SEEN_EVERY:
                        stale.append(row.token_hash)
        if stale:
            with self._engine.begin() as connection:
                for chunk in in_chunks(stale):
                    seen = update(sessions).where(sessions.c.token_hash.in_(chunk)).values(seen_at=now)
                    connection.execute(seen)
        return found

    def every(self, username: str) -> list[SessionListed]:
        """Those of an account that hold, the last used first."""
        now, columns = datetime.now(UTC), sessions.c
        query = (
            select(columns.token_hash, columns.created_at, columns.seen_at, columns.address, columns.browser)
            .where(columns.username == username, columns.expires_at > now, columns.seen_at > now - IDLE_MAX)
            .order_by(columns.seen_at.desc(), columns.created_at.desc())
        )
        with self._engine.connect() as connection:
            return [SessionListed(row[0][:_ID_LENGTH], *row) for row in connection.execute(query)]

    def renew(self, key_hash: str) -> str | None:
        """Another key for the session, which may do everything from now on; None: it no longer holds."""
        key = new_key()
        renewed = update(sessions).where(sessions.c.token_hash == key_hash)
        with self._engine.begin() as connection:
            values = {"token_hash": hash_of(key), "stage": WHOLE}
            return key if connection.execute(renewed.values(**values)).rowcount else None

    def end_others(self, username: str, keep: str | None) -> None:
        """All sessions of the account but one no longer hold."""
        with self._engine.begin() as connection:
            others = (sessions.c.username == username) & (sessions.c.token_hash != (keep or ""))
            connection.execute(delete(sessions).where(others))

    def end(self, key_hash: str) -> None:
        """It no longer holds."""
        with self._engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == key_hash))
