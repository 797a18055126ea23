"""Nodes side by side: which makes a call, when dispatch begins, what is drained, and what they are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from acd.core import events
from acd.core.calls import CallState
from acd.core.engine import Engine
from acd.core.events import Event
from acd.core.facts import CallKind, EndedBy
from acd.core.plan import Plan
from acd.errors import RequestRefused, TelephonyError
from acd.telephony import nodes as nodes_module
from acd.telephony.ami import AmiLink
from acd.telephony.bond import Bond
from acd.telephony.exchange import Exchange
from acd.telephony.nodes import Node, Nodes
from acd.telephony.watch import Watch
from tests.runtime.fakes import FakeMirror


class House:
    """Two nodes that are connected to nothing; who is up and known is said by a test."""

    def __init__(self, kept: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.engine = Engine(Plan({}, {}))
        self.now = 0.0
        self.mirror = FakeMirror(kept)
        self.watch = Watch(["1001", "1002"], self.feed, lambda _call, _consult: None)
        self.nodes = Nodes(map(self._node, "ab"), self.watch, self.feed, self.engine.floor, self.mirror)
        for node in self.nodes.all:
            node.bond.on_known = self.nodes._known
            node.bond.on_away = self.nodes._away
        self.feed(events.DispatchSuspended())
        self.nodes.restore(self.mirror.load())

    def _node(self, name: str) -> Node:
        bond = Bond(self.watch, self.feed, self.engine.floor, Path("none"), 12.0, name)
        link = AmiLink(("127.0.0.1", 1), ("acd", "x"), self.watch.on_event, bond.up_again, bond.down, name)
        return Node(name, link, bond)

    def feed(self, event: Event) -> None:
        """To the engine."""
        self.now += 1
        self.engine.handle(event, self.now)

    def comes(self, name: str, *phones: str) -> None:
        """The node is there, and can ring these."""
        node = next(node for node in self.nodes.all if node.name == name)
        node.link.up = True
        self.watch.set_phones(phones, [], name)
        node.bond.known = True
        self.feed(events.NodeResumed(name))
        node.bond.on_known()

    def goes(self, name: str) -> None:
        """The connection is lost."""
        node = next(node for node in self.nodes.all if node.name == name)
        node.link.up = False
        node.bond._suspend()
        self.watch.node_is_away(name)


async def test_dispatch_begins_when_all_are_known_and_ends_when_none_is() -> None:
    house = House()
    floor = house.engine.floor
    house.comes("a")
    assert floor.suspended  # callers of b may have waited longer
    house.comes("b")
    assert not floor.suspended
    house.goes("a")
    assert (floor.suspended, floor.nodes_away) == (False, {"a"})
    house.goes("b")
    assert floor.suspended
    house.comes("b")
    await house.nodes.stop()


async def test_one_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes_module, "GRACE_S", 0.0)
    house = House()
    known = asyncio.Event()
    house.nodes.on_known = known.set
    house.comes("a")
    async with asyncio.timeout(1):
        await known.wait()
    assert not house.engine.floor.suspended
    await house.nodes.stop()


async def test_one_that_was_away_already_is_not_waited_for_after_a_take_over() -> None:
    house = House()
    house.comes("a")
    house.comes("b")
    house.goes("b")
    house.nodes._look_who_is_missing()  # it does not come back
    after = House(house.mirror.load())
    after.comes("a")
    assert not after.engine.floor.suspended
    after.comes("b")
    assert after.engine.floor.nodes_away == set()
    third = House(after.mirror.load())
    third.comes("a")
    assert third.engine.floor.suspended, "b is there again, so its callers count from the start"
    for each in (house, after, third):
        await each.nodes.stop()


async def test_who_did_not_come_in_time_is_away_for_the_next_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes_module, "GRACE_S", 0.0)
    house = House()
    known = asyncio.Event()
    house.nodes.on_known = known.set
    house.comes("b")
    async with asyncio.timeout(1):
        await known.wait()
    after = House(house.mirror.load())
    monkeypatch.setattr(nodes_module, "GRACE_S", 60.0)
    after.comes("b")
    assert not after.engine.floor.suspended
    for each in (house, after):
        await each.nodes.stop()


async def test_nodes_that_went_together_are_waited_for_together() -> None:
    """A cut of the controller's own: none of them has callers who might go before the others'."""
    house = House()
    for name in ("a", "b"):
        house.comes(name)
    for name in ("a", "b"):
        house.goes(name)
    house.nodes._look_who_is_missing()
    house.comes("a")
    assert house.engine.floor.suspended
    house.comes("b")
    assert not house.engine.floor.suspended
    assert house.mirror.load() == {}
    await house.nodes.stop()


async def test_which_node_makes_a_call() -> None:
    house = House()
    with pytest.raises(TelephonyError, match="no Asterisk node can make this call"):
        house.nodes.pick(None)
    house.comes("a", "1001", "1002")
    house.comes("b", "1001")
    house.feed(events.CallArrived("a1", CallKind.INBOUND, "", "", "8001", node="a"))
    assert [house.nodes.pick(phone) for phone in (None, "1001", "1002")] == ["b", "b", "a"]
    house.nodes.drain("b", drained=True)
    assert house.nodes.pick("1001") == "a"
    house.goes("a")
    assert house.nodes.pick("1001") == "b"  # better than none
    with pytest.raises(TelephonyError):
        house.nodes.pick("1002")
    await house.nodes.stop()


async def test_what_is_drained_outlives_a_restart() -> None:
    house = House()
    house.nodes.drain("b", drained=True)
    again = House()
    again.nodes.restore(house.mirror.load())
    assert [(n["name"], n["drained"], n["up"]) for n in again.nodes.picture()] == [
        ("a", False, False),
        ("b", True, False),
    ]
    again.nodes.drain("b", drained=False)
    assert again.nodes.drained == set()
    with pytest.raises(RequestRefused, match="no Asterisk node 'c'; there are: a, b"):
        again.nodes.drain("c", drained=True)


async def test_calls_of_nodes_that_are_not_named_any_more_are_lost() -> None:
    house = House()
    for call_id, node in (("a1", "a"), ("c1", "c"), ("x1", "")):
        house.feed(events.CallArrived(call_id, CallKind.INBOUND, "", "", "8001", node=node))
    calls = dict(house.engine.floor.calls)
    house.nodes.took_up()
    assert {call_id: call.state for call_id, call in calls.items()} == {
        "a1": CallState.IVR,
        "c1": CallState.ENDED,
        "x1": CallState.ENDED,
    }
    assert getattr(calls["c1"].facts[-1], "by", None) is EndedBy.NODE


async def test_a_phone_is_busy_for_all_and_lacking_where_it_is() -> None:
    house = House()
    house.comes("a", "1001")
    house.comes("b")
    phone = house.engine.floor.phones["1001"]
    assert (phone.reachable, phone.in_use, phone.missing) == (True, False, frozenset("b"))
    assert house.watch.lacking("b") == ["1001"]
    told: dict[str, Any] = {"Event": "Newchannel", "Channel": "PJSIP/1001-00000001@b", "Uniqueid": "b-1.1@b"}
    house.watch.on_event(told)
    assert house.engine.floor.phones["1001"].in_use
    house.watch.on_event(
        {"Event": "DeviceStateChange", "Device": "PJSIP/1001", "State": "NOT_INUSE", "Node": "b"}
    )
    assert house.engine.floor.phones["1001"].missing == frozenset()
    house.watch.node_is_lost("b", frozenset())
    assert not house.engine.floor.phones["1001"].in_use
    house.goes("b")
    assert house.engine.floor.phones["1001"].reachable
    await house.nodes.stop()


async def test_an_action_of_no_node_is_refused() -> None:
    house = House()
    assert isinstance(house.nodes.link, Exchange)
    assert not house.nodes.link.up
    with pytest.raises(TelephonyError, match="at no node that is known"):
        await house.nodes.link.action("Hangup", Channel="PJSIP/1001-00000001@c")
    with pytest.raises(TelephonyError, match="Asterisk is away"):
        await house.nodes.link.action("Hangup", Channel="PJSIP/1001-00000001@a")


async def test_an_end_at_a_node_of_which_nothing_is_known_is_in_doubt() -> None:
    house = House()
    house.comes("a")
    house.feed(events.CallArrived("c1", CallKind.INBOUND, "+49", "", "8001", node="b"))
    told = [events.CallEnded("c1")]
    assert not house.nodes._doubts_end("PJSIP/trunk-lab-00000001@a", told, 1.0)
    assert not house.nodes._doubts_end("PJSIP/trunk-lab-00000001@c", told, 1.0)
    assert house.nodes._doubts_end("PJSIP/trunk-lab-00000001@b", told, 1.0)
    await house.nodes.stop()
