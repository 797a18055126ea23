"""What scenarios do not show: the facts, intervals and reasons that records are made of."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from acd.core import events, facts
from acd.core.agents import Agent, AgentState
from acd.core.callback_events import CallbackPlaced
from acd.core.calls import Call, CallState
from acd.core.commands import Offer, StoreInterval
from acd.core.engine import Engine
from acd.core.facts import CallKind, Customer, EndedBy, OfferFailure
from acd.core.formula import MAX_LENGTH
from acd.core.plan import Plan
from acd.core.requirement import Requirement
from acd.core.why import why_waiting
from acd.records.fold import fold
from acd.records.record import VisitOutcome
from tests.core.centre import EVERYTHING, PLAN

MAYER = Customer("k1", "Mayer 梅", "gold")


def centre() -> Engine:
    engine = Engine(PLAN)
    for agent, phone in (("anna", "1001"), ("ben", "1002")):
        engine.handle(events.PhoneChanged(phone, reachable=True, in_use=False), 0.0)
        engine.handle(events.AgentLoggedIn(agent, phone), 0.0)
        engine.handle(events.AgentWentReady(agent), 0.0 if agent == "anna" else 2.0)
    engine.handle(events.CallArrived("c1", CallKind.INBOUND, "0301", "", "8001", MAYER), 10.0)
    return engine


def test_an_offer_says_how_long_to_ring_what_to_hear_and_why_this_agent() -> None:
    engine = centre()
    commands = engine.handle(events.CallQueued("c1", "sales"), 12.5)
    assert Offer("c1", "anna", "1001", 15, "default", "sales") in commands
    assert engine.floor.calls["c1"].facts[-1] == facts.Offered(
        12.5,
        "anna",
        "1001",
        (
            "anna, ready 12.5 s: longest idle",
            "2 ready with the skills of sales",
            "next would be ben, ready 10.5 s",
        ),
    )


def test_what_flow_and_customer_ask_for_together_may_be_longer_than_what_either_may_write() -> None:
    engine = centre()
    wishes = [
        Requirement.parse(" or ".join(("sales >= 5", *(f"skill_number_{n}_{i} >= 5" for i in range(16)))))
        for n in (1, 2)
    ]
    wished = Requirement.all_of(wishes)
    assert len(wished.text) > MAX_LENGTH
    engine.handle(events.AgentWentNotReady("anna", "lunch"), 12.0)
    engine.handle(events.AgentWentNotReady("ben", "lunch"), 12.0)
    engine.handle(events.CallQueued("c1", "sales", requirement=wished), 12.5)
    assert engine.floor.router.lines["sales"].position("c1", 12.5) == 1
    assert why_waiting(engine.floor, engine.floor.calls["c1"], 13.0).position == 1
    again = Engine(PLAN)
    again.restore([], [Call.from_dict(json.loads(json.dumps(engine.floor.calls["c1"].to_dict())))], 14.0)
    again.handle(events.CallerReturned("c1"), 15.0)
    assert again.floor.router.lines["sales"].position("c1", 15.0) == 1


def test_a_talk_in_the_fallback_queue_is_noted_with_the_time_it_began() -> None:
    engine = centre()
    engine.handle(events.DispatchSuspended(), 10.0)
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    call = engine.floor.calls["c1"]
    engine.handle(events.FallbackServed("c1"), 20.0)
    engine.handle(events.FallbackServed("c1", "emil", at=25.0), 60.0)
    for again in (events.FallbackServed("c1", "emil", at=26.0), events.FallbackServed("c1", over=True)):
        engine.handle(again, 70.0)
    assert call.facts[2:] == [facts.FellBack(20.0), facts.FellBack(25.0, "emil")]
    engine.handle(events.CallEnded("c1", EndedBy.SYSTEM), 71.0)
    assert call.facts[-1] == facts.Ended(71.0, EndedBy.AGENT)


def test_an_offer_that_came_to_nothing_meanwhile_does_not_put_the_end_off() -> None:
    """It rang when the controller died; the fallback queue connected somebody else, and that talk is over."""
    engine = centre()
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    call = engine.floor.calls["c1"]
    rung = call.agent
    assert rung is not None
    engine.handle(events.DispatchSuspended(), 60.0)
    engine.handle(events.FallbackServed("c1", "emil", at=25.0), 60.0)
    engine.handle(events.FloorSeen(frozenset(), {"c1": 40.0}), 60.1)
    assert call.facts[-3:] == [
        facts.FellBack(25.0, "emil"),
        facts.OfferFailed(25.0, rung, facts.OfferFailure.WITHDRAWN),
        facts.Ended(40.0, EndedBy.UNKNOWN),
    ]


def test_news_that_come_late_are_of_when_it_happened() -> None:
    """The manager interface stood still: ring, answer and end are heard of at once."""
    engine = centre()
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    call = engine.floor.calls["c1"]
    engine.handle(events.OfferAlerting("c1", at=12.2), 20.0)
    engine.handle(events.OfferAnswered("c1", at=12.8), 20.0)
    engine.handle(events.CallEnded("c1", at=17.0), 20.0)
    told = [fact.at for fact in call.facts if isinstance(fact, facts.Alerted | facts.Answered | facts.Ended)]
    assert told == [12.2, 12.8, 17.0]


@pytest.mark.parametrize("who", ["phone", "channel"])
def test_an_agents_hang_up_that_is_read_late_moves_no_end(who: str) -> None:
    """Heard of together, 3 s late: the talk, and the call, ended when they did; wrap-up is since then."""
    engine = centre()
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    engine.handle(events.OfferAnswered("c1"), 13.0)
    call = engine.floor.calls["c1"]
    agent = engine.floor.agents[call.agent or ""]
    phone = agent.phone or ""
    if who == "phone":
        engine.handle(events.AgentDisconnected("c1", phone, at=17.0), 20.0)
    else:
        engine.handle(events.AgentHungUp("c1", at=17.0), 20.0)
    engine.handle(events.CallEnded("c1", EndedBy.SYSTEM, at=17.1), 20.0)
    assert agent.state is AgentState.WRAP_UP
    assert agent.since == 20.0  # what was shown of the agent stays as it was shown
    assert call.facts[-3:] == [
        facts.AgentLeft(17.0, agent.id),
        facts.WrapUpStarted(17.0, agent.id),
        facts.Ended(17.1, EndedBy.AGENT),
    ]


def test_a_talk_cannot_have_begun_before_what_is_known() -> None:
    engine = centre()
    engine.handle(events.DispatchSuspended(), 10.0)
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    engine.handle(events.ConversationFound("c1", "1001", at=11.0), 60.0)
    found = engine.floor.calls["c1"].facts[2:]
    assert found == [facts.FellBack(12.0, "anna"), facts.Answered(12.0, "anna")]


def test_two_callers_on_one_phone_both_talk() -> None:
    """Asterisk's own queues at two nodes may connect them; neither is to be rung for."""
    engine = centre()
    engine.handle(events.DispatchSuspended(), 10.0)
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    engine.handle(events.ConversationFound("c1", "1001", at=13.0), 20.0)
    engine.handle(events.CallArrived("c2", CallKind.INBOUND, "+49", "", "8001", at=12.5), 20.0)
    engine.handle(events.CallQueued("c2", "sales"), 20.0)
    engine.handle(events.ConversationFound("c2", "1001", at=14.0), 20.0)
    second = engine.floor.calls["c2"]
    assert second.facts[-1] == facts.FellBack(20.0, "anna")
    assert (engine.floor.agents["anna"].call_id, second.present) == ("c1", False)
    engine.handle(events.CallEnded("c2"), 30.0)
    assert [(v.outcome, v.agent) for v in fold("c2", second.facts).visits] == [
        (VisitOutcome.ANSWERED, "anna")
    ]


