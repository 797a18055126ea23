"""Tokens with which programs use the API."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from acd.accounts.keys import TOKEN_PREFIX, hash_of, new_key
from acd.accounts.schema import tokens

USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """Without its key. `teams`: those that its rights are for; None: all."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    teams: tuple[str, ...] | None = None


class Tokens:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def every(self) -> list[Token]:
        """All of them, the newest first."""
        with self._engine.connect() as connection:
            found = connection.execute(select(tokens).order_by(tokens.c.created_at.desc(), tokens.c.id))
            return [_token(row) for row in found]

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
        """The token with this key, if it holds; it is noted, at times, that it was used."""
        now = datetime.now(UTC)
        with self._engine.connect() as connection:
            row = connection.execute(select(tokens).where(tokens.c.hash == hash_of(key))).first()
        if row is None or (row.expires_at is not None and row.expires_at <= now):
            return None
        if row.last_used_at is None or row.last_used_at < now - USED_EVERY:
            with self._engine.begin() as connection:
                connection.execute(update(tokens).where(tokens.c.id == row.id).values(last_used_at=now))
        return _token(row)

    def holding(self) -> set[str]:
        """The ids of those that hold."""
        now = datetime.now(UTC)
        return {token.id for token in self.every() if token.expires_at is None or token.expires_at > now}

    def remove(self, token_id: str) -> bool:
        """Whether there was one."""
        with self._engine.begin() as connection:
            return connection.execute(delete(tokens).where(tokens.c.id == token_id)).rowcount > 0


def _token(row: Row[Any]) -> Token:
    scopes = tuple(row.scopes)
    return Token(
        *(row.id, row.name, scopes, row.created_by, row.created_at, row.expires_at, row.last_used_at),
        None if row.teams is None else tuple(row.teams),
    )
