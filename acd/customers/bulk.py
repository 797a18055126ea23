"""Many new cards at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from acd.customers import rows
from acd.customers.card import Details, Source
from acd.customers.schema import customers

CACHE_KIB = 131_072
USUAL_CACHE_KIB = 2_000  # SQLite's own


def add_cards(
    connection: Connection,
    cards: Sequence[tuple[str, Details, Source]],
    file_values: Sequence[Mapping[str, Any]] | None = None,
) -> list[int]:
    """Cards (id, details, source) that are not there yet; their keys. `file_values`: what a file says."""
    if not cards:
        return []
    now = datetime.now(UTC)
    found = [rows.search_of(card_id, details) for card_id, details, _ in cards]
    made = [rows.new_row(*card, now, search) for card, (search, _) in zip(cards, found, strict=True)]
    if file_values is not None:
        for row, values in zip(made, file_values, strict=True):
            row["file_values"] = dict(values)
    keys = _new_keys(connection, len(made))
    for row, key in zip(made, keys, strict=True):
        row["key"] = key
    connection.execute(insert(customers), made)
    rows.add_entries(
        connection,
        [
            rows.Entries(key, details.numbers, search, weights)
            for key, (_, details, _), (search, weights) in zip(keys, cards, found, strict=True)
        ],
    )
    return keys


def _new_keys(connection: Connection, count: int) -> list[int]:
    """Taken beforehand: asking for the key of each row that was inserted costs more than all else."""
    if connection.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence("customers", "key")
        query = select(func.nextval(sequence)).select_from(func.generate_series(1, count))
        return list(connection.scalars(query))
    last = connection.scalar(select(func.max(customers.c.key))) or 0
    return list(range(last + 1, last + 1 + count))


@contextmanager
def large_cache(engine: Engine) -> Iterator[None]:
    """SQLite keeps more of the indexes in memory meanwhile: new entries go everywhere in them."""
    if engine.dialect.name != "sqlite":
        yield
        return
    _set_cache(engine, CACHE_KIB)
    try:
        yield
    finally:
        _set_cache(engine, USUAL_CACHE_KIB)


def _set_cache(engine: Engine, size_kib: int) -> None:
    """Of the connection that this thread gets again as long as it uses one at a time."""
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA cache_size = {-size_kib}")
        connection.exec_driver_sql("PRAGMA shrink_memory")
