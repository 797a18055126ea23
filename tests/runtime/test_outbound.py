"""Calls outside, as reception and outbound desk lead them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from acd.core import events, outside_facts
from acd.core.facts import CallKind, EndedBy
from acd.core.outside_events import OutsideAnswered
from acd.core.outside_facts import DialFailure
from acd.core.ports import AskKind
from acd.settings.outside import NumberRoute
from tests.runtime.fakes import Desk, FakeLine
from tests.runtime.test_dial_plan import centre

NUMBER = "03012345678"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A centre with a dial plan."""
    base = centre()
    main = replace(base.trunks["main"], calls_max=1)
    backup = replace(base.trunks["backup"], default=NumberRoute("", group="support"))
    desk = Desk(replace(base, trunks={**base.trunks, "main": main, "backup": backup}))
    yield desk
    desk.shell.close()


async def dial(desk: Desk, call_id: str = "c1", phone: str = "1001", number: str = NUMBER) -> FakeLine:
    """An agent's phone dials."""
    return await desk.ask(call_id, phone=phone, caller_number=phone, dialed_number=number)


async def failed(desk: Desk, failure: DialFailure, call_id: str = "c1", **more: Any) -> None:
    """The dialplan says how the dial ended."""
    await desk.ask(
        call_id, kind=AskKind.DIAL_FAILED, phone="1001", outside_failure=failure, cause="SIP 503", **more
    )


async def test_an_agent_dials_outside(desk: Desk) -> None:
    desk.ready("anna")
    await dial(desk)
    assert desk.told() == [("dial out", "c1", "main", "+493012345678", "+4930111")]
    assert desk.switch.rings_s == [desk.centre.plan.outside_ring_timeout_s]
    call = desk.shell.engine.floor.calls["c1"]
    assert (call.kind, call.origin_agent, desk.agent("anna")) == (CallKind.OUTBOUND, "anna", "talking")
    desk.shell.feed(OutsideAnswered("c1"))
    await desk.ask("c1", kind=AskKind.AGENT_LEFT, phone="1001")
    assert desk.told() == [("hang up", "c1", "normal")]


async def test_the_next_trunk_and_then_no_other(desk: Desk) -> None:
    desk.ready("anna")
    await dial(desk)
    desk.told()
    await failed(desk, DialFailure.CONGESTION)
    assert desk.told() == [("dial out", "c1", "backup", NUMBER, "030111")]
    await failed(desk, DialFailure.UNREACHABLE)
    assert desk.told() == [("hang up", "c1", "congestion")]
    assert [type(f).__name__ for f in desk.facts()][1:] == ["OutsideDialed", "OutsideFailed"] * 2


@pytest.mark.parametrize(
    ("failure", "refusal"),
    [
        (DialFailure.BUSY, "busy"),
        (DialFailure.NO_ANSWER, "no_answer"),
        (DialFailure.DECLINED, "busy"),
        (DialFailure.WITHDRAWN, "no_answer"),
    ],
)
async def test_the_last_word_of_the_one_called(desk: Desk, failure: DialFailure, refusal: str) -> None:
    desk.ready("anna")
    await dial(desk)
    desk.told()
    await failed(desk, failure)
    assert desk.told() == [("hang up", "c1", refusal)]


async def test_a_full_trunk_is_passed_over_but_not_by_an_emergency(desk: Desk) -> None:
    desk.ready("anna", "dora")
    await dial(desk)
    await dial(desk, "c2", "1004")
    assert [told[2] for told in desk.told()] == ["main", "backup"]
    backup = replace(desk.centre.trunks["backup"], calls_max=1)
    desk.centre.trunks["backup"] = backup  # type: ignore[index]
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    await dial(desk, "c3")
    desk.shell.feed(events.CallEnded("c3", EndedBy.CALLER))
    desk.told()
    await dial(desk, "c4", "1001")
    line = await dial(desk, "c5", "1004")
    assert [told[:3] for told in desk.told()] == [("dial out", "c4", "main"), ("hang up", "c5", "normal")]
    assert line.heard == ["All lines to the outside are busy. Please try again later."]
    await dial(desk, "c6", "1005", "112")
    assert desk.told() == [("dial out", "c6", "backup", "112", "030200")]


@pytest.mark.parametrize(
    ("phone", "number", "sentence", "reason"),
    [
        ("1001", "00442079460123", "You are not allowed to call this number.", "not-allowed"),
        ("1004", "+499003123456", "You are not allowed to call this number.", "not-allowed"),
        ("1005", NUMBER, "Please log in first.", "logged-out"),
    ],
)
async def test_a_refusal_is_said_and_on_record(
    desk: Desk, phone: str, number: str, sentence: str, reason: str
) -> None:
    desk.ready("anna", "dora")
    line = await dial(desk, phone=phone, number=number)
    assert (line.heard, line.answered) == ([sentence], True)
    assert desk.told() == [("hang up", "c1", "normal")]
    refused = desk.facts()[-1]
    assert isinstance(refused, outside_facts.OutsideRefused)
    assert refused.reason == reason


