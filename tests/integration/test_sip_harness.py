"""The phones and callers themselves, tried on a small Asterisk: what later tests stand on must be firm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest

from tests.integration.sip.audio import (
    decode_ulaw,
    encode_ulaw,
    hears,
    is_silent,
    loudness,
    read_wav,
    tone,
    tone_level,
    write_wav,
)
from tests.integration.sip.baresip import AnswerMode, Baresip
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.call_state import CallEnd
from tests.integration.sip.crossing import CrossingRelay
from tests.integration.sip.little_asterisk import (
    MENU_DIGIT,
    MENU_NUMBER,
    MENU_PROMPT_HZ,
    PASSWORD,
    LittleAsterisk,
)
from tests.integration.sip.phone import ANSWER, SILENT, Answering, Phone, refusing
from tests.integration.sip.sipp import SippCaller
from tests.integration.sip.sipp_agents import AgentBehaviour, SippAgents

CALLER_HZ, FIRST_HZ, SECOND_HZ = 1300.0, 500.0, 900.0
CALLER_NUMBER, CALLER_NAME = "5551234", "王小明 & Söhne"

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def asterisk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LittleAsterisk]:
    # A short folder name: the paths of Unix sockets are limited to 107 bytes.
    async with LittleAsterisk(tmp_path_factory.mktemp("a")) as server:
        yield server


class Parties:
    """Phones made as needed; all leave with the test."""

    def __init__(self, asterisk: LittleAsterisk, stack: AsyncExitStack) -> None:
        self._asterisk = asterisk
        self._stack = stack

    async def phone(self, number: str, tone_hz: float, answering: Answering | None = None) -> Phone:
        phone = Phone(number, PASSWORD, server=self._asterisk.server, tone_hz=tone_hz)
        if answering is not None:
            phone.answering = answering
        await self._stack.enter_async_context(phone)
        await phone.register()
        return phone

    async def caller(self) -> Phone:
        caller = Phone(
            CALLER_NUMBER,
            server=self._asterisk.server,
            local_host="127.0.0.2",
            display_name=CALLER_NAME,
            tone_hz=CALLER_HZ,
        )
        await self._stack.enter_async_context(caller)
        return caller


@pytest.fixture
async def parties(asterisk: LittleAsterisk) -> AsyncIterator[Parties]:
    async with AsyncExitStack() as stack:
        yield Parties(asterisk, stack)


async def talk(one: PhoneCall, one_hz: float, other: PhoneCall, other_hz: float) -> None:
    """Both hear each other."""
    await one.rtp.until_hears(other_hz)
    await other.rtp.until_hears(one_hz)


async def test_a_sipp_caller_presses_a_key_and_talks_with_a_baresip_agent(asterisk: LittleAsterisk) -> None:
    agent = Baresip("1001", PASSWORD, server=asterisk.server, tone_hz=FIRST_HZ)
    caller = SippCaller(
        MENU_NUMBER,
        server=asterisk.server,
        from_number=CALLER_NUMBER,
        from_name=CALLER_NAME,
        tone_hz=CALLER_HZ,
    )
    async with agent, caller:
        await agent.wait_registered()
        await caller.dial()
        await caller.wait_answered()
        await caller.rtp.until_hears(MENU_PROMPT_HZ)
        await caller.press(MENU_DIGIT)
        who = await agent.wait_incoming()
        assert (who.name, who.number) == (CALLER_NAME, CALLER_NUMBER)
        await agent.answer()
        await caller.rtp.until_hears_only(FIRST_HZ, (MENU_PROMPT_HZ,))
        await agent.until_hears(CALLER_HZ)
        await caller.hang_up()
        assert (await caller.wait_ended()).fields["By"] == "caller"
        await agent.wait_ended()
        assert await caller.program.wait(5.0) == 0, caller.errors()


async def test_a_wrong_key_does_not_reach_the_agent(asterisk: LittleAsterisk) -> None:
    async with SippCaller(MENU_NUMBER, server=asterisk.server) as caller:
        await caller.dial()
        await caller.wait_answered()
        await caller.rtp.until_hears(MENU_PROMPT_HZ)
        await caller.press("7")
        assert (await caller.wait_ended()).fields["By"] == "far end"


async def test_a_phone_as_caller_and_a_phone_as_agent(parties: Parties) -> None:
    agent, caller = await parties.phone("1001", FIRST_HZ), await parties.caller()
    call = await caller.dial(MENU_NUMBER)
    await call.wait_answered()
    await call.rtp.until_hears(MENU_PROMPT_HZ)
    await call.rtp.press(MENU_DIGIT)
    offer = await agent.wait_incoming()
    assert (offer.identity.name, offer.identity.number) == (CALLER_NAME, CALLER_NUMBER)
    await offer.answer()
    await talk(call, CALLER_HZ, offer, FIRST_HZ)
    await call.rtp.press("55#")
    await offer.rtp.until_digit("55#")
    await offer.hold()
    await call.rtp.until_silent()
    await offer.resume()
    await talk(call, CALLER_HZ, offer, FIRST_HZ)
    await offer.hang_up()
    assert await call.wait_ended() == CallEnd(by_us=False, status=None)


async def test_blind_transfer_by_refer(parties: Parties) -> None:
    first, caller = await parties.phone("1001", FIRST_HZ, ANSWER), await parties.caller()
    second = await parties.phone("1002", SECOND_HZ, ANSWER)
    call = await caller.dial("1001")
    await call.wait_answered()
    offer = await first.wait_incoming()
    await talk(call, CALLER_HZ, offer, FIRST_HZ)
    assert await offer.transfer("1002") == 200
    await offer.wait_ended()
    moved = await second.wait_incoming()
    await moved.wait_answered()
    assert moved.identity.number == CALLER_NUMBER
    await call.rtp.until_hears_only(SECOND_HZ, (FIRST_HZ,))
    await moved.rtp.until_hears(CALLER_HZ)
    await call.hang_up()
    await moved.wait_ended()


async def test_attended_transfer_by_refer_with_replaces(parties: Parties) -> None:
    first, caller = await parties.phone("1001", FIRST_HZ, ANSWER), await parties.caller()
    second = await parties.phone("1002", SECOND_HZ, ANSWER)
    call = await caller.dial("1001")
    await call.wait_answered()
    offer = await first.wait_incoming()
    await talk(call, CALLER_HZ, offer, FIRST_HZ)
    await offer.hold()
    consult = await first.dial("1002")
    await consult.wait_answered()
    asked = await second.wait_incoming()
    await talk(consult, FIRST_HZ, asked, SECOND_HZ)
    assert not asked.rtp.hears_now(CALLER_HZ)
    assert await offer.transfer_to_call(consult) == 200
    await offer.wait_ended()
    await consult.wait_ended()
    await call.rtp.until_hears_only(SECOND_HZ, (FIRST_HZ,))
    await asked.rtp.until_hears_only(CALLER_HZ, (FIRST_HZ,))
    await asked.wait_identity(CALLER_NUMBER)
    await asked.hang_up()
    await call.wait_ended()


@pytest.mark.parametrize("status", [404, 480, 486, 488, 503, 603])
async def test_a_phone_refuses_with_the_status_it_is_told(parties: Parties, status: int) -> None:
    agent, caller = await parties.phone("1001", FIRST_HZ, refusing(status)), await parties.caller()
    call = await caller.dial("1001")
    offer = await agent.wait_incoming()
    assert await offer.wait_ended() == CallEnd(by_us=True, status=status)
    end = await call.wait_ended()
    assert not end.by_us
    assert (end.status or 0) >= 400


async def test_a_caller_gives_up_while_the_phone_rings(parties: Parties) -> None:
    agent, caller = await parties.phone("1001", FIRST_HZ), await parties.caller()
    call = await caller.dial("1001")
    await call.wait_ringing()
    offer = await agent.wait_incoming()
    assert await call.hang_up() == CallEnd(by_us=True, status=487)
    assert await offer.wait_ended() == CallEnd(by_us=False, status=487)


async def test_a_silent_phone_and_an_unplugged_one_send_nothing(parties: Parties) -> None:
    silent, unplugged = await parties.phone("1001", FIRST_HZ, SILENT), await parties.phone("1002", SECOND_HZ)
    caller = await parties.caller()
    unplugged.go_dead()
    messages_before = len(unplugged.trace)
    to_silent, to_unplugged = await caller.dial("1001"), await caller.dial("1002")
    offer = await silent.wait_incoming()
    await to_silent.hang_up()
    await to_unplugged.hang_up()
    assert not [seen for seen in silent.trace if seen.sent and seen.message.method == "INVITE"]
    assert len(unplugged.trace) == messages_before
    assert offer.header("Call-ID")


async def test_registering_and_unregistering_by_phone(asterisk: LittleAsterisk, parties: Parties) -> None:
    phone, caller = await parties.phone("1001", FIRST_HZ, ANSWER), await parties.caller()
    await phone.unregister()
    call = await caller.dial("1001")
    assert not (await call.wait_ended()).by_us
    wrong = Phone("1002", "wrong", server=asterisk.server)
    async with wrong:
        with pytest.raises(AssertionError, match=r"1002 cannot register: SIP/2\.0 401"):
            await wrong.register()


async def test_baresip_holds_resumes_and_transfers(asterisk: LittleAsterisk, parties: Parties) -> None:
    second, caller = await parties.phone("1002", SECOND_HZ, ANSWER), await parties.caller()
    agent = Baresip("1001", PASSWORD, server=asterisk.server, tone_hz=FIRST_HZ, answer_mode=AnswerMode.AUTO)
    async with agent:
        await agent.wait_registered()
        call = await caller.dial("1001")
        await call.wait_answered()
        await call.rtp.until_hears(FIRST_HZ)
        await agent.hold()
        await call.rtp.until_silent()
        await agent.resume()
        await call.rtp.until_hears(FIRST_HZ)
        await agent.transfer("1002")
        await agent.wait_ended()
        moved = await second.wait_incoming()
        await talk(call, CALLER_HZ, moved, SECOND_HZ)
        await call.hang_up()


async def test_baresip_dials_refuses_and_leaves(asterisk: LittleAsterisk, parties: Parties) -> None:
    phone = await parties.phone("1002", SECOND_HZ, ANSWER)
    async with Baresip("1001", PASSWORD, server=asterisk.server, tone_hz=FIRST_HZ) as agent:
        await agent.wait_registered()
        await agent.dial("1002")
        await agent.wait_answered()
        answered = await phone.wait_incoming()
        await answered.rtp.until_hears(FIRST_HZ)
        await agent.press("42")
        await answered.rtp.until_digit("42")
        await agent.hang_up()
        await answered.wait_ended()
        refused = await phone.dial("1001")
        await agent.wait_incoming()
        await agent.hang_up()
        assert (await refused.wait_ended()).status == 486
        await agent.unregister()
        unreachable = await phone.dial("1001")
        assert not (await unreachable.wait_ended()).by_us


async def test_a_killed_baresip_stays_registered_and_silent(
    asterisk: LittleAsterisk, parties: Parties
) -> None:
    caller = await parties.caller()
    async with Baresip("1001", PASSWORD, server=asterisk.server) as agent:
        await agent.wait_registered()
        await agent.kill()
        assert "sip:1001" in await asterisk.cli("pjsip show contacts")
        call = await caller.dial("1001")
        assert (await call.hang_up()).by_us
        assert not caller.received("SIP/2.0 180")


async def test_a_frozen_baresip_rings_when_it_goes_on(asterisk: LittleAsterisk, parties: Parties) -> None:
    caller = await parties.caller()
    async with Baresip("1001", PASSWORD, server=asterisk.server) as agent:
        await agent.wait_registered()
        agent.freeze()
        call = await caller.dial("1001")
        agent.thaw()
        await agent.wait_incoming()
        await call.wait_ringing()
        await call.hang_up()
        await agent.wait_ended()


async def test_a_sipp_caller_gives_up_or_is_refused(asterisk: LittleAsterisk, parties: Parties) -> None:
    agent = await parties.phone("1001", FIRST_HZ)
    async with SippCaller("1001", server=asterisk.server) as caller:
        await caller.dial()
        await caller.wait_ringing()
        offer = await agent.wait_incoming()
        await caller.hang_up()
        assert (await caller.wait_ended()).fields["By"] == "caller"
        await offer.wait_ended()
    agent.answering = refusing(486)
    async with SippCaller("1001", server=asterisk.server) as caller:
        await caller.dial()
        assert (await caller.wait_ended()).fields["Status"] == "486"


CROSSING_ORDERS = [("INVITE", "CANCEL"), ("CANCEL", "INVITE"), ("INVITE", "BYE", "CANCEL")]


@pytest.mark.parametrize("order", CROSSING_ORDERS, ids=" ".join)
async def test_an_answer_crosses_the_cancel_of_a_sipp_caller(
    asterisk: LittleAsterisk, order: tuple[str, ...]
) -> None:
    async with CrossingRelay(asterisk.server, order) as relay:
        async with SippCaller(MENU_NUMBER, server=relay.server) as caller:
            await caller.dial()
            await relay.until_answered()
            await caller.hang_up()
            assert (await caller.wait_ended()).fields["By"] == "caller"
            assert await caller.program.wait(5.0) == 0, caller.errors()
        assert relay.passed[: len(order)] == list(order)
    await asterisk.until_no_channels()


@pytest.mark.parametrize("order", CROSSING_ORDERS, ids=" ".join)
async def test_an_answer_crosses_the_cancel_of_a_phone(
    asterisk: LittleAsterisk, order: tuple[str, ...]
) -> None:
    async with (
        CrossingRelay(asterisk.server, order) as relay,
        Phone(CALLER_NUMBER, server=relay.server, local_host="127.0.0.2") as caller,
    ):
        call = await caller.dial(MENU_NUMBER)
        await relay.until_answered()
        assert await call.hang_up() == CallEnd(by_us=True, status=None)
        assert relay.passed[: len(order)] == list(order)
        await asterisk.until_no_channels()


@pytest.mark.parametrize("order", CROSSING_ORDERS, ids=" ".join)
async def test_the_answer_of_sipp_agents_crosses_a_cancel(
    asterisk: LittleAsterisk, order: tuple[str, ...]
) -> None:
    async with (
        SippAgents({"1003": PASSWORD}, server=asterisk.server, behaviour=AgentBehaviour()) as agents,
        CrossingRelay(agents.address, order) as relay,
        Phone(CALLER_NUMBER, server=relay.server) as caller,
    ):
        call = await caller.dial("1003")
        await relay.until_answered()
        assert await call.hang_up() == CallEnd(by_us=True, status=None)
        assert relay.passed[: len(order)] == list(order), agents.errors()


async def test_the_answer_of_a_phone_crosses_a_cancel(asterisk: LittleAsterisk, parties: Parties) -> None:
    agent, caller = await parties.phone("1001", FIRST_HZ), await parties.caller()
    call = await caller.dial("1001")
    offer = await agent.wait_incoming()
    await call.wait_ringing()
    agent.go_dead()
    assert await call.hang_up() == CallEnd(by_us=True, status=487)
    offer.accept()
    agent.come_back()
    assert await offer.wait_ended() == CallEnd(by_us=False, status=None)
    await asterisk.until_no_channels()


async def test_a_phone_hangs_up_before_its_own_answer_is_confirmed(
    asterisk: LittleAsterisk, parties: Parties
) -> None:
    agent, caller = await parties.phone("1001", FIRST_HZ), await parties.caller()
    call = await caller.dial("1001")
    offer = await agent.wait_incoming()
    offer.accept()
    assert await offer.hang_up() == CallEnd(by_us=True, status=None)
    assert not (await call.wait_ended()).by_us
    await asterisk.until_no_channels()


@pytest.mark.parametrize("talk_s", [0.3, None])
async def test_sipp_agents_answer_and_echo(
    asterisk: LittleAsterisk, parties: Parties, talk_s: float | None
) -> None:
    caller = await parties.caller()
    behaviour = AgentBehaviour(answer_after_s=0.1, talk_s=talk_s)
    passwords = {"1003": PASSWORD, "1004": PASSWORD}
    async with SippAgents(passwords, server=asterisk.server, behaviour=behaviour) as agents:
        calls = [await caller.dial(number) for number in passwords]
        for call in calls:
            await call.wait_answered()
            await call.rtp.until_hears(CALLER_HZ)
        for call in calls:
            if talk_s is None:
                await call.hang_up()
            assert (await call.wait_ended()).by_us is (talk_s is None), agents.errors()


async def test_sipp_agents_refuse_and_can_be_cancelled(asterisk: LittleAsterisk, parties: Parties) -> None:
    caller = await parties.caller()
    passwords = {"1003": PASSWORD}
    async with SippAgents(passwords, server=asterisk.server, behaviour=AgentBehaviour(status=486)):
        call = await caller.dial("1003")
        assert (await call.wait_ended()).status == 486
    slow = AgentBehaviour(answer_after_s=30.0)
    async with SippAgents(passwords, server=asterisk.server, behaviour=slow):
        call = await caller.dial("1003")
        await call.wait_ringing()
        assert (await call.hang_up()).status == 487


def test_ulaw_keeps_a_tone() -> None:
    samples = tone(700.0, 1600)
    again = decode_ulaw(encode_ulaw(samples))
    assert float(np.max(np.abs(again - samples))) < 0.02
    assert tone_level(again, 700.0) == pytest.approx(0.3, abs=0.01)


def test_ulaw_known_codes() -> None:
    assert encode_ulaw(np.zeros(1)) == b"\xff"
    assert decode_ulaw(b"\xff\x7f").tolist() == [0.0, 0.0]
    assert decode_ulaw(b"\x80\x00") * 32768 == pytest.approx([32124, -32124])


def test_a_tone_is_told_from_its_neighbours_and_from_noise() -> None:
    mixed = tone(500.0, 1600) + tone(900.0, 1600, amplitude=0.1)
    assert hears(mixed, 500.0)
    assert not hears(mixed, 540.0)
    assert not hears(mixed, 700.0)
    noise = np.random.default_rng(1).normal(0, 0.1, 1600)
    assert not hears(noise, 500.0)
    assert is_silent(np.zeros(1600))
    assert not is_silent(mixed)
    assert loudness(np.zeros(0)) == 0.0


def test_wav_files_are_read_while_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    write_wav(path, tone(500.0, 1600))
    content = bytearray(path.read_bytes())
    content[40:44] = bytes(4)
    path.write_bytes(content)
    samples, rate_hz = read_wav(path)
    assert (len(samples), rate_hz) == (1600, 8000)
    assert hears(samples, 500.0, rate_hz)
