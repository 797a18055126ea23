"""Agents at their phones: feature codes, and calls among themselves."""

from __future__ import annotations

import pytest

from acd.core.facts import CallKind, EndedBy
from tests.integration.centre import Centre, agent_of, story
from tests.integration.sip.phone import Phone, refusing

pytestmark = pytest.mark.asterisk


async def dial_code(phone: Phone, code: str) -> None:
    """Dial a feature code and listen to the confirmation to its end."""
    call = await phone.dial(code)
    await call.wait_answered()
    end = await call.wait_ended(10)
    assert not end.by_us


async def test_states_by_feature_code(centre: Centre) -> None:
    async with centre.phone("1001") as phone:
        await phone.register()
        await centre.until(lambda s: s["dispatching"], "a known floor")
        await dial_code(phone, "*11")
        await centre.until_agent("anna", "not_ready", "login")
        await dial_code(phone, "*13")
        await centre.until_agent("anna", "ready")
        await dial_code(phone, "*142")
        await centre.until_agent("anna", "not_ready", "lunch")
        await dial_code(phone, "*149")  # no such reason: said so, nothing changed
        await centre.until_agent("anna", "not_ready", "lunch")
        await dial_code(phone, "*12")
        await centre.until_agent("anna", "logged_out")
        await dial_code(phone, "*111003")  # another agent at this desk
        await centre.until(lambda s: agent_of(s, "chen")["phone"] == "1001", "chen on phone 1001")


async def test_agents_call_each_other_through_the_controller(centre: Centre) -> None:
    async with centre.phone("1001", tone_hz=440.0) as anna, centre.phone("1002", tone_hz=520.0) as ben:
        await anna.register()
        await ben.register()
        await centre.ready("anna", "ben")
        call = await anna.dial("1002")
        at_ben = await ben.wait_incoming()
        await call.wait_ringing()
        assert at_ben.identity.name == "Anna Weber"
        seen = await centre.until_call("ringing", kind="internal")
        await at_ben.answer()
        await call.wait_answered()
        await at_ben.rtp.until_hears(440.0)
        await call.rtp.until_hears(520.0)
        await centre.until_agent("anna", "talking")
        await centre.until_agent("ben", "talking")
        await call.hang_up()
        await at_ben.wait_ended()
        await centre.until_agent("anna", "ready")
        await centre.until_agent("ben", "ready")
        record = await centre.record(seen["id"])
        assert record.kind is CallKind.INTERNAL
        assert record.origin_agent == "anna"
        assert record.visits == ()


async def test_a_colleague_who_cannot_answer_is_heard_as_busy(centre: Centre) -> None:
    async with centre.phone("1001") as anna, centre.phone("1002", answering=refusing(486)) as ben:
        await anna.register()
        await ben.register()
        await centre.ready("anna", "ben")
        before = centre.records()
        call = await anna.dial("1002")
        assert (await call.wait_ended()).status == 486
        record = await centre.next_record(before)
        assert record.ended_by is EndedBy.SYSTEM
        assert story(record) == ["waiting ben left", "ringing ben busy"]
        before = centre.records()
        away = await anna.dial("1003")
        assert (await away.wait_ended()).status == 480
        await centre.until_agent("anna", "ready")
        record = await centre.next_record(before)
        assert record.ended_by is EndedBy.SYSTEM
        assert story(record) == ["waiting chen left"]


async def test_no_customer_is_offered_to_an_agent_on_an_own_call(centre: Centre) -> None:
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002") as ben,
        centre.customer() as caller,
    ):
        await anna.register()
        await ben.register()
        await centre.ready("anna", "ben")
        own = await anna.dial("1002")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        await own.wait_answered()
        call = await caller.dial("8001")
        await centre.until_call("waiting", group="sales", position=1)
        await own.hang_up()
        await centre.until_call("ringing", kind="inbound")
        await call.hang_up()


async def test_what_is_to_come_next_is_asked_for_and_taken_back_during_the_talk(centre: Centre) -> None:
    """From the same phone, which has a second line."""
    async with centre.phone("1001") as anna, centre.customer() as caller:
        await anna.register()
        await centre.ready("anna")
        call = await caller.dial("8001")
        await (await anna.wait_incoming()).answer()
        await centre.until_call("talking", agent="anna")
        await dial_code(anna, "*142")
        assert agent_of(await centre.ask("status"), "anna")["pending"] == "lunch"
        await dial_code(anna, "*18")
        assert agent_of(await centre.ask("status"), "anna")["pending"] is None
        await dial_code(anna, "*12")
        seen = agent_of(await centre.ask("status"), "anna")
        assert (seen["state"], seen["next_state"]) == ("talking", "logged_out")
        await dial_code(anna, "*13")
        await call.hang_up()
        await centre.until_agent("anna", "wrap_up")
        await centre.until_agent("anna", "ready")
