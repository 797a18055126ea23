"""Agents who transfer each other: calls that agents dialled themselves, on real Asterisk."""

from __future__ import annotations

import asyncio

import pytest

from acd.core.facts import EndedBy
from tests.integration.centre import Centre, agent_of, story
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import Phone

pytestmark = pytest.mark.asterisk


async def call_colleague(
    centre: Centre, caller: Phone, colleague: Phone, agent: str
) -> tuple[PhoneCall, PhoneCall, str]:
    """One agent's phone talks to another's; both legs and the call's id."""
    call = await caller.dial(colleague.number)
    at_colleague = await colleague.wait_incoming()
    await at_colleague.answer()
    await call.wait_answered()
    seen = await centre.until_call("talking", agent=agent, kind="internal")
    await call.rtp.until_heard()  # joined: only then can a phone transfer
    return call, at_colleague, seen["id"]


async def test_a_colleague_who_is_transferred_blind_is_on_a_call_of_their_own(centre: Centre) -> None:
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002", tone_hz=520.0) as ben,
        centre.phone("1004", tone_hz=700.0) as dora,
    ):
        for phone in (anna, ben, dora):
            await phone.register()
        await centre.ready("anna", "ben")
        call, at_ben, first_id = await call_colleague(centre, anna, ben, "ben")
        await call.transfer("8002")
        seen = await centre.until_call("waiting", group="support", kind="internal")
        assert seen["id"] != first_id
        assert (seen["caller_number"], seen["dialed_number"]) == ("1002", "8002")
        await centre.until_agent("anna", "ready")
        assert agent_of(await centre.ask("status"), "ben")["state"] == "talking"
        await centre.ready("dora")
        at_dora = await dora.wait_incoming()
        await at_dora.answer()
        await centre.until_call("talking", agent="dora", caller_number="1002")
        await at_dora.rtp.until_hears(520.0)
        await at_ben.rtp.until_hears(700.0)
        await at_ben.hang_up()
        await centre.until_agent("ben", "ready")
        await centre.until_agent("dora", "wrap_up")
        second = await centre.record(seen["id"])
        first = await centre.record(first_id)
    assert (first.kind.value, first.origin_agent, first.dialed_number) == ("internal", "anna", "1002")
    assert (second.kind.value, second.origin_agent, second.dialed_number) == ("internal", "ben", "8002")
    assert story(second)[:3] == [
        "waiting support answered",
        "ringing support dora answered",
        "talking support dora caller_hung_up",
    ]


async def test_an_agent_joins_two_colleagues(centre: Centre) -> None:
    """Both are busy until they hang up, although none of the agent's two calls has a phone that dialled."""
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002", tone_hz=520.0) as ben,
        centre.phone("1004", tone_hz=700.0) as dora,
        centre.customer() as customer,
    ):
        for phone in (anna, ben, dora):
            await phone.register()
        await centre.ready("anna", "ben", "dora")
        first, at_ben, first_id = await call_colleague(centre, anna, ben, "ben")
        second, at_dora, second_id = await call_colleague(centre, anna, dora, "dora")
        await first.transfer_to_call(second)
        await centre.until_agent("anna", "ready")
        await at_dora.rtp.until_hears(520.0)
        await at_ben.rtp.until_hears(700.0)
        await centre.until_call("talking", agent="dora", caller_number="1002")
        first_record = await centre.record(first_id)

        # Neither is offered a customer who waits, also after a restart of the controller.
        waiting = await customer.dial("8002")
        await centre.until_call("waiting", group="support", position=1)
        await asyncio.to_thread(centre.kill_controller)
        await asyncio.to_thread(centre.start_controller)
        await centre.until_call("waiting", group="support", position=1)
        live = await centre.until_call("talking", agent="dora", kind="internal")
        assert live["id"] == second_id
        status = await centre.ask("status")
        assert [agent_of(status, a)["state"] for a in ("anna", "ben", "dora")] == [
            "ready",
            "talking",
            "talking",
        ]
        assert len(status["calls"]) == 2

        await at_ben.hang_up()
        await at_dora.wait_ended()
        at_dora = await dora.wait_incoming()
        await centre.until_agent("ben", "ready")
        await at_dora.answer()
        await waiting.hang_up()
        record = await centre.record(second_id)
    assert story(first_record)[:2] == ["waiting ben answered", "ringing ben answered"]
    assert first_record.ended_by is EndedBy.CALLER
    assert story(record) == ["waiting dora answered", "ringing dora answered", "talking dora caller_hung_up"]
    told = centre.acd("calls", "show", second_id)
    assert f"ben took the caller's place, from call {first_id}" in told


async def test_a_colleague_joined_with_another_is_sent_on(centre: Centre) -> None:
    """Ben took anna's place in her call with dora; dora sends him to a line: he is the caller there."""
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002", tone_hz=520.0) as ben,
        centre.phone("1004") as dora,
    ):
        for phone in (anna, ben, dora):
            await phone.register()
        await centre.ready("anna", "ben", "dora")
        first, at_ben, _ = await call_colleague(centre, anna, ben, "ben")
        second, at_dora, second_id = await call_colleague(centre, anna, dora, "dora")
        await first.transfer_to_call(second)
        await centre.until_call("talking", agent="dora", caller_number="1002")
        await at_dora.rtp.until_hears(520.0)
        await at_dora.transfer("8001")
        await anna.wait_incoming()
        seen = await centre.until_call("ringing", agent="anna")
        assert (seen["id"], seen["caller_number"]) == (second_id, "1002")
        await centre.until_agent("dora", "ready")
        assert agent_of(await centre.ask("status"), "ben")["state"] == "talking"
        await at_ben.hang_up()
        await centre.until_agent("ben", "ready")


async def test_an_agent_joins_a_colleague_with_a_line(centre: Centre) -> None:
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002", tone_hz=520.0) as ben,
        centre.phone("1004", tone_hz=700.0) as dora,
    ):
        for phone in (anna, ben, dora):
            await phone.register()
        await centre.ready("anna", "ben")
        first, at_ben, _ = await call_colleague(centre, anna, ben, "ben")
        second = await anna.dial("8002")
        waiting = await centre.until_call("waiting", group="support", kind="internal")
        await second.wait_answered()
        await first.transfer_to_call(second)
        await centre.until_agent("anna", "ready")
        seen = await centre.until_call("waiting", group="support", caller_number="1002")
        assert seen["id"] == waiting["id"]
        assert agent_of(await centre.ask("status"), "ben")["state"] == "talking"
        await centre.ready("dora")
        at_dora = await dora.wait_incoming()
        await at_dora.answer()
        await at_dora.rtp.until_hears(520.0)
        await at_ben.rtp.until_hears(700.0)
        await at_dora.hang_up()
        await at_ben.wait_ended()
        await centre.until_agent("ben", "ready")
        record = await centre.record(waiting["id"])
    assert story(record)[:3] == [
        "waiting support answered",
        "ringing support dora answered",
        "talking support dora agent_hung_up",
    ]
