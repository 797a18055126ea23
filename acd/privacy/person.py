"""Who somebody is in our records: cards, numbers, names, and how each may stand in a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import phonenumbers
from sqlalchemy import ColumnElement, Connection, select

from acd.core.facts import CallKind
from acd.core.last_agents import customer_key
from acd.customers.schema import customer_numbers, customers
from acd.errors import OperatorError
from acd.privacy.codes import codes_of
from acd.records.schema import callbacks, calls
from acd.settings.phone_number import normalised

LEAST_DIGITS = 6
"""A shorter number is looked for in columns of numbers only: in a text it might mean anything."""
LEAST_LETTERS = 6
LEAST_SIGNS = 3
FIRST_OF_CHINESE = 0x2E80
"""A name that is shorter, or one word, is looked for in columns of names only: it may be part of others."""


@dataclass(frozen=True, slots=True)
class Person:
    """`ids` are those of cards, merged ones as well; `card` the one that is in use.

    `codes` stand for them in calls that have become nobody's by time.
    """

    card: str | None
    ids: tuple[str, ...]
    numbers: tuple[str, ...]
    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    def pattern(self) -> re.Pattern[str] | None:
        """Finds what tells of this person in a text; None: nothing of it could be told from other words."""
        found = [rf"(?<!\w){re.escape(word)}(?!\w)" for word in self._words() if word.isascii()]
        found += [re.escape(word) for word in self._words() if not word.isascii()]
        found += [form for number in self.numbers for form in _forms(number)]
        longest_first = sorted(set(found), key=len, reverse=True)
        return re.compile("|".join(longest_first), re.IGNORECASE) if found else None

    def needles(self) -> list[bytes]:
        """The same as bytes that files are searched for: as text, and as JSON has it."""
        digits = [digits for digits in map(_significant, self.numbers) if len(digits) >= LEAST_DIGITS]
        words = [*self._words(), *digits]
        return sorted({form.encode() for word in words for form in (word, json.dumps(word)[1:-1])})

    def _words(self) -> list[str]:
        """Names that are nobody else's word: with a space in them, or in letters that need none."""
        names = [name for name in self.names if _tells(name)]
        return [*names, *self.emails]


def _tells(name: str) -> bool:
    has_parts = " " in name.strip() and len(name) >= LEAST_LETTERS
    return has_parts or (len(name) >= LEAST_SIGNS and all(ord(each) >= FIRST_OF_CHINESE for each in name))


def find_person(connection: Connection, asked: str, country: str | None, home: Path) -> Person:
    """By a card's id or a number. `home` has the key to the codes.

    Raises OperatorError where nothing at all is kept of such a one, or where it is not said whose it is.
    """
    if not asked.strip():
        raise OperatorError("say who: a customer's id, or a phone number")
    table = customers.c
    head = connection.execute(select(customers).where(table.id == asked)).mappings().first()
    number = normalised(asked, country) or asked
    if head is None:
        key = select(customer_numbers.c.customer_key).where(customer_numbers.c.number.in_([asked, number]))
        head = connection.execute(select(customers).where(table.key.in_(key))).mappings().first()
    if head is None:
        return _without_card(connection, asked, number, home)
    main = head["merged_into"] or head["id"]
    rows = connection.execute(select(customers).where((table.id == main) | (table.merged_into == main)))
    cards = list(rows.mappings())
    keys = [card["key"] for card in cards]
    numbers = set(
        connection.scalars(select(customer_numbers.c.number).where(customer_numbers.c.customer_key.in_(keys)))
    )
    ids = tuple(sorted(card["id"] for card in cards))
    if head["id"] != asked:
        numbers.add(number)
    names = {card["name"] for card in cards}
    names |= set(connection.scalars(select(calls.c.customer_name).where(calls.c.customer_id.in_(ids))))
    emails = {email for card in cards for email in card["emails"]}
    return _person(home, main, ids, numbers, names, emails)


def was_dialled(numbers: Sequence[str]) -> ColumnElement[bool]:
    """Calls of ours to one of these; what callers dialled is a number of our own."""
    return (calls.c.kind == CallKind.OUTBOUND.value) & calls.c.dialed_number.in_(numbers)


