"""Cards as rows of the tables, and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from acd.customers.card import TEXTS, Card, Details, Note, Source
from acd.customers.schema import (
    customer_digits,
    customer_notes,
    customer_numbers,
    customer_words,
    customers,
)
from acd.customers.words import digit_entries, entries_of_word, search_text, word_entries
from acd.sql import in_chunks

NOTES_SHOWN = 50


def columns_of(details: Details) -> dict[str, Any]:
    """The columns of `customers` that people set."""
    texts = {name: getattr(details, name) for name in TEXTS}
    lists = {"emails": list(details.emails), "tags": list(details.tags), "fields": dict(details.fields)}
    return {**texts, **lists, "value": details.value}


def search_of(card_id: str, details: Details) -> tuple[str, dict[str, int]]:
    """The search text of a card, and the weights of its words; see `acd.customers.words`."""
    texts = (details.name, details.company, *details.tags)
    return search_text(texts, (card_id, *details.emails), details.numbers)


def new_row(card_id: str, details: Details, source: Source, now: datetime, search: str) -> dict[str, Any]:
    """A row of `customers` for a card that is made now, without its key."""
    return {
        "id": card_id,
        **columns_of(details),
        "source": source.value,
        "file_values": None,
        "search": search,
        "version": 1,
        "created_at": now,
        "changed_at": now,
        "merged_into": None,
    }


@dataclass(frozen=True, slots=True)
class Entries:
    """What the numbers' table and the indexes are to have of a card."""

    key: int
    numbers: tuple[str, ...]
    search: str
    weights: Mapping[str, int]


def add_entries(connection: Connection, cards: Iterable[Entries]) -> None:
    """For cards that have none there."""
    numbers: list[tuple[Any, ...]] = []
    words: list[tuple[Any, ...]] = []
    digits: list[tuple[Any, ...]] = []
    for card in cards:
        key = card.key
        numbers += [(number, key, position) for position, number in enumerate(card.numbers)]
        words += [(word, weight, key) for word, weight in _weighted(card.weights).items()]
        digits += [(entry, 0, key) for entry in dict.fromkeys(digit_entries(card.search))]
    for table, rows in ((customer_numbers, numbers), (customer_words, words), (customer_digits, digits)):
        _insert_plain(connection, table, sorted(rows))  # an index grows faster in its order


def _insert_plain(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    """Values that need no turning into something else, straight to the driver: there are many."""
    if rows:
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        marks = ", ".join(mark for _ in table.columns)
        names = ", ".join(column.name for column in table.columns)
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 - names of ours
        connection.exec_driver_sql(statement, rows)


def _weighted(weights: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for word, weight in weights.items():
        for entry in entries_of_word(word):
            found.setdefault(entry, weight)
    return found


def drop_entries(connection: Connection, key: int, search: str) -> None:
    """The numbers and index entries of a card with this search text."""
    connection.execute(delete(customer_numbers).where(customer_numbers.c.customer_key == key))
    for table, entries in ((customer_words, word_entries(search)), (customer_digits, digit_entries(search))):
        for some in in_chunks(list(dict.fromkeys(entries))):
            connection.execute(delete(table).where(table.c.word.in_(some), table.c.customer_key == key))


def details_of(row: Any, numbers: Iterable[str]) -> Details:
    """What a row of `customers` and the card's numbers say."""
    return Details(
        **{name: row[name] for name in TEXTS},
        value=row["value"],
        numbers=tuple(numbers),
        emails=tuple(row["emails"]),
        tags=tuple(row["tags"]),
        fields=row["fields"],
    )


def numbers_of(connection: Connection, keys: Sequence[int]) -> dict[int, list[str]]:
    """By key, in their order."""
    table = customer_numbers.c
    found: defaultdict[int, list[str]] = defaultdict(list)
    for some in in_chunks(keys):
        query = select(table.customer_key, table.number).where(table.customer_key.in_(some))
        for key, number in connection.execute(query.order_by(table.customer_key, table.position)):
            found[key].append(number)
    return found


def notes_of(connection: Connection, key: int, limit: int = NOTES_SHOWN) -> tuple[Note, ...]:
    """The last ones, newest first."""
    table = customer_notes.c
    query = select(table.at, table.by, table.text, table.call_id).where(table.customer_key == key)
    rows = connection.execute(query.order_by(table.at.desc(), table.note_id.desc()).limit(limit))
    return tuple(Note(*row) for row in rows)


def cards_of(connection: Connection, keys: Sequence[int], *, notes: bool = False) -> list[Card]:
    """In the order of the keys."""
    found: dict[int, Any] = {}
    for some in in_chunks(keys):
        for row in connection.execute(select(customers).where(customers.c.key.in_(some))).mappings():
            found[row["key"]] = row
    numbers = numbers_of(connection, keys)
    return [
        card_of(
            found[key],
            numbers.get(key, ()),
            notes_of(connection, key) if notes else (),
        )
        for key in keys
        if key in found
    ]


def card_of(row: Any, numbers: Iterable[str], notes: tuple[Note, ...] = ()) -> Card:
    """The card of a row of `customers`."""
    return Card(
        row["id"],
        details_of(row, numbers),
        row["version"],
        Source(row["source"]),
        row["created_at"],
        row["changed_at"],
        notes,
    )
