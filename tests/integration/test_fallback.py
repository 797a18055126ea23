"""The controller is away for longer: Asterisk's own queue serves, and all of it is on record afterwards."""

from __future__ import annotations

import asyncio
import re
import socket
import time

import pytest
import pytest_asyncio

from acd.records.record import VisitOutcome
from acd.settings.secrets import load_or_create_secrets
from tests.integration.centre import Centre, story
from tests.integration.mirrors import each_mirror
from tests.integration.sip.phone import ANSWER, RING, Phone, first_to_ring, refusing

pytestmark = [pytest.mark.asterisk, pytest.mark.timing]


async def at_work(centre: Centre, *extensions: str) -> None:
    """Wait until these, and nobody else, are at work for Asterisk, which is told once a second."""
    shown: list[str] = []
    for _ in range(100):
        told = await asyncio.to_thread(centre.console, "database show acd-work") or ""
        shown = sorted(re.findall(r"^/acd-work/(\d+) ", told, re.MULTILINE))
        if shown == sorted(extensions):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{shown} are at work for Asterisk, not {extensions}")


def ring_as_member(centre: Centre, extension: str, times: int) -> None:
    """What the queue does for several callers at once."""
    secrets = load_or_create_secrets(centre.home / "secrets.yml", centre.settings.phones)
    login = f"Action: Login\r\nUsername: acd\r\nSecret: {secrets.ami_password}\r\nEvents: off\r\n\r\n"
    ring = (
        f"Action: Originate\r\nChannel: Local/{extension}@acd-member\r\nApplication: Wait\r\nData: 20\r\n"
        "Timeout: 20000\r\nAsync: true\r\n\r\n"
    )
    address = ("127.0.0.1", int(centre.env["ACD_AMI_PORT"]))
    with socket.create_connection(address, 5) as ami, ami.makefile("rb") as answers:
        ami.sendall((login + ring * times + "Action: Logoff\r\n\r\n").encode())
        assert answers.read().count(b"Originate successfully queued") == times


@pytest_asyncio.fixture(autouse=True)
async def nobody_is_at_work(centre: Centre) -> None:
    """At the beginning of each test, and Asterisk knows."""
    await at_work(centre)


@each_mirror
async def test_kept_down_the_fallback_queue_serves(centre: Centre, phones: dict[str, Phone]) -> None:
    """Callers in line and new ones reach agents without us; nobody gets two offers when we are back."""
    async with (
        centre.customer("+491700000021", tone_hz=700.0) as waiting,
        centre.customer("+491700000022") as newcomer,
    ):
        waiting_call = await waiting.dial("8002")
        seen = await centre.until_call("waiting", group="support")
        await waiting_call.wait_answered()
        await asyncio.to_thread(centre.kill_controller)
        name, at_agent = await first_to_ring(phones, "dora", "emil")
        await at_agent.answer()
        await at_agent.rtp.until_hears(700.0)
        for phone in phones.values():
            phone.answering = RING
        new_call = await newcomer.dial("8002")
        other, at_other = await first_to_ring(phones, "anna", "ben", "dora", "emil")
        assert other != name  # not somebody who talks

        # Back while a fallback ring is under way: the ring is called off, the caller is ours.
        await asyncio.to_thread(centre.start_controller)
        await centre.until_call("waiting", caller_number="+491700000022")
        await at_other.wait_ended()
        for phone in phones.values():
            phone.answering = ANSWER
        await centre.ready(*(agent for agent in phones if agent != name))
        await centre.until_call("talking", caller_number="+491700000022")
        live = [c for phone in phones.values() for c in phone.calls if c.end is None]
        assert len(live) == 2
        await new_call.hang_up()
        await waiting_call.hang_up()
        record = await centre.record(seen["id"])
        assert story(record) == [
            "waiting support answered",
            f"fallback support {name} caller_hung_up",
        ]
        (visit,) = record.visits
        assert (visit.outcome, visit.agent) == (VisitOutcome.ANSWERED, name)


@each_mirror
async def test_calls_that_come_and_go_without_a_controller_are_on_record(
    centre: Centre, phones: dict[str, Phone]
) -> None:
    """What Asterisk's own account has and we have not is added when we are back."""
    async with centre.customer("+491700000025") as caller:
        await asyncio.to_thread(centre.kill_controller)
        call = await caller.dial("8001")
        name, at_agent = await first_to_ring(phones, "anna", "ben", "dora", "emil")
        before = centre.records()
        await at_agent.answer()
        await at_agent.rtp.until_heard()
        await at_agent.hang_up()
        await call.wait_ended()
        await centre.until_no_channels()
        await asyncio.to_thread(centre.start_controller)
        record = await centre.next_record(before)
        assert record.caller_number == "+491700000025"
        assert story(record)[1:] == ["fallback sales answered", f"fallback sales {name} unknown"]
        (visit,) = record.visits
        assert (visit.group, visit.outcome, visit.agent) == ("sales", VisitOutcome.ANSWERED, name)


