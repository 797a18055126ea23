"""The controller is killed or frozen at any moment: nobody is cut off, no place and no record is lost."""

from __future__ import annotations

import asyncio

import pytest

from acd.journal.replay import replay
from tests.integration.centre import Centre, story
from tests.integration.mirrors import both_mirrors, each_mirror
from tests.integration.sip.phone import ANSWER, Phone, first_to_ring

pytestmark = [pytest.mark.asterisk, pytest.mark.timing]


@both_mirrors
async def test_killed_with_callers_everywhere(centre: Centre, phones: dict[str, Phone]) -> None:
    """Menu, two in line, ringing and talking; kill -9; start again."""
    async with (
        centre.caller("8000") as in_menu,
        centre.customer("+491700000011", tone_hz=700.0) as talking,
        centre.customer("+491700000012") as ringing,
        centre.customer("+491700000013") as first,
        centre.customer("+491700000014") as second,
        centre.customer("+491700000015") as leaver,
    ):
        await centre.ready("anna")
        talk = await talking.dial("8001")
        at_anna = await phones["anna"].wait_incoming()
        await at_anna.answer()
        await centre.until_agent("anna", "talking")
        first_call = await first.dial("8002")
        await centre.until_call("waiting", position=1)
        second_call = await second.dial("8002")
        await centre.until_call("waiting", position=2)
        leaver_call = await leaver.dial("8002")
        await centre.until_call("waiting", position=3)
        await centre.ready("ben")
        ring = await ringing.dial("8001")
        at_ben = await phones["ben"].wait_incoming()
        await centre.until_call("ringing", agent="ben")
        await in_menu.dial()
        await centre.until_call("ivr", step="main/menu")
        before = {c["caller_number"]: c for c in (await centre.ask("status"))["calls"]}
        earlier = len(list((centre.home / "journal").iterdir()))  # the last of them is the present one

        await asyncio.to_thread(centre.kill_controller)
        await leaver_call.hang_up()
        await at_ben.answer()
        await asyncio.to_thread(centre.start_controller)

        await centre.until(lambda s: len(s["calls"]) == 5, "the five who are still there")
        await centre.until_call("waiting", caller_number="+491700000013", position=1)
        await centre.until_call("waiting", caller_number="+491700000014", position=2)
        after = {c["caller_number"]: c for c in (await centre.ask("status"))["calls"]}
        assert {n: c["id"] for n, c in after.items()} == {
            n: c["id"] for n, c in before.items() if n != "+491700000015"
        }
        assert after["+491700000013"]["state_s"] > before["+491700000013"]["state_s"]
        await centre.until_call("talking", agent="anna", caller_number="+491700000011")
        await centre.until_call("talking", agent="ben", caller_number="+491700000012")
        await at_anna.rtp.until_hears(700.0)
        await talk.rtp.until_hears(440.0)

        await centre.ready("dora")
        at_dora = await phones["dora"].wait_incoming()
        assert at_dora.identity.number == "+491700000013"
        await at_dora.answer()
        await centre.until_call("talking", agent="dora", caller_number="+491700000013")
        await centre.until_call("ivr", step="main/menu")
        await in_menu.press("2")
        await centre.until_call("waiting", group="support", position=2)
        for call in (talk, ring, first_call, second_call):
            await call.hang_up()
        await in_menu.hang_up()
        await in_menu.wait_ended()
        left = await centre.record(before["+491700000015"]["id"])
        assert story(left) == ["waiting support abandoned"]
        assert left.ended_by is not None
        assert left.ended_by.value == "unknown"
        told = await centre.record(before["+491700000011"]["id"])
        assert story(told)[:3] == [
            "waiting sales answered",
            "ringing sales anna answered",
            "talking sales anna caller_hung_up",
        ]
        answered_meanwhile = await centre.record(before["+491700000012"]["id"])
        assert "talking sales ben caller_hung_up" in story(answered_meanwhile)
        written = sorted((centre.home / "journal").iterdir())
        journals = [replay(path) for path in written[earlier - 1 :]]
        assert [journal.difference for journal in journals] == [None, None], "before and after the kill"
        assert all(journal.events > 20 for journal in journals)