def test_a_ring_that_was_given_up_is_answered_all_the_same() -> None:
    """Asterisk's own queue had the agent's phone first; the phone took our call as its second one."""
    engine = centre()
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    first = engine.floor.calls["c1"]
    agent = first.agent
    phone = engine.floor.agents[first.agent or ""].phone or ""
    engine.handle(events.CallArrived("c2", CallKind.INBOUND, "+49", "", "8001"), 12.5)
    engine.handle(events.ConversationFound("c2", phone, at=12.8), 13.0)
    assert (first.state, first.present) == (CallState.WAITING, False)
    engine.handle(events.OfferAnswered("c1", phone), 13.1)
    engine.handle(events.CallEnded("c1"), 30.0)
    visit = fold("c1", first.facts).visits[0]
    assert (visit.outcome, visit.agent) == (VisitOutcome.ANSWERED, agent)


def test_an_answer_of_a_caller_who_has_asked_again_is_old() -> None:
    engine = centre()
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    call = engine.floor.calls["c1"]
    phone = engine.floor.agents[call.agent or ""].phone or ""
    engine.handle(events.OfferEnded("c1", OfferFailure.DECLINED), 13.0)
    before = list(call.facts)
    engine.handle(events.OfferAnswered("c1", phone), 13.1)
    assert call.facts == before


