"""Which reports and figures there are, and how each is counted, as tables for the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from acd.errors import OperatorError
from acd.reports.catalogue import REPORTS, breakdowns
from acd.reports.kpis import KPIS, SERVICE_LEVEL, column
from acd.reports.wording import words
from acd.settings.problems import not_among


def list_reports(language: str) -> Table:
    """Each with its breakdowns and figures."""
    told = words(language)
    table = Table(caption="acd report --explain KPI: how a figure is counted", caption_justify="left")
    for heading in ("NAME", "", "--by", "--kpi"):
        table.add_column(heading, overflow="fold")
    for report in REPORTS.values():
        by = ", ".join(by.value for by in report.by)
        table.add_row(report.id, Text(told.reports[report.id]), by, Text(", ".join(report.kpis)))
    return table


def explain(kpi: str, language: str) -> Table:
    """Everything about one figure. Raises OperatorError for one that there is not."""
    if kpi not in KPIS and kpi != SERVICE_LEVEL:
        raise OperatorError(not_among("figure", kpi, (*KPIS, SERVICE_LEVEL)))
    all_words, shown = words(language), column(kpi)
    told = all_words.kpis[kpi]
    rows = {
        "unit": shown.unit.value,
        "formula": told.formula,
        "counts": told.counted,
        "does not count": told.not_counted,
        "source": all_words.origins[KPIS[kpi].origin.value] if kpi in KPIS else "",
        "better": shown.better.value,
        "broken down by": ", ".join(sorted(by.value for by in breakdowns(kpi))),
        "in reports": ", ".join(report.id for report in REPORTS.values() if kpi in report.kpis),
    }
    table = Table(title=Text(f"{told.label} ({kpi})"), show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, text in rows.items():
        if text:
            table.add_row(name, Text(text))
    return table
