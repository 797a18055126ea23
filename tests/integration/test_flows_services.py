"""What flows ask of others and keep of callers: look-ups, recordings, callbacks, transfers, surveys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from tests.integration.centre import free_ports, story
from tests.integration.flow_centre import FlowCentre, flow_centre, hears, hears_no_more
from tests.integration.sip.audio import hears as is_heard
from tests.integration.sip.audio import read_wav
from tests.integration.sip.phone import ANSWER, refusing

pytestmark = pytest.mark.asterisk

HTTP_PORT, SIP_PORT, NOBODY = free_ports(3)
LOOKUP_TIMEOUT_S = 1.0


def lookup(path: str, *, port: int = HTTP_PORT, wait: str = "") -> str:
    """A flow that asks, and tells by a tone how it went."""
    return f"""
start: ask
steps:
  ask:
    lookup: {{get: "'http://127.0.0.1:{port}{path}'", timeout_s: {LOOKUP_TIMEOUT_S}, retries: 5,
             into: {{balance: account.balance}}{wait}}}
    next: found
    not_found: unknown
    failure: failed
  found: {{if: "balance == 12.5", then: right, else: failed}}
  right: {{menu: {{prompt: {{play: high}}, choices: {{"1": bye, "2": pressed}}, failure: bye}}}}
  pressed: {{menu: {{prompt: {{play: top}}, choices: {{"1": bye}}, failure: bye}}}}
  unknown: {{menu: {{prompt: {{play: mid}}, choices: {{"1": bye}}, failure: bye}}}}
  failed: {{menu: {{prompt: {{play: low}}, choices: {{"1": bye}}, failure: bye}}}}
  bye: {{hangup: null}}
"""


WAIT = ", wait: {play: short_peak}"

FLOWS = {
    "8201": lookup("/right"),
    "8202": lookup("/missing"),
    "8203": lookup("/slow"),
    "8204": lookup("/broken"),
    "8205": lookup("/not-json"),
    "8206": lookup("/wrong-fields"),
    "8207": lookup("/right", port=NOBODY),
    "8208": lookup("/late", wait=WAIT),
    "8209": lookup("/redirect"),
    "8210": """
start: mail
steps:
  mail: {voicemail: {group: sales, prompt: {play: short_low}, max_s: 20, silence_s: 3}, next: thanks}
  thanks: {menu: {prompt: {play: high}, choices: {"1": bye}, failure: bye}}
  bye: {hangup: null}
""",
    "8211": """
start: say
steps:
  say: {record: {into: complaint, prompt: {play: short_low}, max_s: 20}, next: kept}
  kept: {if: "complaint", then: thanks, else: nothing}
  thanks: {menu: {prompt: {play: high}, choices: {"1": bye}, failure: bye}}
  nothing: {menu: {prompt: {play: mid}, choices: {"1": bye}, failure: bye}}
  bye: {hangup: null}
""",
    "8212": """
start: back
steps:
  back: {callback: {group: sales, number: caller.number}, next: thanks, failure: refused}
  thanks: {menu: {prompt: {play: high}, choices: {"1": bye}, failure: bye}}
  refused: {menu: {prompt: {play: low}, choices: {"1": bye}, failure: bye}}
  bye: {hangup: null}
""",
    "8213": """
start: to_anna
steps:
  to_anna: {transfer: {agent: "'anna'", timeout_s: 5, failure: failed, after: rate}}
  failed: {menu: {prompt: {play: low}, choices: {"1": to_partner}, failure: bye}}
  to_partner: {transfer: {sip: "'partner'", timeout_s: 5, failure: lost, after: rate}}
  lost: {menu: {prompt: {play: mid}, choices: {"1": outside}, failure: bye}}
  outside: {transfer: {number: "'+4930123'", failure: bye}}
  rate: {survey: {questions: [{name: friendly, prompt: {play: top}, keys: [1, 5]}]}, next: bye}
  bye: {hangup: null}