async def test_a_phone_that_the_queue_chooses_twice_rings_once(
    centre: Centre, phones: dict[str, Phone]
) -> None:
    """It hears only some tenths of a second later that a phone rings."""
    phone = phones["dora"]
    phone.answering, before = RING, len(phone.calls)
    await asyncio.to_thread(centre.kill_controller)
    await asyncio.to_thread(centre.console, "dialplan set global ACD_HEARTBEAT 0")
    await asyncio.to_thread(ring_as_member, centre, phone.number, 4)
    ringing = await phone.wait_incoming()
    await centre.until_channels(lambda shown: shown.count(f"Local/{phone.number}@acd-member") <= 2)
    assert len(phone.calls) == before + 1
    ringing.refuse(486)
    await centre.until_no_channels()
    await asyncio.to_thread(centre.start_controller)


async def test_served_wholly_by_the_fallback_queue(centre: Centre, phones: dict[str, Phone]) -> None:
    """In line with us, then served while nobody watches: answered, not abandoned, and no long wait."""
    async with centre.customer("+491700000026") as caller:
        call = await caller.dial("8002")
        seen = await centre.until_call("waiting", group="support")
        await asyncio.to_thread(centre.kill_controller)
        # The agent whom the queue tries first does not answer and must not get the credit.
        for name in ("dora", "emil"):
            phones[name].answering = RING
        first, at_first = await first_to_ring(phones, "dora", "emil")
        other = "emil" if first == "dora" else "dora"
        at_first.refuse(486)
        at_other = await phones[other].wait_incoming(30)
        await at_other.answer()
        answered_at = time.time()
        await at_other.rtp.until_heard()
        await at_other.hang_up()
        await call.wait_ended()
        talk_s = time.time() - answered_at
        await centre.until_no_channels()
        await asyncio.to_thread(centre.start_controller)
        record = await centre.record(seen["id"])
        assert story(record) == ["waiting support answered", f"fallback support {other} unknown"]
        (visit,) = record.visits
        assert (visit.outcome, visit.agent) == (VisitOutcome.ANSWERED, other)
        assert visit.wait_s == pytest.approx(answered_at - visit.queued_at.timestamp(), abs=0.5)
        assert visit.talk_s == pytest.approx(talk_s, abs=0.5)


async def test_served_by_the_fallback_queue_till_we_are_back(
    centre: Centre, phones: dict[str, Phone]
) -> None:
    """The agent of the fallback queue, who is not logged in, hangs up when the controller is there again."""
    async with centre.customer("+491700000027") as caller:
        call = await caller.dial("8002")
        seen = await centre.until_call("waiting", group="support")
        await asyncio.to_thread(centre.kill_controller)
        name, at_agent = await first_to_ring(phones, "dora", "emil")
        await at_agent.answer()
        answered_at = time.time()
        await asyncio.to_thread(centre.start_controller)
        await centre.until(lambda s: s["asterisk"] and s["dispatching"], "a look at the floor")
        await at_agent.hang_up()
        await call.wait_ended()
        record = await centre.record(seen["id"])
        assert story(record) == ["waiting support answered", f"fallback support {name} agent_hung_up"]
        (visit,) = record.visits
        assert (visit.outcome, visit.agent) == (VisitOutcome.ANSWERED, name)
        assert visit.wait_s == pytest.approx(answered_at - visit.queued_at.timestamp(), abs=1.5)


async def test_those_who_were_at_work_are_rung_first(centre: Centre, phones: dict[str, Phone]) -> None:
    """All four phones are there; anna is logged in, ben on a break. After a while it is anybody's turn."""
    async with centre.customer("+491700000028") as caller:
        await centre.ready("anna")
        await centre.ready("ben")
        await centre.ask("not-ready", agent="ben", reason="break")
        for phone in phones.values():
            phone.answering = RING
        await at_work(centre, "1001")
        await asyncio.to_thread(centre.kill_controller)
        call = await caller.dial("8001")
        _, at_anna = await first_to_ring(phones, "anna", "ben")
        assert [len(phones[name].calls) for name in ("anna", "ben")] == [1, 0]
        phones["anna"].answering = refusing(486)  # each time she is rung again
        at_anna.refuse(486)
        began = time.monotonic()
        _, at_other = await first_to_ring(phones, "ben", "dora", "emil")
        assert time.monotonic() - began > 3.0  # after a ring of anna's there were only those at work
        await at_other.answer()
        await at_other.rtp.until_heard()
        await at_other.hang_up()
        await call.wait_ended()
        await centre.until_no_channels()
        await asyncio.to_thread(centre.start_controller)


async def test_asterisk_agrees_with_all_that(centre: Centre) -> None:
    assert await centre.agrees_with_asterisk()
