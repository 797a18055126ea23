"""Keys of a real caller: prompts are cut, keys pressed ahead count, secret ones are written nowhere."""

from __future__ import annotations

import asyncio
import time
from statistics import median

import pytest

from tests.integration.flow_centre import (
    FlowCentre,
    first_heard_at,
    flow_centre,
    hears,
    last_heard_at,
    seconds_heard,
    silence_gaps_s,
)

pytestmark = pytest.mark.asterisk

PIN = "73519284"
CUT_S = 0.05

FLOWS = {
    # A menu whose choices lead to other menus, each with a tone of its own.
    "8101": """
start: first
steps:
  first: {menu: {prompt: {play: low}, choices: {"1": second, "*9": third, "*": first}, failure: bye}}
  second: {menu: {prompt: {play: mid}, choices: {"1": first}, failure: bye}}
  third: {menu: {prompt: {play: high}, choices: {"1": first}, failure: bye}}
  bye: {hangup: {play: short_top}}
""",
    # Prompts that keys do not cut, and one of several parts.
    "8102": """
start: parts
steps:
  parts: {play: [short_low, short_mid, short_high, short_low], next: ask}
  ask: {menu: {prompt: {play: top}, choices: {"1": yes_step, "2": no_step}, failure: no_step}}
  yes_step: {say: {play: peak}, interrupt: true, next: no_step}
  no_step: {menu: {prompt: {play: mid}, choices: {"1": bye, "#": bye}, failure: bye}}
  bye: {hangup: null}
""",
    # A secret number, said twice, used in a look-up that fails, then kept waiting.
    "8103": """
start: pin
steps:
  pin:
    collect: {into: pin, prompt: {play: low}, length: 8, terminator: "#", masked: true, failure: bye,
              confirm: {prompt: [{play: steady_mid}, {digits: pin}], yes: "1", no: "2"}}
    next: copy
  copy: {set: {other: "pin"}, next: ask}
  ask:
    lookup: {get: "'http://127.0.0.1:9/pin/' ~ other", timeout_s: 1, retries: 0, into: {x: x}}
    next: bye
    not_found: bye
    failure: wait
  wait: {menu: {prompt: {play: high}, choices: {"#": bye, "1": bye}, failure: bye, timeout_s: 20}}
  bye: {hangup: null}
""",
}


chosen_centre = flow_centre("flows_keys", FLOWS)


@pytest.mark.timing
async def test_a_prompt_is_cut_when_the_key_is_released(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8101")
        await call.wait_answered()
        cuts, nexts = [], []
        for now, following in [("low", "mid"), ("mid", "low")] * 5:
            await hears(call, now)
            await call.rtp.press("1")
            released = time.monotonic()
            await hears(call, following)
            began = first_heard_at(call, following, released)
            cuts.append(last_heard_at(call, now, until=began) - released)
            nexts.append(began - released)
        assert max(cuts) <= CUT_S, in_ms(cuts)
        assert median(nexts) <= 2 * CUT_S, in_ms(nexts)
        await call.hang_up()


def in_ms(times: list[float]) -> list[int]:
    """For the log of a test run."""
    return [round(1000 * t) for t in sorted(times)]


async def test_a_short_key_does_not_end_the_prompt_that_it_leads_to(centre: FlowCentre) -> None:
    """AMI tells of it at once; Asterisk hands it on when it would have lasted for 80 ms."""
    async with centre.customer() as caller:
        call = await caller.dial("8103")
        await call.wait_answered()
        await hears(call, "low")
        await call.rtp.press(PIN, duration_s=0.04)
        pressed = time.monotonic()
        await call.rtp.until(
            lambda: seconds_heard(call, "mid", pressed) > 1.0, 3.0, "a second of what follows"
        )
        await call.hang_up()


async def test_choices_of_several_keys(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8101")
        await call.wait_answered()
        await hears(call, "low")
        await call.rtp.press("*9")
        await hears(call, "high")
        await call.rtp.press("1")
        await hears(call, "low")
        await call.rtp.press("*")
        pressed = time.monotonic()
        await call.rtp.until_silent()
        await hears(call, "low")  # `*` alone is a choice, too, when nothing follows
        assert first_heard_at(call, "low", pressed) - pressed > 1.5
        await call.hang_up()


@pytest.mark.timing
async def test_parts_follow_each_other_and_keys_pressed_meanwhile_count(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8102")
        await call.wait_answered()
        await hears(call, "low")
        began = time.monotonic()
        await call.rtp.press("1")
        await hears(call, "peak", limit_s=4.0)  # the menu was not even begun
        until = last_heard_at(call, "low")
        assert until - began > 1.8 - 0.3  # all four parts, to the end
        assert silence_gaps_s(call, began, until) <= 0.1  # less than between two words
        with pytest.raises(AssertionError, match="never heard"):
            last_heard_at(call, "top")
        await call.rtp.press("1")  # ends the prompt, and is kept for the menu that follows
        end = await call.wait_ended()
        assert not end.by_us


async def test_keys_of_a_row_of_steps_pressed_at_once(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8102")
        await call.wait_answered()
        await hears(call, "low")
        await call.rtp.press("2#", duration_s=0.1, pause_s=0.06)
        end = await call.wait_ended(limit_s=6.0)
        assert not end.by_us


async def test_secret_keys_are_written_nowhere(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8103")
        await call.wait_answered()
        await hears(call, "low")
        await call.rtp.press(PIN + "#", duration_s=0.1, pause_s=0.06)
        await hears(call, "mid")
        await call.rtp.press("1")
        seen = await centre.until_call("ivr", step="flow8103/wait", limit_s=15.0)
        await hears(call, "high")  # the # after eight digits was habit, and chose nothing here
        live = await asyncio.to_thread(found_in, centre)
        assert live == []
        await call.hang_up()
        await centre.record(seen["id"])
    assert await asyncio.to_thread(found_in, centre) == []
    told = await asyncio.to_thread(centre.steps, seen["id"])
    assert "pin" in told
    assert PIN not in told


def found_in(centre: FlowCentre) -> list[str]:
    """The files that hold the secret, or all but one digit (fewer could be part of some time)."""
    wanted = (PIN[:-1].encode(), PIN[1:].encode())
    return [str(p) for p in centre.files() if any(w in p.read_bytes() for w in wanted)]


async def test_a_killed_controller_goes_on_at_the_same_step(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8101")
        await call.wait_answered()
        await hears(call, "low")
        await call.rtp.press("1")
        await hears(call, "mid")
        centre.kill_controller()
        await asyncio.to_thread(centre.start_controller)
        await hears(call, "mid", limit_s=10.0)
        await call.rtp.press("1")
        await hears(call, "low")
        await call.hang_up()
