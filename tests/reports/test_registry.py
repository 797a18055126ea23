"""Every KPI, report, breakdown and check is named in both languages, and nothing else is."""

from __future__ import annotations

import string

import pytest

from acd.core.service_level import ServiceLevelFormula
from acd.reports.asked import By, Grain
from acd.reports.catalogue import REPORTS, breakdowns
from acd.reports.kpis import KPIS, SERVICE_LEVEL, Origin, figures
from acd.reports.measures import Measures
from acd.reports.table import Unit
from acd.reports.wording import LANGUAGES, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_has_words(language: str) -> None:
    told = words(language)
    assert set(told.kpis) == {*KPIS, SERVICE_LEVEL}
    assert set(told.origins) == {origin.value for origin in Origin}
    assert set(told.reports) == set(REPORTS)
    assert set(told.by) == {by.value for by in By}
    assert set(told.grains) == {grain.value for grain in Grain}
    for kpi in told.kpis.values():
        assert all((kpi.label, kpi.formula, kpi.counted, kpi.not_counted))
    labels = [kpi.label for kpi in told.kpis.values()]
    assert len(labels) == len(set(labels))


def test_both_languages_say_the_same() -> None:
    english, chinese = words("en_GB"), words("zh")
    assert english.checks.keys() == chinese.checks.keys()
    assert english.lines.keys() == chinese.lines.keys()
    for id, note in english.notes.items():
        assert _placeholders(note) == _placeholders(chinese.notes[id])
    assert english.refusals.keys() == chinese.refusals.keys()
    for id, told in english.refusals.items():
        assert _placeholders(told) == _placeholders(chinese.refusals[id])


def test_each_report_shows_something_of_each_breakdown() -> None:
    for report in REPORTS.values():
        for by in report.by:
            assert report.shown(by), (report.id, by)
        for id in report.kpis:
            assert breakdowns(id) & set(report.by), (report.id, id)


def test_nothing_counted_gives_no_share_and_no_mean() -> None:
    found = figures(KPIS, Measures(), ServiceLevelFormula.OFFERED_MINUS_SHORT)
    for id, figure in found.items():
        is_sum = KPIS[id].adds or KPIS[id].unit is Unit.COUNT
        assert figure == (0 if is_sum else None), id


def _placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
