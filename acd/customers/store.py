"""The customer directory in SQL: found, made, changed, merged, deleted. Synchronous, from any thread.

Each change is one transaction. Who changes a card says which version they saw: where somebody else was
faster nothing is changed, and they are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from acd.customers import rows
from acd.customers.bulk import add_cards
from acd.customers.card import (
    EXPECTED_ID,
    LONGEST_NOTE,
    MOST_NOTES,
    MOST_NUMBERS,
    Card,
    Details,
    Fault,
    FaultyCard,
    Note,
    Source,
    changed,
    cleaned,
    is_id,
    keepable,
    merged,
    new_id,
)
from acd.customers.schema import customer_digits, customer_notes, customer_numbers, customers
from acd.customers.search import search
from acd.errors import RequestRefused
from acd.settings.customer_settings import CustomerSettings
from acd.settings.phone_number import normalised
from acd.sql import one_at_a_time

UNKNOWN_CUSTOMER = "unknown-customer"
CHANGED_MEANWHILE = "changed-meanwhile"
OWNED_BY_FILE = "owned-by-file"
ALREADY_THERE = "already-there"
TOO_MUCH = "too-much"
SAME_CUSTOMER = "same-customer"
MOST_CANDIDATES = 20
# Fewer common last digits than this may belong to somebody else in another town or country.
LEAST_COMMON_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Page:
    """Cards without their notes; see `acd.customers.search.Found`."""

    cards: tuple[Card, ...]
    after: str | None
    partial: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """Under which ids and numbers the calls of a customer are on record."""

    ids: tuple[str, ...]
    numbers: tuple[str, ...]


class CustomerStore:
    """On the engine of an open record store. `settings`: of which fields and country."""

    def __init__(self, engine: Engine, settings: CustomerSettings) -> None:
        self._engine = engine
        self._settings = settings

    # --- looking ------------------------------------------------------------------------------------
    def search(self, query: str, limit: int = 20, after: str | None = None) -> Page:
        """What somebody who types is looking for. Raises `acd.customers.search.UnknownPlace`."""
        with self._engine.connect() as connection:
            found = search(connection, query, limit, after)
            cards = rows.cards_of(connection, found.keys)
        return Page(tuple(cards), found.after, found.partial)

    def card(self, card_id: str) -> Card:
        """With its last notes; a card that was merged leads to the one that it became part of.

        Raises RequestRefused.
        """
        with self._engine.connect() as connection:
            return rows.cards_of(connection, [_row_of(connection, card_id)["key"]], notes=True)[0]

    def identity(self, card_id: str) -> Identity:
        """What the calls of the customer go by, all merged cards included. Raises RequestRefused."""
        with self._engine.connect() as connection:
            row = _row_of(connection, card_id)
            old = connection.scalars(select(customers.c.id).where(customers.c.merged_into == row["id"])).all()
            numbers = rows.numbers_of(connection, [row["key"]]).get(row["key"], [])
        return Identity((row["id"], *old), tuple(numbers))

    def with_number(self, number: str, *, notes: bool = False) -> list[Card]:
        """The customers who call from this number, those that were changed last first.

        Where nobody has exactly this number, and it or that of a customer lacks the country code, one that
        ends with the other's at least 9 digits counts, if it is the only one.
        """
        wanted = normalised(number, self._settings.country)
        if wanted is None:
            return []
        with self._engine.connect() as connection:
            keys = _keys_with(connection, wanted) or _keys_like(connection, wanted)
            return rows.cards_of(connection, keys, notes=notes)

    def count(self) -> int:
        """How many cards there are."""
        query = select(func.count()).select_from(customers).where(customers.c.merged_into.is_(None))
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

    # --- changing -----------------------------------------------------------------------------------
    def add(
        self,
        details: Details,
        *,
        card_id: str | None = None,
        source: Source = Source.HAND,
        complete: bool = True,
    ) -> Card:
        """A new card. Raises FaultyCard, and RequestRefused where the id is taken."""
        details = self._cleaned(details, complete=complete)
        if card_id is not None and not is_id(card_id):
            raise FaultyCard([Fault("id", EXPECTED_ID, card_id[:60])])
        with self._write() as connection:
            try:
                key = add_cards(connection, [(card_id or new_id(), details, source)])[0]
            except IntegrityError:
                raise RequestRefused(ALREADY_THERE, f"there is a customer {card_id} already") from None
            return rows.cards_of(connection, [key])[0]

    def change(self, card_id: str, version: int, changes: Mapping[str, Any]) -> Card:
        """Set some of the details anew; `fields` one by one. Raises FaultyCard, RequestRefused."""
        with self._write() as connection:
            row = _row_of(connection, card_id)
            if row["version"] != version:
                raise RequestRefused(
                    CHANGED_MEANWHILE,
                    f"somebody else has changed customer {row['id']} meanwhile (version {row['version']},"
                    f" not {version}): look at it again",
                )
            numbers = rows.numbers_of(connection, [row["key"]]).get(row["key"], ())
            details = self._cleaned(changed(rows.details_of(row, numbers), changes))
            set_details(connection, row, details)
            return rows.cards_of(connection, [row["key"]], notes=True)[0]

    def add_note(self, card_id: str, by: str, note: str, call_id: str | None = None) -> Card:
        """Something to remember. Needs no version: nothing is lost. Raises FaultyCard, RequestRefused."""
        note = keepable(note).strip()
        if not note or len(note) > LONGEST_NOTE:
            raise FaultyCard([Fault("text", f"expected a note of 1 to {LONGEST_NOTE} characters", note[:60])])
        with self._write() as connection:
            row = _row_of(connection, card_id)
            there = select(func.count()).where(customer_notes.c.customer_key == row["key"])
            if (connection.scalar(there) or 0) >= MOST_NOTES:
                raise RequestRefused(TOO_MUCH, f"customer {row['id']} has {MOST_NOTES} notes already")
            _add_note(connection, row["key"], Note(datetime.now(UTC), keepable(by), note, call_id))
            _touch(connection, row["key"])
            return rows.cards_of(connection, [row["key"]], notes=True)[0]

    def merge(self, card_id: str, other_id: str, by: str) -> Card:
        """Two cards of one customer become one: `card_id` stays, `other_id` leads to it from now on.

        What the first does not say is taken from the other; numbers, e-mails, tags and notes are put
        together. Raises RequestRefused.
        """
        with self._write() as connection:
            kept = _row_of(connection, card_id)
            other = _row_of(connection, other_id)
            if kept["key"] == other["key"]:
                raise RequestRefused(SAME_CUSTOMER, f"{card_id} and {other_id} are the same customer")
            numbers = rows.numbers_of(connection, [kept["key"], other["key"]])
            both = merged(
                rows.details_of(kept, numbers.get(kept["key"], ())),
                rows.details_of(other, numbers.get(other["key"], ())),
            )
            if len(both.numbers) > MOST_NUMBERS:
                raise RequestRefused(TOO_MUCH, f"together they have more than {MOST_NUMBERS} numbers")
            _lead(connection, other, kept)
            set_details(connection, kept, both)
            was = f"{other['id']} {other['name']}".strip()
            _add_note(connection, kept["key"], Note(datetime.now(UTC), keepable(by), f"merged with {was}"))
            return rows.cards_of(connection, [kept["key"]], notes=True)[0]

    def delete(self, card_id: str) -> None:
        """With its notes, and those that were merged into it. Calls on record stay. Raises RequestRefused."""
        with self._write() as connection:
            row = _row_of(connection, card_id)
            old = connection.execute(select(customers).where(customers.c.merged_into == row["id"]))
            doomed = [row, *old.mappings()]
            for each in doomed:
                if each["file_values"] is not None:
                    raise RequestRefused(
                        OWNED_BY_FILE,
                        f"customer {each['id']} is in the file config/customers.csv: delete the line there,"
                        " and reload",
                    )
            for each in doomed:
                drop_card(connection, each)

    def _cleaned(self, details: Details, *, complete: bool = True) -> Details:
        return cleaned(details, self._settings.country, self._settings.fields, complete=complete)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with writing(self._engine) as connection:
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that changes cards: one at a time, so that what was looked at still holds when it is
    written. All of it or nothing."""
    with engine.begin() as connection:
        one_at_a_time(connection, "customers")
        yield connection


