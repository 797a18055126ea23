"""The controller is killed or frozen at any moment: nobody is cut off, no place and no record is lost."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.journal.replay import replay
from acd.records.record import VisitOutcome
from tests.integration.centre import Centre, story
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import ANSWER, RING, Phone

pytestmark = [pytest.mark.asterisk, pytest.mark.alone]

# With Redis the disk is lost together with the controller: all comes from Redis. What is to be seen is
# the same, so one test with everything in it is enough for each run; the long run has all of them.
DISK = pytest.param("running_centre", id="disk")
REDIS = pytest.param("running_redis_centre", id="redis")
both_mirrors = pytest.mark.parametrize("chosen_centre", [DISK, REDIS], indirect=True)
each_mirror = pytest.mark.parametrize(
    "chosen_centre", [DISK, REDIS] if os.environ.get("ACD_TEST_ALL") else [DISK], indirect=True
)


@pytest_asyncio.fixture
async def phones(centre: Centre) -> AsyncIterator[dict[str, Phone]]:
    """Registered phones of four agents."""
    numbers = {"anna": "1001", "ben": "1002", "dora": "1004", "emil": "1005"}
    made = {name: centre.phone(number, tone_hz=440.0) for name, number in numbers.items()}
    for phone in made.values():
        await phone.__aenter__()
        await phone.register()
    yield made
    for phone in made.values():
        await phone.__aexit__(None, None, None)


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
        journals = [replay(path) for path in sorted((centre.home / "journal").iterdir())]
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
        await at_agent.hang_up()
        await call.wait_ended()
        await centre.until_no_channels()
        await asyncio.to_thread(centre.start_controller)
        record = await centre.next_record(before)
        assert record.caller_number == "+491700000025"
        assert story(record)[1:] == ["fallback sales answered", f"fallback sales {name} unknown"]
        (visit,) = record.visits
        assert (visit.group, visit.outcome, visit.agent) == ("sales", VisitOutcome.ANSWERED, name)


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


async def first_to_ring(phones: dict[str, Phone], *names: str) -> tuple[str, PhoneCall]:
    """Whose phone rings first, and the call."""
    waits = {asyncio.create_task(phones[name].wait_incoming(30)): name for name in names}
    done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    task = next(iter(done))
    return waits[task], task.result()


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
        after = {c["caller_number"]: c["id"] for c in (await centre.ask("status"))["calls"]}
        assert after == {n: i for n, i in before.items() if n != "+491700000033"}
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
    """Each of its calls is on record once, and begins, is answered and ends when ours does."""
    told = await asyncio.to_thread(centre.acd, "records", "reconcile", "--json")
    assert json.loads(told)["calls"] > 0
