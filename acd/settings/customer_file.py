"""config/customers.csv: who calls from which number. Checked like every other file of ours."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from acd.core.facts import Customer
from acd.core.formula import FormulaError
from acd.core.requirement import Requirement
from acd.settings.document import Document, read_text
from acd.settings.phone_number import normalised
from acd.settings.problems import did_you_mean, shown, shown_file

COLUMNS = ("number", "name", "segment", "id", "language")
OPTIONAL_COLUMNS = ("value", "requires")
LARGEST_FILE_BYTES = 50_000_000
LONGEST_NAME = 80

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_VALUE = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,4})?")
_LANGUAGE = re.compile(r"([a-z]{2,3}(_[A-Z]{2})?)?")
_UNSAFE = re.compile(r'["\\<>;|$`{}\[\]]')


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One line of the file. `number` is in normal form."""

    number: str
    customer: Customer
    line: int = field(default=0, compare=False)


def read_customers(path: Path, country: str | None = None) -> tuple[list[CustomerRow], Document]:
    """The sound rows of the file, and a document whose `problems` tell what is wrong with the others.

    `country`: of the numbers without country code.
    """
    document = Document(shown_file(path), path.stem)
    text = read_text(document, path, LARGEST_FILE_BYTES)
    rows: dict[str, tuple[int, CustomerRow]] = {}
    if text is None:
        return [], document
    try:
        for line, values in _rows(document, text):
            row = _checked(document, line, values, country)
            if row is None:
                continue
            if row.number in rows:
                first = rows[row.number][0]
                message = f"the number '{row.number}' is already on line {first}"
                document.report_line(line, message, ("number",))
                continue
            rows[row.number] = (line, row)
    except csv.Error as error:
        document.report_line(1, f"invalid CSV: {error}")
    return [row for _, row in rows.values()], document


def _rows(document: Document, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with the number of its first line; blank lines are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [name.strip() for name in next(reader, [])]
    if not _is_good_header(document, header):
        return
    before = reader.line_num
    try:
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                document.report_line(line, f"expected {len(header)} columns, got {len(cells)}")
                continue
            yield line, dict(zip(header, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        document.report_line(before + 1, f"invalid CSV: {error}")


def _is_good_header(document: Document, header: list[str]) -> bool:
    known = (*COLUMNS, *OPTIONAL_COLUMNS)
    unknown = [name for name in header if name not in known]
    for name in unknown:
        hint = did_you_mean(name, known, separator=",")
        document.report_line(1, f"unknown column '{shown(name)}'{hint}")
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        document.report_line(1, "missing columns: " + ", ".join(missing))
    twice = sorted({name for name in header if header.count(name) > 1 and name in known})
    for name in twice:
        document.report_line(1, f"the column '{name}' is there twice")
    return not unknown and not missing and not twice


def _checked(
    document: Document, line: int, values: dict[str, str], country: str | None
) -> CustomerRow | None:
    number = normalised(values["number"], country)
    sound = number is not None
    if number is None:
        message = f"expected a phone number such as +8613800138000, got '{shown(values['number'])}'"
        document.report_line(line, message, ("number",))
    for column, what in (("name", "a name"), ("segment", "a segment")):
        fault = _text_fault(values[column], what, may_be_empty=column == "segment")
        if fault:
            document.report_line(line, fault, (column,))
            sound = False
    for column, pattern, what in (
        ("id", _ID, "an id of up to 64 letters, digits, '.', '-' and '_'"),
        ("language", _LANGUAGE, "a language code such as en or zh, or nothing"),
    ):
        if not pattern.fullmatch(values[column]):
            document.report_line(line, f"expected {what}, got '{shown(values[column])}'", (column,))
            sound = False
    value, requirement = _value(document, line, values), _requirement(document, line, values)
    if number is None or value is None or requirement is None or not sound:
        return None
    customer = Customer(
        values["id"], values["name"], values["segment"], values["language"], value, requirement.text
    )
    return CustomerRow(number, customer, line)


def _value(document: Document, line: int, values: dict[str, str]) -> float | None:
    text = values.get("value", "")
    if not text:
        return 0.0
    if not _VALUE.fullmatch(text):
        document.report_line(line, f"expected a number such as 1200.50, got '{shown(text)}'", ("value",))
        return None
    return float(text)


def _requirement(document: Document, line: int, values: dict[str, str]) -> Requirement | None:
    text = values.get("requires", "")
    try:
        return Requirement.parse(text)
    except FormulaError as error:
        message = f"'{shown(text)}' is no requirement such as english >= 5 and vip: {error}"
        document.report_line(line, message, ("requires",))
        return None


def _text_fault(text: str, what: str, *, may_be_empty: bool) -> str | None:
    """The names travel into phone displays: nothing there that SIP or Asterisk would read as syntax."""
    if not text and not may_be_empty:
        return f"expected {what}, got nothing"
    unsafe = _UNSAFE.search(text)
    if unsafe:
        return f"expected {what} without the character {unsafe.group()!r}, got '{shown(text)}'"
    if len(text) > LONGEST_NAME or not text.isprintable():
        return f"expected {what} of up to {LONGEST_NAME} characters on one line, got '{shown(text)}'"
    return None
