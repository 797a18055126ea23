"""Several Asterisk nodes: one that is away, one that dies, one that cannot ring a phone."""

from __future__ import annotations

import pytest

from acd.core import events, facts, snapshot
from acd.core.agents import AgentState
from acd.core.callback_events import CallbackNotReached, CallbackPlaced
from acd.core.calls import Call, CallState
from acd.core.commands import LeaveLine, Offer, RefuseDirect
from acd.core.engine import Engine
from acd.core.facts import CallKind, EndedBy, OfferFailure
from acd.core.outside_facts import DialFailure
from acd.core.plan import AgentProfile, GroupPolicy, Plan, Ring
from acd.core.requirement import Requirement
from tests.core import centre

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
