"""A report as CSV after RFC 4180, for spreadsheets and programs.

Shares are 0 to 1, durations seconds, a figure without a value is empty. Names come from people and callers:
a cell that a spreadsheet would take for a formula gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime

from acd.customers.csv_form import escaped
from acd.reports.files.grid import Heading, Value, grid
from acd.reports.files.labels import Labels
from acd.reports.table import ReportTable, Unit

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Excel takes a file without it for one in the old code page of its country."""


def as_csv(table: ReportTable, labels: Labels, *, bom: bool = True) -> bytes:
    """Headings, a record for each line, and the total as the last one."""
    found = grid(table, labels)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([escaped(_label(heading, labels)) for heading in found.headings])
    for row in (*found.rows, found.total):
        writer.writerow([_cell(value) for value in row])
    return ((BOM if bom else "") + text.getvalue()).encode()


def _label(heading: Heading, labels: Labels) -> str:
    """With the unit, where it is more than a number of something."""
    if heading.column is None or heading.column.unit is Unit.COUNT:
        return heading.label
    return f"{heading.label} ({labels.text(f'unit_{heading.column.unit.value}')})"


def _cell(value: Value) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case str():
            return escaped(value)
        case _:
            return repr(round(value, 6)) if isinstance(value, float) else str(value)