@each_mirror
async def test_agents_keep_their_states(centre: Centre, phones: dict[str, Phone]) -> None:
    await centre.ready("anna", "ben")
    await centre.ask("not-ready", agent="ben", reason="lunch")
    await asyncio.to_thread(centre.kill_controller)
    await asyncio.to_thread(centre.start_controller)
    await centre.until_agent("anna", "ready")
    await centre.until_agent("ben", "not_ready", "lunch")


@each_mirror
async def test_talk_that_ends_while_the_controller_is_away(centre: Centre, phones: dict[str, Phone]) -> None:
    async with centre.customer() as caller:
        await centre.ready("anna")
        call = await caller.dial("8001")
        at_anna = await phones["anna"].wait_incoming()
        await at_anna.answer()
        seen = await centre.until_call("talking")
        await asyncio.to_thread(centre.kill_controller)
        await at_anna.hang_up()
        await asyncio.to_thread(centre.start_controller)
        await call.wait_ended()
        record = await centre.record(seen["id"])
        assert story(record)[2:] == ["talking sales anna agent_hung_up", "wrap_up sales anna done"]


@each_mirror
async def test_frozen_controller(centre: Centre, phones: dict[str, Phone]) -> None:
    """SIGSTOP with callers in the menu, in line, ringing and talking.

    Talkers talk on and a ringing phone can be answered; the others go to the fallback queue when the
    lease is out, and are ours again, at their place, when we run again.
    """
    async with (
        centre.caller("8000") as in_menu,
        centre.customer("+491700000031", tone_hz=700.0) as talking,
        centre.customer("+491700000032") as waiting,
        centre.customer("+491700000033") as leaver,
        centre.customer("+491700000034", tone_hz=820.0) as ringing,
    ):
        await centre.ready("anna")
        talk = await talking.dial("8001")
        at_anna = await phones["anna"].wait_incoming()
        await at_anna.answer()
        await centre.until_agent("anna", "talking")
        waiting_call = await waiting.dial("8002")
        await centre.until_call("waiting", position=1)
        leaver_call = await leaver.dial("8002")
        await centre.until_call("waiting", position=2)
        await in_menu.dial()
        await centre.until_call("ivr", step="main/menu")
        await centre.ready("ben")
        ring = await ringing.dial("8001")
        at_ben = await phones["ben"].wait_incoming()
        await centre.until_call("ringing", agent="ben")
        before = {c["caller_number"]: c["id"] for c in (await centre.ask("status"))["calls"]}

        centre.freeze_controller()
        await leaver_call.hang_up()
        await at_ben.answer()
        await at_ben.rtp.until_hears(820.0)
        _, at_first = await first_to_ring(phones, "dora", "emil")
        await at_anna.rtp.until_hears(700.0)
        centre.thaw_controller()

        await centre.until_call("waiting", caller_number="+491700000032", position=1, limit_s=10)
        await at_first.wait_ended(10)
        await centre.until_call("ivr", step="main/menu")
        await centre.until_call("talking", agent="anna", caller_number="+491700000031")
        await centre.until_call("talking", agent="ben", caller_number="+491700000034")
        stay = {n: i for n, i in before.items() if n != "+491700000033"}  # who left is asked about first
        await centre.until(
            lambda status: {c["caller_number"]: c["id"] for c in status["calls"]} == stay, "the same calls"
        )
        for name in ("dora", "emil"):
            phones[name].answering = ANSWER
        await centre.ready("dora")
        await centre.until_call("talking", agent="dora", caller_number="+491700000032")
        await in_menu.press("2")
        await centre.until_call("waiting", group="support")
        await in_menu.hang_up()
        await in_menu.wait_ended()
        for call in (waiting_call, talk, ring):
            await call.hang_up()
        left = await centre.record(before["+491700000033"])
        assert story(left) == ["waiting support abandoned"]
        ring_record = await centre.record(before["+491700000034"])
        assert "talking sales ben caller_hung_up" in story(ring_record)


async def test_asterisk_agrees_with_all_that(centre: Centre) -> None:
    assert await centre.agrees_with_asterisk()