def _row_of(connection: Connection, card_id: str) -> Any:
    query = select(customers)
    row = connection.execute(query.where(customers.c.id == card_id)).mappings().first()
    if row is not None and row["merged_into"] is not None:
        row = connection.execute(query.where(customers.c.id == row["merged_into"])).mappings().first()
    if row is None:
        raise RequestRefused(UNKNOWN_CUSTOMER, f"there is no customer {card_id[:80]!r}")
    return row


def _keys_with(connection: Connection, number: str) -> list[int]:
    query = (
        select(customers.c.key)
        .join(customer_numbers, customer_numbers.c.customer_key == customers.c.key)
        .where(customer_numbers.c.number == number)
        .order_by(customers.c.changed_at.desc(), customers.c.key.desc())
        .limit(MOST_CANDIDATES)
    )
    return list(connection.scalars(query))


def _keys_like(connection: Connection, number: str) -> list[int]:
    """The one customer whose number ends like this one, where one of the two lacks the country code."""
    digits = number.lstrip("+0")
    if len(digits) < LEAST_COMMON_DIGITS:
        return []
    last, table = digits[-LEAST_COMMON_DIGITS:], customer_digits.c
    ends = select(table.customer_key).where(table.word.in_([last, last[1:]])).limit(MOST_CANDIDATES * 10)
    query = select(customer_numbers.c.customer_key, customer_numbers.c.number).where(
        customer_numbers.c.customer_key.in_(ends)
    )
    found = {key for key, other in connection.execute(query) if _may_be_same(number, other)}
    return list(found) if len(found) == 1 else []


