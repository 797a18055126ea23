"""A report as an Excel workbook: the figures, the definitions behind them, and what they are of.

Figures are numbers with a format, never text; texts are texts, never formulas or links, whatever they say.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from acd.reports.files.grid import Grid, Heading, Value, grid
from acd.reports.files.labels import Labels, facts
from acd.reports.table import Better, Line, ReportTable, Unit
from acd.reports.targets import NO_TARGETS, Colour, Targets

DAY_S = 86_400
LONGEST_CELL = 32_767
_FILLS = {Colour.GOOD: "#C6EFCE", Colour.WARN: "#FFEB9C", Colour.BAD: "#FFC7CE"}
_TIME = "yyyy-mm-dd hh:mm"
_LONG_S = 3600.0


def as_xlsx(table: ReportTable, labels: Labels, made_at: datetime, targets: Targets = NO_TARGETS) -> bytes:
    """`made_at` is told on the sheet that says what the figures are of."""
    file = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        # Two workbooks of the same report are the same bytes.
        book.set_properties({"title": labels.title, "created": made_at.replace(tzinfo=None)})
        _Figures(book, table, labels, targets).write()
        _write_definitions(book, table, labels, targets)
        _write_about(book, table, labels, made_at)
    return file.getvalue()


class _Figures:
    """The sheet with the table."""

    def __init__(self, book: Any, table: ReportTable, labels: Labels, targets: Targets) -> None:
        self._book = book
        self._table = table
        self._targets = targets
        self._grid: Grid = grid(table, labels)
        self._sheet = book.add_worksheet(labels.text("sheet_report"))
        self._formats: dict[tuple[str, bool, Colour | None], Any] = {}
        self._numbers = [self._number_format(index) for index in range(len(self._grid.headings))]

    def write(self) -> None:
        """Headings that stay in sight, the lines, the total."""
        headings, rows = self._grid.headings, self._grid.rows
        bold = self._book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#E8EEF4"}
        )
        for index, heading in enumerate(headings):
            self._sheet.write_string(0, index, heading.label, bold)
            self._sheet.set_column(index, index, _width(heading, [row[index] for row in rows]))
        for number, (line, row) in enumerate(zip(self._table.lines, rows, strict=True), 1):
            self._write_row(number, line, row, is_total=False)
        self._write_row(len(rows) + 1, self._table.total, self._grid.total, is_total=True)
        fixed = sum(heading.column is None for heading in headings)
        self._sheet.freeze_panes(1, fixed)
        if rows:
            self._sheet.autofilter(0, 0, len(rows), len(headings) - 1)
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)
        self._sheet.repeat_rows(0)

    def _write_row(self, number: int, line: Line, row: Sequence[Value], *, is_total: bool) -> None:
        colours = self._targets.colours(self._table, line)
        for index, (heading, value) in enumerate(zip(self._grid.headings, row, strict=True)):
            colour = None if heading.column is None or heading.is_before else colours.get(heading.column.id)
            is_text = isinstance(value, str)
            style = self._format("@" if is_text else self._numbers[index], colour, is_total=is_total)
            match value:
                case None:
                    self._sheet.write_blank(number, index, None, style)
                case str():
                    self._sheet.write_string(number, index, value[:LONGEST_CELL], style)
                case datetime():  # Excel knows no zones: the clock's time, and the offset where it changes
                    self._sheet.write_datetime(number, index, value.replace(tzinfo=None), style)
                case _:
                    is_duration = heading.column is not None and heading.column.unit is Unit.SECONDS
                    figure = value / DAY_S if is_duration else value
                    self._sheet.write_number(number, index, figure, style)

    def _format(self, number: str, colour: Colour | None, *, is_total: bool) -> Any:
        key = (number, is_total, colour)
        if key not in self._formats:
            looks: dict[str, Any] = {"num_format": number}
            if is_total:
                looks |= {"bold": True, "top": 1}
            if colour is not None:
                looks["bg_color"] = _FILLS[colour]
            self._formats[key] = self._book.add_format(looks)
        return self._formats[key]

    def _number_format(self, index: int) -> str:
        column = self._grid.headings[index].column
        if column is None:
            return _TIME
        match column.unit:
            case Unit.SHARE:
                return "0.0%"
            case Unit.SCORE:
                return "0.00"
            case Unit.COUNT:
                return "#,##0.##" if self._has_parts(index) else "#,##0"
            case Unit.SECONDS:  # [ ]: more than 24 hours do not begin anew
                values = [row[index] for row in (*self._grid.rows, self._grid.total)]
                is_long = any(isinstance(v, int | float) and abs(v) >= _LONG_S for v in values)
                return "[h]:mm:ss" if is_long else "[m]:ss.0"

    def _has_parts(self, index: int) -> bool:
        return any(isinstance(row[index], float) for row in (*self._grid.rows, self._grid.total))


def _width(heading: Heading, values: Sequence[Value]) -> float:
    if heading.id in ("from", "until"):
        return 17
    texts = [value for value in values if isinstance(value, str)]
    longest = max((_cells(text) for text in texts), default=0)
    return min(40, max(10, longest + 2, _cells(heading.label) / 2))


def _cells(text: str) -> int:
    """Chinese letters are twice as wide."""
    return sum(2 if letter > "\u2e80" else 1 for letter in text)


def _write_definitions(book: Any, table: ReportTable, labels: Labels, targets: Targets) -> None:
    """One row for each figure: what it is called, how it is computed, what counts."""
    rows: list[list[str | float]] = []
    headings = [
        "kpi",
        "key",
        "unit",
        "how",
        "counted",
        "not_counted",
        "source",
        "better",
        "target_good",
        "target_warn",
    ]
    for column in table.columns:
        told = labels.kpi(column.id)
        target = targets.of(column.id)
        rows.append(
            [
                told.label,
                column.id,
                labels.text(f"unit_{column.unit.value}"),
                told.formula,
                told.counted,
                told.not_counted,
                told.source,
                "" if column.better is Better.NEITHER else labels.text(f"better_{column.better.value}"),
                "" if target is None else target.good,
                "" if target is None else target.warn,
            ]
        )
    sheet = book.add_worksheet(labels.text("sheet_definitions"))
    _write_texts(
        book, sheet, [labels.text(name) for name in headings], rows, [24, 22, 14, 60, 60, 60, 24, 10, 12, 12]
    )


def _write_about(book: Any, table: ReportTable, labels: Labels, made_at: datetime) -> None:
    """The period, the filters, the checks and the remarks."""
    rows: list[list[str | float]] = [list(fact) for fact in facts(table, labels, made_at)]
    for check in table.checks:
        state = labels.text("check_ok" if check.ok else "check_broken")
        rows.append([f"{labels.text('checks')}: {state}", labels.check(check)])
    rows += [[labels.text("notes"), note] for note in labels.notes]
    sheet = book.add_worksheet(labels.text("sheet_about"))
    _write_texts(book, sheet, None, rows, [30, 100])


def _write_texts(
    book: Any,
    sheet: Any,
    headings: Sequence[str] | None,
    rows: Sequence[Sequence[str | float]],
    widths: Sequence[float],
) -> None:
    bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EEF4"})
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    for index, width in enumerate(widths):
        sheet.set_column(index, index, width)
    if headings is not None:
        for index, heading in enumerate(headings):
            sheet.write_string(0, index, heading, bold)
        sheet.freeze_panes(1, 1)
    first = 0 if headings is None else 1
    for number, row in enumerate(rows, first):
        for index, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, index, value[:LONGEST_CELL], plain)
            else:
                sheet.write_number(number, index, value, plain)
