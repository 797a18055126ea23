"""A caller of a flow in line: ways out, news of the place, offers that nothing delays, a crash meanwhile."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.integration.flow_centre import FlowCentre, first_heard_at, flow_centre, hears
from tests.integration.sip.phone import ANSWER

pytestmark = pytest.mark.asterisk

MENUS = """
  pressed: {menu: {prompt: {play: low}, choices: {"1": bye}, failure: bye}}
  late: {menu: {prompt: {play: mid}, choices: {"1": bye}, failure: bye}}
  nobody: {menu: {prompt: {play: high}, choices: {"1": bye}, failure: bye}}
  after: {menu: {prompt: {play: top}, choices: {"1": bye}, failure: bye}}
  bye: {hangup: null}
"""
FLOWS = {
    "8301": f"""
start: line
steps:
  line:
    queue:
      {{group: sales, keys: {{"1": pressed}}, max_wait_s: 90, timeout: late, no_agents: nobody, after: after,
       announce: {{first_s: 1, every_s: 30, position: true, expected_wait: true, comfort: {{play: peak}}}}}}
{MENUS}""",
    "8302": """
start: line
steps:
  line: {queue: {group: sales, max_wait_s: 2, timeout: late}}
  late: {menu: {prompt: {play: mid}, choices: {"1": bye}, failure: bye}}
  bye: {hangup: null}
""",
    "8303": """
start: count
variables: {tries: 0}
steps:
  count: {set: {tries: "tries + 1"}, next: ask}
  ask: {menu: {prompt: {play: low}, choices: {"1": again}, failure: bye}}
  again: {set: {tries: "tries + 1"}, next: ask_again}
  ask_again: {menu: {prompt: {play: high}, choices: {"2": check}, failure: bye}}
  check: {if: "tries == 2", then: right, else: wrong}
  right: {menu: {prompt: {play: top}, choices: {"1": bye}, failure: bye}}
  wrong: {menu: {prompt: {play: mid}, choices: {"1": bye}, failure: bye}}
  bye: {hangup: null}
""",
}
OFFER_MS_MAX = 150


chosen_centre = flow_centre("flows_queue", FLOWS)


async def test_nobody_is_there(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8301")
        await call.wait_answered()
        await hears(call, "high")
        await call.hang_up()


@pytest.mark.timing
async def test_the_ways_out_of_a_line(centre: FlowCentre) -> None:
    """By key during music, by key during news, by time, and when the last agent goes home."""
    async with (
        centre.phone("1001") as anna,
        centre.customer("+4930001") as by_key,
        centre.customer("+4930002") as in_news,
        centre.customer("+4930003") as late,
        centre.customer("+4930004") as lonely,
    ):
        await anna.register()
        await centre.ask("login", agent="anna")
        calls = [await c.dial(n) for c, n in ((by_key, "8301"), (in_news, "8301"), (late, "8302"))]
        first, second, third = calls
        for call in calls:
            await call.wait_answered()
        await centre.until(lambda s: sum(c["state"] == "waiting" for c in s["calls"]) == 3, "three in line")
        await first.rtp.press("5")  # leads nowhere
        await first.rtp.press("1")
        released = time.monotonic()
        await hears(first, "low")
        assert first_heard_at(first, "low", released) - released < 0.1
        await hears(second, "peak", limit_s=12.0)  # after place and wait have been said
        await second.rtp.press("1")
        released = time.monotonic()
        await hears(second, "low")
        assert first_heard_at(second, "low", released) - released < 0.1
        await hears(third, "mid")
        alone = await lonely.dial("8301")
        await centre.until_call("waiting")
        await centre.ask("logout", agent="anna")
        await hears(alone, "high")
        for call in (*calls, alone):
            await call.hang_up()


@pytest.mark.timing
async def test_an_offer_is_not_delayed_by_news(centre: FlowCentre) -> None:
    async with centre.phone("1001", answering=ANSWER) as anna, centre.customer() as caller:
        await anna.register()
        await centre.ask("login", agent="anna")
        call = await caller.dial("8301")
        await call.wait_answered()
        await hears(call, "peak", limit_s=12.0)
        asked = time.monotonic()
        await centre.ready("anna")
        at_anna = await anna.wait_incoming()
        took_ms = 1000 * (anna.received("INVITE")[0].at_s - asked)
        assert took_ms < OFFER_MS_MAX
        await centre.until_call("talking", agent="anna")
        await at_anna.hang_up()
        await hears(call, "top")  # the flow goes on after the agent
        await call.hang_up()


async def test_who_waits_keeps_the_ways_out_over_a_crash(centre: FlowCentre) -> None:
    async with centre.phone("1001") as anna, centre.customer() as caller:
        await anna.register()
        await centre.ask("login", agent="anna")
        call = await caller.dial("8301")
        await call.wait_answered()
        await centre.until_call("waiting")
        centre.kill_controller()
        await asyncio.to_thread(centre.start_controller)
        await centre.until_call("waiting", limit_s=15.0)
        await call.rtp.press("1")
        await hears(call, "low")
        await call.hang_up()


async def test_variables_outlive_the_controller(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8303")
        await call.wait_answered()
        await hears(call, "low")
        await call.rtp.press("1")
        await hears(call, "high")
        centre.kill_controller()
        await asyncio.to_thread(centre.start_controller)
        await hears(call, "high", limit_s=15.0)
        await call.rtp.press("2")
        await hears(call, "top")
        await call.hang_up()
