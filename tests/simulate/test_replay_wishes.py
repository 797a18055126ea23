"""Recorded callers who wanted to be called back, the same agent again, or came at closing time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from acd.cli.callback_history import habits_of, offers_of, wants_callback
from acd.core import callback_facts as told
from acd.core import facts
from acd.core.facts import CallKind, Customer, EndedBy, LeftBy
from acd.core.last_agents import Talk
from acd.core.outside_facts import FLOW, OutsideAnswered, OutsideDialed
from acd.core.plan import CallbackRule, LastAgent, Plan
from acd.core.policy import LeaveBy, PolicyStep, condition
from acd.core.service_level import ServiceLevelFormula
from acd.ivr.hours import Calendar, weekly_hours
from acd.records.fold import fold
from acd.records.record import CallRecord
from acd.simulate.opening import Opening
from acd.simulate.recorded import Recorded, RecordedCall
from acd.simulate.replay import Configured, Replay, replay
from acd.simulate.scenario import CallbackHabits
from acd.simulate.visits import CallbackOutcome, OfferedCallback, Outcome, Visit
from tests.core.centre import PLAN
from tests.simulate.recorded_day import HABITS, HOUR
from tests.simulate.test_world import with_policy

MONDAY = date(2026, 11, 23)
BERLIN = ZoneInfo("Europe/Berlin")
ANN = Customer("C-7", "Ann")


def call(which: int, at: float, outcome: Outcome = Outcome.ANSWERED, **rest: object) -> RecordedCall:
    """Of the experts; waits of one who was not answered last half a minute."""
    wait_s = 3.0 if outcome is Outcome.ANSWERED else 30.0
    customer = rest.pop("customer", None)
    visit = Visit(f"c{which}", "experts", "", at, outcome, wait_s, customer=customer)  # type: ignore[arg-type]
    talk_s = 600.0 if outcome is Outcome.ANSWERED else None
    return RecordedCall(visit, 0, talk_s, **rest)  # type: ignore[arg-type]


def run(
    calls: list[RecordedCall], present: Configured, changed: Configured | None = None, **rest: object
) -> Replay:
    """From 16:00 on."""
    recorded = Recorded(16 * HOUR, 4 * HOUR, calls, {}, {}, first_day=MONDAY, **rest)  # type: ignore[arg-type]
    return replay(recorded, present, changed, ServiceLevelFormula.ANSWERED_PLUS_ABANDONED, HABITS)


def until(hour: int) -> Configured:
    """The experts' day ends at this hour."""
    week = weekly_hours({day: [(9 * 60, hour * 60)] for day in range(7)})
    return Configured(PLAN, Opening({"experts": Calendar("office", BERLIN, week)}, {}, BERLIN))


def test_closing_earlier_turns_callers_away() -> None:
    calls = [call(1, 0.0), call(2, 1.5 * HOUR), call(3, 2.5 * HOUR)]
    found = run(calls, until(18), until(17))
    # A flow let the third one in, after the hours of the present configuration: so it would under the other.
    assert found.present.total.counts.closed == 0
    assert found.changed is not None
    assert found.changed.total.counts.closed == 1
    fates = {d.changed.call_id: d.changed.outcome for d in found.differences}
    assert fates["c2"] is Outcome.CLOSED
    assert fates.get("c3") in (None, Outcome.ANSWERED)  # perhaps by another agent, who is idle for longer


def test_who_left_at_closing_time_would_have_waited_on() -> None:
    busy = [call(number, HOUR - 60.0) for number in (1, 2)]
    late = call(3, HOUR - 30.0, Outcome.LEFT, left_by=LeftBy.CLOSED)
    found = run([*busy, late], until(17), until(19))
    assert found.present.groups["experts"].counts.left == 1
    assert found.changed is not None
    assert found.changed.groups["experts"].counts.left == 0
    assert found.changed.groups["experts"].counts.answered == 3


def test_the_agent_of_last_week() -> None:
    plan = with_policy("experts", last_agent=LastAgent(7, 30))
    calls = [call(1, 10.0, customer=ANN), call(2, 1000.0, number="+4930"), call(3, 2000.0, prefer="ben")]
    talks = [Talk("id:C-7", "ben", -HOUR), Talk("number:+4930", "ben", -HOUR)]
    found = run(calls, Configured(PLAN), Configured(plan), talks=talks)
    assert found.changed is not None
    assert found.changed.total.counts.kept == 3
    assert found.changed.total.counts.kept_promises == 3
    agents = {d.changed.call_id: d.changed.agent for d in found.differences}
    assert agents["c1"] == "ben"


def calls_back(step: bool = True) -> Plan:
    """The experts call back by themselves."""
    steps = (PolicyStep(condition("waited_s >= 20"), (LeaveBy("callback"),)),) if step else ()
    return with_policy("experts", steps=steps, callbacks=CallbackRule(retry_after_s=60))


