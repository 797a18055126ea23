"""A caller dials a number, hears a menu, presses a key, waits, and talks with an agent."""

from __future__ import annotations

import pytest

from tests.integration.centre import Centre, story

pytestmark = pytest.mark.asterisk


async def test_menu_queue_agent_and_record(centre: Centre) -> None:
    async with centre.baresip("1001", tone_hz=440.0) as anna:
        await anna.wait_registered()
        await centre.ready("anna")
        async with centre.caller("8000", from_number="+8613800138000") as caller:
            await caller.dial()
            await caller.wait_answered()
            call = await centre.until_call("ivr", step="main/menu")
            await caller.press("1")
            display = await anna.wait_incoming()
            await centre.until_call("ringing", agent="anna")
            await anna.answer()
            await centre.until_agent("anna", "talking")
            await anna.until_hears(700.0)
            await caller.rtp.until_hears(440.0)
            await caller.hang_up()
            await caller.wait_ended()
        await centre.until_agent("anna", "wrap_up")
        await centre.until_agent("anna", "ready")
    record = await centre.record(call["id"])
    assert story(record) == [
        "ivr left",
        "waiting sales answered",
        "ringing sales anna answered",
        "talking sales anna caller_hung_up",
        "wrap_up sales anna done",
    ]
    assert display.name.startswith("王")
