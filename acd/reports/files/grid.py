"""A report as rows and columns, as every kind of table has them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from acd.reports.files.labels import Labels, has_before, has_keys, has_times, local
from acd.reports.table import Column, Figure, Line, ReportTable

Value = datetime | str | Figure


@dataclass(frozen=True, slots=True)
class Heading:
    """A column. `column` is the KPI's, None for what a line is of; `is_before`: of the other period."""

    id: str
    label: str
    column: Column | None = None
    is_before: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """`rows` are those of the lines, `total` is of all; moments are in the zone of the report."""

    headings: tuple[Heading, ...]
    rows: tuple[tuple[Value, ...], ...]
    total: tuple[Value, ...]


def grid(table: ReportTable, labels: Labels) -> Grid:
    """From, to, id and name as far as the lines have them, then the figures, each with the one before."""
    headings = tuple(_headings(table, labels))
    rows = tuple(tuple(_value(table, line, heading) for heading in headings) for line in table.lines)
    total = [_value(table, table.total, heading) for heading in headings]
    for index, heading in enumerate(headings):
        if heading.column is None:
            total[index] = labels.text("total") if index == 0 else None
    return Grid(headings, rows, tuple(total))


def _headings(table: ReportTable, labels: Labels) -> Iterator[Heading]:
    if has_times(table):
        yield Heading("from", labels.text("from"))
        yield Heading("until", labels.text("until"))
        if len({_offset(table, line) for line in table.lines}) > 1:
            yield Heading("offset", labels.text("offset"))
    if has_keys(table) or not has_times(table):
        yield Heading("key", labels.text("key"))
        yield Heading("name", labels.by)
    for column in table.columns:
        label = labels.kpi(column.id).label
        yield Heading(column.id, label, column)
        if has_before(table):
            yield Heading(f"{column.id}_before", labels.text("before", label=label), column, is_before=True)


def _value(table: ReportTable, line: Line, heading: Heading) -> Value:
    if heading.column is not None:
        values = line.before if heading.is_before else line.values
        return None if values is None else values.get(heading.column.id)
    match heading.id:
        case "from":
            return None if line.at is None else local(line.at, table.asked)
        case "until":
            return None if line.until is None else local(line.until, table.asked)
        case "offset":
            return _offset(table, line)
        case "key":
            return line.key or ""
        case _:
            return line.name


def _offset(table: ReportTable, line: Line) -> str:
    """`+01:00`: in the night in which clocks are put back, two intervals look the same without it."""
    if line.at is None:
        return ""
    offset = local(line.at, table.asked).utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
