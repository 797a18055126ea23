"""What all tables of ours have in common: how moments are kept, and how many keys a query may name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import DateTime, Dialect, TypeDecorator

Key = TypeVar("Key")
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


def in_chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """All of them in their order, so many at once as one query may name."""
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        yield keys[start : start + _KEYS_PER_QUERY]
