"""A customer's card: what it holds, and what it may hold. Pure.

Texts come from callers, forms and other programs: they are kept as they are, as far as a database can keep
them, and are for whoever shows them nothing but text. What is bounded is their length.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, cast

from acd.core.facts import Customer
from acd.core.formula import FormulaError
from acd.core.requirement import Requirement
from acd.errors import AcdError
from acd.settings.customer_settings import CustomerSettings, CustomField, FieldType
from acd.settings.phone_number import normalised

FieldValue = str | float | bool
"""What a custom field holds; a date is text such as 2026-11-26."""

LONGEST_TEXT = 200
LONGEST_ID = 64
LONGEST_FIELD = 2_000
LONGEST_NOTE = 10_000
LONGEST_EMAIL = 254
LONGEST_TAG = 40
MOST_NUMBERS = 50
MOST_EMAILS = 20
MOST_TAGS = 50
MOST_NOTES = 5_000
LARGEST_VALUE = 1e12
LONGEST_SHOWN_NAME = 80

EXPECTED_ID = "expected up to 64 letters, digits, '.', '-' and '_'"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LANGUAGE = re.compile(r"([a-z]{2,3}(_[A-Z]{2})?)?")
_AGENT = re.compile(r"([a-z][a-z0-9_-]{0,31})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
_UNSAFE_ON_PHONES = re.compile(r'["\\<>;|$`{}\[\]]')


class Source(StrEnum):
    """Where a card comes from. A FILE's card is owned by the file config/customers.csv."""

    HAND = "hand"
    FILE = "file"
    IMPORT = "import"
    CRM = "crm"  # another program says so; it is not in our database
    CALL = "call"  # an unknown caller was answered


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value, and where: `name`, `numbers`, `fields.contract`."""

    place: str
    message: str
    value: str = ""


class FaultyCard(AcdError):
    """Somebody wants to keep what a card cannot hold. `faults` has all that is wrong."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.place}: {fault.message}" for fault in faults))


@dataclass(frozen=True, slots=True)
class Details:
    """What people may set. `value`: what the customer is worth, in points of the centre's own; `requires`:
    what every agent must know who talks with them, see `acd.core.requirement`.
    """

    name: str = ""
    company: str = ""
    segment: str = ""
    value: float = 0.0
    language: str = ""
    preferred_agent: str = ""
    requires: str = ""
    numbers: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    fields: Mapping[str, FieldValue] = field(default_factory=dict)


TEXTS = ("name", "company", "segment", "language", "preferred_agent", "requires")


@dataclass(frozen=True, slots=True)
class Note:
    """Something that somebody wrote on a card, perhaps about a call."""

    at: datetime
    by: str
    text: str
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A customer. `version` grows with each change. `notes` are the last ones, newest first."""

    id: str
    details: Details
    version: int
    source: Source
    created_at: datetime
    changed_at: datetime
    notes: tuple[Note, ...] = ()

    @property
    def name(self) -> str:
        """Or whatever there is to call the customer by."""
        details = self.details
        return details.name or details.company or next(iter((*details.numbers, *details.emails)), "")

    def as_customer(self) -> Customer:
        """As calls know customers. The name travels into the displays of phones: nothing there that SIP or
        Asterisk would read as syntax."""
        details = self.details
        return Customer(
            self.id,
            on_phones(self.name) or self.id,
            on_phones(details.segment),
            details.language,
            details.value,
            details.requires,
        )


def on_phones(text: str) -> str:
    """A text on one line, of the characters that a phone's display may be sent."""
    plain = "".join(c if c.isprintable() else " " for c in _UNSAFE_ON_PHONES.sub("", text))
    return " ".join(plain.split())[:LONGEST_SHOWN_NAME]


def new_id() -> str:
    """For a card that was made here."""
    return f"c-{secrets.token_hex(6)}"


def is_id(text: str) -> bool:
    """Whether a card may have this id."""
    return _ID.fullmatch(text) is not None


def keepable(text: str) -> str:
    """Without what databases cannot keep: zeros and halves of characters."""
    return _UNKEEPABLE.sub("\ufffd", text)


