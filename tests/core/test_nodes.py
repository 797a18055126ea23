"""Several Asterisk nodes: one that is away, one that dies, one that cannot ring a phone."""

from __future__ import annotations

import random

import pytest

from acd.core import events, facts, lost_calls, snapshot
from acd.core.agents import AgentState
from acd.core.callback_events import CallbackNotReached, CallbackPlaced
from acd.core.calls import Call, CallState
from acd.core.commands import (
    LeaveLine,
    LostCallChanged,
    LostCallForgotten,
    Offer,
    RefuseDirect,
    StoreCall,
)
from acd.core.engine import Engine
from acd.core.fact_json import fact_from_dict, fact_to_dict
from acd.core.facts import CallKind, EndedBy, OfferFailure
from acd.core.forecast import Forecast
from acd.core.outside_facts import DialFailure
from acd.core.paces import Paces
from acd.core.plan import AgentProfile, GroupPolicy, Plan, Ring
from acd.core.requirement import Requirement
from acd.records.fact_parts import Part, new_part, together
from acd.records.fold import fold, utc
from acd.records.record import SegmentKind, SegmentOutcome
from tests.core import centre
from tests.core.page_forms import unknown_to_pages

SALES = GroupPolicy(
    "sales", "Sales", Requirement.parse("sales"), rings=(Ring(20.0, Requirement.parse("any")),)
)
PLAN = Plan(
    {
        "anna": AgentProfile("anna", "Anna", "1001", {"sales": 5}),
        "ben": AgentProfile("ben", "Ben", "1002", {"sales": 5}),
    },
    {"sales": SALES},
)


class Floor:
    """An engine with agents at work, in this order, each ready for a second longer than the next."""

    def __init__(self, *agents: str) -> None:
        self.engine = Engine(PLAN)
        self.now = 0.0
        for agent in agents:
            phone = PLAN.agents[agent].extension
            self.tell(events.PhoneChanged(phone, True, False))
            self.tell(events.AgentLoggedIn(agent, phone))
            self.tell(events.AgentWentReady(agent))

    def tell(self, event: events.Event) -> list[tuple[str, str]]:
        """A second later; the offers: call and agent."""
        self.now += 1
        self.told = self.engine.handle(event, self.now)
        return [(c.call_id, c.agent) for c in self.told if isinstance(c, Offer)]

    def arrives(self, call_id: str, node: str, **queued: object) -> list[tuple[str, str]]:
        """A caller at this node, into the line."""
        self.tell(events.CallArrived(call_id, CallKind.INBOUND, "+49301", "", "100", node=node))
        return self.tell(events.CallQueued(call_id, "sales", **queued))  # type: ignore[arg-type]

    def is_found(self, call_id: str, node: str, phone: str) -> None:
        """It was taken for lost with its node, and its caller talks on this phone."""
        self.tell(events.FloorSeen(frozenset({call_id}), node=node))
        self.tell(events.CallArrived(call_id, CallKind.INBOUND, "+49301", "", "100", node=node))
        self.tell(events.ConversationFound(call_id, phone))

    def call(self, call_id: str) -> Call:
        """Of the floor."""
        return self.engine.floor.calls[call_id]

    def position(self, call_id: str) -> int | None:
        """Its place in line."""
        return self.engine.floor.router.lines["sales"].position(call_id, self.now)


def test_who_waits_at_a_node_that_is_away_keeps_the_place_and_holds_nobody_up() -> None:
    floor = Floor()
    floor.arrives("b1", "b")
    floor.arrives("a1", "a")
    floor.tell(events.NodeSuspended("b"))
    assert (floor.position("b1"), floor.position("a1")) == (1, 2)
    floor.tell(events.PhoneChanged("1001", True, False))
    floor.tell(events.AgentLoggedIn("anna", "1001"))
    assert floor.tell(events.AgentWentReady("anna")) == [("a1", "anna")]
    floor.arrives("b2", "b")
    floor.tell(events.PhoneChanged("1002", True, False))
    floor.tell(events.AgentLoggedIn("ben", "1002"))
    assert floor.tell(events.AgentWentReady("ben")) == []
    assert floor.tell(events.NodeResumed("b")) == [("b1", "ben")]
    assert floor.call("b2").state is CallState.WAITING