def _without_card(connection: Connection, asked: str, number: str, home: Path) -> Person:
    """Somebody who has called, and has no card, or none any more.

    A number leads to its own calls alone: a customer who has called from it may have others, and be another.
    An id of which the card is gone leads to the numbers from which nobody else has called.
    """
    has_id = calls.c.customer_id == asked
    numbers = sorted({asked, number, *_called_from(connection, asked)})
    has_number = calls.c.caller_number.in_(numbers) | was_dialled(numbers)
    query = select(calls.c.customer_id, calls.c.customer_name).where(has_id | has_number).distinct()
    found = connection.execute(query).all()
    _refuse_others(connection, asked, {row.customer_id for row in found if row.customer_id})
    ids = (asked,) if any(row.customer_id == asked for row in found) else ()
    names = {row.customer_name for row in found}
    person = _person(home, None, ids, set(numbers) - set(ids), names, (), may_be=(asked,))
    wishes = select(callbacks.c.callback_id).where(callbacks.c.number.in_(numbers))
    coded = select(calls.c.call_id).where(calls.c.contact_key.in_(person.codes))
    if not found and not any(connection.execute(kept.limit(1)).first() for kept in (wishes, coded)):
        raise OperatorError(f"nothing is kept of {asked!r}: neither a card nor a call")
    return person


def _called_from(connection: Connection, customer_id: str) -> set[str]:
    """Numbers of a customer whose card is gone, as their calls tell.

    None that another's card has, nor one from which others have called, or may have: who has no card either
    is not to be forgotten with them.
    """
    is_call_of = calls.c.kind != CallKind.OUTBOUND.value
    query = select(calls.c.caller_number).where(calls.c.customer_id == customer_id, is_call_of)
    found = {number for number in connection.scalars(query.distinct()) if number}
    others = select(customer_numbers.c.number).where(customer_numbers.c.number.in_(found))
    found -= set(connection.scalars(others))
    is_other = calls.c.customer_id != customer_id
    callers = select(calls.c.caller_number).where(
        calls.c.caller_number.in_(found), is_call_of, is_other | calls.c.customer_id.is_(None)
    )
    called = select(calls.c.dialed_number).where(was_dialled(sorted(found)), is_other)
    return found - set(connection.scalars(callers.distinct())) - set(connection.scalars(called.distinct()))


def _refuse_others(connection: Connection, asked: str, ids: Iterable[str]) -> None:
    """Raises OperatorError where calls that were found are those of customers with cards."""
    query = select(customers.c.id, customers.c.name).where(customers.c.id.in_(ids)).order_by(customers.c.id)
    others = [f"{row.id} ({row.name})" for row in connection.execute(query)]
    if others:
        raise OperatorError(
            f"calls of {asked!r} are those of customers whose cards do not have it: {', '.join(others)}."
            " Say one of these ids if that is who is meant; a call that is not theirs is put right first"
            " with 'acd calls correct'"
        )


def _person(
    home: Path,
    card: str | None,
    ids: tuple[str, ...],
    numbers: Iterable[str],
    names: Iterable[str | None],
    emails: Iterable[str],
    *,
    may_be: tuple[str, ...] = (),
) -> Person:
    """`may_be`: ids of which no call tells any more."""
    keys = [customer_key(each, "") for each in {*ids, *may_be}] + [
        customer_key(None, each) for each in numbers
    ]
    told = tuple(sorted({name for name in names if name}))
    return Person(card, ids, tuple(sorted(numbers)), told, tuple(sorted(emails)), codes_of(home, keys))


def _significant(number: str) -> str:
    """The digits that are the same however it is written: without country code and leading zeros."""
    try:
        return str(phonenumbers.parse(number).national_number)
    except phonenumbers.NumberParseException:
        return number.lstrip("+0")


def _forms(number: str) -> Iterable[str]:
    digits = _significant(number)
    if len(digits) >= LEAST_DIGITS and digits.isdecimal():
        yield rf"(?:(?:\+|00)\d{{1,3}}|0)?{digits}(?!\d)"
        yield rf"\+?{re.escape(number.lstrip('+'))}(?!\d)"
