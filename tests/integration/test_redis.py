"""Redis stops, stands still, or comes back empty: callers notice nothing, and all is mirrored again."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.redis_centre import RedisCentre
from tests.integration.sip.phone import ANSWER, Phone

pytestmark = pytest.mark.asterisk

AWAY = "live state is not mirrored to Redis"
BACK = "live state is in Redis again"
COMMANDS_A_CALL = 10.0


@pytest_asyncio.fixture
async def anna(redis_centre: RedisCentre) -> AsyncIterator[Phone]:
    """Anna's phone, registered."""
    async with redis_centre.phone("1001") as phone:
        await phone.register()
        yield phone


async def health(centre: RedisCentre) -> dict[str, Any]:
    """What the health page says; it must say 200."""

    def get() -> bytes:
        url = f"http://127.0.0.1:{centre.env['ACD_HEALTH_PORT']}/health"
        with urllib.request.urlopen(url, timeout=5) as answer:
            body: bytes = answer.read()
            return body

    facts: dict[str, Any] = json.loads(await asyncio.to_thread(get))
    return facts


async def until_away(centre: RedisCentre) -> None:
    """Wait until the controller has noticed."""
    await centre.until(lambda s: s["live_state"]["in_redis"] is False, "Redis to be missed")


async def until_mirrored(centre: RedisCentre) -> dict[str, Any]:
    """Wait until Redis has everything; that."""
    await centre.until(
        lambda s: s["live_state"]["in_redis"] and s["live_state"]["waiting_for_redis"] == 0,
        "Redis to have everything",
    )
    return await asyncio.to_thread(centre.in_redis)


async def test_commands_a_call(redis_centre: RedisCentre, anna: Phone) -> None:
    """Whole calls one after the other, so that none shares a command with another; wrap-up included."""
    centre = redis_centre
    anna.answering = ANSWER
    await centre.ready("anna")
    await until_mirrored(centre)
    await asyncio.to_thread(centre.redis.cli, "config", "resetstat")
    calls = 3
    for _ in range(calls):
        async with centre.caller("8000") as caller:
            await caller.dial()
            await centre.until_call("ivr", step="main/menu")
            await caller.press("1")
            seen = await centre.until_call("talking", agent="anna")
            await caller.hang_up()
            await caller.wait_ended()
        await centre.until_agent("anna", "ready")
        await centre.record(seen["id"])
    commands = await asyncio.to_thread(centre.redis.commands)
    left = await until_mirrored(centre)
    assert not [key for key in left if not key.startswith(("agent:", "pace:"))]
    assert 0 < sum(commands.values()) / calls <= COMMANDS_A_CALL, commands


async def test_stopped_and_back_empty(redis_centre: RedisCentre, anna: Phone) -> None:
    centre = redis_centre
    away, back = centre.said(AWAY), centre.said(BACK)
    async with centre.customer("+491700000041") as first, centre.customer("+491700000042") as second:
        waiting = await first.dial("8002")
        seen = await centre.until_call("waiting", group="support")
        await asyncio.to_thread(centre.redis.stop)
        await until_away(centre)
        assert (await health(centre))["live_state_in_redis"] is False
        assert "Redis takes no live state" in await asyncio.to_thread(centre.acd, "status")

        await centre.ready("anna")
        talk = await second.dial("8001")
        at_anna = await anna.wait_incoming()
        await at_anna.answer()
        await centre.until_agent("anna", "talking")

        await asyncio.to_thread(centre.redis.start)
        kept = await until_mirrored(centre)
        assert kept[f"call:{seen['id']}"]["state"] == "waiting"
        assert kept["agent:anna"]["state"] == "talking"
        assert (await health(centre))["live_state_in_redis"] is True
        assert (centre.said(AWAY), centre.said(BACK)) == (away + 1, back + 1)
        await talk.hang_up()
        await waiting.hang_up()


async def test_stalled_and_the_controller_killed_meanwhile(redis_centre: RedisCentre, anna: Phone) -> None:
    """Routing does not wait for Redis; a start without it goes on from the disk."""
    centre = redis_centre
    async with centre.customer("+491700000043") as first, centre.customer("+491700000044") as second:
        sales = await first.dial("8001")
        await centre.until_call("waiting", group="sales")
        support = await second.dial("8002")
        seen = await centre.until_call("waiting", group="support")
        centre.redis.stall()
        await centre.ready("anna")
        at_anna = await anna.wait_incoming()
        assert (await centre.ask("status"))["live_state"]["waiting_for_redis"] > 0
        await at_anna.answer()
        await centre.until_agent("anna", "talking")
        await until_away(centre)

        await asyncio.to_thread(centre.kill_controller_only)
        said = centre.said("starting with the live state on disk alone")
        await asyncio.to_thread(centre.start_controller)
        assert centre.said("starting with the live state on disk alone") == said + 1
        back = await centre.until_call("waiting", group="support", position=1)
        assert back["id"] == seen["id"]
        assert back["state_s"] > seen["state_s"]
        await centre.until_agent("anna", "talking")
        centre.redis.thaw()
        mirrored = await until_mirrored(centre)
        assert mirrored[f"call:{seen['id']}"]["state"] == "waiting"
        assert mirrored["agent:anna"]["state"] == "talking"
        await sales.hang_up()
        await support.hang_up()


async def test_back_empty_while_the_controller_is_killed(redis_centre: RedisCentre) -> None:
    """What the disk is for beside Redis: one of the two has it all."""
    centre = redis_centre
    async with centre.customer("+491700000045") as caller:
        call = await caller.dial("8002")
        seen = await centre.until_call("waiting", group="support")
        await asyncio.to_thread(centre.kill_controller_only)
        await asyncio.to_thread(centre.redis.stop)
        await asyncio.to_thread(centre.redis.start)
        await asyncio.to_thread(centre.start_controller)
        back = await centre.until_call("waiting", group="support", position=1)
        assert back["id"] == seen["id"]
        assert f"call:{seen['id']}" in await until_mirrored(centre)
        await call.hang_up()
