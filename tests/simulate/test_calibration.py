"""The expected wait keeps its word on simple days. The bounds are loose: docs/staffing.md has the figures."""

from __future__ import annotations

import pytest

from acd.simulate.calibration import DAYS, Day, measure
from acd.simulate.calibration_centre import CENTRE_DAYS, CentreDay, measure_centre

STEADY = [day for day in DAYS if len(day.shifts) == 1 and "100 agents" not in day.name]
CHANGES = [day for day in DAYS if len(day.shifts) > 1]


@pytest.mark.parametrize("day", STEADY, ids=lambda day: day.name)
def test_steady_days(day: Day) -> None:
    score = measure(day, 6, seed=4)
    assert score.callers > 500
    assert score.share_p50 == pytest.approx(0.5, abs=0.14)
    assert score.share_p90 == pytest.approx(0.9, abs=0.07)


@pytest.mark.parametrize("day", CHANGES, ids=lambda day: day.name)
def test_days_that_change(day: Day) -> None:
    """Right after handle times have doubled nobody can know it yet; within the hour it must be known."""
    score = measure(day, 10, seed=4)
    lost = 0.35 if "first half-hour" in day.name else 0.15
    assert score.callers > 500
    assert 0.5 - lost < score.share_p50 < 0.65
    assert 0.9 - lost < score.share_p90 < 0.97


@pytest.mark.parametrize("day", CENTRE_DAYS, ids=lambda day: day.name)
def test_who_is_overtaken_or_kept_from_agents(day: CentreDay) -> None:
    """Without a thought of those who come later a third of the low class is served within its p50."""
    score = measure_centre(day, 2, seed=4)
    assert score.callers > 500
    assert score.share_p50 == pytest.approx(0.5, abs=0.12)
    assert score.share_p90 == pytest.approx(0.9, abs=0.07)


def test_the_same_seed_is_the_same_day() -> None:
    day = DAYS[1]
    assert measure(day, 1, seed=9) == measure(day, 1, seed=9)
    assert measure(day, 1, seed=9) != measure(day, 1, seed=10)
