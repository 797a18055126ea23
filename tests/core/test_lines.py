"""Waits that begin before a call or end with the day, and agents who cannot be waited for."""

from __future__ import annotations

from dataclasses import replace

from acd.core import events, facts
from acd.core.agents import AgentState
from acd.core.calls import CallState
from acd.core.commands import LeaveLine
from acd.core.engine import Engine
from acd.core.facts import CallKind, LeftBy
from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.policy import LeaveBy, PolicyStep, condition
from acd.core.requirement import Requirement

SALES = GroupPolicy("sales", "Sales", Requirement.parse("sales"))
ANNA = AgentProfile("anna", "Anna", "1001", {"sales": 5})


def engine(*steps: PolicyStep) -> Engine:
    """anna serves sales, and is at home."""
    group = replace(SALES, steps=steps)
    made = Engine(Plan({"anna": ANNA}, {"sales": group}))
    made.handle(events.PhoneChanged("1001", True, False), 0.0)
    return made


def arrives(made: Engine, now: float, call_id: str = "c1", **queued: object) -> list[object]:
    """A caller joins the line; what is commanded then."""
    made.handle(events.CallArrived(call_id, CallKind.INBOUND, "+49301", "", "100"), now)
    event = replace(events.CallQueued(call_id, "sales"), **queued)  # type: ignore[arg-type]
    return list(made.handle(event, now))


def test_an_old_wait_is_taken_up() -> None:
    made = engine()
    arrives(made, 100.0, waiting_since=40.0, resumes="c0")
    call = made.floor.calls["c1"]
    assert call.waiting_since == 40.0
    assert [f for f in call.facts if isinstance(f, facts.WaitTakenUp)] == [
        facts.WaitTakenUp(100.0, "c0", 60.0)
    ]
    arrives(made, 110.0, "c2", waiting_since=500.0)  # not in the future
    assert made.floor.calls["c2"].waiting_since == 110.0


def test_an_agent_who_cannot_be_waited_for_is_told() -> None:
    made = engine()
    for call_id, agent in (("c1", "anna"), ("c2", "zoe")):
        arrives(made, 1.0, call_id, prefer=agent, prefer_wait_s=10.0)
    told = [f for c in ("c1", "c2") for f in made.floor.calls[c].facts if isinstance(f, facts.NotKept)]
    assert [(f.agent, f.why) for f in told] == [("anna", "not at work"), ("zoe", "unknown")]
    made.handle(events.AgentLoggedIn("anna", "1001"), 2.0)
    arrives(made, 3.0, "c3", prefer="anna", prefer_wait_s=10.0)
    assert made.floor.agents["anna"].state is AgentState.NOT_READY
    assert made.floor.calls["c3"].only_agent == "anna"


def test_closing_time_while_the_floor_is_not_known() -> None:
    """Who stood in line then leaves as soon as we know where everybody is; who came later waits on."""
    made = engine()
    arrives(made, 10.0, exits=frozenset({"closed"}))
    made.handle(events.DispatchSuspended(), 20.0)
    assert made.handle(events.GroupClosed("sales", 30.0), 40.0) == []
    arrives(made, 50.0, "c2", exits=frozenset({"closed"}))
    told = made.handle(events.DispatchResumed(), 60.0)
    assert [c for c in told if isinstance(c, LeaveLine)] == [LeaveLine("c1", LeftBy.CLOSED)]
    assert made.floor.calls["c2"].state is CallState.WAITING


def test_a_caller_is_led_out_to_the_same_place_once() -> None:
    made = engine(PolicyStep(condition("waited_s >= 0"), (LeaveBy("number:+4930"),), 5.0))
    first = [c for c in arrives(made, 10.0) if isinstance(c, LeaveLine)]
    assert first == [LeaveLine("c1", LeftBy.POLICY, "number:+4930")]
    made.handle(events.CallTakenBack("c1", "busy"), 20.0)
    made.handle(events.CallQueued("c1", "sales", waiting_since=10.0), 20.0)
    assert made.handle_timer(90.0) == []
    assert made.floor.calls["c1"].state is CallState.WAITING