def _may_be_same(one: str, other: str) -> bool:
    if one.startswith("+") and other.startswith("+"):
        return False  # both are complete, and they differ
    a, b = one.lstrip("+0"), other.lstrip("+0")
    return min(len(a), len(b)) >= LEAST_COMMON_DIGITS and (a.endswith(b) or b.endswith(a))


def set_details(connection: Connection, row: Any, details: Details, **more: Any) -> None:
    """A card's details, of which `row` is what the database has; `more`: other columns."""
    search, weights = rows.search_of(row["id"], details)
    values = {**rows.columns_of(details), "search": search, **more}
    values |= {"version": row["version"] + 1, "changed_at": datetime.now(UTC)}
    connection.execute(update(customers).where(customers.c.key == row["key"]).values(values))
    rows.drop_entries(connection, row["key"], row["search"])
    rows.add_entries(connection, [rows.Entries(row["key"], details.numbers, search, weights)])


def _touch(connection: Connection, key: int) -> None:
    """Changed, in a way that is in nobody's way."""
    values = {"changed_at": datetime.now(UTC)}
    connection.execute(update(customers).where(customers.c.key == key).values(values))


def _add_note(connection: Connection, key: int, note: Note) -> None:
    values = {"at": note.at, "by": note.by, "text": note.text, "call_id": note.call_id}
    connection.execute(insert(customer_notes), {"customer_key": key, **values})


def _lead(connection: Connection, other: Any, kept: Any) -> None:
    """`other`, and those that lead to it, lead to `kept`; it is found by nothing but its id any more."""
    notes, table = customer_notes, customers
    connection.execute(
        update(notes).where(notes.c.customer_key == other["key"]).values(customer_key=kept["key"])
    )
    rows.drop_entries(connection, other["key"], other["search"])
    meant = (table.c.key == other["key"]) | (table.c.merged_into == other["id"])
    values = {"merged_into": kept["id"], "changed_at": datetime.now(UTC)}
    connection.execute(update(table).where(meant).values(values))
    connection.execute(update(table).where(table.c.key == other["key"]).values(search=" "))


def drop_card(connection: Connection, row: Any) -> None:
    """All of one card."""
    rows.drop_entries(connection, row["key"], row["search"])
    connection.execute(delete(customer_notes).where(customer_notes.c.customer_key == row["key"]))
    connection.execute(delete(customers).where(customers.c.key == row["key"]))
