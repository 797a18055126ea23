"""What agents do with their calls from the page, with a desk phone: on Asterisk, and to be heard."""

from __future__ import annotations

import asyncio
import contextlib
import wave
from typing import Any

import numpy as np
import pytest

from acd.core.facts import TalkRecorded
from acd.errors import RequestRefused
from tests.integration.centre import Centre, story
from tests.integration.sip.audio import hears
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import Phone

pytestmark = [pytest.mark.asterisk]

CALLER, ANNA, BEN, DORA = 700.0, 440.0, 520.0, 900.0


async def answered(centre: Centre, caller: Phone, anna: Phone) -> tuple[PhoneCall, PhoneCall, str]:
    """A caller with anna, who has picked up by a click; both legs and the call's id."""
    call = await caller.dial("8001")
    at_anna = await anna.wait_incoming()
    done = await centre.ask("call-answer", agent="anna")
    assert done["phase"] == "talking"
    await at_anna.rtp.until_hears(CALLER)
    return call, at_anna, done["call"]


async def refused(centre: Centre, do: str, **fields: Any) -> str:
    """The code with which it is."""
    with pytest.raises(RequestRefused) as refusal:
        await centre.ask(do, **fields)
    return refusal.value.code


async def test_hold_mute_keys_and_a_recording_of_both_sides(centre: Centre) -> None:
    async with centre.phone("1001", tone_hz=ANNA) as anna, centre.customer(tone_hz=CALLER) as caller:
        await anna.register()
        await centre.ready("anna")
        assert await refused(centre, "call-hold", agent="anna") == "no-call"
        call, at_anna, call_id = await answered(centre, caller, anna)
        assert await refused(centre, "record-pause", agent="anna", reason="card") == "not-recording"
        await centre.ask("record-resume", agent="anna")

        await centre.ask("call-hold", agent="anna")
        await at_anna.rtp.until_silent()
        await call.rtp.until(lambda: not call.rtp.hears_now(ANNA), 3, "the agent's silence")
        await centre.until_call("talking", on_hold=True)
        assert await refused(centre, "call-keys", agent="anna", keys="1") == "not-now"
        await centre.ask("call-resume", agent="anna")
        await at_anna.rtp.until_hears(CALLER)
        await call.rtp.until_hears(ANNA)

        await centre.ask("call-mute", agent="anna", on=True)
        await call.rtp.until_silent()
        await centre.ask("call-mute", agent="anna", on=False)
        await call.rtp.until_hears(ANNA)
        await centre.ask("call-keys", agent="anna", keys="7#")
        await call.rtp.until_digit("7#")

        await centre.ask("record-pause", agent="anna", reason="card number")
        both = await asyncio.gather(
            *(centre.ask("record-resume", agent="anna") for _ in range(2)), return_exceptions=True
        )
        assert sorted(type(answer).__name__ for answer in both) == ["RequestRefused", "dict"]
        await centre.ask("call-hangup", agent="anna")
        await call.wait_ended()
        record = await centre.record(call_id)
    assert story(record)[-3:] == [
        "talking sales anna agent_hung_up",
        "hold sales anna done",
        "wrap_up sales anna done",
    ]
    tape = [fact for fact in record.facts if isinstance(fact, TalkRecorded)]
    assert [fact.step.value for fact in tape] == ["started", "paused", "resumed", "ended"]
    assert tape[1].reason == "card number"
    left, right = await recorded(centre, tape[0].name)
    assert hears(left, CALLER)
    assert not hears(left, ANNA)
    # The other side has her voice between hold, mute and keys: how much of all that depends on the machine.
    tenth_s = 800
    assert any(hears(right[at : at + tenth_s], ANNA) for at in range(0, len(right), tenth_s))


async def recorded(centre: Centre, name: str) -> list[Any]:
    """Both channels of a recording, when it is complete."""
    path = centre.home / "recordings" / f"{name}.wav"
    for _ in range(100):
        if path.exists():
            break
        await asyncio.sleep(0.05)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    return [samples[:, side].astype(float) / 32768 for side in (0, 1)]


