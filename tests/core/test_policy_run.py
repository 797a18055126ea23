"""Steps of a policy at work: when they are due, what they do, and what becomes of that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.core import callback_events, events
from acd.core.calls import Call, CallState
from acd.core.commands import AnnounceInLine, Command, NoteCallback
from acd.core.engine import Engine
from acd.core.facts import CallKind, PolicyApplied
from acd.core.plan import AgentProfile, CallbackFirst, CallbackRule, GroupPolicy, Heir, Plan
from acd.core.policy import (
    Announce,
    LeaveBy,
    MoveTo,
    Operation,
    PolicyStep,
    RaisePriority,
    SetPriority,
    SetRequirement,
    WidenTo,
    condition,
)
from acd.core.requirement import Requirement
from acd.core.work_rules import NO_WRAP_UP

SALES = GroupPolicy(
    "sales", "Sales", Requirement.parse("sales"), wrap_up=NO_WRAP_UP, callbacks=CallbackRule()
)
ANNA = AgentProfile("anna", "Anna", "1001", {"sales": 5})


def step(when: str, *operations: Operation, every_s: float | None = None) -> PolicyStep:
    return PolicyStep(condition(when), operations, every_s)


def plan_of(*groups: GroupPolicy) -> Plan:
    return Plan({"anna": ANNA}, {group.id: group for group in groups})


def engine_of(*steps: PolicyStep) -> Engine:
    """anna serves sales, whose policy has these steps, and is at home."""
    engine = Engine(plan_of(replace(SALES, steps=steps)))
    engine.handle(events.PhoneChanged("1001", True, False), 0.0)
    return engine


def arrives(engine: Engine, now: float, call_id: str = "c1", group: str = "sales", **queued: object) -> Call:
    engine.handle(events.CallArrived(call_id, CallKind.INBOUND, "+49301", "", "100"), now)
    engine.handle(replace(events.CallQueued(call_id, group), **queued), now)  # type: ignore[arg-type]
    return engine.floor.calls[call_id]


def pass_time(engine: Engine, until: float) -> list[tuple[float, Command]]:
    """Every deadline is met; what is commanded then, and when."""
    done: list[tuple[float, Command]] = []
    while (at := engine.next_deadline()) is not None and at <= until:
        done += [(at, command) for command in engine.handle_timer(at)]
    return done


@pytest.mark.parametrize(
    ("when", "at_s"),
    [
        ("waited_s >= 30", 30.0),
        ("waited_s > 30", 30.0),
        ("not waited_s <= 30", 30.0),
        ("waited_s > 30 and waited_s < 90", 30.0),
        ("waited_s == 30", 30.0),
        ("waited_s >= 10 and waited_s != 10", 10.0),
        ("waited_s", 0.0),
    ],
)
@pytest.mark.parametrize("began", [0.0, 1_795_000_000.123])
def test_a_condition_of_time_alone_is_met_to_the_moment(when: str, at_s: float, began: float) -> None:
    engine = engine_of(step(when, Announce("sorry")))
    arrives(engine, began)
    said = [at for at, command in pass_time(engine, began + 600) if isinstance(command, AnnounceInLine)]
    assert said == pytest.approx([began + at_s], abs=0.002)


def raised(engine: Engine) -> dict[str, int]:
    return {call.id: call.priority for call in engine.floor.calls.values()}


def done(call: Call) -> list[str]:
    return [fact.what for fact in call.facts if isinstance(fact, PolicyApplied)]


def calls_back(engine: Engine, call_id: str, entry: str, now: float, group: str = "sales") -> None:
    """The caller leaves the line and hangs up; the place is kept by `entry`."""
    engine.handle(events.CallLeftLine(call_id), now)
    engine.handle(callback_events.CallbackPlaced(entry, call_id, group, "+49301", "en"), now)
    engine.handle(events.CallEnded(call_id), now)


# --- a wait that goes on in another call ------------------------------------------------------------
def test_a_callback_takes_no_step_again_and_overtakes_nobody() -> None:
    engine = engine_of(step("waited_s >= 15", RaisePriority(5)), step("waited_s >= 60", RaisePriority(1)))
    arrives(engine, 0.0, "c1")
    arrives(engine, 1.0, "c2")
    pass_time(engine, 20.0)
    calls_back(engine, "c2", "entry", 22.0)
    assert raised(engine) == {"c1": 5, "entry": 5}
    pass_time(engine, 90.0)
    assert raised(engine) == {"c1": 6, "entry": 6}
    assert list(engine.floor.router.lines["sales"].in_order(90.0)) == ["c1", "entry"]


def test_who_goes_on_with_a_wait_has_all_that_it_had_come_to() -> None:
    often = step("waited_s >= 60", RaisePriority(1), every_s=60.0)
    engine = engine_of(often, step("waited_s >= 70", SetRequirement(Requirement.parse("english"))))
    first = arrives(engine, 0.0)
    pass_time(engine, 300.0)
    assert (first.priority, first.requirement) == (5, "english")
    engine.handle(events.CallEnded("c1"), 301.0)
    again = arrives(engine, 310.0, "c2", waiting_since=0.0, resumes="c1", so_far=first.so_far)
    assert (again.priority, again.requirement, again.base_priority) == (5, "english", 0)
    pass_time(engine, 360.0)
    assert again.priority == 6


def test_the_heir_s_policy_counts_and_not_that_of_the_group_that_is_gone() -> None:
    steps = (step("waited_s >= 10", RaisePriority(5)),)
    sales, support = (replace(SALES, id=name, steps=steps) for name in ("sales", "support"))
    engine = Engine(plan_of(sales, support))
    arrives(engine, 0.0, "c1", "support")
    arrives(engine, 1.0, "c2", priority=2)
    pass_time(engine, 20.0)
    engine.handle(events.PlanChanged(replace(plan_of(support), removed={"sales": Heir("support")})), 21.0)
    assert raised(engine) == {"c1": 5, "c2": 7}


def test_a_callback_of_a_group_that_has_been_removed_meanwhile() -> None:
    engine = Engine(plan_of(SALES, replace(SALES, id="support")))
    arrives(engine, 0.0, "c1")
    arrives(engine, 1.0, "c2", "support")
    engine.handle(events.CallLeftLine("c1"), 2.0)
    smaller = plan_of(replace(SALES, id="support"))
    engine.handle(events.PlanChanged(replace(smaller, removed={"sales": Heir("support")})), 3.0)
    engine.handle(callback_events.CallbackPlaced("entry", "c1", "sales", "+49301", "en"), 4.0)
    assert list(engine.floor.router.lines["support"].in_order(5.0)) == ["entry", "c2"]
    engine.handle(events.PlanChanged(replace(smaller, removed={"sales": Heir(flow="sorry")})), 6.0)
    told = engine.handle(callback_events.CallbackPlaced("other", "c1", "sales", "+49301", "en"), 7.0)
    assert [(c.note.callback, c.note.news) for c in told if isinstance(c, NoteCallback)] == [
        ("other", "put_back")
    ]


# --- a policy that changes --------------------------------------------------------------------------
def test_a_step_that_is_written_anew_counts_once() -> None:
    engine = engine_of(step("waited_s >= 10", RaisePriority(5)), step("waited_s >= 5", RaisePriority(2)))
    arrives(engine, 0.0, priority=1)
    pass_time(engine, 20.0)
    assert raised(engine) == {"c1": 8}
    anew = (step("waited_s >= 5", RaisePriority(2)), step("waited_s >= 10", RaisePriority(6)))
    engine.handle(events.PlanChanged(plan_of(replace(SALES, steps=anew))), 21.0)
    assert raised(engine) == {"c1": 9}
    engine.handle(events.PlanChanged(plan_of(SALES)), 22.0)
    assert raised(engine) == {"c1": 1}


# --- steps that cannot be taken ---------------------------------------------------------------------
def test_a_step_into_a_full_line_is_taken_when_there_is_room() -> None:
    full = replace(SALES, id="full", requirement=Requirement.parse("support"), max_waiting=1)
    moving = replace(SALES, steps=(step("waited_s >= 10", RaisePriority(1), MoveTo("full")),))
    engine = Engine(plan_of(moving, full))
    arrives(engine, 0.0, "c1", "full")
    call = arrives(engine, 1.0, "c2")
    pass_time(engine, 30.0)
    assert (call.group, call.priority, done(call)) == ("sales", 0, [])
    engine.handle(events.CallEnded("c1"), 30.5)
    pass_time(engine, 32.0)
    assert (call.group, call.priority, done(call)) == ("full", 1, ["priority +1", "to group full"])


def test_a_callback_is_moved_when_the_other_group_s_customers_may_be_called() -> None:
    steps = (step("waited_s >= 100", MoveTo("other")),)
    engine = Engine(plan_of(replace(SALES, steps=steps), replace(SALES, id="other")))
    engine.handle(callback_events.CallbackHours("other", open=False), 0.0)
    arrives(engine, 0.0)
    calls_back(engine, "c1", "entry", 2.0)
    pass_time(engine, 299.0)
    entry = engine.floor.calls["entry"]
    assert (entry.group, done(entry)) == ("sales", [])
    engine.handle(callback_events.CallbackHours("other", open=True), 300.0)
    pass_time(engine, 301.0)
    assert (entry.group, done(entry)) == ("other", ["to group other"])


def test_what_a_step_had_nothing_to_do_with_is_not_on_record() -> None:
    nothing = (LeaveBy("callback"), SetPriority(0), WidenTo(1), RaisePriority(2), MoveTo("sales"))
    engine = engine_of(step("waited_s >= 10", *nothing))
    call = arrives(engine, 0.0)
    pass_time(engine, 60.0)
    assert done(call) == ["priority +2"]


def test_nothing_is_announced_to_a_callback() -> None:
    engine = engine_of(step("waited_s >= 30", Announce("sorry"), every_s=60.0))
    arrives(engine, 0.0)
    calls_back(engine, "c1", "entry", 5.0)
    before = len(engine.floor.calls["entry"].facts)
    assert pass_time(engine, 40_000.0) != []
    assert len(engine.floor.calls["entry"].facts) == before


def test_all_trunks_busy_for_an_hour_leaves_few_traces() -> None:
    rule = CallbackRule(CallbackFirst.CUSTOMER)
    engine = Engine(plan_of(replace(SALES, callbacks=rule)))
    engine.handle(events.PhoneChanged("1001", True, False), 0.0)
    engine.handle(callback_events.CallbackPlaced("entry", "c0", "sales", "+49301", "en"), 0.0)
    engine.handle(events.AgentLoggedIn("anna", "1001"), 1.0)
    engine.handle(events.AgentWentReady("anna"), 1.0)
    now, entry = 1.0, engine.floor.calls["entry"]
    while now < 3600.0:
        if entry.state is CallState.IVR:
            engine.handle(callback_events.CallbackNotReached("entry", "trunks-full", counts=False), now)
        now = engine.next_deadline() or 3600.0
        engine.handle_timer(now)
    assert 10 < len(entry.facts) < 50
    assert entry.try_at is None or entry.try_at - now <= 320.0