def test_nobody_is_led_out_of_the_line_at_a_node_that_is_away() -> None:
    floor = Floor()
    floor.arrives("b1", "b", max_wait_s=30.0)
    floor.tell(events.NodeSuspended("b"))
    for at in (25.0, 40.0):  # a ring and the longest wait are due
        assert floor.engine.handle_timer(at) == [] or floor.call("b1").state is CallState.WAITING
    floor.now = 40.0
    floor.tell(events.NodeResumed("b"))
    assert [c.call_id for c in floor.told if isinstance(c, LeaveLine)] == ["b1"]


def test_a_dead_node_takes_its_calls_and_no_others() -> None:
    floor = Floor("anna", "ben")
    assert floor.arrives("b1", "b") == [("b1", "anna")]
    floor.tell(events.OfferAnswered("b1", "1001"))
    assert floor.arrives("a1", "a") == [("a1", "ben")]
    floor.tell(events.OfferAnswered("a1", "1002"))
    floor.arrives("b2", "b")
    floor.arrives("b3", "b")
    floor.tell(events.NodeSuspended("b"))
    lost = floor.call("b1"), floor.call("b2")
    floor.tell(events.FloorSeen(frozenset({"b3"}), node="b", lost=True))
    for call in lost:
        assert call.facts[-1 if call.id == "b2" else -2] == facts.Ended(floor.now, EndedBy.NODE, "b")
    assert floor.engine.floor.agents["anna"].state is AgentState.WRAP_UP
    assert floor.call("a1").state is CallState.TALKING
    assert floor.call("b3").state is CallState.WAITING  # it came since


@pytest.mark.parametrize("wraps_up", [True, False])
def test_a_talk_that_was_taken_for_lost_goes_on(wraps_up: bool) -> None:
    floor = Floor("anna")
    assert floor.arrives("b1", "b") == [("b1", "anna")]
    floor.tell(events.OfferAnswered("b1", "1001"))
    call = floor.call("b1")
    floor.tell(events.NodeSuspended("b"))
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    known = list(call.facts)
    if not wraps_up:
        floor.tell(events.WrapUpDone("anna"))
        assert "b1" not in floor.engine.floor.calls
    assert snapshot.engine_of(snapshot.take(floor.engine.floor)).floor.lost["b1"].facts == call.facts
    floor.is_found("b1", "b", "1001")
    assert floor.call("b1") is call
    assert (call.state, call.agent, call.group) == (CallState.TALKING, "anna", "sales")
    assert floor.engine.floor.agents["anna"].state is AgentState.TALKING
    floor.tell(events.CallEnded("b1", EndedBy.CALLER))
    assert call.facts[: len(known)] == known
    record = fold("b1", call.facts)
    assert (record.ended_by, [visit.outcome.value for visit in record.visits]) == (
        EndedBy.CALLER,
        ["answered"],
    )
    talks = [(s.group, s.agent, s.outcome) for s in record.segments if s.kind is SegmentKind.TALKING]
    assert talks == [
        ("sales", "anna", SegmentOutcome.LOST),
        ("sales", "anna", SegmentOutcome.CALLER_HUNG_UP),
    ]


def test_an_own_call_that_is_found_again_is_beside_what_its_agent_has_dialled_since() -> None:
    floor = Floor("anna")
    for call_id in ("b1", "a1"):
        floor.tell(events.CallArrived(call_id, CallKind.INTERNAL, "1001", "", "1002", None, "anna", node="b"))
        if call_id == "b1":
            floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    floor.tell(events.CallArrived("b1", CallKind.INTERNAL, "1001", "", "1002", None, "anna", node="b"))
    anna = floor.engine.floor.agents["anna"]
    assert anna.own_call_id == "a1"
    floor.tell(events.CallEnded("a1", EndedBy.CALLER))
    assert (anna.own_call_id, anna.state) == ("b1", AgentState.TALKING)
    floor.tell(events.CallEnded("b1", EndedBy.CALLER))
    assert floor.engine.floor.agents["anna"].own_call_id is None
    assert floor.engine.floor.agents["anna"].state is AgentState.READY


