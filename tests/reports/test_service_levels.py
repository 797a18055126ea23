"""The worked example: one data set, and what each formula makes of it."""

from __future__ import annotations

import pytest

from acd.core.service_level import ServiceLevelFormula
from acd.reports.kpis import figures
from acd.reports.measures import ABANDONED, ANSWERED, Limits, Measures, measured, percentile

F = ServiceLevelFormula


def the_example() -> Measures:
    """1000 answered, 860 of them within 20 s; 60 abandoned, 20 within 20 s, 10 of these within 5 s."""
    m = Measures()
    m.add("offered", 1060)
    for wait_ms, times in ((20_000, 860), (20_001, 140)):
        for _ in range(times):
            m.wait(ANSWERED, wait_ms)
    for wait_ms, times in ((4_999, 10), (5_000, 10), (20_001, 40)):
        for _ in range(times):
            m.wait(ABANDONED, wait_ms)
    return measured([(Limits(20.0, 5.0), m)])


@pytest.mark.parametrize(
    ("formula", "percent"),
    [
        (F.WITH_ABANDONED_IN_TIME, 83.0),
        (F.ANSWERED, 86.0),
        (F.ANSWERED_PLUS_ABANDONED, 81.1),
        (F.ANSWERED_PLUS_LATE_ABANDONS, 82.7),
        (F.WITH_SHORT, 82.1),
        (F.OFFERED_MINUS_SHORT, 81.9),
    ],
)
def test_the_formulas(formula: ServiceLevelFormula, percent: float) -> None:
    found = figures(("service_level", f"service_level_{formula.name.lower()}"), the_example(), formula)
    assert {id: round(100 * (share or 0), 1) for id, share in found.items()} == dict.fromkeys(found, percent)


def test_the_example_is_counted_by_each_groups_own_thresholds() -> None:
    patient = Measures({"offered": 2}, {ANSWERED: [30_000], ABANDONED: [6_000]})
    hasty = Measures({"offered": 2}, {ANSWERED: [30_000], ABANDONED: [6_000]})
    both = measured([(Limits(60.0, 10.0), patient), (Limits(20.0, 5.0), hasty)])
    assert (both.sum("answered_in_time"), both.sum("short_abandoned")) == (1, 1)
    assert both.count(ANSWERED) == both.count(ABANDONED) == 2


def test_thresholds_are_met_to_the_millisecond() -> None:
    waits = Measures({}, {ANSWERED: [1_000, 1_001, 1_002], ABANDONED: [1_000, 1_001, 1_002]})
    found = measured([(Limits(1.001, 1.001), waits)])
    assert (found.sum("answered_in_time"), found.sum("short_abandoned")) == (2, 1)


@pytest.mark.parametrize(
    ("percent", "count", "rank"),
    [(50, 1, 1), (50, 2, 1), (50, 3, 2), (90, 10, 9), (95, 10, 10), (95, 20, 19)],
)
def test_percentiles_are_by_nearest_rank(percent: int, count: int, rank: int) -> None:
    assert percentile(list(range(1, count + 1)), percent) == rank
