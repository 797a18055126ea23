"""The live picture as plain data."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from acd.core import events
from acd.core.facts import CallKind, EndedBy, OfferFailure
from acd.core.work_rules import Reason
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


async def test_what_is_between_ready_and_an_offer(desk: Desk) -> None:
    desk.ready("anna", "ben")
    desk.shell.feed(events.PhoneChanged("1001", True, True))
    await desk.ask("c1")
    desk.shell.feed(events.OfferEnded("c1", OfferFailure.BUSY))
    desk.clock.now += 2
    data = seen(desk)
    anna, ben = data["agents"][:2]
    assert (anna["state"], anna["occupied"], anna["until_s"]) == ("ready", "phone_in_use", None)
    assert (ben["state"], ben["occupied"], ben["until_s"]) == ("ready", "back_off", 3.0)
    assert data["groups"][0]["ready"] == 0


async def test_what_follows_the_work_and_how_long_it_lasts(desk: Desk) -> None:
    await desk.talking()
    assert seen(desk)["agents"][0]["next_state"] == "ready"
    desk.shell.feed(events.AgentLoggedOut("anna"))
    desk.clock.now += 5
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    desk.clock.now += 1
    anna = seen(desk)["agents"][0]
    assert (anna["state"], anna["pending"], anna["next_state"]) == ("wrap_up", "logged_out", "logged_out")
    assert (anna["until_s"], anna["busy_s"], anna["calls_taken"], anna["calls_today"]) == (9.0, 6.0, 1, 1)
    desk.shell.feed(events.AgentWentNotReady("anna", "lunch"))
    anna = seen(desk)["agents"][0]
    assert (anna["pending"], anna["next_state"]) == ("lunch", "not_ready")


async def test_a_break_that_lasts_too_long_and_its_name_in_chinese(desk: Desk) -> None:
    lunch = Reason({"en": "Lunch", "zh": "午餐"}, max_s=60)
    desk.shell.engine.floor.plan = replace(desk.centre.plan, reasons={"lunch": lunch})
    desk.ready("anna")
    desk.shell.feed(events.AgentWentNotReady("anna", "lunch"))
    desk.clock.now += 90
    floor = desk.shell.engine.floor
    anna = picture(floor, desk.clock.now, lambda _: None, asterisk=True, language="zh_CN")["agents"][0]
    assert (anna["reason_label"], anna["over_s"]) == ("午餐", 30.0)


async def test_who_has_a_desktop_open(desk: Desk) -> None:
    assert {agent["desktop"] for agent in seen(desk)["agents"]} == {False}
    desk.shell.feed(events.DesktopOpened("anna"))
    assert [agent["id"] for agent in seen(desk)["agents"] if agent["desktop"]] == ["anna"]


async def test_how_a_caller_stands_in_line(desk: Desk) -> None:
    desk.shell.feed(events.AgentLoggedIn("anna", "1001"))
    desk.shell.feed(events.CallArrived("c1", CallKind.INBOUND, "+4930", "", "8001"))
    desk.shell.feed(events.CallQueued("c1", "sales", 7, prefer="anna", prefer_wait_s=30))
    (call,) = seen(desk)["calls"]
    assert (call["position"], call["priority"], call["ring"], call["kept_for"]) == (1, 7, 0, "anna")
