"""A CSV file of the times at which callers come, checked like every other file."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from acd.settings.document import Document, read_text
from acd.settings.problems import did_you_mean, shown, shown_file
from acd.simulate.scenario import KnownCall

COLUMNS = ("arrived_at", "priority", "talk_s", "patience_s", "customer")
_NUMBERS = ("priority", "talk_s", "patience_s")
LONGEST_CUSTOMER = 64
LARGEST_FILE_BYTES = 50_000_000
LATEST_S = 1e9


class ArrivalsFile(NamedTuple):
    """Each row is a time, or the seconds from the beginning, and a call; `document` has what is wrong."""

    rows: list[tuple[float | datetime, KnownCall]]
    document: Document

    @property
    def first(self) -> datetime | None:
        """The earliest of its times that have a date."""
        return min((at for at, _ in self.rows if isinstance(at, datetime)), default=None)

    def placed(self, begins: datetime) -> list[KnownCall]:
        """The calls, where the beginning is then."""
        return [call._replace(at=_seconds(at, begins)) for at, call in self.rows]


def read_arrivals(path: Path) -> ArrivalsFile:
    """The calls of a file.

    `arrived_at` is a number of seconds from the beginning, or a local time such as 2026-11-02 09:15:30. Calls
    of the same `customer` are of one person.
    """
    document = Document(shown_file(path), path.stem)
    text = read_text(document, path, LARGEST_FILE_BYTES)
    if text is None:
        return ArrivalsFile([], document)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    for name in names:
        if name not in COLUMNS:
            document.report_line(
                1, f"unknown column '{shown(name)}'" + did_you_mean(name, COLUMNS, separator=",")
            )
    if "arrived_at" not in names:
        document.report_line(1, "the first line names the columns; the column arrived_at is missing")
    if document.problems:
        return ArrivalsFile([], document)
    found: list[tuple[float | datetime, KnownCall]] = []
    try:
        for row in reader:
            call = _row(document, reader.line_num, row)
            if call is not None:
                found.append(call)
    except csv.Error as error:
        document.report_line(reader.line_num, f"this is no CSV: {shown(str(error))}")
    if not found and not document.problems:
        document.report_line(1, "no caller is in this file: below the first line, each line is one")
    return ArrivalsFile(found, document)


def _row(
    document: Document, line: int, row: dict[str, str | None]
) -> tuple[float | datetime, KnownCall] | None:
    values: dict[str, float | None] = {}
    for name in _NUMBERS:
        text = (row.get(name) or "").strip()
        values[name] = _number(text)
        if text and values[name] is None:
            what = "a whole number from 0 to 100" if name == "priority" else "a number of seconds, 0 or more"
            document.report_line(line, f"{name}: expected {what}, got '{shown(text)}'")
            return None
    text = (row.get("arrived_at") or "").strip()
    at: float | datetime | None = _number(text)
    if at is None:
        at = _moment(text)
    if at is None:
        what = "seconds or a time such as 2026-11-02 09:15:30"
        document.report_line(line, f"arrived_at: expected {what}, got '{shown(text)}'")
        return None
    priority = values["priority"]
    whole_priority = None if priority is None else min(int(priority), 100)
    name = (row.get("customer") or "").strip()
    if len(name) > LONGEST_CUSTOMER or not name.isprintable():
        document.report_line(line, f"customer: expected a word of up to {LONGEST_CUSTOMER} characters")
        return None
    return at, KnownCall(
        0.0,
        priority=whole_priority,
        talk_s=values["talk_s"],
        patience_s=values["patience_s"],
        customer_id=name,
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < LATEST_S else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is None else None


def _seconds(at: float | datetime, begins: datetime) -> float:
    return (at - begins).total_seconds() if isinstance(at, datetime) else at
