"""Draws charts into a PDF, in its own lines and areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.reports.files.charts import STEPS, Chart, Series
from acd.reports.files.labels import figure_text

if TYPE_CHECKING:
    from fpdf import FPDF

INK, GRID = (40, 40, 40), (215, 215, 215)
COLOURS = ((31, 119, 180), (214, 96, 20), (44, 140, 60), (148, 80, 170), (120, 90, 60), (90, 90, 90))
_TEXT_PT = 7
_BAR_MM = 7.0
_PLACES_MAX = 12


def needed_height(chart: Chart, most: float) -> float:
    """Of the field that it fills, in mm; no more than `most`."""
    return most if chart.over_time else min(most, 15 + _BAR_MM * len(chart.places))


def draw_chart(pdf: FPDF, chart: Chart, x: float, y: float, width: float, height: float) -> None:
    """In a field of the page; all lengths in mm."""
    pdf.set_text_color(*INK)
    pdf.set_font_size(9)
    pdf.text(x, y + 3, chart.title)
    pdf.set_font_size(_TEXT_PT)
    legend = 5 if len(chart.series) > 1 else 0
    if legend:
        _draw_legend(pdf, chart, x, y + 8, width)
    top, left, bottom = y + 7 + legend, x + 14, y + height - 6
    draw = _draw_lines if chart.over_time else _draw_bars
    draw(pdf, chart, left, top, x + width - left, bottom - top)


def _draw_legend(pdf: FPDF, chart: Chart, x: float, y: float, width: float) -> None:
    room = width / len(chart.series)
    for number, series in enumerate(chart.series):
        at = x + number * room
        pdf.set_fill_color(*COLOURS[number % len(COLOURS)])
        pdf.rect(at, y - 2, 2, 2, style="F")
        pdf.text(at + 3, y, _cut(pdf, series.name, room - 4))


def _draw_scale(pdf: FPDF, chart: Chart, x: float, y: float, width: float, height: float) -> None:
    """Lines across, each with its figure."""
    pdf.set_draw_color(*GRID)
    pdf.set_line_width(0.1)
    for step in range(STEPS + 1):
        at = y + height - height * step / STEPS
        pdf.line(x, at, x + width, at)
        text = figure_text(chart.top * step / STEPS, chart.unit)
        pdf.text(x - 1 - pdf.get_string_width(text), at + 1, text)


def _draw_lines(pdf: FPDF, chart: Chart, x: float, y: float, width: float, height: float) -> None:
    _draw_scale(pdf, chart, x, y, width, height)
    step = width / max(len(chart.places) - 1, 1)
    every = -(-len(chart.places) // _PLACES_MAX)
    for number, place in enumerate(chart.places):
        if number % every == 0:
            pdf.text(x + number * step - pdf.get_string_width(place) / 2, y + height + 4, place)
    pdf.set_line_width(0.4)
    for number, series in enumerate(chart.series):
        pdf.set_draw_color(*COLOURS[number % len(COLOURS)])
        pdf.set_fill_color(*COLOURS[number % len(COLOURS)])
        _draw_line(pdf, chart, series, x, y, step, height)


def _draw_line(
    pdf: FPDF, chart: Chart, series: Series, x: float, y: float, step: float, height: float
) -> None:
    """Where a figure has no value there is a gap; a figure between two gaps is a dot."""
    before: tuple[float, float] | None = None
    for number, value in enumerate(series.values):
        if value is None:
            before = None
            continue
        here = (x + number * step, y + height - height * value / chart.top)
        if before is not None:
            pdf.line(*before, *here)
        pdf.ellipse(here[0] - 0.4, here[1] - 0.4, 0.8, 0.8, style="F")
        before = here


def _draw_bars(pdf: FPDF, chart: Chart, x: float, y: float, width: float, height: float) -> None:
    (series,) = chart.series
    names = min(28.0, max(pdf.get_string_width(place) for place in chart.places) + 2)
    left, room = x - 14 + names, width + 14 - names - 16
    each = min(_BAR_MM, height / len(chart.places))
    pdf.set_fill_color(*COLOURS[0])
    for number, (place, value) in enumerate(zip(chart.places, series.values, strict=True)):
        at = y + number * each
        pdf.text(x - 14, at + each / 2 + 1, _cut(pdf, place, names - 1))
        length = 0.0 if value is None else max(room * value / chart.highest, 0.0)
        if length:
            pdf.rect(left, at + each * 0.15, length, each * 0.7, style="F")
        pdf.text(left + length + 1, at + each / 2 + 1, figure_text(value, chart.unit))


def _cut(pdf: FPDF, text: str, room: float) -> str:
    if pdf.get_string_width(text) <= room:
        return text
    while text and pdf.get_string_width(text + "…") > room:
        text = text[:-1]
    return text + "…"
