"""A report as a table in the terminal, as wide as that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from acd.reports.asked import Grain
from acd.reports.files.labels import (
    Labels,
    beside,
    figure_text,
    has_before,
    has_keys,
    has_times,
    local,
    minute,
    period_text,
    where_text,
)
from acd.reports.table import Column, Line, ReportTable
from acd.reports.targets import NO_TARGETS, Colour, Targets

if TYPE_CHECKING:  # only commands draw tables
    from rich.console import Group
    from rich.text import Text

_STYLES = {Colour.GOOD: "green", Colour.WARN: "yellow", Colour.BAD: "red"}
_MARKS = {Colour.GOOD: "", Colour.WARN: " !", Colour.BAD: " !!"}
"""Who sees no colours, or prints them away, sees these."""
_NAME_CELLS = 16


def screen_table(
    table: ReportTable, labels: Labels, targets: Targets = NO_TARGETS, width: int | None = None
) -> Group:
    """`width`: of the screen; only the figures that it holds are shown. None: all.

    What is above and below the table is as wide as the screen, however narrow the table is.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    columns = _fitting(table, labels, targets, width)
    left_out = [labels.kpi(column.id).label for column in table.columns[len(columns) :]]
    title = Text(f"{labels.title}\n{period_text(table.asked)} ({table.asked.tz.key})", style="italic")
    shown = Table(show_footer=True)
    times, keys = has_times(table), has_keys(table)
    if times:
        shown.add_column(labels.text("from"), footer=labels.text("total"), no_wrap=True)
    if keys or not times:
        shown.add_column(Text(labels.by), footer="" if times else labels.text("total"), overflow="fold")
    for column in columns:
        heading = labels.kpi(column.id).label
        shown.add_column(
            Text(heading if width is None else heading.replace(" ", "\n")),
            footer=Text("\n".join(_cell(table, table.total, column, labels, targets))),
            justify="right",
        )
    for line in table.lines:
        starts = _starts(table, line, times=times, keys=keys)
        shown.add_row(*starts, *_figures(table, line, columns, labels, targets))
    return Group(title, shown, _caption(table, labels, columns, left_out))


def _starts(table: ReportTable, line: Line, *, times: bool, keys: bool) -> list[Text]:
    from rich.text import Text

    cells = []
    if times:
        cells.append(Text(_moment(table, line)))
    if keys or not times:
        cells.append(Text(line.name))
    return cells


def _moment(table: ReportTable, line: Line) -> str:
    if line.at is None:
        return ""
    if table.asked.grain in (Grain.DAY, Grain.WEEK, Grain.MONTH):
        return f"{local(line.at, table.asked):%Y-%m-%d}"
    return minute(line.at, table.asked)


def _figures(
    table: ReportTable, line: Line, columns: Sequence[Column], labels: Labels, targets: Targets
) -> list[Text]:
    from rich.text import Text

    colours = targets.colours(table, line)
    cells = []
    for column in columns:
        colour = colours.get(column.id)
        style = _STYLES[colour] if colour is not None else ""
        cells.append(Text("\n".join(_cell(table, line, column, labels, targets)), style=style))
    return cells


def _cell(table: ReportTable, line: Line, column: Column, labels: Labels, targets: Targets) -> list[str]:
    """The figure; below it that of the other period, and what has become of it since."""
    value = line.values.get(column.id)
    colour = targets.colours(table, line).get(column.id)
    told = [figure_text(value, column.unit) + (_MARKS[colour] if colour is not None else "")]
    if has_before(table):
        before, change = beside(column, line, labels)
        told += [labels.text("was_short", value=before), change]
    return told


def _fitting(table: ReportTable, labels: Labels, targets: Targets, width: int | None) -> tuple[Column, ...]:
    """As many of the first columns as the screen holds beside what a line is of; at least one."""
    if width is None:
        return table.columns
    room = width - 1
    if has_times(table):
        room -= 19
    if has_keys(table) or not has_times(table):
        names = [line.name for line in table.lines]
        room -= min(_NAME_CELLS, max([_cells(labels.by), *map(_cells, names)])) + 3
    for count, column in enumerate(table.columns):
        words_of = labels.kpi(column.id).label.split(" ")
        cells = [
            text
            for line in (*table.lines, table.total)
            for text in _cell(table, line, column, labels, targets)
        ]
        room -= max(map(_cells, (*words_of, *cells))) + 3
        if room < 0:
            return table.columns[: max(count, 1)]
    return table.columns


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _caption(table: ReportTable, labels: Labels, columns: Sequence[Column], left_out: Sequence[str]) -> Text:
    from rich.text import Text

    lines = [] if table.lines else [labels.text("no_lines")]
    where = where_text(table.asked.where, labels)
    if where:
        lines.append(f"{labels.text('filters')}: {where}")
    if table.asked.compare is not None:
        since, until = table.asked.compare.since, table.asked.compare.until
        lines.append(
            f"{labels.text('compared')}: {minute(since, table.asked)} – {minute(until, table.asked)}"
        )
    for column in columns:
        told = labels.kpi(column.id)
        if told.formula:
            lines.append(f"{told.label}: {told.formula}")
    if left_out:
        lines.append(labels.text("more_columns", names=", ".join(left_out)))
    lines += labels.notes
    broken = [
        f"{labels.text('check_broken')}: {labels.check(check)}" for check in table.checks if not check.ok
    ]
    if table.checks and not broken:
        lines.append(labels.text("checks_hold", count=len(table.checks)))
    return Text("\n".join([*lines, *broken]), style="dim italic")
