"""Which reports and figures there are, and how each is counted, as tables for the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from acd.core.service_level import ServiceLevelFormula
from acd.errors import OperatorError
from acd.reports.catalogue import REPORTS, breakdowns
from acd.reports.kpis import KPIS, SERVICE_LEVEL, column, meant
from acd.reports.kpis.visits import variant_id
from acd.reports.wording import Words, words
from acd.settings.problems import not_among


def list_reports(language: str) -> Table:
    """Each with its breakdowns and figures."""
    told = words(language)
    table = Table(caption=Text("\n".join(_asides())), caption_justify="left")
    for heading in ("NAME", "WHAT", "--by", "--kpi"):
        table.add_column(heading, overflow="fold")
    for report in REPORTS.values():
        by = ", ".join(by.value for by in report.by)
        table.add_row(report.id, Text(told.reports[report.id]), by, Text(", ".join(report.kpis)))
    return table


def _asides() -> list[str]:
    """What the table itself does not say: also which figures are shown only when they are asked for."""
    usual = {kpi for report in REPORTS.values() for kpi in report.kpis}
    others = ", ".join(kpi for kpi in KPIS if kpi not in usual)
    return [
        "acd report --explain KPI: how a figure is counted",
        f"In none of them, but `acd report groups --kpi KPI` shows them too: {others}",
    ]


def explain(kpi: str, language: str, formula: ServiceLevelFormula | None = None) -> Table:
    """Everything about one figure. `formula`: which the service level is counted by, where that is known.

    Raises OperatorError for a figure that there is not.
    """
    if kpi not in KPIS and kpi != SERVICE_LEVEL:
        raise OperatorError(not_among("figure", kpi, (*KPIS, SERVICE_LEVEL)))
    all_words, shown = words(language), column(kpi)
    told = all_words.kpis[kpi]
    named = ", ".join(report.id for report in REPORTS.values() if kpi in report.kpis)
    rows = {
        "unit": shown.unit.value,
        "formula": told.formula,
        "counts": told.counted,
        "does not count": told.not_counted,
        "source": all_words.origins[KPIS[kpi].origin.value] if kpi in KPIS else "",
        "better": shown.better.value,
        "broken down by": ", ".join(sorted(by.value for by in breakdowns(kpi))),
        "in reports": named or f"in none unless asked for: acd report groups --kpi {kpi}",
    }
    if kpi == SERVICE_LEVEL:
        rows |= _service_level(all_words, formula)
    table = Table(title=Text(f"{told.label} ({kpi})"), show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, text in rows.items():
        if text:
            table.add_row(name, Text(text))
    return table


def _service_level(all_words: Words, formula: ServiceLevelFormula | None) -> dict[str, str]:
    """By the formula of the centre, and by which others it may be asked for."""
    every = []
    for each in ServiceLevelFormula:
        variant = variant_id(each)
        every += [each.value, f"  {all_words.kpis[variant].formula}", f"  beside others: --kpi {variant}"]
    rows = {"--formula": "\n".join(every)}
    if formula is not None:
        chosen = meant(SERVICE_LEVEL, formula)
        told = all_words.kpis[chosen.id]
        rows |= {
            "formula": f"{told.formula}\n({formula.value}: of --formula or the centre's own, in system.yml)",
            "counts": told.counted,
            "does not count": told.not_counted,
            "source": all_words.origins[chosen.origin.value],
        }
    return rows