async def test_sent_to_a_group_and_back_from_a_phone_that_is_gone(centre: Centre) -> None:
    async with (
        centre.phone("1001", tone_hz=ANNA) as anna,
        centre.phone("1004", tone_hz=DORA) as dora,
        centre.customer(tone_hz=CALLER) as caller,
    ):
        await anna.register()
        await dora.register()
        await centre.ready("anna")
        call, at_anna, call_id = await answered(centre, caller, anna)
        code = await refused(centre, "call-transfer", agent="anna", to="nowhere", to_kind="group")
        assert code == "unknown-group"
        await centre.ask("call-hold", agent="anna")
        await centre.ask("call-transfer", agent="anna", to="support", to_kind="group")
        await at_anna.wait_ended()
        await centre.until_call("waiting", group="support")
        await centre.ready("dora")
        at_dora = await dora.wait_incoming()
        await at_dora.answer()
        await call.rtp.until_hears(DORA)
        await centre.until_call("talking", agent="dora")
        await centre.ask("call-hold", agent="dora")
        await at_dora.hang_up()  # on hold: the customer is not hung up on
        await centre.until_call("waiting", group="support")
        assert call.end is None
        await call.hang_up()
        record = await centre.record(call_id)
    assert "talking sales anna transferred" in story(record)
    assert [visit.group for visit in record.visits] == ["sales", "support", "support"]


async def test_consulted_cancelled_three_together_and_handed_over(centre: Centre) -> None:
    async with (
        centre.phone("1001", tone_hz=ANNA) as anna,
        centre.phone("1002", tone_hz=BEN) as ben,
        centre.customer(tone_hz=CALLER) as caller,
    ):
        await anna.register()
        await ben.register()
        await centre.ready("anna")
        call, at_anna, call_id = await answered(centre, caller, anna)
        await centre.ready("ben")
        await centre.ask("consult", agent="anna", to="ben", to_kind="agent")
        at_ben = await ben.wait_incoming()
        at_ben.refuse(486)
        await centre.until(lambda s: len(s["calls"]) == 1, "the end of the consultation")
        await centre.ask("call-resume", agent="anna")
        await at_anna.rtp.until_hears(CALLER)

        await centre.ask("ready", agent="ben")
        await centre.ask("consult", agent="anna", to="ben", to_kind="agent")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        await at_anna.rtp.until_hears(BEN)
        assert not at_ben.rtp.hears_now(CALLER)
        await centre.ask("consult-cancel", agent="anna")
        await at_ben.wait_ended()
        await at_anna.rtp.until_hears(CALLER)

        await centre.until_agent("ben", "ready")
        await centre.ask("conference-add", agent="anna", to="1002", to_kind="number")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        for ear, voices in ((call, (ANNA, BEN)), (at_anna, (CALLER, BEN)), (at_ben, (CALLER, ANNA))):
            for voice in voices:
                await ear.rtp.until_hears(voice)
        await centre.ask("call-hangup", agent="anna")
        await at_anna.wait_ended()
        await centre.until_call("talking", agent="ben")
        await call.rtp.until_hears(BEN)
        await at_ben.rtp.until_hears(CALLER)
        await at_ben.hang_up()
        await call.wait_ended()
        record = await centre.record(call_id)
    assert "talking sales anna transferred" in story(record)
    assert "talking ben agent_hung_up" in " ".join(story(record)).replace("sales ben", "ben")


async def test_completed_and_overheard(centre: Centre) -> None:
    async with (
        centre.phone("1001", tone_hz=ANNA) as anna,
        centre.phone("1002", tone_hz=BEN) as ben,
        centre.phone("1004", tone_hz=DORA) as dora,
        centre.customer(tone_hz=CALLER) as caller,
    ):
        for phone in (anna, ben, dora):
            await phone.register()
        await centre.ready("anna")
        call, at_anna, call_id = await answered(centre, caller, anna)
        await centre.ready("ben")
        await centre.ask("consult", agent="anna", to="ben", to_kind="agent")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        await at_ben.rtp.until_hears(ANNA)
        await centre.until_agent("ben", "talking")
        await centre.ask("consult-complete", agent="anna")
        await at_anna.wait_ended()
        await centre.until_call("talking", agent="ben")
        await at_ben.rtp.until_hears(CALLER)
        await call.rtp.until_hears(BEN)

        spying = asyncio.create_task(centre.ask("spy", agent="1004", target="ben", mode="listen"))
        at_dora = await dora.wait_incoming()
        assert (await centre.ask("listening", agent="1004"))["state"] == "ringing"
        await at_dora.answer()
        await spying
        await at_dora.rtp.until_hears(CALLER)
        assert (await centre.ask("listening", agent="1004"))["state"] == "connected"
        assert not at_ben.rtp.hears_now(DORA)
        await centre.ask("spy", agent="1004", target="ben", mode="whisper")
        await at_ben.rtp.until_hears(DORA)
        assert not call.rtp.hears_now(DORA)
        await centre.ask("spy", agent="1004", target="ben", mode="barge")
        await call.rtp.until_hears(DORA)
        await centre.ask("spy", agent="1004", target="ben", mode="stop")
        await at_dora.wait_ended()
        assert (await centre.ask("listening", agent="1004"))["state"] == "none"

        await centre.ask("call-hold", agent="ben")
        await call.hang_up()
        await at_ben.wait_ended()
        record = await centre.record(call_id)
    assert "talking sales anna transferred" in story(record)


