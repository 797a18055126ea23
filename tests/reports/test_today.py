"""The live figures: of visits and of stretches, without a database."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.facts import AgentInterval, CallKind
from acd.core.plan import GroupPolicy
from acd.core.requirement import Requirement
from acd.core.service_level import ServiceLevelFormula
from acd.core.work_rules import Reason
from acd.records.fold import fold, utc
from acd.records.period import Period
from acd.records.record import CallVisit, GroupVisit, VisitOutcome
from acd.reports.known import AgentKnown, Known
from acd.reports.today import agents_of_day, intervals_of_day, report_of_day
from tests.records.scenario import START, facts_of
from tests.records.test_fold import SCENARIOS

DEFAULT = ServiceLevelFormula.OFFERED_MINUS_SHORT
SALES = GroupPolicy("sales", "Sales", Requirement.of({}), service_level_s=20, short_abandon_s=5)
SUPPORT = GroupPolicy("support", "Support", Requirement.of({}), service_level_s=60, short_abandon_s=10)
POLICIES = {"sales": SALES, "support": SUPPORT}
REASONS = {"lunch": Reason({"en": "Lunch"}, paid=False), "training": Reason({"en": "Training"})}
HOUR = Period(utc(START), utc(START + 3600))


def answered(wait_s: float, talk_s: float = 0, hold_s: float = 0, wrap_up_s: float = 0) -> GroupVisit:
    return GroupVisit("sales", utc(START), VisitOutcome.ANSWERED, wait_s, "anna", talk_s, hold_s, wrap_up_s)


def gone(wait_s: float, outcome: VisitOutcome = VisitOutcome.ABANDONED, group: str = "sales") -> GroupVisit:
    return GroupVisit(group, utc(START), outcome, wait_s)


def inbound(*visits: GroupVisit) -> list[CallVisit]:
    return [CallVisit(f"c{i}", CallKind.INBOUND, visit) for i, visit in enumerate(visits)]


def figures_by_group(
    visits: list[CallVisit], policies: dict[str, GroupPolicy], formula: ServiceLevelFormula
) -> tuple[list[Any], Any]:
    told = report_of_day(visits, Known(policies), HOUR, formula)
    return [SimpleNamespace(**group) for group in told["groups"]], SimpleNamespace(**told["total"])


def sales(*visits: GroupVisit, formula: ServiceLevelFormula = DEFAULT) -> Any:
    return figures_by_group(inbound(*visits), {"sales": SALES}, formula)[0][0]


@pytest.mark.parametrize(
    ("formula", "percent"),
    [
        (ServiceLevelFormula.OFFERED_MINUS_SHORT, "81.9"),
        (ServiceLevelFormula.WITH_ABANDONED_IN_TIME, "83.0"),
        (ServiceLevelFormula.ANSWERED, "86.0"),
        (ServiceLevelFormula.ANSWERED_PLUS_ABANDONED, "81.1"),
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
    assert total.service_level == 0.3333
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
    taken_over = sum(visit.visit.outcome is VisitOutcome.TRANSFERRED_IN for visit in visits)
    assert taken_over
    assert total.offered == len(visits) - taken_over


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
    taken_over = sum(visit.outcome is VisitOutcome.TRANSFERRED_IN for visit in visits)
    assert total.offered == len(visits) - taken_over == sum(f.offered for f in groups)


def some_visits() -> list[CallVisit]:
    names = (
        "through the menu to an agent, with hold and wrap-up",
        "abandoned in the line",
        "overflow into another group's line",
    )
    return [visit for name in names for visit in fold(name, facts_of(SCENARIOS[name][0])).call_visits()]


def test_data() -> None:
    data = report_of_day(some_visits(), Known(POLICIES), HOUR, DEFAULT)
    assert data["from"] == "2025-11-22T10:00:00+00:00"
    assert data["service_level_formula"] == "answered-in-time/offered-minus-short"
    assert data["formulas"]["service_level"] == "answered within T ÷ (offered − short abandons)"
    assert data["formulas"]["aht_s"] == "(talk + hold + wrap-up) ÷ (answered + taken over)"
    sales, support = data["groups"]
    assert (sales["group"], sales["name"], sales["service_level_s"]) == ("sales", "Sales", 20)
    assert (sales["offered"], sales["answered"], sales["abandoned"], sales["left"]) == (3, 1, 1, 1)
    assert (sales["service_level"], sales["asa_s"], sales["aht_s"]) == (0.3333, 5, 38)
    assert (support["offered"], support["asa_s"]) == (1, 10)
    assert (data["total"]["offered"], data["total"]["service_level"]) == (4, 0.5)
    assert json.loads(json.dumps(data)) == data


def test_a_group_that_is_no_longer_configured_is_listed_for_whom_it_took_over() -> None:
    taken_over = GroupVisit("old", utc(START), VisitOutcome.TRANSFERRED_IN, 0, "ben", talk_s=60)
    visits = inbound(gone(9), taken_over)
    groups, total = figures_by_group(visits, {"sales": SALES}, DEFAULT)
    assert [(group.group, group.offered, group.att_s) for group in groups] == [
        ("sales", 1, None),
        ("old", 0, 60),
    ]
    assert (total.offered, total.att_s) == (1, 60)
    of_ours = [CallVisit("own", CallKind.INTERNAL, replace(taken_over, group="older"))]
    assert [group.group for group in figures_by_group(of_ours, {"sales": SALES}, DEFAULT)[0]] == ["sales"]


def test_only_what_was_offered_in_the_period() -> None:
    for since, until, offered in ((START - 3600, START, 0), (START, START + 30, 3)):
        period = Period(utc(since), utc(until))
        total = report_of_day(some_visits(), Known(POLICIES), period, DEFAULT)["total"]
        assert total["offered"] == offered


def stretch(agent: str, state: str, begin_s: float, end_s: float, reason: str | None = None) -> AgentInterval:
    return AgentInterval(agent, state, reason, START + begin_s, START + end_s)


def test_time_by_state_and_by_what_is_paid() -> None:
    stretches = [
        stretch("ben", "ready", 0, 10),
        stretch("anna", "ready", -60, 60),  # the half of it before the hour belongs to another period
        stretch("anna", "ringing", 60, 65),
        stretch("anna", "talking", 65, 265),
        stretch("anna", "wrap_up", 265, 275),
        stretch("anna", "not_ready", 275, 575, "lunch"),
        stretch("anna", "not_ready", 575, 675, "training"),
        stretch("anna", "not_ready", 675, 705, "rona"),  # the system's own
        stretch("anna", "not_ready", 3000, 4600, "lunch"),
        stretch("anna", "ready", 4600, 4700),
    ]
    agents = {"chen": AgentKnown("chen", "Chen")}
    visits = inbound(answered(10, talk_s=100, hold_s=20, wrap_up_s=30), gone(3))
    told = agents_of_day(visits, stretches, Known(POLICIES, agents, REASONS), HOUR, DEFAULT)
    anna, ben, chen = (told[agent] for agent in ("anna", "ben", "chen"))
    assert (ben["agent"], ben["logged_in_s"], ben["paid_s"]) == ("ben", 10, 10)
    assert [anna[f"{state}_s"] for state in ("ready", "ringing", "talking", "wrap_up")] == [60, 5, 200, 10]
    assert anna["not_ready_s"] == {"lunch": 900, "training": 100, "rona": 30}
    assert (anna["logged_in_s"], anna["unpaid_s"], anna["paid_s"]) == (1305, 900, 405)
    assert [anna[id] for id in ("answered", "aht_s", "att_s", "acw_s")] == [1, 150, 100, 30]
    assert (chen["logged_in_s"], chen["answered"], chen["aht_s"]) == (0, 0, None)
    assert [each["counted_to_at"] - START for each in (anna, ben, chen)] == [4700, 10, 0]


def test_by_half_hours_with_the_empty_ones_between() -> None:
    def visit(minutes: float, wait_s: float = 10, outcome: VisitOutcome = VisitOutcome.ANSWERED) -> CallVisit:
        at = utc(START + 60 * minutes)
        return CallVisit(f"c{minutes}", CallKind.INBOUND, GroupVisit("sales", at, outcome, wait_s))

    visits = [visit(59.9), visit(60), visit(89.9, 30), visit(150, outcome=VisitOutcome.ABANDONED)]
    day = Period(utc(START), utc(START + 12 * 3600))
    found = intervals_of_day([*visits, visit(-1), visit(720)], Known(POLICIES), day, DEFAULT)
    assert [(one.at - START) / 60 for one in found] == [30, 60, 90, 120, 150]
    assert [one.figures["offered"] for one in found] == [1, 2, 0, 0, 1]
    assert [one.figures["service_level"] for one in found] == [1.0, 0.5, None, None, 0.0]
    assert intervals_of_day([], Known(POLICIES), day, DEFAULT) == []
