"""A caller dials a number, hears a menu, presses a key, waits, and talks with an agent."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys

import pytest

from tests.integration.centre import Centre, story
from tests.integration.sip.phone import ANSWER
from tests.integration.watching import watching

pytestmark = pytest.mark.asterisk


async def test_menu_queue_agent_and_record(centre: Centre) -> None:
    async with watching(centre.socket, "anna") as seen, centre.baresip("1001", tone_hz=440.0) as anna:
        await anna.wait_registered()
        await centre.ready("anna")
        async with centre.caller("8000", from_number="+8613800138000") as caller:
            await caller.dial()
            await caller.wait_answered()
            call = await centre.until_call("ivr", step="main/menu")
            await caller.press("1")
            display = await anna.wait_incoming()
            await centre.until_call("ringing", agent="anna")
            await anna.answer()
            await centre.until_agent("anna", "talking")
            await anna.until_hears(700.0)
            await caller.rtp.until_hears(440.0)
            await caller.hang_up()
            await caller.wait_ended()
        await centre.until_agent("anna", "wrap_up")
        told = await centre.ask("call", call=call["id"], agent="anna")
        await seen.until(lambda _now: (f"call:{call['id']}", None) in seen.history)
        await centre.ask("logout", agent="anna")
    assert seen.states("agent:anna")[-5:] == ["ready", "ringing", "talking", "wrap_up", "ready"]
    whole = ["ivr", "ringing", "talking", "ended", None]
    assert [state for state in whole if state in seen.states(f"call:{call['id']}")] == whole
    assert seen.now["group:sales"]["waiting"] == 0
    assert told["call"]["customer"]["name"] == "王小明"
    assert told["path"][-1]["detail"] == "sales"
    assert "Anna" in told["greeting"]
    record = await centre.record(call["id"])
    assert story(record) == [
        "ivr left",
        "waiting sales answered",
        "ringing sales anna answered",
        "talking sales anna caller_hung_up",
        "wrap_up sales anna done",
    ]
    assert display.name == "王小明 (gold)"
    shown = centre.acd("calls", "show", call["id"])
    assert "customer 王小明 (gold)" in shown
    assert re.search(r"anna, ready \d+\.\d s: longest idle\b", shown)
    assert call["id"] in centre.acd("calls", "list")


async def test_the_report_counts_what_happened(centre: Centre) -> None:
    before = json.loads(centre.acd("report", "--group", "support", "--json"))["total"]["values"]
    async with centre.phone("1004", answering=ANSWER) as dora:
        await dora.register()
        await centre.ready("dora")
        async with centre.customer() as caller:
            call = await caller.dial("8002")
            seen = await centre.until_call("talking", agent="dora")
            await call.hang_up()
        await centre.record(seen["id"])
        await centre.ask("logout", agent="dora")
    async with centre.customer() as caller:
        call = await caller.dial("8002")
        seen = await centre.until_call("waiting")
        await call.hang_up()
        await centre.record(seen["id"])
    after = json.loads(centre.acd("report", "--group", "support", "--json"))["total"]["values"]
    grown = {
        name: after[name] - before[name] for name in ("offered", "answered", "abandoned", "short_abandoned")
    }
    assert grown == {"offered": 2, "answered": 1, "abandoned": 0, "short_abandoned": 1}
    assert after["service_level"] is not None


async def test_a_customer_whose_number_looks_like_an_extension(centre: Centre) -> None:
    """A call from the trunk's address is a customer's, and is not asked for phone 1001's password."""
    async with centre.phone("1004", answering=ANSWER) as dora, centre.customer("1001") as caller:
        await dora.register()
        await centre.ready("dora")
        call = await caller.dial("8002")
        await call.wait_answered()
        seen = await centre.until_call("talking", agent="dora")
        assert (seen["kind"], seen["caller_number"]) == ("inbound", "1001")
        assert not caller.received("SIP/2.0 401")
        await call.hang_up()


async def test_what_asterisk_writes_is_closed_to_others(centre: Centre) -> None:
    """Also where whoever starts it has a shell's usual umask: logs, account and database tell who called."""
    async with centre.customer() as caller:
        call = await caller.dial("8002")
        seen = await centre.until_call("waiting")
        await call.hang_up()
        await centre.record(seen["id"])
    await centre.until(lambda _status: seen["id"] in {row["call_id"] for row in centre.cdr_rows()}, "its row")
    home = centre.home / "asterisk"
    written = [home, *(path for path in home.rglob("*") if not path.is_symlink())]
    assert {path.name for path in written} >= {"acd.csv", "messages.log", "security.log", "astdb.sqlite3"}
    assert [path for path in written if path.stat().st_mode & 0o077] == []


async def test_who_is_forgotten_is_in_no_file_that_others_write(centre: Centre) -> None:
    number = "+4930778899002"
    async with centre.customer(number) as caller:
        call = await caller.dial("8002")
        seen = await centre.until_call("waiting")
        await call.hang_up()
    await centre.record(seen["id"])
    await centre.until_no_channels()
    account, live = (
        centre.home / "asterisk" / "log" / "cdr-custom" / "acd.csv",
        centre.home / "live" / "live.jsonl",
    )
    rows = len(centre.cdr_rows())
    assert number in account.read_text()
    arguments = ["customers", "forget", number, "--yes", "--no-vacuum"]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "acd", *arguments],
        env=centre.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cdr_lines" in done.stdout, done.stdout + done.stderr
    assert number.lstrip("+") not in account.read_text()
    assert [row["call_id"] for row in centre.cdr_rows()].count(seen["id"]) >= 1
    assert len(centre.cdr_rows()) == rows
    assert f'"call:{seen["id"]}"' not in live.read_text()  # it is over; its wait may still be taken up again