def cleaned(
    details: Details,
    country: str | None,
    custom: Mapping[str, CustomField],
    *,
    complete: bool = True,
) -> Details:
    """As it is kept: numbers in normal form, each thing once. Raises FaultyCard with all that is wrong.

    `complete`: required fields must be there. What is wrong in a field that the configuration does not know
    (any more) is no matter: it is kept as text.
    """
    faults: list[Fault] = []
    texts = {name: _text(faults, name, getattr(details, name)) for name in TEXTS}
    for name, pattern, what in (
        ("language", _LANGUAGE, "a language code such as en or zh, or nothing"),
        ("preferred_agent", _AGENT, "an agent's id, or nothing"),
    ):
        if not pattern.fullmatch(texts[name]):
            faults.append(Fault(name, f"expected {what}", texts[name]))
    try:
        Requirement.parse(texts["requires"])
    except FormulaError as error:
        faults.append(
            Fault(
                "requires",
                f"expected what agents must know, as in english >= 5: {error}",
                texts["requires"],
            )
        )
    if not math.isfinite(details.value) or abs(details.value) > LARGEST_VALUE:
        faults.append(Fault("value", "expected a number such as 1200.50", str(details.value)))
    numbers = _list(faults, "numbers", details.numbers, MOST_NUMBERS, lambda text: _number(text, country))
    emails = _list(faults, "emails", details.emails, MOST_EMAILS, _email)
    tags = _list(faults, "tags", details.tags, MOST_TAGS, _tag)
    values = _fields(faults, details.fields, custom, complete=complete)
    if not any((texts["name"].strip(), texts["company"].strip(), numbers, emails)):
        faults.append(Fault("name", "expected a name, a company, a number or an e-mail address"))
    if faults:
        raise FaultyCard(faults)
    return Details(
        **texts, value=float(details.value), numbers=numbers, emails=emails, tags=tags, fields=values
    )


def _text(faults: list[Fault], place: str, text: str, longest: int = LONGEST_TEXT) -> str:
    if len(text) > longest:
        faults.append(Fault(place, f"expected at most {longest} characters, got {len(text)}", text[:60]))
        return ""
    return keepable(text).strip()


def _list(
    faults: list[Fault],
    place: str,
    texts: Iterable[str],
    most: int,
    read: Callable[[str], tuple[str, str]],
) -> tuple[str, ...]:
    """Each once. `read` gives what is kept and what was expected instead, one of them empty."""
    found: dict[str, None] = {}
    for text in texts:
        if not text.strip():
            continue
        value, wanted = read(keepable(text).strip())
        if wanted:
            faults.append(Fault(place, f"expected {wanted}", text[:60]))
        else:
            found[value] = None
    if len(found) > most:
        faults.append(Fault(place, f"expected at most {most}, got {len(found)}"))
    return tuple(found)


def _number(text: str, country: str | None) -> tuple[str, str]:
    number = normalised(text, country)
    return (number, "") if number is not None else ("", "a phone number such as +8613800138000")


def _email(text: str) -> tuple[str, str]:
    if len(text) > LONGEST_EMAIL or not _EMAIL.fullmatch(text):
        return "", "an e-mail address such as anna@example.com"
    return text, ""


def _tag(text: str) -> tuple[str, str]:
    text = " ".join(text.split())
    return (text, "") if len(text) <= LONGEST_TAG else ("", f"a tag of up to {LONGEST_TAG} characters")


def _fields(
    faults: list[Fault],
    values: Mapping[str, FieldValue],
    custom: Mapping[str, CustomField],
    *,
    complete: bool,
) -> dict[str, FieldValue]:
    kept: dict[str, FieldValue] = {}
    for name, value in values.items():
        place = f"fields.{name}"
        if value == "" or value is None:
            continue
        if (known := custom.get(name)) is None:
            kept[name] = _text(faults, place, str(value), LONGEST_FIELD) if isinstance(value, str) else value
            continue
        read = read_field(known, value)
        if isinstance(read, Fault):
            faults.append(replace(read, place=place))
        else:
            kept[name] = read
    kept = {name: value for name, value in kept.items() if value != ""}
    if complete:
        missing = [name for name, each in custom.items() if each.required and name not in kept]
        given = {fault.place for fault in faults}
        faults += [
            Fault(f"fields.{name}", "this field is required")
            for name in missing
            if f"fields.{name}" not in given
        ]
    return kept