def test_a_talk_that_goes_on_is_one_call_of_its_agent() -> None:
    floor = Floor("anna")
    floor.tell(events.DayBegan("2026-12-24"))
    assert floor.arrives("b1", "b") == [("b1", "anna")]
    floor.tell(events.OfferAnswered("b1", "1001"))
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    floor.is_found("b1", "b", "1001")
    anna = floor.engine.floor.agents["anna"]
    assert (anna.calls_taken, anna.calls_today, anna.calls_in_a_row) == (1, 1, 1)


def test_who_had_left_the_caller_before_the_loss_goes_on_with_nothing() -> None:
    """The caller was in a survey, and got to the same agent by the node's own queue."""
    floor = Floor("anna")
    assert floor.arrives("b1", "b") == [("b1", "anna")]
    floor.tell(events.OfferAnswered("b1", "1001"))
    floor.tell(events.AgentDisconnected("b1", "1001"))
    floor.tell(events.FlowStarted("b1", "survey", "v1"))
    floor.tell(events.WrapUpDone("anna"))
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    floor.is_found("b1", "b", "1001")
    assert [type(fact) for fact in floor.call("b1").facts[-3:]] == [
        facts.Returned,
        facts.FellBack,
        facts.Answered,
    ]
    assert floor.engine.floor.agents["anna"].calls_taken == 2


def test_a_talk_goes_on_once() -> None:
    """Lost again while the caller waits, the call is with the same agent by the node's own queue."""
    floor = Floor("anna")
    assert floor.arrives("b1", "b") == [("b1", "anna")]
    floor.tell(events.OfferAnswered("b1", "1001"))
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    floor.is_found("b1", "b", "1001")
    call = floor.call("b1")
    assert not any(isinstance(fact, facts.FellBack) for fact in call.facts)
    floor.tell(events.CallBlindTransferred("b1", "8001"))
    floor.tell(events.CallQueued("b1", "sales"))
    floor.tell(events.WrapUpDone("anna"))  # she is offered it, and does not answer
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    floor.is_found("b1", "b", "1001")
    assert isinstance(call.facts[-2], facts.FellBack)


def test_who_waited_when_a_node_was_taken_for_dead_goes_on() -> None:
    floor = Floor()
    floor.arrives("b1", "b")
    call = floor.call("b1")
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    floor.arrives("b1", "b")
    assert floor.call("b1") is call
    assert floor.position("b1") == 1
    assert call.waiting_since == call.arrived_at
    floor.tell(events.CallEnded("b1", EndedBy.CALLER))
    record = fold("b1", call.facts)
    assert [visit.outcome.value for visit in record.visits] == ["left", "abandoned"]
    assert record.ended_by is EndedBy.CALLER


@pytest.mark.parametrize("over", [True, False])
def test_who_was_served_by_the_queue_of_a_node_taken_for_dead_has_been_answered(over: bool) -> None:
    """The caller asks once more, or Asterisk's account tells it."""
    floor = Floor()
    floor.arrives("b1", "b")
    call = floor.call("b1")
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    at = floor.now + 0.25
    floor.now += 60.0
    floor.tell(events.FallbackServed("b1", "anna", at, over=over))
    if over:
        floor.tell(events.CallEnded("b1", EndedBy.CALLER, at=at + 30.0))
    else:
        floor.tell(events.FloorSeen(frozenset(), {"b1": at + 30.0}, node="b"))
    record = fold("b1", call.facts)
    assert [(v.outcome.value, v.agent, v.talk_s) for v in record.visits] == [("answered", "anna", 30.0)]
    assert record.ended_by is (EndedBy.AGENT if over else EndedBy.UNKNOWN)
    assert "b1" not in {**floor.engine.floor.calls, **floor.engine.floor.lost}


