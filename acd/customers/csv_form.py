"""The CSV form of cards, for import and export: which columns there are, and what stands in a cell. Pure.

A cell that a spreadsheet would take for a formula (it begins with = + - @ or a control character) gets an
apostrophe before it on the way out, and loses it on the way in. Numbers such as +49301234 do no harm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from acd.customers.card import TEXTS, Card, Fault, FieldValue
from acd.settings.customer_settings import CustomField
from acd.settings.problems import did_you_mean, shown

LISTS = ("numbers", "emails", "tags")
SEPARATOR = ";"
COLUMNS = ("id", "name", "company", "numbers", "emails", "segment", "value", "language", "preferred_agent",
           "tags", "requires")  # fmt: skip
OTHER_NAMES = {"number": "numbers", "phone": "numbers", "email": "emails", "e-mail": "emails", "tag": "tags"}
NOTE = "note"
FIELD = "field:"
LARGEST_CELL = 20_000

_FORMULA = re.compile("[=+\\-@\t\r\n|%]")
_ESCAPED = re.compile("'+[=+\\-@\t\r\n|%]")
_HARMLESS = re.compile(r"\+[0-9]{2,15}|-?[0-9]+(\.[0-9]+)?")
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


def escaped(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if _HARMLESS.fullmatch(text) or not (_FORMULA.match(text) or _ESCAPED.match(text)):
        return text
    return f"'{text}"


def unescaped(text: str) -> str:
    """What `escaped` was given."""
    return text[1:] if _ESCAPED.match(text) else text


def header(custom: Mapping[str, CustomField], *, masked: bool) -> list[str]:
    """The columns of an export; `masked`: with the fields that are shown as dots."""
    return [*COLUMNS, *(FIELD + name for name, each in custom.items() if masked or not each.masked)]


def cells(card: Card, columns: list[str]) -> list[str]:
    """A line of an export."""
    return [escaped(_cell(card, column)) for column in columns]


def _cell(card: Card, column: str) -> str:
    details = card.details
    if column == "id":
        return card.id
    if column.startswith(FIELD):
        return field_text(details.fields.get(column.removeprefix(FIELD), ""))
    if column in LISTS:
        return SEPARATOR.join(getattr(details, column))
    return field_text(getattr(details, column))


def field_text(value: FieldValue) -> str:
    """As a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def read_header(names: list[str], custom: Mapping[str, CustomField]) -> tuple[list[str], list[Fault]]:
    """The columns' proper names, and what is wrong with them. A custom field may go without `field:`."""
    found, faults = [], []
    known = (*COLUMNS, NOTE, *custom)
    for name in names:
        plain = name.strip().lstrip("\ufeff").lower()
        column = OTHER_NAMES.get(plain, plain)
        if column in custom and column not in COLUMNS:
            column = FIELD + column
        if column not in (*COLUMNS, NOTE) and column.removeprefix(FIELD) not in custom:
            hint = did_you_mean(plain, known, separator=";") or f"; the columns are {', '.join(known)}"
            faults.append(Fault(shown(name) or "?", f"unknown column '{shown(name)}'{hint}"))
        elif column in found:
            faults.append(Fault(column, f"the column '{column}' is there twice"))
        found.append(column)
    if not faults and not {"id", "name", "company", "numbers", "emails"} & set(found):
        faults.append(Fault("header", "expected a column id, name, company, numbers or emails"))
    return found, faults


def read_cells(columns: list[str], texts: list[str]) -> tuple[dict[str, Any], list[Fault]]:
    """What a line says of a card (`id` and `note` included), and what is wrong with it. An empty cell says
    nothing."""
    said: dict[str, Any] = {}
    faults: list[Fault] = []
    if len(texts) != len(columns):
        return said, [Fault("line", f"expected {len(columns)} cells, got {len(texts)}")]
    for column, text in zip(columns, texts, strict=True):
        if len(text) > LARGEST_CELL:
            faults.append(Fault(column, f"expected at most {LARGEST_CELL} characters", text[:60]))
        elif _NOT_UTF8.search(text):
            faults.append(Fault(column, "is not UTF-8: save the file as UTF-8"))
        elif plain := unescaped(text).strip():
            _read_cell(said, faults, column, plain)
    return said, faults


def _read_cell(said: dict[str, Any], faults: list[Fault], column: str, text: str) -> None:
    if column in LISTS:
        said[column] = tuple(part.strip() for part in text.split(SEPARATOR) if part.strip())
    elif column == "value":
        try:
            said[column] = float(text)
        except ValueError:
            faults.append(Fault(column, "expected a number such as 1200.50", text[:60]))
    elif column.startswith(FIELD):
        said.setdefault("fields", {})[column.removeprefix(FIELD)] = text
    elif column in (*TEXTS, "id", NOTE):
        said[column] = text
