"""Who ends a call, and where the caller was then."""

from __future__ import annotations

import pytest

from acd.core.facts import EndedBy
from tests.integration.centre import Centre, story

pytestmark = pytest.mark.asterisk


async def test_abandoned_in_the_menu(centre: Centre) -> None:
    async with centre.caller("8000") as caller:
        await caller.dial()
        call = await centre.until_call("ivr", step="main/menu")
        await caller.hang_up()
        await caller.wait_ended()
    record = await centre.record(call["id"])
    assert story(record) == ["ivr caller_hung_up"]
    assert record.visits == ()
    assert record.ended_by is EndedBy.CALLER


async def test_abandoned_in_line(centre: Centre) -> None:
    async with centre.caller("8001") as caller:
        await caller.dial()
        call = await centre.until_call("waiting")
        await caller.hang_up()
        await caller.wait_ended()
    record = await centre.record(call["id"])
    assert story(record) == ["waiting sales abandoned"]


async def test_abandoned_while_ringing(centre: Centre) -> None:
    async with centre.phone("1001") as anna, centre.caller("8001") as caller:
        await anna.register()
        await centre.ready("anna")
        await caller.dial()
        call = await centre.until_call("ringing")
        at_anna = await anna.wait_incoming()
        await caller.hang_up()
        end = await at_anna.wait_ended()
        assert not end.by_us
        await centre.until_agent("anna", "ready")
    record = await centre.record(call["id"])
    assert story(record) == ["waiting sales abandoned", "ringing sales anna abandoned"]


@pytest.mark.parametrize("first", ["caller", "agent"])
async def test_who_hangs_up_first(centre: Centre, first: str) -> None:
    async with centre.phone("1004") as dora, centre.customer() as caller:
        await dora.register()
        await centre.ready("dora")
        call = await caller.dial("8002")
        at_dora = await dora.wait_incoming()
        await at_dora.answer()
        seen = await centre.until_call("talking", agent="dora")
        await at_dora.rtp.until_heard()
        await (call if first == "caller" else at_dora).hang_up()
        await (at_dora if first == "caller" else call).wait_ended()
        await centre.until_agent("dora", "wrap_up")
        await centre.ask("wrap-up-done", agent="dora")
        await centre.until_agent("dora", "ready")
    record = await centre.record(seen["id"])
    assert story(record)[2:] == [f"talking support dora {first}_hung_up", "wrap_up support dora done"]
    assert record.ended_by is EndedBy(first)


async def test_wrong_keys_and_none_lead_to_the_operator(centre: Centre) -> None:
    async with centre.caller("8000") as caller:
        await caller.dial()
        await centre.until_call("ivr", step="main/menu")
        for _ in range(3):
            await caller.press("9")
        await centre.until_call("waiting", group="support", limit_s=15)
        await caller.hang_up()
        await caller.wait_ended()


async def test_a_number_that_leads_nowhere(centre: Centre) -> None:
    before = centre.records()
    async with centre.customer() as caller:
        call = await caller.dial("9999")
        end = await call.wait_ended()
        assert end.status == 404
    record = await centre.next_record(before)
    assert record.ended_by is EndedBy.SYSTEM
    assert story(record) == []
    assert record.visits == ()
