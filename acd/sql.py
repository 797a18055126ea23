"""What all tables of ours have in common: moments, keys, who writes when, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar

from sqlalchemy import Connection, DateTime, Dialect, TypeDecorator, func, select

Key = TypeVar("Key")
GREATEST_KEY = 2**31 - 1
"""Of numbered rows: what is asked for beyond it is not there."""
_KEYS_PER_QUERY = 450  # SQLite allows 999 parameters in old builds, and some keys are pairs


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. SQLite has no time zones, so it keeps UTC there without saying so.

    A naive datetime is refused with ValueError: nobody could say which moment it means.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC, on its way into the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To aware UTC, on its way out."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def key_of(text: str) -> int | None:
    """The number of a row that somebody names; None for what cannot be one."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(GREATEST_KEY)):
        return None
    return found if (found := int(text)) <= GREATEST_KEY else None


def one_at_a_time(connection: Connection, work: str) -> None:
    """From here to the end of the transaction nobody else, in any process, does work of this name.

    What was looked at still holds when it is written. On SQLite there is one writer for all.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql":
        number = int.from_bytes(sha256(f"acd {work}".encode()).digest()[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(number)))


def in_chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """All of them in their order, so many at once as one query may name."""
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        yield keys[start : start + _KEYS_PER_QUERY]