@pytest.mark.parametrize("number", ["4711", "0301", "0301&PJSIP/1001", "${EXTEN}", "０３０１２３４５６７８"])
async def test_what_is_no_number_is_none(desk: Desk, number: str) -> None:
    desk.ready("anna")
    await dial(desk, number=number)
    assert desk.told() == [("hang up", "c1", "unknown_number")]
    assert desk.shell.engine.floor.calls["c1"].kind is CallKind.INTERNAL


@pytest.mark.parametrize("trunk", ["main", "lab", None])
@pytest.mark.parametrize("number", [NUMBER, "+442079460123", "112", "0112"])
async def test_nobody_gets_outside_from_outside(desk: Desk, trunk: str | None, number: str) -> None:
    desk.ready("anna", "ben")
    await desk.ask("c1", trunk=trunk, dialed_number=number)
    assert desk.told() == [("hang up", "c1", "unknown_number")]


async def test_an_agent_sends_a_customer_outside(desk: Desk) -> None:
    await desk.talking(agent="anna")
    await desk.ask("c1", kind=AskKind.BLIND_TRANSFER, trunk="main", target=NUMBER)
    assert desk.told() == [("dial out", "c1", "main", "+493012345678", "+4930111")]
    assert desk.agent("anna") == "wrap_up"
    await failed(desk, DialFailure.BUSY, trunk="main")
    assert desk.told() == [("hold", "c1", "sales", "default")]  # nobody is lost
    desk.ready("ben")
    assert desk.told() == [("offer", "c1", "1002")]


@pytest.mark.parametrize("target", ["+499003123456", "+442079460123"])
async def test_a_customer_is_not_sent_where_the_agent_may_not_dial(desk: Desk, target: str) -> None:
    await desk.talking(agent="anna")
    await desk.ask("c1", kind=AskKind.BLIND_TRANSFER, trunk="main", target=target)
    assert desk.told() == [("hold", "c1", "sales", "default")]


async def test_a_transfer_of_which_nothing_is_known_leads_nowhere_outside(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask("c9", kind=AskKind.BLIND_TRANSFER, trunk="main", target=NUMBER)
    assert all(told[0] != "dial out" for told in desk.told())


@pytest.mark.parametrize(
    ("sent_by", "number", "told"),
    [
        ("1001", NUMBER, ("dial out", "c1", "main", "+493012345678", "+4930111")),
        ("1001", "+442079460123", ("hold", "c1", "support", "default")),
        ("1005", NUMBER, ("hold", "c1", "support", "default")),  # nobody is logged in there
        ("1001", "8001", ("offer", "c1", "1001")),
    ],
)
async def test_whom_an_agent_had_called_is_sent_on(
    desk: Desk, sent_by: str, number: str, told: tuple[str, ...]
) -> None:
    centre = replace(desk.centre, system=replace(desk.centre.system, transfer_fallback_group="support"))
    other = Desk(centre)
    other.ready("anna")
    other.told()
    await other.ask("c1", trunk="main", sent_by=sent_by, caller_number="+4930777", dialed_number=number)
    assert other.told() == [told]
    other.shell.close()


async def test_numbers_as_the_trunk_sends_them(desk: Desk) -> None:
    line = await desk.ask("c1", trunk="backup", caller_number="030777", dialed_number="0049 30 100")
    assert desk.told() == [("hold", "c1", "sales", "default")]
    call = desk.shell.engine.floor.calls["c1"]
    assert (call.dialed_number, call.trunk) == ("+4930100", "backup")
    assert line.shown == ["+4930777", "王芳 (gold)"]
    line = await desk.ask("c2", trunk="backup", caller_number="03012345678", dialed_number="8001")
    assert line.shown == ["+493012345678"]
    await desk.ask("c3", trunk="backup", caller_number="Anonymous", dialed_number="8001")
    assert desk.shell.engine.floor.calls["c3"].caller_number == ""


async def test_the_default_of_a_trunk(desk: Desk) -> None:
    await desk.ask("c1", trunk="backup", dialed_number="+4930999")
    assert desk.told() == [("hold", "c1", "support", "default")]
    await desk.ask("c2", trunk="main", dialed_number="+4930999")
    assert desk.told() == [("hang up", "c2", "unknown_number")]
