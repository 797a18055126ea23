"""Cards from a CSV file. A line is taken whole or not at all, and whoever asked is told of each that was not.

A line with the id of a card, or with a number that one card has, changes that card: what it says replaces
what was there, numbers, e-mails and tags are added. All other lines are new cards.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from acd.customers import rows
from acd.customers.bulk import add_cards, large_cache
from acd.customers.card import (
    EXPECTED_ID,
    LONGEST_NOTE,
    Details,
    Fault,
    FaultyCard,
    Source,
    changed,
    cleaned,
    is_id,
    keepable,
    new_id,
)
from acd.customers.csv_form import LISTS, NOTE, read_cells, read_header
from acd.customers.schema import customer_notes, customer_numbers, customers
from acd.customers.store import set_details, writing
from acd.settings.customer_settings import CustomerSettings
from acd.settings.phone_number import normalised
from acd.sql import in_chunks

LINES_AT_ONCE = 500
MOST_FAULTS = 1_000


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with a line of the file (from 1), in which column."""

    line: int
    column: str
    reason: str
    value: str = ""


@dataclass(slots=True)
class Report:
    """What became of a file. `faults` has the first of them; `faulty`: how many lines were left out."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    faulty: int = 0
    applied: bool = True
    faults: list[LineFault] = field(default_factory=list)

    def note(self, line: int, faults: Iterable[Fault]) -> None:
        """A line is left out."""
        self.faulty += 1
        for fault in faults:
            if len(self.faults) < MOST_FAULTS:
                self.faults.append(LineFault(line, fault.place, fault.message, fault.value))


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    said: Mapping[str, Any]
    numbers: tuple[str, ...]


@dataclass(slots=True)
class _Work:
    """A card that lines speak of. `row` is what the database has, None for a new one."""

    card_id: str
    row: Any
    before: Details
    details: Details
    notes: list[str] = field(default_factory=list)
    lines: int = 0


class _NotApplied(Exception):
    """All or nothing, and something was wrong."""


class Importer:
    """One import. `progress` is told how many lines are done."""

    def __init__(
        self,
        engine: Engine,
        settings: CustomerSettings,
        by: str,
        progress: Callable[[int], None] = lambda _lines: None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._by = by
        self._progress = progress
        self._report = Report()

    def run(self, text: Iterable[str], *, all_or_nothing: bool = False) -> Report:
        """`text`: lines of the file, opened with newline="". Raises SQLAlchemy's errors."""
        report = self._run(text, all_or_nothing=all_or_nothing)
        report.faults.sort(key=lambda fault: fault.line)
        return report

    def _run(self, text: Iterable[str], *, all_or_nothing: bool) -> Report:
        lines = self._lines(text)
        if not all_or_nothing:
            with large_cache(self._engine):
                while batch := list(islice(lines, LINES_AT_ONCE)):
                    with writing(self._engine) as connection:
                        self._apply(connection, batch)
                    self._progress(batch[-1].number)
            return self._report
        try:
            with writing(self._engine) as connection:
                while batch := list(islice(lines, LINES_AT_ONCE)):
                    self._apply(connection, batch)
                    self._progress(batch[-1].number)
                if self._report.faulty:
                    raise _NotApplied
        except _NotApplied:
            return Report(faulty=self._report.faulty, applied=False, faults=self._report.faults)
        return self._report

    # --- reading ------------------------------------------------------------------------------------
    def _lines(self, text: Iterable[str]) -> Iterator[_Line]:
        """The lines that say something sound; the others are noted."""
        source = iter(text)
        first = next(source, "")
        reader = csv.reader(_and_then(first, source), delimiter=_delimiter(first), strict=True)
        columns: list[str] | None = None
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                self._report.note(number, [Fault("line", f"invalid CSV: {error}")])
                continue
            if columns is None:
                columns, faults = read_header(cells, self._settings.fields)
                if faults:
                    self._report.note(number, faults)
                    return
            elif any(cell.strip() for cell in cells):
                yield from self._line(number, columns, cells)
        if columns is None:
            self._report.note(1, [Fault("header", "the file is empty")])

    def _line(self, number: int, columns: list[str], cells: list[str]) -> Iterator[_Line]:
        said, faults = read_cells(columns, cells)
        if "id" in said and not is_id(said["id"]):
            faults.append(Fault("id", EXPECTED_ID, said["id"][:60]))
        if len(said.get(NOTE, "")) > LONGEST_NOTE:
            faults.append(Fault(NOTE, f"expected at most {LONGEST_NOTE} characters"))
        if faults:
            self._report.note(number, faults)
            return
        country = self._settings.country
        numbers = (normalised(text, country) for text in said.get("numbers", ()))
        yield _Line(number, said, tuple(number for number in numbers if number is not None))

    # --- writing ------------------------------------------------------------------------------------
    def _apply(self, connection: Connection, lines: list[_Line]) -> None:
        book = _Book(connection, lines)
        for line in lines:
            try:
                work = book.meant_by(line)
                details = cleaned(
                    _with(work.details, line.said), self._settings.country, self._settings.fields
                )
            except FaultyCard as error:
                self._report.note(line.number, error.faults)
                continue
            work.details = details
            work.lines += 1
            if note := line.said.get(NOTE):
                work.notes.append(note)
            book.take_up(work)
        self._write(connection, book.works)

    def _write(self, connection: Connection, works: list[_Work]) -> None:
        new = [work for work in works if work.row is None and work.lines]
        keys = add_cards(connection, [(work.card_id, work.details, Source.IMPORT) for work in new])
        self._report.added += len(new)
        notes = [(key, note) for key, work in zip(keys, new, strict=True) for note in work.notes]
        for work in new:
            self._report.changed += work.lines - 1  # further lines of a card that this file has made
        for work in works:
            if work.row is None or not work.lines:
                continue
            notes += [(work.row["key"], note) for note in work.notes]
            if work.details == work.before and not work.notes:
                self._report.unchanged += work.lines
                continue
            self._report.changed += work.lines
            if work.details != work.before:
                set_details(connection, work.row, work.details)
        if notes:
            now, by = datetime.now(UTC), keepable(self._by)
            connection.execute(
                insert(customer_notes),
                [
                    {"customer_key": key, "at": now, "by": by, "text": keepable(note), "call_id": None}
                    for key, note in notes
                ],
            )