def read_field(known: CustomField, value: FieldValue) -> FieldValue | Fault:
    """The value of a custom field, also as text from a file; or what is wrong with it."""
    shown = str(value)[:60]
    match known.type:
        case FieldType.YES_NO:
            if isinstance(value, bool):
                return value
            word = str(value).strip().lower()
            if word in ("yes", "true", "1", "是"):
                return True
            return False if word in ("no", "false", "0", "否") else Fault("", "expected yes or no", shown)
        case FieldType.NUMBER:
            try:
                number = float(value) if not isinstance(value, bool) else math.nan
            except ValueError:
                number = math.nan
            return number if math.isfinite(number) else Fault("", "expected a number", shown)
        case FieldType.DATE:
            text = str(value).strip()
            try:
                return date.fromisoformat(text).isoformat() if _DATE.fullmatch(text) else _no_date(shown)
            except ValueError:
                return _no_date(shown)
        case FieldType.CHOICE:
            text = str(value).strip()
            known_choices = ", ".join(known.choices)
            return text if text in known.choices else Fault("", f"expected one of {known_choices}", shown)
    text = keepable(str(value)).strip()
    if len(text) > LONGEST_FIELD:
        return Fault("", f"expected at most {LONGEST_FIELD} characters, got {len(text)}", shown)
    return text


def _no_date(shown: str) -> Fault:
    return Fault("", "expected a date such as 2026-11-26", shown)


def merged(kept: Details, other: Details) -> Details:
    """Two cards of one customer as one: what `kept` says holds, what it does not say is `other`'s."""
    texts = {name: getattr(kept, name) or getattr(other, name) for name in TEXTS}
    lists: dict[str, Any] = {
        name: tuple(dict.fromkeys((*getattr(kept, name), *getattr(other, name))))
        for name in ("numbers", "emails", "tags")
    }
    return Details(**texts, **lists, value=kept.value or other.value, fields={**other.fields, **kept.fields})


def changed(details: Details, changes: Mapping[str, Any]) -> Details:
    """With some of them set anew; `fields` are set one by one, None takes one away."""
    rest: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()
    }
    if "fields" in rest:
        both = {**details.fields, **rest["fields"]}
        rest["fields"] = {name: value for name, value in both.items() if value is not None}
    return replace(details, **rest)


def card_from(said: Mapping[str, object], settings: CustomerSettings) -> Card:
    """A card of what another program says of a customer: what cannot be kept is cut or left out."""
    now = datetime.now(UTC)
    texts = {name: _cut(said.get(name, "")) for name in TEXTS if name != "requires"}
    faults: list[Fault] = []
    numbers = _list(faults, "", _texts(said, "numbers"), MOST_NUMBERS, lambda t: _number(t, settings.country))
    emails = _list(faults, "", _texts(said, "emails"), MOST_EMAILS, _email)
    tags = _list(faults, "", _texts(said, "tags"), MOST_TAGS, _tag)
    values: dict[str, FieldValue] = {}
    for place, value in said.items():
        if not place.startswith("fields."):
            continue
        name = place.removeprefix("fields.")
        known = settings.fields.get(name)
        read = read_field(known, cast(FieldValue, value)) if known is not None else _cut(value, LONGEST_FIELD)
        if not isinstance(read, Fault):
            values[name] = read
    for name, pattern in (("language", _LANGUAGE), ("preferred_agent", _AGENT)):
        texts[name] = texts[name] if pattern.fullmatch(texts[name]) else ""
    details = Details(
        **texts, value=_points(said.get("value")), numbers=numbers, emails=emails, tags=tags, fields=values
    )
    return Card(_cut(said["id"], LONGEST_ID), details, 0, Source.CRM, now, now)


def _cut(value: object, longest: int = LONGEST_TEXT) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return keepable(str(value))[:longest].strip()


def _texts(said: Mapping[str, object], name: str) -> tuple[str, ...]:
    every = said.get(name, ())
    return tuple(str(each) for each in every) if isinstance(every, (tuple, list)) else ()


def _points(value: object) -> float:
    try:
        points = float(str(value)) if value is not None else 0.0
    except ValueError:
        return 0.0
    return points if math.isfinite(points) and abs(points) <= LARGEST_VALUE else 0.0
