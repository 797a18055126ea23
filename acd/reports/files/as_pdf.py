"""A report as a PDF for people: what it is of, one or two charts, the table, the definitions, the checks."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from acd.reports.asked import Grain
from acd.reports.files.charts import charts
from acd.reports.files.labels import (
    Labels,
    beside,
    facts,
    figure_text,
    has_before,
    has_keys,
    has_times,
    local,
    minute,
)
from acd.reports.files.pdf_charts import INK, draw_chart, needed_height
from acd.reports.files.pdf_font import find_font
from acd.reports.table import Column, Line, ReportTable
from acd.reports.targets import NO_TARGETS, Colour, Targets

if TYPE_CHECKING:  # it takes a while to import, and most commands need none of it
    from fpdf import FPDF

LINES_MAX = 1_500
"""More than anybody reads; the other formats have all of them."""
COLUMNS_AT_ONCE = 9
_FONT = "report"
_CHART_MM = 58.0
_FILLS = {Colour.GOOD: (198, 239, 206), Colour.WARN: (255, 235, 156), Colour.BAD: (255, 199, 206)}
_HEADING_FILL = (232, 238, 244)


def as_pdf(table: ReportTable, labels: Labels, made_at: datetime, targets: Targets = NO_TARGETS) -> bytes:
    """A4, landscape. Raises OperatorError where no font with Chinese letters is installed."""
    pdf = _document(labels, made_at)
    pdf.add_page()
    pdf.set_font_size(16)
    pdf.cell(0, 9, labels.title, new_x="LMARGIN", new_y="NEXT")
    _write_facts(pdf, facts(table, labels, made_at)[1:])
    _draw_charts(pdf, table, labels)
    for start in range(0, len(table.columns), COLUMNS_AT_ONCE):
        _write_table(pdf, table, labels, targets, table.columns[start : start + COLUMNS_AT_ONCE])
    if len(table.lines) > LINES_MAX:
        _write(pdf, labels.text("more_lines", count=len(table.lines) - LINES_MAX))
    _write_definitions(pdf, table, labels)
    _write_checks(pdf, table, labels)
    return bytes(pdf.output())


def _document(labels: Labels, made_at: datetime) -> FPDF:
    from fpdf import FPDF

    logging.getLogger("fontTools").setLevel(logging.ERROR)

    class Document(FPDF):
        """With the number of each page."""

        def footer(self) -> None:
            self.set_y(-10)
            self.set_font(_FONT, size=7)
            text = labels.text("page", number=self.page_no(), count="{nb}")
            self.cell(0, 5, f"{labels.title} · {text}", align="R")

    pdf = Document(orientation="landscape", format="A4")
    font = find_font()
    pdf.add_font(_FONT, fname=font.path, collection_font_number=font.number)
    pdf.set_font(_FONT, size=9)
    pdf.set_title(labels.title)
    pdf.set_creation_date(made_at)
    pdf.set_lang(labels.language)
    pdf.set_auto_page_break(auto=True, margin=14)
    return pdf


def _write(pdf: FPDF, text: str, size: float = 8) -> None:
    pdf.set_font_size(size)
    pdf.multi_cell(0, size / 2, text, new_x="LMARGIN", new_y="NEXT")


def _write_facts(pdf: FPDF, told: Sequence[tuple[str, str]]) -> None:
    for name, value in told:
        _write(pdf, f"{name}: {value}")
    pdf.ln(2)


def _draw_charts(pdf: FPDF, table: ReportTable, labels: Labels) -> None:
    drawn = charts(table, labels)
    if not drawn:
        return
    height = max(needed_height(chart, _CHART_MM) for chart in drawn)
    if pdf.get_y() + height > pdf.h - 14:
        pdf.add_page()
    gap, y = 8.0, pdf.get_y()
    width = (pdf.epw - gap * (len(drawn) - 1)) / len(drawn)
    for number, chart in enumerate(drawn):
        draw_chart(pdf, chart, pdf.l_margin + number * (width + gap), y, width, height)
    pdf.set_y(y + height + 3)
    # What charts draw with is not what tables draw with.
    pdf.set_text_color(*INK)
    pdf.set_draw_color(*INK)
    pdf.set_fill_color(255)
    pdf.set_line_width(0.1)


def _write_table(
    pdf: FPDF, table: ReportTable, labels: Labels, targets: Targets, columns: Sequence[Column]
) -> None:
    from fpdf.fonts import FontFace

    firsts = list(_firsts(table, labels))
    widths = [30 if is_name else 26 for is_name, _ in firsts]
    room = max(14.0, min(28.0, (pdf.epw - sum(widths)) / len(columns)))
    heads = FontFace(fill_color=_HEADING_FILL, emphasis=None)
    pdf.set_font_size(7.5)
    with pdf.table(
        col_widths=(*widths, *([room] * len(columns))),
        width=sum(widths) + room * len(columns),
        text_align=("LEFT",) * len(firsts) + ("RIGHT",) * len(columns),
        headings_style=heads,
        line_height=4,
        align="LEFT",
        borders_layout="HORIZONTAL_LINES",
    ) as drawn:
        row = drawn.row()
        for _, heading in firsts:
            row.cell(heading)
        for column in columns:
            row.cell(labels.kpi(column.id).label)
        for line in (*table.lines[:LINES_MAX], table.total):
            row = drawn.row()
            is_total = line is table.total
            for text in _starts(table, labels, line, len(firsts), is_total=is_total):
                row.cell(text)
            colours = targets.colours(table, line)
            for column in columns:
                colour = colours.get(column.id)
                fill = FontFace(fill_color=_FILLS[colour]) if colour else heads if is_total else None
                row.cell(_figure(table, line, column, labels), style=fill)
    pdf.ln(4)


def _firsts(table: ReportTable, labels: Labels) -> Iterator[tuple[bool, str]]:
    """The headings of what a line is of; True where names stand below."""
    if has_times(table):
        yield False, labels.text("from")
    if has_keys(table) or not has_times(table):
        yield True, labels.by


def _starts(table: ReportTable, labels: Labels, line: Line, count: int, *, is_total: bool) -> list[str]:
    if is_total:
        return [labels.text("total"), *([""] * (count - 1))]
    told = []
    if has_times(table):
        told.append("" if line.at is None else _moment(table, line.at))
    if len(told) < count:
        told.append(line.name)
    return told


def _moment(table: ReportTable, at: datetime) -> str:
    if table.asked.grain in (Grain.DAY, Grain.WEEK, Grain.MONTH):
        return f"{local(at, table.asked):%Y-%m-%d}"
    return minute(at, table.asked)


def _figure(table: ReportTable, line: Line, column: Column, labels: Labels) -> str:
    value = line.values.get(column.id)
    text = figure_text(value, column.unit)
    if not has_before(table):
        return text
    before, change = beside(column, line, labels)
    return f"{text}\n{labels.text('was_short', value=before)}\n{change}"


def _write_definitions(pdf: FPDF, table: ReportTable, labels: Labels) -> None:
    _write(pdf, labels.text("sheet_definitions"), 11)
    for column in table.columns:
        told = labels.kpi(column.id)
        if told.formula:
            _write(pdf, f"{told.label} = {told.formula}", 7.5)
    pdf.ln(2)


def _write_checks(pdf: FPDF, table: ReportTable, labels: Labels) -> None:
    if table.checks:
        _write(pdf, labels.text("checks"), 11)
    for check in table.checks:
        state = labels.text("check_ok" if check.ok else "check_broken")
        _write(pdf, f"{state}: {labels.check(check)}", 7.5)
    for note in labels.notes:
        _write(pdf, note, 7.5)
