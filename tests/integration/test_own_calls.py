"""Agents who transfer each other: calls that agents dialled themselves, on real Asterisk."""

from __future__ import annotations

import pytest

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