def test_who_wanted_a_callback_gets_one() -> None:
    busy = [call(number, float(number)) for number in (1, 2)]
    offered = call(3, 10.0, Outcome.LEFT, left_by=LeftBy.POLICY, wants_callback=True)
    asked = call(4, 11.0, Outcome.LEFT, left_by=LeftBy.KEY, wants_callback=True)
    declined = call(5, 12.0, Outcome.LEFT, left_by=LeftBy.POLICY, wants_callback=False)
    real = [OfferedCallback("experts", "", 30.0, CallbackOutcome.DONE, 1, 700.0)]
    habits = CallbackHabits(reached=1.0)
    found = run([*busy, offered, asked, declined], Configured(calls_back()), callbacks=real, habits=habits)
    counts = found.present.groups["experts"].counts
    assert (counts.callbacks_offered, counts.callbacks_accepted, counts.callbacks_done) == (3, 2, 2)
    assert (counts.offered, counts.left, counts.answered) == (5, 3, 2)
    assert found.recorded.groups["experts"].by_name["callback_wait_s"].value == 700.0
    by_key = run([*busy, asked], Configured(calls_back(step=False)), habits=habits)
    assert by_key.present.groups["experts"].counts.callbacks_done == 1
    by_hand = run([*busy, asked], Configured(PLAN))
    assert by_hand.present.groups["experts"].counts.callbacks_by_hand == 1


# --- from records -----------------------------------------------------------------------------
def record(call_id: str, kind: CallKind, *what: facts.Fact) -> CallRecord:
    """From 1000 on."""
    arrived = facts.Arrived(1000.0, kind, "+4930", "", "100", ANN if kind is CallKind.INBOUND else None)
    return fold(call_id, [arrived, *what, facts.Ended(2000.0, EndedBy.CALLER)])


def offered(call_id: str, *what: facts.Fact) -> CallRecord:
    """By the policy of sales, at 1030."""
    line = (facts.Queued(1001.0, "sales"), facts.LeftLine(1030.0, "sales", LeftBy.POLICY, "callback"))
    return record(call_id, CallKind.INBOUND, *line, *what)


def entry(of: str, *what: facts.Fact) -> CallRecord:
    """In the line since 1040."""
    placed = (told.CallbackPlaced(1040.0, of, "+4930", "en"), facts.Queued(1040.0, "sales"))
    return record(f"{of}-cb1", CallKind.CALLBACK, *placed, *what)


WANTED = facts.CallbackWanted(1040.0, "sales", "+4930", "en")
TRIED = told.CallbackTried(1100.0, 1, "no answer", 1200.0)
TALK = (
    told.AgentJoined(1290.0, "anna"),
    OutsideDialed(1290.0, "+4930", "main", FLOW, ""),
    OutsideAnswered(1300.0),
    facts.Answered(1300.0, "anna"),
)


def test_callbacks_on_record() -> None:
    records = [
        offered("done", WANTED),
        entry("done", TRIED, *TALK),
        offered("failed", WANTED),
        entry("failed", TRIED, TRIED),
        offered("hand", WANTED),
        offered("declined"),
    ]
    found = list(offers_of(records, 1000.0))
    assert [(one.outcome, one.offered_at, one.dials, one.wait_s) for one in found] == [
        (CallbackOutcome.DONE, 40.0, 2, 260.0),
        (CallbackOutcome.FAILED, 40.0, 2, 0.0),
        (CallbackOutcome.BY_HAND, 40.0, 0, 0.0),
        (CallbackOutcome.DECLINED, 30.0, 0, 0.0),
    ]
    assert habits_of(found).accept == 0.75
    assert habits_of(found).reached == pytest.approx(1 / 4)
    assert habits_of([]) == CallbackHabits()
    assert [wants_callback(r.facts) for r in records if r.kind is CallKind.INBOUND] == [
        True,
        True,
        True,
        False,
    ]
    assert wants_callback([]) is None


def test_a_preferred_agent_needs_the_time_that_was_given() -> None:
    waited = replace(call(1, 10.0), prefer="ben", prefer_wait_s=30.0)
    found = run([waited], Configured(PLAN), Configured(PLAN))
    assert found.present.total.counts.kept_promises == 1


def test_who_asked_for_skills_instead_of_a_group_does_so_again() -> None:
    # One of the experts who speaks no French, and one of another group who does.
    speaker = replace(PLAN.agents["anna"], skills={"french": 9})
    plan = replace(PLAN, agents={**PLAN.agents, "anna": speaker})
    wish = Customer("C-7", "Ann", requirement="french >= 5")
    found = run([call(1, 0.0, customer=wish, alone=True)], Configured(plan))
    assert found.present.groups["experts"].counts.answered == 1
    found = run([call(1, 0.0, customer=wish)], Configured(plan))
    assert found.present.groups["experts"].counts.answered == 0