def test_what_ended_at_a_node_that_was_taken_for_dead_ended_when_its_account_says() -> None:
    floor = Floor("anna")
    assert floor.arrives("b1", "b") == [("b1", "anna")]
    floor.tell(events.OfferAnswered("b1", "1001"))
    floor.arrives("b2", "b")
    floor.arrives("b3", "b")
    lost = [floor.call(call_id) for call_id in ("b1", "b2", "b3")]
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    floor.tell(events.WrapUpDone("anna"))
    lost_at, at = floor.now - 1.0, floor.now + 20.0
    floor.now += 60.0
    waited_from = next(fact.at for fact in lost[1].facts if isinstance(fact, facts.Queued))
    waited_until = lost_at - 0.5
    ended_at = {"b1": at, "b2": waited_until}
    floor.tell(events.FloorSeen(frozenset(), ended_at, frozenset({"b1"}), node="b"))
    assert [c for c in floor.told if isinstance(c, StoreCall)] == [StoreCall(call) for call in lost[:2]]
    talk, wait, gone = (fold(call.id, call.facts) for call in lost)
    assert (talk.ended_by, talk.ended_at) == (EndedBy.AGENT, utc(at))
    assert [(visit.agent, visit.talk_s) for visit in talk.visits] == [("anna", lost_at - 6.0)]
    assert (wait.ended_by, wait.ended_at) == (EndedBy.UNKNOWN, utc(waited_until)), "long before it was lost"
    assert [visit.outcome.value for visit in wait.visits] == ["abandoned"]
    assert [visit.wait_s for visit in wait.visits] == [pytest.approx(waited_until - waited_from)]
    assert (gone.ended_by, [visit.outcome.value for visit in gone.visits]) == (EndedBy.NODE, ["left"])
    assert floor.engine.floor.agents["anna"].state is AgentState.READY
    assert floor.engine.floor.lost == {}


@pytest.mark.parametrize("answered", [True, False])
def test_an_end_before_the_loss_is_when_it_was(answered: bool) -> None:
    """Of a caller for whom a phone rang, and of one whose agent has had after-call work since the loss."""
    floor = Floor("anna")
    floor.arrives("b1", "b")
    call, at = floor.call("b1"), floor.now
    if answered:
        floor.tell(events.OfferAnswered("b1", "1001"))
        at = floor.now + 0.5
    floor.now += 12.0
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    if answered:
        floor.tell(events.WrapUpDone("anna"))
    floor.now += 5.0
    floor.tell(events.FloorSeen(frozenset(), {"b1": at}, frozenset({"b1"}), node="b"))
    record = fold("b1", call.facts)
    (visit,) = record.visits
    assert record.ended_at == utc(at)
    assert (visit.outcome.value, visit.talk_s) == (("answered", 0.5) if answered else ("abandoned", 0.0))
    assert visit.wrap_up_s == (1.0 if answered else 0.0)


def test_a_talk_before_the_loss_is_when_it_was() -> None:
    """With the node's own queue, as its account tells, or the caller who asks once more."""
    floor = Floor("anna")
    floor.arrives("c1", "a")  # rings her
    floor.arrives("b1", "b")
    call, queued_at = floor.call("b1"), floor.now
    floor.now += 12.0
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    floor.now += 5.0
    floor.tell(events.FallbackServed("b1", "ben", queued_at + 4.0, over=True))
    floor.tell(events.CallEnded("b1", EndedBy.CALLER, at=queued_at + 9.0))
    record = fold("b1", call.facts)
    assert [(v.outcome.value, v.agent, v.wait_s, v.talk_s) for v in record.visits] == [
        ("answered", "ben", 4.0, 5.0)
    ]
    assert record.ended_at == utc(queued_at + 9.0)


def test_a_talk_that_began_before_the_loss_and_goes_on() -> None:
    """With the node's own queue, and found when the node is there again."""
    floor = Floor("anna")
    floor.arrives("c1", "a")
    floor.arrives("b1", "b")
    call, queued_at = floor.call("b1"), floor.now
    floor.tell(events.CallEnded("c1", EndedBy.CALLER))
    floor.now += 12.0
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    floor.now += 5.0
    floor.tell(events.FloorSeen(frozenset({"b1"}), node="b"))
    floor.tell(events.FallbackServed("b1", "anna", queued_at + 4.0))
    floor.tell(events.ConversationFound("b1", "1001", queued_at + 4.0))
    assert floor.engine.floor.agents["anna"].state is AgentState.TALKING
    floor.tell(events.CallEnded("b1", EndedBy.CALLER))
    record = fold("b1", call.facts)
    assert [(v.outcome.value, v.agent, v.wait_s) for v in record.visits] == [("answered", "anna", 4.0)]
    assert record.visits[0].talk_s == floor.now - queued_at - 4.0


