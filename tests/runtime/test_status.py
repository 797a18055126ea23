"""The live picture as plain data."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd.core import events
from acd.core.facts import EndedBy
from acd.runtime.status import picture
from tests.runtime.fakes import Desk, FakeLine


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The example centre; nobody is logged in."""
    desk = Desk()
    yield desk
    desk.shell.close()


def seen(desk: Desk) -> dict[str, Any]:
    """The picture of this moment, as it comes out of a socket."""
    floor = desk.shell.engine.floor
    data = picture(floor, desk.clock.now, lambda call: f"main/{call}", asterisk=True)
    result: dict[str, Any] = json.loads(json.dumps(data))
    return result


async def test_an_empty_house(desk: Desk) -> None:
    data = seen(desk)
    assert (data["asterisk"], data["dispatching"], data["calls"]) == (True, True, [])
    assert [g["id"] for g in data["groups"]] == ["sales", "support"]
    assert {a["state"] for a in data["agents"]} == {"logged_out"}
    assert {a["state_s"] for a in data["agents"]} == {0}


async def test_a_busy_house(desk: Desk) -> None:
    desk.ready("anna", "chen")
    await desk.ask("c1", caller_number="+4930777")
    desk.shell.feed(events.OfferAnswered("c1"))
    desk.shell.feed(events.CallHeld("c1"))
    desk.clock.now += 2
    desk.shell.feed(events.AgentWentNotReady("chen", "lunch"))
    desk.shell.feed(events.AgentWentNotReady("anna", "break"))
    await desk.ask("c2")
    desk.clock.now += 2
    await desk.ask("c3")
    await desk.ask("c4", line=FakeLine(), dialed_number="8000")
    data = seen(desk)
    sales = data["groups"][0]
    assert (sales["waiting"], sales["longest_wait_s"], sales["talking"]) == (2, 2.0, 1)
    assert (sales["ready"], sales["staffed"]) == (0, 2)
    anna, chen = data["agents"][0], data["agents"][2]
    assert (anna["state"], anna["pending"], anna["call"], anna["customer"]) == (
        "talking",
        "break",
        "c1",
        "王芳",
    )
    assert (chen["state"], chen["reason"], chen["state_s"], chen["phone"]) == (
        "not_ready",
        "lunch",
        2.0,
        "1003",
    )
    calls = {c["id"]: c for c in data["calls"]}
    assert (calls["c1"]["on_hold"], calls["c1"]["agent"], calls["c1"]["total_s"]) == (True, "anna", 4.0)
    assert calls["c1"]["customer"] == {"name": "王芳", "segment": "gold"}
    assert [calls[c]["position"] for c in ("c1", "c2", "c3", "c4")] == [None, 1, 2, None]
    assert calls["c4"]["state"] == "ivr"
    assert calls["c4"]["step"] == "main/c4"


async def test_ended_calls_are_not_shown(desk: Desk) -> None:
    await desk.talking()
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    data = seen(desk)
    assert data["calls"] == []
    assert data["agents"][0]["state"] == "wrap_up"


async def test_a_phone_that_is_off_and_a_floor_that_is_unknown(desk: Desk) -> None:
    desk.ready("anna")
    desk.shell.feed(events.PhoneChanged("1001", False, False))
    desk.shell.feed(events.DispatchSuspended())
    data = seen(desk)
    assert not data["dispatching"]
    assert not data["agents"][0]["phone_reachable"]
    assert data["agents"][0]["reason"] == "phone-unreachable"
