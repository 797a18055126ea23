"""The day by intervals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from acd.core.facts import CallKind
from acd.core.plan import GroupPolicy
from acd.core.requirement import Requirement
from acd.core.service_level import ServiceLevelFormula
from acd.records.intervals import by_interval
from acd.records.period import Period
from acd.records.record import CallVisit, GroupVisit, VisitOutcome

SALES = GroupPolicy("sales", "Sales", Requirement.of({}), service_level_s=20, short_abandon_s=5)
MIDNIGHT = datetime(2026, 11, 26, tzinfo=UTC)
DAY = Period(MIDNIGHT, MIDNIGHT + timedelta(hours=12))


def visit(minutes: float, outcome: VisitOutcome = VisitOutcome.ANSWERED, wait_s: float = 10) -> CallVisit:
    at = MIDNIGHT + timedelta(minutes=minutes)
    return CallVisit(f"c{minutes}", CallKind.INBOUND, GroupVisit("sales", at, outcome, wait_s))


def test_a_visit_counts_where_it_was_offered_and_gaps_are_intervals_too() -> None:
    visits = [visit(59.9), visit(60), visit(89.9, wait_s=30), visit(150, VisitOutcome.ABANDONED)]
    outside = [visit(-1), visit(12 * 60)]
    found = by_interval([*visits, *outside], {"sales": SALES}, DAY, ServiceLevelFormula.OFFERED_MINUS_SHORT)
    minutes = [(one.at - MIDNIGHT.timestamp()) / 60 for one in found]
    assert minutes == [30, 60, 90, 120, 150]
    assert [one.figures.offered for one in found] == [1, 2, 0, 0, 1]
    assert [one.figures.service_level for one in found] == [1.0, 0.5, None, None, 0.0]


def test_a_day_without_calls_has_none() -> None:
    assert by_interval([], {"sales": SALES}, DAY, ServiceLevelFormula.ANSWERED) == []