def test_what_a_look_does_not_show_is_lost_for_good() -> None:
    floor = Floor()
    for call_id in ("b1", "b2", "c1"):
        floor.arrives(call_id, call_id[0])
    for node in "bc":
        floor.tell(events.FloorSeen(frozenset(), node=node, lost=True))
    floor.tell(events.FloorSeen(frozenset({"b2"}), node="b"))
    assert sorted(floor.engine.floor.lost) == ["b2", "c1"]


def test_the_oldest_of_too_many_lost_calls_are_forgotten() -> None:
    floor = Floor()
    ids = [f"b{n}" for n in range(lost_calls.KEPT_MAX + 2)]
    for call_id in ids[:2]:
        floor.arrives(call_id, "b")
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    for call_id in ids[2:]:
        floor.tell(events.CallArrived(call_id, CallKind.INBOUND, "+49301", "", "100", node="b"))
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    assert list(floor.engine.floor.lost) == ids[2:]
    forgotten = {c.call_id for c in floor.told if isinstance(c, LostCallForgotten)}
    mirrored = {c.call_id for c in floor.told if isinstance(c, LostCallChanged)}
    assert (forgotten, mirrored) == (set(ids[:2]), set(ids[2:]))


def test_lost_calls_are_forgotten_with_the_day_after_the_next() -> None:
    floor = Floor()
    floor.arrives("b1", "b")
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    lost_at = floor.now
    floor.now += lost_calls.KEPT_S - 2.0
    floor.tell(events.DayBegan("2026-12-24"))
    assert list(floor.engine.floor.lost) == ["b1"]
    floor.tell(events.DayBegan("2026-12-25"))
    assert floor.now - lost_at == lost_calls.KEPT_S
    assert LostCallForgotten("b1") in floor.told
    assert floor.engine.floor.lost == {}


def test_lost_calls_are_taken_up_in_any_order_and_those_that_go_on_are_not_lost() -> None:
    """Redis keeps no order; and a sudden end may have kept only a part of what was told."""
    floor = Floor()
    for call_id in ("b1", "b2", "b3"):
        floor.arrives(call_id, "b")
        if call_id != "b3":
            floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    live = floor.engine.floor
    kept = [Call.from_dict(call.to_dict()) for call in (live.lost["b2"], live.calls["b3"], live.lost["b1"])]
    again = Engine(PLAN)
    kept[0].open_wrap_ups = 1  # which has ended
    told = again.restore([], [Call.from_dict(live.calls["b3"].to_dict())], floor.now, kept)
    assert list(again.floor.lost) == ["b1", "b2"]
    assert [c for c in told if isinstance(c, LostCallForgotten)] == [LostCallForgotten("b3")]
    assert again.floor.calls.keys() == {"b3"}
    assert again.floor.calls["b3"].state is CallState.WAITING
    assert [c.call.finished for c in told if isinstance(c, StoreCall)] == [True]


@pytest.mark.parametrize("came", [0.0, 0.5])
def test_a_controller_that_knew_nothing_of_a_lost_call_adds_to_its_record(came: float) -> None:
    """It knows from the call's id when that came, to about a second."""
    first = [
        facts.Arrived(0.0, CallKind.INBOUND, "+49", "", "100"),
        facts.Queued(1.0, "sales", 0, "", False),
        facts.Offered(2.0, "anna", "1001"),
        facts.Answered(3.0, "anna"),
        facts.Ended(40.0, EndedBy.NODE, "b"),
    ]
    again = [
        facts.Arrived(came, CallKind.INBOUND, "+49", "", "100"),
        facts.FellBack(50.0, "anna"),
        facts.Answered(50.0, "anna"),
        facts.Ended(90.0, EndedBy.CALLER),
    ]
    kept = [Part(0, [fact_to_dict(fact) for fact in first])]
    added = new_part(kept[0].data, [fact_to_dict(fact) for fact in again])
    assert added is not None
    record = fold("b1", [fact_from_dict(data) for data in together([*kept, added])])
    assert record.ended_by is EndedBy.CALLER
    assert [(visit.agent, visit.talk_s) for visit in record.visits] == [("anna", 77.0)]


