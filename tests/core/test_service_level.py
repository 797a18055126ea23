"""The service level formulas on one day's counts that tells them all apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.core.service_level import ServiceCounts, ServiceLevelFormula, service_level

DAY = ServiceCounts(
    offered=1060,
    answered=1000,
    abandoned=60,
    short_abandoned=10,
    answered_in_time=860,
    abandoned_in_time=20,
)


@pytest.mark.parametrize(
    ("formula", "percent"),
    [
        ("answered-in-time/offered-minus-short", "81.9"),
        ("answered-and-abandoned-in-time/answered-plus-abandoned", "83.0"),
        ("answered-in-time/answered", "86.0"),
        ("answered-in-time/answered-plus-abandoned", "81.1"),
        ("answered-in-time/answered-plus-late-abandons", "82.7"),
        ("answered-in-time-plus-short/answered-plus-abandoned", "82.1"),
    ],
)
def test_one_day_six_results(formula: str, percent: str) -> None:
    share = service_level(ServiceLevelFormula(formula), DAY)
    assert share is not None
    assert f"{100 * share:.1f}" == percent


@pytest.mark.parametrize(
    ("formula", "percent"),
    [
        (ServiceLevelFormula.OFFERED_MINUS_SHORT, "74.8"),
        (ServiceLevelFormula.WITH_ABANDONED_IN_TIME, "83.0"),
        (ServiceLevelFormula.ANSWERED_PLUS_ABANDONED, "81.1"),
        (ServiceLevelFormula.WITH_SHORT, "82.1"),
    ],
)
def test_who_left_or_waits_is_offered_but_neither_answered_nor_abandoned(
    formula: ServiceLevelFormula, percent: str
) -> None:
    share = service_level(formula, replace(DAY, offered=DAY.offered + 100))
    assert share is not None
    assert f"{100 * share:.1f}" == percent


@pytest.mark.parametrize("formula", ServiceLevelFormula)
def test_nobody_offered_is_no_figure(formula: ServiceLevelFormula) -> None:
    assert service_level(formula, ServiceCounts(0, 0, 0, 0, 0, 0)) is None


def test_only_short_abandons_are_no_figure_by_the_default() -> None:
    counts = ServiceCounts(3, 0, 3, 3, 0, 3)
    assert service_level(ServiceLevelFormula.OFFERED_MINUS_SHORT, counts) is None
    assert service_level(ServiceLevelFormula.ANSWERED_PLUS_ABANDONED, counts) == 0


def test_every_formula_has_its_own_text() -> None:
    texts = {formula.text for formula in ServiceLevelFormula}
    assert len(texts) == len(ServiceLevelFormula) == 6
