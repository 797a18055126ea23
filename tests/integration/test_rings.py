"""What becomes of caller and agent when an agent's phone does not take the call."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.centre import Centre, story
from tests.integration.sip.phone import RING, SILENT, Answering, forwarding, refusing

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize(
    ("answering", "outcome", "state", "reason"),
    [
        pytest.param(refusing(486), "busy", "ready", None, id="486 busy"),
        pytest.param(refusing(480), "unavailable", "not_ready", "declined", id="480 unavailable"),
        pytest.param(refusing(603), "declined", "not_ready", "declined", id="603 declined"),
        pytest.param(forwarding("1006"), "declined", "not_ready", "declined", id="302 forwarded"),
        pytest.param(RING, "no_answer", "not_ready", "rona", id="rings out"),
        pytest.param(SILENT, "unreachable", "not_ready", "phone-unreachable", id="dead, still registered"),
    ],
)
async def test_next_agent_at_once(
    centre: Centre, answering: Answering, outcome: str, state: str, reason: str | None
) -> None:
    async with (
        centre.phone("1001", answering=answering) as anna,
        centre.phone("1002") as ben,
        centre.customer() as caller,
    ):
        await anna.register()
        await ben.register()
        await centre.ready("anna", "ben")
        call = await caller.dial("8001")
        at_ben = await ben.wait_incoming(8)
        await centre.until_agent("anna", state, reason)
        await at_ben.answer()
        seen = await centre.until_call("talking", agent="ben")
        assert at_ben.header("X-ACD-Call") == seen["id"]
        await call.hang_up()
        record = await centre.record(seen["id"])
        assert story(record) == [
            "waiting sales answered",
            f"ringing sales anna {outcome}",
            "ringing sales ben answered",
            "talking sales ben caller_hung_up",
            "wrap_up sales ben done",
        ]
        (visit,) = record.visits
        assert (visit.outcome.value, visit.agent) == ("answered", "ben")


async def test_busy_phone_is_tried_again(centre: Centre) -> None:
    async with centre.phone("1001", answering=refusing(486)) as anna, centre.customer() as caller:
        await anna.register()
        await centre.ready("anna")
        call = await caller.dial("8001")
        await anna.wait_incoming()  # refused, whatever the phone does with the next one
        anna.answering = RING
        await centre.until_call("waiting", position=1)
        again = await anna.wait_incoming()
        await again.answer()
        await centre.until_agent("anna", "talking")
        await call.hang_up()


async def test_unregistered_phone_is_passed_over_and_comes_back(centre: Centre) -> None:
    async with (
        centre.phone("1001") as anna,
        centre.phone("1002") as ben,
        centre.customer() as caller,
    ):
        await anna.register()
        await ben.register()
        await centre.ready("anna", "ben")
        await anna.unregister()
        await centre.until_agent("anna", "not_ready", "phone-unreachable")
        call = await caller.dial("8001")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        assert not anna.calls
        await anna.register()
        await centre.until_agent("anna", "ready")
        await at_ben.hang_up()
        await call.wait_ended()


async def test_a_phone_never_sends_the_caller_past_us(centre: Centre) -> None:
    """Anna's phone forwards to ben's: he is not rung, no second call appears, the caller waits."""
    async with (
        centre.phone("1001", answering=forwarding("1002")) as anna,
        centre.phone("1002") as ben,
        centre.customer() as caller,
    ):
        await anna.register()
        await ben.register()
        await centre.ready("anna")
        call = await caller.dial("8001")
        await centre.until_agent("anna", "not_ready", "declined")
        seen = await centre.until_call("waiting", position=1)
        assert [c["id"] for c in (await centre.ask("status"))["calls"]] == [seen["id"]]
        assert not ben.calls
        await call.hang_up()


async def test_asterisks_own_forwarding_finds_no_way_in(centre: Centre) -> None:
    """What forwarding would make of itself, a Local channel into the phones' context, is refused."""
    await asyncio.to_thread(centre.console, "channel originate Local/8001@acd-phone application Wait 2")
    await centre.until_no_channels()
    assert not (await centre.ask("status"))["calls"]