""",
}
SYSTEM = f"  sip_addresses: {{partner: 'sip:support@127.0.0.1:{SIP_PORT}'}}\n"


LATE = web.AppKey("late", asyncio.Event)


async def answer(request: web.Request) -> web.StreamResponse:
    """The other system."""
    match request.path:
        case "/right":
            return web.json_response({"account": {"balance": 12.5}})
        case "/late":
            await request.app[LATE].wait()
            return web.json_response({"account": {"balance": 12.5}})
        case "/slow":
            await asyncio.Event().wait()
        case "/broken":
            return web.Response(status=500)
        case "/not-json":
            return web.Response(text='{"account": {')
        case "/wrong-fields":
            return web.json_response({"account": [12.5]})
        case "/redirect":
            raise web.HTTPFound("/right")
    return web.Response(status=404)


chosen_centre = flow_centre("flows_services", FLOWS, system=SYSTEM)


@pytest_asyncio.fixture
async def other_system() -> AsyncIterator[asyncio.Event]:
    """Answers look-ups; /late when the event is set."""
    app = web.Application()
    app[LATE] = asyncio.Event()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", HTTP_PORT).start()
    yield app[LATE]
    await runner.cleanup()


@pytest.mark.usefixtures("other_system")
async def test_lookups_and_their_failures(centre: FlowCentre) -> None:
    """All at once, each by a caller of its own."""
    expected = {
        "8201": "high",
        "8202": "mid",
        **dict.fromkeys(("8203", "8204", "8205", "8206", "8207", "8209"), "low"),
    }

    async def one(number: str, tone: str) -> float:
        async with centre.customer(f"+4917000{number}") as caller:
            call = await caller.dial(number)
            await call.wait_answered()
            began = time.monotonic()
            await hears(call, tone)
            took_s = time.monotonic() - began
            await call.hang_up()
            return took_s

    took = await asyncio.gather(*(one(number, tone) for number, tone in expected.items()))
    assert max(took) < LOOKUP_TIMEOUT_S + 3.0  # that is for all tries together


async def test_keys_pressed_during_a_lookup_count(centre: FlowCentre, other_system: asyncio.Event) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8208")
        await call.wait_answered()
        await hears(call, "peak")
        await hears_no_more(call, "peak")
        await call.rtp.press("2")  # while there is music
        other_system.set()
        await hears(call, "top")
        await call.hang_up()


def assert_tone(file: Path, hz: float, least_s: float) -> None:
    """The tone is in the file, for about so long; and nobody else may read it."""
    samples, rate = read_wav(file)
    held = sum(is_heard(samples[i : i + rate // 5], hz) for i in range(0, len(samples), rate // 5)) / 5
    assert held >= least_s - 0.4, (held, len(samples) / rate)
    assert file.stat().st_mode & 0o077 == 0


async def test_a_voicemail_holds_what_was_said(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8210")
        await call.wait_answered()
        seen = await centre.until_call("ivr")
        await centre.until_recordings(seen["id"])
        await call.rtp.speak(850.0, 2.0)
        await call.rtp.press("#")
        await hears(call, "high")
        await call.hang_up()
    record = await centre.record(seen["id"])
    (file,) = centre.recordings(seen["id"])
    assert_tone(file, 850.0, 2.0)
    assert file.stem in await asyncio.to_thread(centre.acd, "voicemail", "list")
    assert record.call_id == seen["id"]


async def test_a_voicemail_of_one_who_hangs_up_is_kept(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8210")
        await call.wait_answered()
        seen = await centre.until_call("ivr")
        await centre.until_recordings(seen["id"])
        await call.rtp.speak(950.0, 2.0)
        await call.hang_up()
    await centre.record(seen["id"])
    (file,) = centre.recordings(seen["id"])
    assert_tone(file, 950.0, 2.0)
    told = await asyncio.to_thread(centre.acd, "voicemail", "list")
    assert file.stem in told


async def test_a_recording_that_silence_ends(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8211")
        await call.wait_answered()
        seen = await centre.until_call("ivr")
        await centre.until_recordings(seen["id"])
        await call.rtp.speak(750.0, 1.5)
        await hears(call, "high", limit_s=10.0)
        await call.hang_up()
    (file,) = centre.recordings(seen["id"])
    assert_tone(file, 750.0, 1.5)


async def test_a_message_outlives_the_controller(centre: FlowCentre) -> None:
    async with centre.customer() as caller:
        call = await caller.dial("8210")
        await call.wait_answered()
        seen = await centre.until_call("ivr")
        await centre.until_recordings(seen["id"])
        await call.rtp.speak(880.0, 1.5)
        centre.kill_controller()
        await call.rtp.speak(880.0, 0.5)
        await call.hang_up()
    await asyncio.to_thread(centre.start_controller)
    await centre.record(seen["id"], limit_s=15.0)
    (file,) = centre.recordings(seen["id"])
    assert_tone(file, 880.0, 1.5)
    assert file.stem in await asyncio.to_thread(centre.acd, "voicemail", "list")


async def test_a_callback_is_taken_once(centre: FlowCentre) -> None:
    for tone in ("high", "low"):  # the second time there is an open one already
        async with centre.customer("+4930998877") as caller:
            call = await caller.dial("8212")
            await call.wait_answered()
            await hears(call, tone)
            await call.hang_up()
    assert "+4930998877" in await asyncio.to_thread(centre.acd, "callbacks", "list")


async def test_transfers_and_the_survey_after_them(centre: FlowCentre) -> None:
    async with (
        centre.phone("1001", answering=refusing(486)) as anna,
        centre.customer() as caller,
    ):
        await anna.register()
        await centre.ready("anna")
        call = await caller.dial("8213")
        await call.wait_answered()
        seen = await centre.until_call("ivr")
        await hears(call, "low")  # busy: the way of failure
        await call.rtp.press("1")
        await hears(call, "mid")  # nobody is there
        await call.rtp.press("1")
        end = await call.wait_ended()  # no trunk for calls outside: the way of failure is the end
        assert not end.by_us
        anna.answering = ANSWER
        await centre.until_agent("anna", "ready")
        call = await caller.dial("8213")
        at_anna = await anna.wait_incoming()
        at_anna = at_anna if at_anna.end is None else await anna.wait_incoming()
        seen = await centre.until_call("talking", agent="anna")
        await at_anna.rtp.until_heard()
        await at_anna.hang_up()
        await hears(call, "top")
        await call.rtp.press("4")
        end = await call.wait_ended()
        assert not end.by_us
    record = await centre.record(seen["id"])
    assert any("talking anna" in line for line in story(record))
    told = await asyncio.to_thread(centre.acd, "calls", "show", seen["id"])
    assert "friendly" in told
