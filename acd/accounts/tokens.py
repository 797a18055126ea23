"""Tokens with which programs use the API."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from acd.accounts.keys import TOKEN_PREFIX, hash_of, new_key
from acd.accounts.rights import TokenState, state_of_token
from acd.accounts.schema import tokens
from acd.errors import RequestRefused

USED_EVERY = timedelta(minutes=1)
MAKER_GONE = "token-maker-gone"


@dataclass(frozen=True, slots=True)
class Token:
    """Without its key. `teams`: those that its rights are for; None: all. `state`: when it was looked at."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    teams: tuple[str, ...] | None = None
    state: TokenState = TokenState.HOLDS


class Tokens:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def every(self) -> list[Token]:
        """All of them, the newest first."""
        with self._engine.connect() as connection:
            found = connection.execute(select(tokens).order_by(tokens.c.created_at.desc(), tokens.c.id))
            now = datetime.now(UTC)
            return [_token(row, state_of_token(connection, row, now)) for row in found.all()]

    def add(
        self,
        name: str,
        scopes: Sequence[str],
        created_by: str,
        expires_at: datetime | None,
        teams: Sequence[str] | None = None,
    ) -> tuple[Token, str]:
        """A new one, and its key, which is kept nowhere."""
        key = TOKEN_PREFIX + new_key()
        token = Token(
            *(secrets.token_hex(4), name, tuple(scopes), created_by, datetime.now(UTC), expires_at, None),
            None if teams is None else tuple(teams),
        )
        row = {
            "id": token.id,
            "hash": hash_of(key),
            "name": name,
            "scopes": list(scopes),
            "created_by": created_by,
            "created_at": token.created_at,
            "expires_at": expires_at,
            "teams": None if teams is None else list(teams),
        }
        with self._engine.begin() as connection:
            connection.execute(insert(tokens), row)
        return token, key

    def of(self, key: str) -> Token | None:
        """The token with this key, if there is one and its time is not over; at times its use is noted.

        Raises RequestRefused (token-maker-gone) for one that does not hold any more for its maker's sake.
        """
        now = datetime.now(UTC)
        with self._engine.connect() as connection:
            row = connection.execute(select(tokens).where(tokens.c.hash == hash_of(key))).first()
            state = None if row is None else state_of_token(connection, row, now)
        if row is None or state is TokenState.EXPIRED:
            return None
        if state is TokenState.MAKER_GONE:
            raise RequestRefused(
                MAKER_GONE,
                f"the token holds no longer: {row.created_by}, who made it, is no admin any more;"
                " an admin has to make another one",
            )
        if row.last_used_at is None or row.last_used_at < now - USED_EVERY:
            with self._engine.begin() as connection:
                connection.execute(update(tokens).where(tokens.c.id == row.id).values(last_used_at=now))
        return _token(row)

    def holding(self) -> set[str]:
        """The ids of those that hold."""
        return {token.id for token in self.every() if token.state is TokenState.HOLDS}

    def remove(self, token_id: str) -> bool:
        """Whether there was one."""
        with self._engine.begin() as connection:
            return connection.execute(delete(tokens).where(tokens.c.id == token_id)).rowcount > 0


def _token(row: Row[Any], state: TokenState = TokenState.HOLDS) -> Token:
    scopes = tuple(row.scopes)
    return Token(
        *(row.id, row.name, scopes, row.created_by, row.created_at, row.expires_at, row.last_used_at),
        None if row.teams is None else tuple(row.teams),
        state,
    )