def test_a_calls_history() -> None:
    engine = centre()
    engine.handle(events.FlowStarted("c1", "main"), 10.0)
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    engine.handle(events.OfferAlerting("c1"), 12.5)
    engine.handle(events.OfferEnded("c1", OfferFailure.DECLINED), 13.0)
    engine.handle(events.OfferAnswered("c1"), 15.0)
    call = engine.floor.calls["c1"]
    engine.handle(events.CallEnded("c1", at=20.0), 21.0)
    engine.handle_timer(31.0)
    assert [(type(f).__name__, f.at) for f in call.facts] == [
        ("Arrived", 10.0),
        ("FlowEntered", 10.0),
        ("Queued", 12.0),
        ("Offered", 12.0),
        ("Alerted", 12.5),
        ("OfferFailed", 13.0),
        ("Offered", 13.0),
        ("Answered", 15.0),
        ("Ended", 20.0),
        ("WrapUpStarted", 21.0),
        ("WrapUpEnded", 31.0),
    ]


def test_intervals_name_the_call_that_the_time_was_spent_on() -> None:
    engine = centre()
    out = engine.handle(events.CallQueued("c1", "sales"), 12.0)
    out += engine.handle(events.OfferAnswered("c1"), 15.0)
    out += engine.handle(events.CallEnded("c1"), 20.0)
    out += engine.handle_timer(30.0)
    intervals = [c.interval for c in out if isinstance(c, StoreInterval)]
    assert [(i.state, i.since, i.until, i.call_id) for i in intervals] == [
        ("ready", 0.0, 12.0, None),
        ("ringing", 12.0, 15.0, "c1"),
        ("talking", 15.0, 20.0, "c1"),
        ("wrap_up", 20.0, 30.0, "c1"),
    ]


def test_time_never_goes_back() -> None:
    engine = centre()
    engine.handle(events.FlowStarted("c1", "main"), 20.0)
    engine.handle(events.CallQueued("c1", "sales"), 15.0)
    assert [fact.at for fact in engine.floor.calls["c1"].facts[1:]] == [20.0, 20.0, 20.0]