class _Book:
    """The cards that some lines speak of, those of the database and those that the lines make."""

    def __init__(self, connection: Connection, lines: list[_Line]) -> None:
        self.works: list[_Work] = []
        self._by_id: dict[str, _Work] = {}
        self._by_number: defaultdict[str, list[_Work]] = defaultdict(list)
        self._read(connection, lines)

    def meant_by(self, line: _Line) -> _Work:
        """The card that a line speaks of, perhaps a new one. Raises FaultyCard where that is not certain."""
        card_id = line.said.get("id")
        if card_id is not None:
            return self._by_id.get(card_id) or _Work(card_id, None, Details(), Details())
        found = {work.card_id: work for number in line.numbers for work in self._by_number.get(number, ())}
        if len(found) > 1:
            names = ", ".join(sorted(found)[:5])
            raise FaultyCard([Fault("numbers", f"customers who share a number: {names}; say which by id")])
        return next(iter(found.values()), None) or _Work(new_id(), None, Details(), Details())

    def take_up(self, work: _Work) -> None:
        """So that later lines find it."""
        if work.card_id not in self._by_id:
            self._by_id[work.card_id] = work
        if work.row is None and work.lines == 1:
            self.works.append(work)
        for number in work.details.numbers:
            if all(work is not each for each in self._by_number[number]):
                self._by_number[number].append(work)

    def _read(self, connection: Connection, lines: list[_Line]) -> None:
        ids = list(dict.fromkeys(line.said["id"] for line in lines if "id" in line.said))
        numbers = list(dict.fromkeys(number for line in lines for number in line.numbers))
        keys: dict[int, None] = {}
        for some in in_chunks(numbers):
            query = select(customer_numbers.c.customer_key).where(customer_numbers.c.number.in_(some))
            keys.update(dict.fromkeys(connection.scalars(query)))
        found = _rows_where(connection, customers.c.key, list(keys))
        found |= _rows_where(connection, customers.c.id, ids)
        led = {row["id"]: row["merged_into"] for row in found.values() if row["merged_into"] is not None}
        found |= _rows_where(connection, customers.c.id, list(set(led.values())))
        all_numbers = rows.numbers_of(connection, list(found))
        for key, row in found.items():
            if row["merged_into"] is None:
                details = rows.details_of(row, all_numbers.get(key, ()))
                work = _Work(row["id"], row, details, details)
                self.works.append(work)
                self._by_id[work.card_id] = work
                for number in details.numbers:
                    self._by_number[number].append(work)
        self._by_id |= {old: self._by_id[new] for old, new in led.items() if new in self._by_id}


def _rows_where(connection: Connection, column: Any, values: list[Any]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for some in in_chunks(values):
        for row in connection.execute(select(customers).where(column.in_(some))).mappings():
            found[row["key"]] = row
    return found


def _with(details: Details, said: Mapping[str, Any]) -> Details:
    changes = {name: value for name, value in said.items() if name not in ("id", NOTE)}
    for name in LISTS:
        if name in changes:
            changes[name] = (*getattr(details, name), *changes[name])
    return changed(details, changes)


def _delimiter(first_line: str) -> str:
    """Spreadsheets write what their country writes."""
    return max(",;\t", key=first_line.count) if first_line else ","


def _and_then(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest
