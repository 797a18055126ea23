"""Blind and attended transfers by REFER from the agent's phone: one call, the right segments."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.centre import Centre, story
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import Phone

pytestmark = [pytest.mark.asterisk, pytest.mark.timing]


async def talk(
    centre: Centre, caller: Phone, agent: Phone, number: str = "8001"
) -> tuple[PhoneCall, PhoneCall, str]:
    """A caller talking with the only ready agent; both legs and the call's id."""
    call = await caller.dial(number)
    at_agent = await agent.wait_incoming()
    await at_agent.answer()
    seen = await centre.until_call("talking")
    await at_agent.rtp.until_heard()  # joined: only then can the agent's phone transfer
    return call, at_agent, seen["id"]


async def test_blind_to_another_agent(centre: Centre) -> None:
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002", tone_hz=520.0) as ben,
        centre.customer(tone_hz=700.0) as caller,
    ):
        await anna.register()
        await ben.register()
        await centre.ready("anna")
        call, at_anna, call_id = await talk(centre, caller, anna)
        await centre.ready("ben")
        await at_anna.transfer("1002")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        await centre.until_call("talking", agent="ben")
        await centre.until_agent("anna", "wrap_up")
        await at_ben.rtp.until_hears(700.0)
        await call.rtp.until_hears(520.0)
        await call.hang_up()
        record = await centre.record(call_id)
    assert story(record) == [
        "waiting sales answered",
        "ringing sales anna answered",
        "talking sales anna transferred",
        "transfer sales anna left",
        "wrap_up sales anna done",
        "waiting ben answered",
        "ringing ben answered",
        "talking ben caller_hung_up",
        "wrap_up ben done",
    ]


async def test_blind_to_the_other_group(centre: Centre) -> None:
    async with centre.phone("1001") as anna, centre.phone("1004") as dora, centre.customer() as caller:
        await anna.register()
        await dora.register()
        await centre.ready("anna")
        call, at_anna, call_id = await talk(centre, caller, anna)
        await at_anna.transfer("8002")
        await centre.until_call("waiting", group="support", position=1)
        await centre.ready("dora")
        at_dora = await dora.wait_incoming()
        await at_dora.answer()
        await centre.until_call("talking", agent="dora")
        await at_dora.hang_up()
        await call.wait_ended()
        record = await centre.record(call_id)
    assert [(v.group, v.outcome.value, v.agent) for v in record.visits] == [
        ("sales", "answered", "anna"),
        ("support", "answered", "dora"),
    ]
    assert "talking sales anna transferred" in story(record)
    assert "talking support dora agent_hung_up" in story(record)


async def test_blind_to_a_busy_agent_comes_back(centre: Centre) -> None:
    async with centre.phone("1001") as anna, centre.customer() as caller:
        await anna.register()
        await centre.ready("anna")
        call, at_anna, call_id = await talk(centre, caller, anna)
        await at_anna.transfer("1002")  # nobody is logged in there
        await centre.until_call("waiting", group="sales", position=1)
        again = await anna.wait_incoming(8)
        await again.answer()
        await again.rtp.until_heard()
        await again.hang_up()
        await call.wait_ended()
        record = await centre.record(call_id)
    assert [(v.group, v.outcome.value, v.agent) for v in record.visits] == [
        ("sales", "answered", "anna"),
        ("sales", "answered", "anna"),
    ]


async def test_blind_to_nowhere_keeps_a_customer_who_came_through_no_group(centre: Centre) -> None:
    """Dialled 1001 straight, sent to 9999: the fallback group takes over, nobody hangs up."""
    async with centre.phone("1001") as anna, centre.customer() as caller:
        await anna.register()
        await centre.ready("anna")
        call, at_anna, call_id = await talk(centre, caller, anna, "1001")
        await at_anna.transfer("9999")
        await centre.until_call("waiting", group="support", position=1)
        assert call.end is None
        await call.hang_up()
        record = await centre.record(call_id)
    assert story(record)[-1] == "waiting support abandoned"


async def test_blind_to_what_is_no_number_changes_nothing(centre: Centre) -> None:
    """The phone is told 404, and the conversation goes on."""
    async with (
        centre.phone("1001", tone_hz=440.0) as anna,
        centre.customer(tone_hz=700.0) as caller,
    ):
        await anna.register()
        await centre.ready("anna")
        call, at_anna, _ = await talk(centre, caller, anna)
        assert await at_anna.transfer("nobody") == 404
        await call.rtp.until_hears(440.0)
        await at_anna.rtp.until_hears(700.0)
        await centre.until_call("talking", agent="anna")
        await call.hang_up()


async def test_attended_to_another_agent(centre: Centre) -> None:
    async with (
        centre.phone("1001", tone_hz=440.0) as anna,
        centre.phone("1002", tone_hz=520.0) as ben,
        centre.customer(tone_hz=700.0) as caller,
    ):
        await anna.register()
        await ben.register()
        await centre.ready("anna")
        call, at_anna, call_id = await talk(centre, caller, anna)
        await centre.ready("ben")
        await at_anna.hold()
        await centre.until_call("talking", on_hold=True)
        consult = await anna.dial("1002")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        await consult.wait_answered()
        await at_ben.rtp.until_hears(440.0)
        await centre.until_agent("ben", "talking")
        await at_anna.transfer_to_call(consult)
        await centre.until_call("talking", agent="ben", kind="inbound")
        await centre.until_agent("anna", "wrap_up")
        await at_ben.rtp.until_hears_only(700.0, (440.0,))
        await call.rtp.until_hears(520.0)
        await centre.until_agent("anna", "ready")
        await at_ben.hang_up()
        await call.wait_ended()
        record = await centre.record(call_id)
    assert story(record) == [
        "waiting sales answered",
        "ringing sales anna answered",
        "talking sales anna transferred",
        "hold sales anna done",
        "consult ben answered",
        "consult ben answered",
        "consult ben transferred",
        "talking ben agent_hung_up",
        "wrap_up sales anna done",
        "wrap_up ben done",
    ]
    assert record.segments[2].hold_s > 0
    assert [r.call_id for r in centre.records() if r.started_at >= record.started_at] == [call_id]


@pytest.mark.parametrize("moment", ["while it waits", "after it was answered"])
async def test_attended_to_the_other_group(centre: Centre, moment: str) -> None:
    async with (
        centre.phone("1001", tone_hz=440.0) as anna,
        centre.phone("1004", tone_hz=520.0) as dora,
        centre.customer(tone_hz=700.0) as caller,
    ):
        await anna.register()
        await dora.register()
        await centre.ready("anna")
        call, at_anna, call_id = await talk(centre, caller, anna)
        await at_anna.hold()
        consult = await anna.dial("8002")
        await centre.until_call("waiting", group="support", kind="internal")
        await consult.wait_answered()
        if moment == "while it waits":
            await at_anna.transfer_to_call(consult)
            await centre.until_call("waiting", group="support", kind="inbound", position=1)
            await centre.until_agent("anna", "wrap_up")
            await centre.ready("dora")
            at_dora = await dora.wait_incoming()
            await at_dora.answer()
        else:
            await centre.ready("dora")
            at_dora = await dora.wait_incoming()
            await at_dora.answer()
            await at_dora.rtp.until_hears(440.0)
            await at_anna.transfer_to_call(consult)
            await centre.until_agent("anna", "wrap_up")
        await centre.until_call("talking", agent="dora", kind="inbound")
        await at_dora.rtp.until_hears_only(700.0, (440.0,))
        await call.rtp.until_hears(520.0)
        await at_dora.hang_up()
        await call.wait_ended()
        await centre.until_agent("dora", "wrap_up")
        record = await centre.record(call_id)
    outcome = "answered" if moment == "while it waits" else "transferred_in"  # then nobody waited for her
    assert [(v.group, v.outcome.value, v.agent) for v in record.visits] == [
        ("sales", "answered", "anna"),
        ("support", outcome, "dora"),
    ]
    assert "talking sales anna transferred" in story(record)
    assert "talking support dora agent_hung_up" in story(record)
    assert [r.call_id for r in centre.records() if r.started_at >= record.started_at] == [call_id]


@pytest.mark.parametrize("killed", [False, True])
async def test_attended_while_the_colleague_rings(centre: Centre, killed: bool) -> None:
    """The caller goes over to a ringing phone; also if the controller is killed just then."""
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002", tone_hz=520.0) as ben,
        centre.customer(tone_hz=700.0) as caller,
    ):
        await anna.register()
        await ben.register()
        await centre.ready("anna")
        call, at_anna, call_id = await talk(centre, caller, anna)
        await centre.ready("ben")
        consult = await anna.dial("1002")
        at_ben = await ben.wait_incoming()
        await consult.wait_ringing()
        await centre.until_call("ringing", agent="ben", kind="internal")
        assert await at_anna.transfer_to_call(consult) == 200
        await centre.until_call("ringing", agent="ben", kind="inbound")
        if killed:
            await asyncio.to_thread(centre.kill_controller)
            await asyncio.to_thread(centre.start_controller)
        await at_ben.answer()
        seen = await centre.until_call("talking", agent="ben", kind="inbound")
        assert seen["id"] == call_id
        assert len((await centre.ask("status"))["calls"]) == 1
        await at_ben.rtp.until_hears(700.0)
        await call.rtp.until_hears(520.0)
        await at_ben.hang_up()
        await call.wait_ended()
        await centre.until_agent("ben", "wrap_up")
        record = await centre.record(call_id)
    assert "talking sales anna transferred" in story(record)
    assert "talking ben agent_hung_up" in story(record)
    assert [r.call_id for r in centre.records() if r.started_at >= record.started_at] == [call_id]


async def test_attended_while_the_colleague_rings_who_does_not_answer(centre: Centre) -> None:
    """The ring that came with the transfer runs out after a restart: the customer is back in line."""
    async with centre.phone("1001") as anna, centre.phone("1002") as ben, centre.customer() as caller:
        await anna.register()
        await ben.register()
        await centre.ready("anna")
        call, at_anna, call_id = await talk(centre, caller, anna)
        await centre.ready("ben")
        consult = await anna.dial("1002")
        at_ben = await ben.wait_incoming()
        await consult.wait_ringing()
        assert await at_anna.transfer_to_call(consult) == 200
        await centre.until_call("ringing", agent="ben", kind="inbound")
        await asyncio.to_thread(centre.kill_controller)
        await asyncio.to_thread(centre.start_controller)
        at_ben.refuse(603)
        await centre.until_agent("ben", "not_ready", "declined")
        await anna.wait_incoming(8)
        seen = await centre.until_call("ringing", agent="anna", group="sales")
        assert seen["id"] == call_id
        await call.hang_up()
        record = await centre.record(call_id)
    assert [r.call_id for r in centre.records() if r.started_at >= record.started_at] == [call_id]


async def test_attended_into_a_line_survives_the_controller(centre: Centre) -> None:
    """The customer stands where the agent's consultation waited; killed, the place is kept."""
    async with centre.phone("1001") as anna, centre.phone("1004") as dora, centre.customer() as caller:
        await anna.register()
        await dora.register()
        await centre.ready("anna")
        call, at_anna, call_id = await talk(centre, caller, anna)
        consult = await anna.dial("8002")
        await centre.until_call("waiting", group="support", kind="internal")
        await consult.wait_answered()
        await at_anna.transfer_to_call(consult)
        await centre.until_call("waiting", group="support", kind="inbound", position=1)
        await asyncio.to_thread(centre.kill_controller)
        await asyncio.to_thread(centre.start_controller)
        seen = await centre.until_call("waiting", group="support", position=1)
        assert (seen["id"], seen["kind"]) == (call_id, "inbound")
        await centre.ready("dora")
        at_dora = await dora.wait_incoming()
        await at_dora.answer()
        await centre.until_call("talking", agent="dora", kind="inbound")
        await call.hang_up()
        record = await centre.record(call_id)
    assert [r.call_id for r in centre.records() if r.started_at >= record.started_at] == [call_id]