def test_kept_state_of_a_smaller_plan_is_taken_up_by_those_who_are_left() -> None:
    """Anna and the group sales are no longer configured; her caller and her wrap-up are not lost."""
    engine = centre()
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    engine.handle(events.OfferAnswered("c1"), 13.0)
    engine.handle(events.CallEnded("c1"), 14.0)  # anna in wrap-up
    for call_id in ("c2", "c3"):  # ben is rung for c2, c3 waits
        engine.handle(events.CallArrived(call_id, CallKind.INBOUND, "0301", "", "8001"), 15.0)
        engine.handle(events.CallQueued(call_id, "sales"), 15.0)
    engine.handle(events.CallArrived("c4", CallKind.INTERNAL, "1001", "", "8002", None, "anna"), 16.0)
    floor = engine.floor
    agents = [Agent.from_dict(json.loads(json.dumps(a.to_dict()))) for a in floor.agents.values()]
    calls = [Call.from_dict(json.loads(json.dumps(c.to_dict()))) for c in floor.calls.values()]
    plan = Plan(
        agents={name: p for name, p in PLAN.agents.items() if name != "anna"},
        groups={name: g for name, g in PLAN.groups.items() if name != "sales"},
    )
    smaller = Engine(plan)
    smaller.restore(agents, calls, 20.0)
    assert set(smaller.floor.calls) == {"c1", "c2", "c3", "c4"}
    assert smaller.floor.calls["c3"].state == "ivr"
    refused = smaller.handle(events.OfferEnded("c2", OfferFailure.NO_ANSWER), 21.0)
    assert smaller.floor.calls["c2"].state == "ivr"
    assert [type(c).__name__ for c in refused][:2] == ["StoreInterval", "RefuseDirect"]
    smaller.handle(events.CallEnded("c4"), 22.0)
    assert "anna" in smaller.floor.agents
    smaller.handle_timer(24.0)  # her wrap-up is over
    assert set(smaller.floor.calls) == {"c2", "c3"}
    assert "anna" not in smaller.floor.agents


def test_news_of_an_earlier_ring_says_nothing_about_the_present_one() -> None:
    """AMI and FastAGI are not ordered against each other: a late 180 or 200 names its phone."""
    engine = centre()
    engine.handle(events.FlowStarted("c1", "main"), 10.0)
    engine.handle(events.CallQueued("c1", "sales"), 12.0)
    call = engine.floor.calls["c1"]
    phone = engine.floor.agents[call.agent or ""].phone
    engine.handle(events.OfferAlerting("c1", "some-other-phone"), 12.5)
    assert not call.alerted
    engine.handle(events.OfferAnswered("c1", "some-other-phone"), 12.6)
    assert call.state is CallState.RINGING
    engine.handle(events.OfferAlerting("c1", phone), 12.7)
    assert call.alerted
    engine.handle(events.OfferAnswered("c1", phone), 12.8)
    assert call.state is CallState.TALKING


def test_a_callback_that_was_lost_stands_in_line_as_old_as_it_is() -> None:
    """In `back` one that was not reached is tried again after 60 s, and given up after 600 s in all."""
    back = replace(EVERYTHING.groups["back"], steps=())
    engine = Engine(replace(EVERYTHING, groups={"back": back}))
    engine.handle(events.CallArrived("c1", CallKind.INBOUND, "0301", "", "8001"), 900.0)
    engine.handle(events.CallQueued("c1", "back"), 900.0)
    placed = CallbackPlaced("old", "gone", "back", "+49302", "en", wanted_at=700.0)
    engine.handle(placed, 1000.0)
    engine.handle(replace(placed, call_id="tried", tries=1, tried_at=960.0), 1000.0)
    old, tried = engine.floor.calls["old"], engine.floor.calls["tried"]
    assert (old.waiting_since, old.expires_at, old.try_at, old.tries) == (700.0, 1300.0, None, 0)
    assert list(engine.floor.router.lines["back"].in_order(1000.0)) == ["old", "c1"]
    assert (tried.tries, tried.try_at, tried.present) == (1, 1020.0, False)
    engine.handle_timer(1020.0)
    assert list(engine.floor.router.lines["back"].in_order(1020.0)) == ["old", "tried", "c1"]
    engine.handle_timer(1300.0)
    assert set(engine.floor.calls) == {"c1"}