def test_a_ring_at_a_dead_node_is_nobodys_fault() -> None:
    floor = Floor("anna")
    assert floor.arrives("b1", "b") == [("b1", "anna")]
    floor.tell(events.NodeSuspended("b"))
    assert floor.engine.handle_timer(floor.now + 10) == []  # nobody hears whether the phone rings
    floor.tell(events.FloorSeen(frozenset(), node="b", lost=True))
    assert floor.engine.floor.agents["anna"].state is AgentState.READY


def test_a_phone_that_a_node_cannot_ring() -> None:
    floor = Floor("anna", "ben")
    floor.tell(events.PhoneChanged("1001", True, False, frozenset({"b"})))
    assert floor.arrives("b1", "b") == [("b1", "ben")]  # although anna has been idle for longer
    assert floor.arrives("b2", "b") == []
    assert floor.tell(events.PhoneChanged("1001", True, False)) == [("b2", "anna")]


def lacking_b(floor: Floor, agent: str = "anna") -> None:
    """Node b cannot ring the agent's phone."""
    floor.tell(events.PhoneChanged(PLAN.agents[agent].extension, True, False, frozenset({"b"})))


def test_who_cannot_be_rung_for_the_head_gets_the_first_call_behind_it() -> None:
    floor = Floor()
    for call_id in ("b1", "b2", "a1", "a2"):
        floor.arrives(call_id, call_id[0])
    lacking_b(floor)
    floor.tell(events.AgentLoggedIn("anna", "1001"))
    assert floor.tell(events.AgentWentReady("anna")) == [("a1", "anna")]
    offered = floor.call("a1").facts[-1]
    assert isinstance(offered, facts.Offered)
    assert "before 2 more urgent: this agent's phone is not registered at their node" in offered.reasons
    assert unknown_to_pages(offered.reasons) == []
    assert [floor.position(call_id) for call_id in ("b1", "b2", "a2")] == [1, 2, 3]
    floor.tell(events.OfferAnswered("a1", "1001"))
    floor.tell(events.CallEnded("a1", EndedBy.CALLER))
    assert floor.tell(events.WrapUpDone("anna")) == [("a2", "anna")]


def test_a_call_that_comes_goes_to_one_who_cannot_be_rung_for_those_before_it() -> None:
    floor = Floor("anna")
    lacking_b(floor)
    for call_id in ("b1", "b2"):
        assert floor.arrives(call_id, "b") == []
    assert floor.arrives("a1", "a") == [("a1", "anna")]
    assert floor.arrives("a2", "a") == []
    floor.tell(events.PhoneChanged("1002", True, False))
    floor.tell(events.AgentLoggedIn("ben", "1002"))
    assert floor.tell(events.AgentWentReady("ben")) == [("b1", "ben")]


def test_after_a_suspension_those_behind_the_head_are_served_too() -> None:
    floor = Floor("anna", "ben")
    floor.tell(events.DispatchSuspended())
    lacking_b(floor)
    lacking_b(floor, "ben")
    for call_id in ("b1", "a1", "b2", "a2"):
        floor.arrives(call_id, call_id[0])
    assert floor.tell(events.DispatchResumed()) == [("a1", "anna"), ("a2", "ben")]


def test_it_is_told_who_could_not_be_rung() -> None:
    floor = Floor("anna", "ben")
    lacking_b(floor)
    assert floor.arrives("b1", "b") == [("b1", "ben")]
    offered = floor.call("b1").facts[-1]
    assert isinstance(offered, facts.Offered)
    assert "not anna: ready but the phone is not registered at node b" in offered.reasons
    assert unknown_to_pages(offered.reasons) == []
    assert "1 ready with the skills of sales" in offered.reasons


def test_who_cannot_be_rung_makes_no_wait_short() -> None:
    floor = Floor("anna")
    lacking_b(floor)
    floor.arrives("b1", "b")
    forecast = Forecast(floor.engine.floor, Paces(floor.engine.floor))
    waits = forecast.of_call(floor.call("b1"), floor.now), forecast.of_next("sales", floor.now)
    assert all(wait is not None and wait.p50_s > 0 for wait in waits)


