"""The rules of agents' work by themselves, and what agents are counted by."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from acd.core import events, facts
from acd.core.agents import Agent, AgentState
from acd.core.engine import Engine
from acd.core.facts import CallKind, OfferFailure, WrapUpEnd
from acd.core.plan import Plan
from acd.core.work_rules import (
    DEFAULT_MISSED_RINGS,
    EXTENDED_TO_S,
    SYSTEM_REASONS,
    MissRule,
    Reason,
    WorkLimits,
    WrapUpMode,
    WrapUpRule,
)
from acd.errors import RequestRefused
from tests.core.centre import PLAN, STRICT


def engine_of(plan: Plan, *agents: str) -> Engine:
    """These agents are ready on their own phones since 0."""
    engine = Engine(plan)
    for agent in agents:
        phone = plan.agents[agent].extension
        engine.handle(events.PhoneChanged(phone, reachable=True, in_use=False), 0.0)
        engine.handle(events.AgentLoggedIn(agent, phone), 0.0)
        engine.handle(events.AgentWentReady(agent), 0.0)
    return engine


def test_the_usual_rules_name_every_cause_but_withdrawn_and_a_reason_that_has_a_name() -> None:
    assert set(DEFAULT_MISSED_RINGS) == set(OfferFailure) - {OfferFailure.WITHDRAWN}
    assert {rule.reason for rule in DEFAULT_MISSED_RINGS.values()} <= set(SYSTEM_REASONS)
    assert all({"en", "zh"} <= reason.labels.keys() for reason in SYSTEM_REASONS.values())


@pytest.mark.parametrize(("misses", "back_off_s"), [(1, 5), (2, 15), (3, 45), (4, 60), (10**9, 60)])
def test_the_back_off_grows_to_its_limit(misses: int, back_off_s: float) -> None:
    assert MissRule("rona", 0, 5, 3, 60).back_off(misses) == back_off_s


def test_a_back_off_that_does_not_grow() -> None:
    assert MissRule("rona", 0, 5, 1, 60).back_off(10**9) == 5


def test_how_long_a_wrap_up_may_be() -> None:
    assert WrapUpRule.timed(0).mode is WrapUpMode.NONE
    assert (WrapUpRule.timed(20).lasts_s, WrapUpRule.timed(20).limit_s) == (20, EXTENDED_TO_S)
    assert WrapUpRule.timed(900).limit_s == 900
    assert WrapUpRule(max_s=40).limit_s == 40
    released = WrapUpRule(WrapUpMode.UNTIL_RELEASED)
    assert (released.lasts_s, released.limit_s) == (None, None)
    assert replace(released, max_s=60).lasts_s == 60


@pytest.mark.parametrize(
    ("language", "label"), [("en", "Lunch"), ("zh_CN", "午餐"), ("zh", "午餐"), ("fr", "Lunch")]
)
def test_a_reason_has_a_name_in_each_language(language: str, label: str) -> None:
    assert Reason({"zh": "午餐", "en": "Lunch"}).label(language) == label
    assert Reason({"de": "Pause"}).label(language) == "Pause"


# --- counters ---------------------------------------------------------------------------------
def customer_calls(engine: Engine, call_id: str, group: str, at: float) -> None:
    """Answered after a second, over after another."""
    engine.handle(events.CallArrived(call_id, CallKind.INBOUND, "0301", "", "8001"), at)
    engine.handle(events.CallQueued(call_id, group), at)
    engine.handle(events.OfferAnswered(call_id), at + 1)
    engine.handle(events.CallEnded(call_id), at + 2)


def test_what_routing_can_go_by() -> None:
    engine = engine_of(PLAN, "dora")
    dora = engine.floor.agents["dora"]
    engine.handle(events.DayBegan("2026-12-23"), 0.0)
    customer_calls(engine, "c1", "support", 10.0)
    assert (dora.login_at, dora.calls_taken, dora.calls_today) == (0.0, 1, 1)
    assert dora.busy_s_at(14.0) == 4.0  # ringing, talking and so far of the wrap-up
    engine.handle_timer(17.0)
    assert (dora.state, dora.busy_s_at(99.0)) == (AgentState.READY, 7.0)
    engine.handle(events.AgentLoggedOut("dora"), 100.0)
    assert "login_at" not in dora.to_dict()
    engine.handle(events.AgentLoggedIn("dora", "1004"), 120.0)
    assert (dora.login_at, dora.calls_taken, dora.busy_s, dora.calls_today) == (120.0, 0, 0.0, 1)


def test_a_colleagues_call_is_no_customers_until_it_becomes_one() -> None:
    engine = engine_of(PLAN, "anna", "dora")
    anna, dora = engine.floor.agents["anna"], engine.floor.agents["dora"]
    engine.handle(events.CallArrived("c1", CallKind.INBOUND, "0301", "", "8001"), 1.0)
    engine.handle(events.CallQueued("c1", "sales"), 1.0)
    engine.handle(events.OfferAnswered("c1"), 2.0)
    engine.handle(events.CallArrived("c2", CallKind.INTERNAL, "1001", "", "1004", None, "anna"), 3.0)
    engine.handle(events.CallDirected("c2", "dora"), 3.0)
    engine.handle(events.OfferAnswered("c2"), 4.0)
    assert (anna.calls_taken, dora.calls_taken) == (1, 0)
    engine.handle(events.CallAttendedTransferred("c1", "c2"), 5.0)
    assert (anna.calls_taken, dora.calls_taken) == (1, 1)


# --- facts ------------------------------------------------------------------------------------
def test_the_call_knows_how_its_wrap_up_ended_and_how_often_it_was_extended() -> None:
    engine = engine_of(STRICT, "dora")
    engine.handle(events.CallArrived("c1", CallKind.INBOUND, "0301", "", "8001"), 1.0)
    engine.handle(events.CallQueued("c1", "support"), 1.0)
    engine.handle(events.OfferAnswered("c1"), 2.0)
    call = engine.floor.calls["c1"]
    engine.handle(events.CallEnded("c1"), 3.0)
    engine.handle(events.WrapUpExtended("dora"), 4.0)
    engine.handle(events.WrapUpExtended("dora"), 5.0)
    engine.handle_timer(28.0)
    assert call.facts[-4:] == [
        facts.WrapUpStarted(3.0, "dora"),
        facts.WrapUpExtended(4.0, "dora", 10),
        facts.WrapUpExtended(5.0, "dora", 10),
        facts.WrapUpEnded(28.0, "dora", WrapUpEnd.TIME),
    ]


@pytest.mark.parametrize(
    ("group", "event", "how"),
    [
        ("sales", None, WrapUpEnd.LIMIT),
        ("sales", events.WrapUpDone("ben"), WrapUpEnd.AGENT),
        ("sales", events.AgentWentReady("ben"), WrapUpEnd.AGENT),
    ],
)
def test_what_ended_a_wrap_up(group: str, event: events.Event | None, how: WrapUpEnd) -> None:
    engine = engine_of(STRICT, "ben")
    engine.handle(events.CallArrived("c1", CallKind.INBOUND, "0301", "", "8001"), 1.0)
    engine.handle(events.CallQueued("c1", group), 1.0)
    engine.handle(events.OfferAnswered("c1"), 2.0)
    call = engine.floor.calls["c1"]
    engine.handle(events.CallEnded("c1"), 3.0)
    if event is None:
        engine.handle_timer(63.0)
    else:
        engine.handle(event, 4.0)
    assert call.facts[-1] == facts.WrapUpEnded(call.facts[-1].at, "ben", how)


# --- the mirror -------------------------------------------------------------------------------
def kept(**changed: Any) -> dict[str, Any]:
    """An agent as the mirror keeps one."""
    agent = Agent("anna", AgentState.READY, 5.0, phone="1001", misses={"busy": 2}, login_at=1.0)
    data: dict[str, Any] = json.loads(json.dumps(agent.to_dict()))
    return {**data, **changed}


def test_an_agent_survives_the_mirror() -> None:
    assert Agent.from_dict(kept()).to_dict() == kept()


def test_what_other_versions_kept_is_taken_up_as_far_as_it_is_known() -> None:
    older = {"id": "anna", "state": "ready", "since": 5.0, "phone": "1001", "busy_until": 7.0, "wrap_up_s": 9}
    same = {"state": AgentState.READY, "since": 5.0, "ready_since": 5.0, "idle_since": 5.0}
    assert Agent.from_dict(older) == Agent("anna", **same, phone="1001")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [{"state": "asleep"}, {"misses": None}, {"misses": {"busy": "x"}}, {"busy_s": "much"}, {"since": None}],
)
def test_what_cannot_be_an_agent_is_set_aside_by_the_shell(wrong: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Agent.from_dict(kept(**wrong))


def test_a_request_for_a_system_reason_says_so() -> None:
    engine = engine_of(PLAN, "anna")
    for code in SYSTEM_REASONS:
        with pytest.raises(RequestRefused, match="is set by the system only"):
            engine.handle(events.AgentWentNotReady("anna", code), 1.0)


def test_a_reload_makes_a_rest_shorter() -> None:
    def strict(rest_s: float) -> Plan:
        anna = replace(PLAN.agents["anna"], limits=WorkLimits(None, 1, rest_s))
        return replace(STRICT, agents={**STRICT.agents, "anna": anna})

    engine = engine_of(strict(1000), "anna")
    engine.handle(events.CallArrived("c1", CallKind.INBOUND, "", "", ""), 1.0)
    engine.handle(events.CallQueued("c1", "experts"), 1.0)
    engine.handle(events.OfferAnswered("c1"), 2.0)
    engine.handle(events.CallEnded("c1"), 10.0)
    anna = engine.floor.agents["anna"]
    assert (anna.reason, anna.rest_until) == ("rest", 1010.0)
    engine.handle(events.PlanChanged(strict(20)), 15.0)
    assert (anna.reason, anna.rest_until, engine.next_deadline()) == ("rest", 30.0, 30.0)
    engine.handle_timer(30.0)
    assert anna.state is AgentState.READY


def test_a_wrap_up_whose_call_was_lost_is_not_extended() -> None:
    engine = Engine(STRICT)
    kept = Agent("anna", AgentState.WRAP_UP, phone="1001", wrap_up_call_id="c1", wrap_up_until=50.0)
    engine.restore([kept], [], 10.0)
    with pytest.raises(RequestRefused, match="the call that anna wraps up was not kept"):
        engine.handle(events.WrapUpExtended("anna"), 11.0)
    engine.handle_timer(50.0)
    assert engine.floor.agents["anna"].state is AgentState.READY