async def test_a_consultation_and_three_together_outlive_the_controller(centre: Centre) -> None:
    async with (
        centre.phone("1001", tone_hz=ANNA) as anna,
        centre.phone("1002", tone_hz=BEN) as ben,
        centre.customer(tone_hz=CALLER) as caller,
    ):
        await anna.register()
        await ben.register()
        await centre.ready("anna")
        call, at_anna, call_id = await answered(centre, caller, anna)
        await centre.ready("ben")
        await centre.ask("call-hold", agent="anna")
        await centre.ask("consult", agent="anna", to="ben", to_kind="agent")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        await asyncio.to_thread(centre.kill_controller)
        await asyncio.to_thread(centre.start_controller)
        await centre.until_call("talking", agent="anna", on_hold=True)
        await at_ben.rtp.until_hears(ANNA)
        await centre.ask("consult-join", agent="anna")
        await call.rtp.until_hears(BEN)
        await asyncio.to_thread(centre.kill_controller)
        await asyncio.to_thread(centre.start_controller)
        await centre.ask("consult-cancel", agent="anna")
        await at_ben.wait_ended()
        await at_anna.rtp.until_hears_only(CALLER, (BEN,))
        await at_anna.hang_up()
        await call.wait_ended()
        record = await centre.record(call_id)
    assert story(record)[-3:] == [
        "talking sales anna agent_hung_up",
        "hold sales anna done",
        "wrap_up sales anna done",
    ]


async def test_whoever_hangs_up_in_the_middle_of_a_request_leaves_nothing_behind(centre: Centre) -> None:
    async with centre.phone("1001", tone_hz=ANNA) as anna, centre.customer(tone_hz=CALLER) as caller:
        await anna.register()
        await centre.ready("anna")
        for do, who in (("call-hold", "caller"), ("call-hold", "agent"), ("consult", "caller")):
            await centre.until_agent("anna", "ready")
            call, at_anna, _ = await answered(centre, caller, anna)
            sides = {"caller": call, "agent": at_anna}
            fields = {"to": "sales", "to_kind": "group"} if do == "consult" else {}
            asked, _ = await asyncio.gather(
                centre.ask(do, agent="anna", **fields), sides[who].hang_up(), return_exceptions=True
            )
            assert isinstance(asked, dict | RequestRefused), asked
            await call.hang_up()
            with contextlib.suppress(RequestRefused):  # the call may be over already
                await centre.ask("call-hangup", agent="anna")
            await at_anna.wait_ended()
            await centre.until_no_channels()


async def test_a_colleague_is_called_by_click(centre: Centre) -> None:
    async with (
        centre.phone("1001", tone_hz=ANNA) as anna,
        centre.phone("1002", tone_hz=BEN) as ben,
        centre.phone("1004", tone_hz=DORA) as dora,
    ):
        for phone in (anna, ben, dora):
            await phone.register()
        await centre.ready("anna", "ben")
        assert await refused(centre, "call-dial", agent="anna", number="nonsense") == "unknown-number"
        await centre.ask("call-dial", agent="anna", agent_to="ben")
        at_anna = await anna.wait_incoming()
        await at_anna.answer()
        at_ben = await ben.wait_incoming()
        assert at_ben.identity.number == "1001"
        await at_ben.answer()
        await at_anna.rtp.until_hears(BEN)
        await centre.until_agent("ben", "talking")
        await centre.ask("call-hold", agent="anna")
        await at_anna.rtp.until_silent()
        await centre.ask("call-resume", agent="anna")
        await at_ben.rtp.until_hears(ANNA)
        await centre.ready("dora")
        await centre.ask("consult", agent="anna", to="dora", to_kind="agent")
        at_dora = await dora.wait_incoming()
        await at_dora.answer()
        await at_anna.rtp.until_hears(DORA)
        assert not at_ben.rtp.hears_now(DORA)
        assert (await centre.ask("consult-cancel", agent="anna"))["phase"] == "own"
        await at_dora.wait_ended()
        await at_ben.rtp.until_hears(ANNA)
        await centre.until_agent("dora", "ready")
        await centre.ask("conference-add", agent="anna", to="dora", to_kind="agent")
        at_dora = await dora.wait_incoming()
        await at_dora.answer()
        await at_ben.rtp.until_hears(DORA)
        await at_dora.rtp.until_hears(ANNA)
        await centre.ask("call-hangup", agent="anna")
        await at_anna.wait_ended()
        await centre.until_agent("anna", "ready")
        await at_dora.rtp.until_hears_only(BEN, (ANNA,))
        await at_dora.hang_up()
        await at_ben.wait_ended()
        await centre.until_agent("dora", "ready")