def test_of_many_who_cannot_be_rung_one_who_can_is_found() -> None:
    agents = {f"a{n}": AgentProfile(f"a{n}", "", f"{1000 + n}", {"sales": 1 + n % 3}) for n in range(60)}
    floor, engine = Floor(), Engine(Plan(agents, {"sales": SALES}))
    floor.engine = engine
    for agent in agents.values():
        missing = frozenset[str]() if agent.id in ("a47", "a53") else frozenset({"b"})
        floor.tell(events.PhoneChanged(agent.extension, True, False, missing))
        floor.tell(events.AgentLoggedIn(agent.id, agent.extension))
        floor.tell(events.AgentWentReady(agent.id))
    assert floor.arrives("b1", "b") == [("b1", "a47")]
    offered = floor.call("b1").facts[-1]
    assert isinstance(offered, facts.Offered)
    assert "not 58 others: ready but the phone is not registered at node b" in offered.reasons
    assert unknown_to_pages(offered.reasons) == []


class Chance:
    """A centre of three nodes in which phones are lacking here and there, by chance."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        skills = [{"sales": 5}, {"sales": 3, "support": 5}, {"support": 4}]
        self.agents = {f"a{n}": AgentProfile(f"a{n}", "", f"{1000 + n}", skills[n % 3]) for n in range(9)}
        support = GroupPolicy("support", "Support", Requirement.parse("support"), reserve=1)
        sales = GroupPolicy("sales", "Sales", SALES.requirement)
        self.floor = Floor()
        self.floor.engine = Engine(Plan(self.agents, {"sales": sales, "support": support}))
        self.live = self.floor.engine.floor
        for agent in self.agents.values():
            self.floor.tell(events.PhoneChanged(agent.extension, True, False))
            self.floor.tell(events.AgentLoggedIn(agent.id, agent.extension))
            self.floor.tell(events.AgentWentReady(agent.id))

    def news(self, number: int) -> list[events.Event]:
        """A call comes or ends, or a phone is there for other nodes."""
        chance = self._random
        kind = chance.choice(("call", "phone", "end"))
        if kind == "call":
            node, group = chance.choice("abc"), chance.choice(("sales", "support"))
            arrived = events.CallArrived(f"c{number}", CallKind.INBOUND, "", "", "1", node=node)
            return [arrived, events.CallQueued(arrived.call_id, group)]
        if kind == "phone":
            missing = frozenset(node for node in "abc" if chance.random() < 0.4)
            phone = chance.choice([*self.agents.values()]).extension
            return [events.PhoneChanged(phone, True, False, missing)]
        busy = [(a.id, a.call_id) for a in self.live.agents.values() if a.call_id is not None]
        if not busy:
            return []
        agent, call_id = chance.choice(busy)
        return [
            events.OfferAnswered(call_id, self.agents[agent].extension),
            events.CallEnded(call_id, EndedBy.CALLER),
            events.WrapUpDone(agent, forced=True),
        ]

    def passed(self, call_id: str, lines: list[list[str]]) -> list[Call]:
        """Those that had been before it in its lane, and wait still."""
        before = next((line[: line.index(call_id)] for line in lines if call_id in line), [])
        calls = (self.live.calls[other] for other in before if other in self.live.calls)
        return [call for call in calls if call.state is CallState.WAITING]

    def idle_for(self, call: Call) -> list[str]:
        """Free agents who could be offered the call."""
        live = self.live
        return [
            agent.id
            for agent in live.agents.values()
            if live.router.is_free(agent.id)
            and live.router.is_open_to(agent.id, live.standing(call))
            and live.router.keeper(agent.id, str(call.group)) is None
            and not live.lacks(agent, call)
        ]


@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_idle_whom_a_call_could_have_and_nobody_is_passed_without_need(seed: int) -> None:
    centre_ = Chance(seed)
    live = centre_.live
    for number in range(400):
        for event in centre_.news(number):
            lines = [list(lane.calls) for line in live.router.lines.values() for lane in line.lanes]
            for call_id, agent in centre_.floor.tell(event):
                assert all(live.lacks(live.agents[agent], call) for call in centre_.passed(call_id, lines))
            waiting = [call for call in live.calls.values() if call.state is CallState.WAITING]
            assert [centre_.idle_for(call) for call in waiting if centre_.idle_for(call)] == []


def test_who_waits_at_a_node_that_can_ring_nobody_holds_up_nobody_elsewhere() -> None:
    floor = Floor("anna", "ben")
    for phone in ("1001", "1002"):  # the node is there, and its way to the phones is cut
        floor.tell(events.PhoneChanged(phone, True, False, frozenset({"b"})))
    assert floor.arrives("b1", "b") == []
    assert floor.arrives("b2", "b") == []
    assert floor.arrives("a1", "a") == [("a1", "anna")]
    assert floor.arrives("a2", "a") == [("a2", "ben")]
    floor.arrives("a3", "a")
    floor.tell(events.OfferAnswered("a1", "1001"))
    floor.tell(events.CallEnded("a1", EndedBy.CALLER))
    assert (floor.position("b1"), floor.position("b2"), floor.position("a3")) == (1, 2, 3)
    assert floor.tell(events.WrapUpDone("anna")) == [("a3", "anna")]
    floor.tell(events.OfferAnswered("a2", "1002"))
    floor.tell(events.CallEnded("a2", EndedBy.CALLER))
    floor.tell(events.WrapUpDone("ben"))
    assert floor.tell(events.PhoneChanged("1002", True, False)) == [("b1", "ben")]


def test_a_direct_call_to_a_phone_that_its_node_cannot_ring() -> None:
    floor = Floor("anna")
    floor.tell(events.PhoneChanged("1001", True, False, frozenset({"b"})))
    floor.tell(events.CallArrived("b1", CallKind.INBOUND, "+49301", "", "1001", node="b"))
    floor.tell(events.CallDirected("b1", "anna"))
    assert [c for c in floor.told if isinstance(c, RefuseDirect)] == [
        RefuseDirect("b1", "anna", OfferFailure.UNREACHABLE)
    ]


def test_a_snapshot_knows_which_nodes_are_away() -> None:
    floor = Floor("anna")
    floor.tell(events.PhoneChanged("1001", True, False, frozenset({"c"})))
    floor.tell(events.NodeSuspended("b"))
    floor.arrives("b1", "b")
    again = snapshot.engine_of(snapshot.take(floor.engine.floor))
    assert again.handle(events.CallEnded("b1", EndedBy.CALLER), floor.now + 1)
    assert again.floor.nodes_away == {"b"}
    assert again.floor.phones["1001"].missing == {"c"}


@pytest.mark.parametrize("group", ["back", "ahead"])
def test_a_callback_in_line_again_is_at_no_node(group: str) -> None:
    """Its next try may be made by another one; the node of the last may be away, or drained."""
    engine = Engine(Plan(agents=centre.PLAN.agents, groups={group: centre.BACK[group]}))
    agent = next(a for a in centre.PLAN.agents.values() if centre.BACK[group].requirement.admits(a.skills))
    told: list[events.Event] = [
        events.PhoneChanged(agent.extension, True, False),
        events.AgentLoggedIn(agent.id, agent.extension),
        events.AgentWentReady(agent.id),
        CallbackPlaced("c1-cb1", "c1", group, "+49301", "en"),
        events.CallOnNode("c1-cb1", "b"),
    ]
    for at, event in enumerate(told):
        engine.handle(event, float(at))
    call = engine.floor.calls["c1-cb1"]
    assert call.node == "b"
    if call.state is CallState.RINGING:
        engine.handle(events.OfferEnded("c1-cb1", OfferFailure.NO_ANSWER), 20.0)
    else:
        engine.handle(CallbackNotReached("c1-cb1", DialFailure.NO_ANSWER), 20.0)
    assert (call.state, call.node) == (CallState.WAITING, "")


def test_a_kept_call_knows_its_node() -> None:
    floor = Floor()
    floor.arrives("b1", "b")
    kept = floor.call("b1").to_dict()
    assert Call.from_dict(kept).node == "b"
    floor.arrives("a1", "")
    assert "node" not in floor.call("a1").to_dict()  # as before there were nodes
