"""Key figures from visits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.facts import CallKind
from acd.core.plan import GroupPolicy
from acd.core.requirement import Requirement
from acd.core.service_level import ServiceLevelFormula
from acd.records.fold import fold, utc
from acd.records.kpi import GroupFigures, figures_by_group
from acd.records.record import CallVisit, GroupVisit, VisitOutcome
from tests.records.scenario import START, facts_of
from tests.records.test_fold import SCENARIOS

DEFAULT = ServiceLevelFormula.OFFERED_MINUS_SHORT
SALES = GroupPolicy("sales", "Sales", Requirement.of({}), service_level_s=20, short_abandon_s=5)
SUPPORT = GroupPolicy("support", "Support", Requirement.of({}), service_level_s=60, short_abandon_s=10)
POLICIES = {"sales": SALES, "support": SUPPORT}


def answered(wait_s: float, talk_s: float = 0, hold_s: float = 0, wrap_up_s: float = 0) -> GroupVisit:
    return GroupVisit("sales", utc(START), VisitOutcome.ANSWERED, wait_s, "anna", talk_s, hold_s, wrap_up_s)


def gone(wait_s: float, outcome: VisitOutcome = VisitOutcome.ABANDONED, group: str = "sales") -> GroupVisit:
    return GroupVisit(group, utc(START), outcome, wait_s)


def inbound(*visits: GroupVisit) -> list[CallVisit]:
    return [CallVisit(f"c{i}", CallKind.INBOUND, visit) for i, visit in enumerate(visits)]


def sales(*visits: GroupVisit, formula: ServiceLevelFormula = DEFAULT) -> GroupFigures:
    return figures_by_group(inbound(*visits), {"sales": SALES}, formula)[0][0]


@pytest.mark.parametrize(
    ("formula", "percent"),
    [
        (ServiceLevelFormula.OFFERED_MINUS_SHORT, "81.9"),
        (ServiceLevelFormula.WITH_ABANDONED_IN_TIME, "83.0"),
        (ServiceLevelFormula.ANSWERED, "86.0"),
        (ServiceLevelFormula.OFFERED, "81.1"),
        (ServiceLevelFormula.ANSWERED_PLUS_LATE_ABANDONS, "82.7"),
        (ServiceLevelFormula.WITH_SHORT, "82.1"),
    ],
)
def test_the_reference_day_visit_by_visit(formula: ServiceLevelFormula, percent: str) -> None:
    day = [answered(20.0)] * 860 + [answered(20.001)] * 140
    day += [gone(4.999)] * 10 + [gone(5.0)] * 5 + [gone(20.0)] * 5 + [gone(20.001)] * 40
    found = sales(*day, formula=formula)
    assert (found.offered, found.answered, found.abandoned, found.short_abandoned) == (1060, 1000, 50, 10)
    assert (found.answered_in_time, found.abandoned_in_time) == (860, 20)
    assert found.service_level is not None
    assert f"{100 * found.service_level:.1f}" == percent


def test_times_and_rates() -> None:
    found = sales(
        answered(10, talk_s=100, hold_s=20, wrap_up_s=30),
        answered(30, talk_s=50, wrap_up_s=10),
        gone(2),
        gone(40),
        gone(50, VisitOutcome.LEFT),
        gone(60, VisitOutcome.WAITING),
    )
    assert (found.offered, found.answered, found.abandoned) == (6, 2, 1)
    assert (found.short_abandoned, found.left, found.waiting) == (1, 1, 1)
    assert found.asa_s == 20
    assert found.aht_s == (100 + 20 + 30 + 50 + 10) / 2
    assert (found.att_s, found.acw_s) == (75, 20)
    assert found.abandon_rate == 1 / 5
    assert found.service_level == 1 / 5
    assert found.longest_wait_s == 60


def test_nothing_happened() -> None:
    found = sales()
    assert found.offered == 0
    assert found.service_level is found.abandon_rate is found.asa_s is found.aht_s is None
    assert found.att_s is found.acw_s is found.longest_wait_s is None


def test_the_total_measures_each_visit_by_its_own_groups_threshold() -> None:
    support = GroupVisit("support", utc(START), VisitOutcome.ANSWERED, 50, "ben")
    visits = inbound(answered(50), support, gone(7), gone(7, group="support"))
    groups, total = figures_by_group(visits, POLICIES, DEFAULT)
    assert [g.service_level for g in groups] == [0, 1]
    assert (total.answered_in_time, total.short_abandoned, total.abandoned) == (1, 1, 1)
    assert total.service_level == 1 / 3
    assert (total.group, total.service_level_s) == (None, None)


def test_internal_calls_do_not_count() -> None:
    visits = [CallVisit("c1", CallKind.INTERNAL, answered(1)), *inbound(answered(2))]
    assert figures_by_group(visits, POLICIES, DEFAULT)[1].offered == 1


def test_a_group_that_is_no_longer_configured_is_still_counted() -> None:
    groups, total = figures_by_group(inbound(gone(30, group="old")), POLICIES, DEFAULT)
    assert [(g.group, g.offered) for g in groups] == [("sales", 0), ("support", 0), ("old", 1)]
    assert total.abandoned == 1


def test_from_folded_calls() -> None:
    visits = [
        visit
        for number, (story, _, _) in enumerate(SCENARIOS.values())
        for visit in fold(f"c{number}", facts_of(story)).call_visits()
    ]
    _, total = figures_by_group(visits, POLICIES, DEFAULT)
    assert total.offered == len(visits)


VISITS = st.lists(
    st.builds(
        GroupVisit,
        st.sampled_from(["sales", "support", "old"]),
        st.just(utc(START)),
        st.sampled_from(VisitOutcome),
        st.floats(0, 200),
    ),
    max_size=40,
)


@given(VISITS, st.sampled_from(ServiceLevelFormula))
def test_every_visit_is_counted_exactly_once(visits: list[GroupVisit], formula: ServiceLevelFormula) -> None:
    groups, total = figures_by_group(inbound(*visits), POLICIES, formula)
    for f in (*groups, total):
        assert f.offered == f.answered + f.abandoned + f.short_abandoned + f.left + f.waiting
        assert f.service_level is None or 0 <= f.service_level <= 1
        assert f.answered_in_time <= f.answered
        assert f.abandoned_in_time <= f.abandoned + f.short_abandoned
    assert total.offered == len(visits) == sum(f.offered for f in groups)
