"""The words of the engine's registry, put together for the files of one report."""

from __future__ import annotations

from acd.reports.files.labels import KpiWords, Labels, language_of
from acd.reports.kpis import SERVICE_LEVEL, meant
from acd.reports.table import ReportTable
from acd.reports.wording import Words, words


def labels_of(table: ReportTable, language: str) -> Labels:
    """In the nearest language that there are words in."""
    language = language_of(language)
    known, asked = words(language), table.asked
    return Labels(
        language,
        title=known.reports[asked.report],
        by=known.by[asked.by.value],
        grain=known.grains[asked.grain.value],
        kpis={column.id: _kpi(known, table, column.id) for column in table.columns},
        checks=known.checks,
        notes=tuple(known.notes[note].format(**values) for note, values in table.notes),
    )


def _kpi(known: Words, table: ReportTable, kpi: str) -> KpiWords:
    """The service level is told by the formula that the report chose."""
    chosen = meant(kpi, table.asked.formula)
    told = known.kpis[chosen.id]
    label = known.kpis[kpi].label if kpi == SERVICE_LEVEL else told.label
    return KpiWords(label, told.formula, told.counted, told.not_counted, known.origins[chosen.origin.value])
