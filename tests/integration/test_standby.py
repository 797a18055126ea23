"""Several controllers: whatever happens to the one that leads, another takes over, and nobody is lost."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from acd.accounts.audit import AuditLog
from acd.accounts.passwords import Passwords
from acd.accounts.store import AccountStore
from acd.records.store import RecordStore
from bench.hosts.merged import broken_rules, terms, two_leaders
from tests.integration.centre import CHECKOUT, LOOK_AGAIN_S, started, story
from tests.integration.sip.phone import Phone
from tests.integration.standby_centre import NAMES, StandbyCentre
from tests.integration.test_web_process import ask
from tests.integration.test_web_processes import Page, browsers_at, eventually

HOW = ("killed", "stopped", "handed over", "ended")
DESKTOP_BACK_WITHIN_S = 6.0
PASSWORD = "correct horse 7"

pytestmark = [pytest.mark.asterisk, pytest.mark.alone]


@pytest.fixture(scope="module")
def running_standby_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandbyCentre]:
    with started(StandbyCentre(tmp_path_factory.mktemp("standby"))) as centre:
        yield centre


@pytest_asyncio.fixture
async def centre(running_standby_centre: StandbyCentre) -> AsyncIterator[StandbyCentre]:
    centre = running_standby_centre
    await asyncio.to_thread(centre.start_controller)
    await centre.reset()
    yield centre
    await centre.until_no_channels()


@pytest.mark.parametrize("how", HOW)
async def test_another_takes_over(centre: StandbyCentre, phones: dict[str, Phone], how: str) -> None:
    """Two in line, one talks: places, waiting times and talk are as they were."""
    # Numbers of its own: who calls again soon goes on with the wait of before.
    talker, waiter, next_one = (f"+4917000000{HOW.index(how)}{n}" for n in range(3))
    async with (
        centre.customer(talker, tone_hz=700.0) as talking,
        centre.customer(waiter) as first,
        centre.customer(next_one) as second,
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
        before = {c["caller_number"]: c for c in (await centre.ask("status"))["calls"]}
        old, new = centre.leader, centre.other()

        if how == "killed":
            centre.signal(old, signal.SIGKILL)
        elif how == "stopped":
            centre.signal(old, signal.SIGSTOP)
        elif how == "ended":
            centre.signal(old, signal.SIGTERM)
        else:
            assert (await centre.ask("handover"))["leader"] == new
        took_s = await centre.until_leads(new, 8.0)
        assert took_s <= (6.0 if how == "stopped" else 3.0)
        if how == "handed over":
            assert await centre.dispatch_paused_s(old, new) <= 0.5

        await centre.until_call("waiting", caller_number=waiter, position=1)
        await centre.until_call("waiting", caller_number=next_one, position=2)
        after = {c["caller_number"]: c for c in (await centre.ask("status"))["calls"]}
        assert {n: c["id"] for n, c in after.items()} == {n: c["id"] for n, c in before.items()}
        assert after[waiter]["state_s"] > before[waiter]["state_s"]
        await at_anna.rtp.until_hears(700.0)
        await talk.rtp.until_hears(440.0)

        await centre.ready("dora")
        at_dora = await phones["dora"].wait_incoming()
        assert at_dora.identity.number == waiter
        await at_dora.answer()
        await centre.until_call("talking", agent="dora", caller_number=waiter)
        if how == "stopped":
            centre.signal(old, signal.SIGCONT)
            process = centre.processes[old]
            assert await asyncio.to_thread(process.wait, 5) == 75, "it finds that another one leads"
        for call in (talk, first_call, second_call):
            await call.hang_up()
        told = await centre.record(before[talker]["id"])
        assert story(told)[:3] == [
            "waiting sales answered",
            "ringing sales anna answered",
            "talking sales anna caller_hung_up",
        ]
        waited = await centre.record(before[waiter]["id"])
        assert "talking support dora caller_hung_up" in story(waited)


@asynccontextmanager
async def desktop_of_anna(centre: StandbyCentre) -> AsyncIterator[Page]:
    """Her page, signed in at a web process beside the controllers."""
    with RecordStore(centre.database_url) as store:
        AccountStore(store.engine).add("anna", "agent", Passwords().hash(PASSWORD), "anna", must_change=False)
    port = int(centre.env["ACD_HTTP_PORT"])
    url = f"http://127.0.0.1:{port}"
    jar = aiohttp.CookieJar(unsafe=True)
    web = await asyncio.to_thread(centre.begin_program, "web")

    async def is_there() -> bool:
        return await browsers_at(port) >= 0

    try:
        await eventually(is_there, "the web process")
        async with aiohttp.ClientSession(url, headers={"Origin": url}, cookie_jar=jar) as browser:
            await ask(browser, "POST", "/api/session", username="anna", password=PASSWORD)
            page = Page(browser)
            try:
                yield page
            finally:
                await page.close()
    finally:
        web.terminate()
        await asyncio.to_thread(web.wait, 10)


@pytest.mark.usefixtures("phones")
async def test_a_desktop_goes_on_with_the_next_leader(centre: StandbyCentre) -> None:
    """Nobody loads the page anew or signs in again: it shows what is so, and what its agent says is done."""
    async with desktop_of_anna(centre) as page:

        async def shows_lunch() -> bool:
            return (page.anna.get("reason"), page.anna.get("desktop")) == ("lunch", True)

        async def shows_break() -> bool:
            return (page.anna.get("reason"), page.anna.get("desktop")) == ("break", True)

        async def is_granted() -> bool:
            wish = {"do": "not-ready", "reason": "break"}
            async with page.browser.post("/api/me/state", json=wish) as answer:
                return answer.ok

        await ask(page.browser, "POST", "/api/me/state", do="login", phone="1001")
        await ask(page.browser, "POST", "/api/me/state", do="not-ready", reason="lunch")
        await eventually(shows_lunch, "the page to show its agent", DESKTOP_BACK_WITHIN_S)
        old, new = centre.leader, centre.other()
        centre.signal(old, signal.SIGKILL)
        began = time.monotonic()
        await asyncio.to_thread(centre.processes[old].wait, 5)
        await eventually(is_granted, "the agent's wish to be granted", DESKTOP_BACK_WITHIN_S)
        await eventually(shows_break, "the page to show it", DESKTOP_BACK_WITHIN_S)
        took_s = time.monotonic() - began
        assert took_s <= DESKTOP_BACK_WITHIN_S
        await centre.until_leads(new, 1.0)


async def test_a_dialplan_that_is_read_anew_asks_the_leader(centre: StandbyCentre) -> None:
    """It was written with the address of one controller, who need not lead."""
    leads_at = f"127.0.0.1:{centre.envs[centre.leader]['ACD_AGI_PORT']}/run"
    for command in ("dialplan reload", "dialplan set global ACD_CONTROLLER 127.0.0.1:9/run"):
        await asyncio.to_thread(centre.console, command)

        async def is_told() -> bool:
            shown = await asyncio.to_thread(centre.console, "dialplan show globals")
            return f"ACD_CONTROLLER={leads_at}" in (shown or "")

        await eventually(is_told, f"callers to be told {leads_at}", 5.0)
    async with centre.customer("+491700000090") as caller:
        call = await caller.dial("8002")
        await centre.until_call("waiting", caller_number="+491700000090")
        await call.hang_up()


async def test_redis_away_stops_nothing(centre: StandbyCentre, phones: dict[str, Phone]) -> None:
    """The other controller stands back; the leader has its lease again when Redis is there again."""
    leader, other = centre.leader, centre.other()
    async with centre.customer("+491700000099") as caller:
        await centre.ready("ben")
        centre.redis.stall()
        await centre.until_health(leader, lease_in_redis=False)
        call = await caller.dial("8001")
        at_ben = await phones["ben"].wait_incoming()
        await at_ben.answer()
        seen = await centre.until_call("talking", agent="ben")
        centre.redis.thaw()
        await centre.until_health(leader, lease_in_redis=True, leads=True)
        await centre.until_health(other, leads=False, leader=leader)
        await call.hang_up()
        await centre.record(seen["id"])


def drilled(centre: StandbyCentre, *arguments: str, typed: str = "") -> tuple[int, dict[str, Any], str]:
    """`acd drill`, while a keeper starts again whatever ends: its code, its report, and the page of it."""
    command = [sys.executable, "-m", "acd", "drill", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=centre.env, cwd=CHECKOUT, stdin=pipe, stdout=pipe) as running:
        assert running.stdin is not None
        running.stdin.write(f"{typed}\n".encode())
        running.stdin.close()
        while running.poll() is None:
            for name in NAMES:
                centre.start_one(name)
            time.sleep(LOOK_AGAIN_S)
        assert running.stdout is not None
        said = running.stdout.read().decode()
    newest = max((centre.home / "drills").glob("*.json"))
    return running.returncode, json.loads(newest.read_text()), newest.with_suffix(".md").read_text() + said


async def test_a_drill_kills_the_leader_and_reports(centre: StandbyCentre, phones: dict[str, Phone]) -> None:
    """Who talks is still there afterwards, and the audit log knows who did it."""
    old = centre.leader
    async with centre.customer("+491700000055") as caller:
        await centre.ready("anna")
        call = await caller.dial("8001")
        await (await phones["anna"].wait_incoming()).answer()
        call_id = (await centre.until_call("talking"))["id"]
        code, report, page = await asyncio.to_thread(drilled, centre, "controller-crash", "--yes")
        assert code == 0, page
        assert (report["in_progress"], report["kept"], report["lost"]) == ([call_id], [call_id], [])
        assert 0 < report["resumed_s"] <= 4.0
        assert report["leader_after"] == next(name for name in NAMES if name != old)
        assert "# Drill controller-crash: passed" in page
        centre.note_leader(report["leader_after"])
        await call.hang_up()
        await centre.record(call_id)
    with RecordStore(centre.database_url) as store:
        entry = AuditLog(store.engine).find(limit=1)[0]
    assert (entry.what, entry.about, entry.role) == ("drill", "controller-crash", "admin")


async def test_a_drill_freezes_the_leader_once_its_name_is_typed(centre: StandbyCentre) -> None:
    """Whoever types anything else has done nothing."""
    old, new = centre.leader, centre.other()
    refused = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "acd", "drill", "standby-takeover"],
        env=centre.env,
        cwd=CHECKOUT,
        input="yes\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "Type standby-takeover to go on" in refused.stdout
    assert "nothing was done" in refused.stderr
    await centre.until_health(old, leads=True)
    code, report, page = await asyncio.to_thread(
        drilled, centre, "standby-takeover", "--for", "6", typed="standby-takeover"
    )
    assert code == 0, page
    assert (report["leader_before"], report["leader_after"]) == (old, new)
    assert 0 < report["resumed_s"] <= 6.0
    assert "| controllers stand by as before | 1 | " in page
    centre.note_leader(new)


async def test_a_call_that_ends_while_a_drill_has_the_database_away(
    centre: StandbyCentre, phones: dict[str, Phone]
) -> None:
    """Its record waits, and is written afterwards; so it is not lost."""
    leader = centre.leader
    async with centre.customer("+491700000056") as caller:
        await centre.ready("anna")
        call = await caller.dial("8001")
        await (await phones["anna"].wait_incoming()).answer()
        call_id = (await centre.until_call("talking"))["id"]
        drill = asyncio.create_task(
            asyncio.to_thread(drilled, centre, "database-loss", "--yes", "--for", "3")
        )
        await centre.until_health(leader, records_database=False)
        await call.hang_up()
        code, report, page = await drill
    assert code == 0, page
    assert (report["in_progress"], report["ended"], report["lost"]) == ([call_id], [call_id], [])
    assert (report["leader_before"], report["leader_after"]) == (leader, leader)
    assert "| the fault showed from outside | seen | seen | pass |" in page
    await centre.record(call_id)


async def test_a_drill_without_redis_ends_by_itself(centre: StandbyCentre) -> None:
    """Redis runs on, the leader goes on without it, and has it again in the end."""
    leader = centre.leader
    code, report, page = await asyncio.to_thread(drilled, centre, "redis-loss", "--yes", "--for", "3")
    assert code == 0, page
    assert (report["leader_before"], report["leader_after"]) == (leader, leader)
    assert centre.said("away, in a drill") >= 1
    await centre.until_health(leader, lease_in_redis=True, live_state_in_redis=True)


async def test_their_journals_are_of_one_centre(centre: StandbyCentre) -> None:
    """After all of the above: never did two decide, and no rule of the engine was broken."""
    await asyncio.to_thread(centre.stop_controller)  # what is in the journals is all of it
    found = terms(centre.home, NAMES)
    assert len([term for term in found if term.decided_from is not None]) > len(HOW)
    assert two_leaders(found) == []
    assert [broken for term in found for broken in broken_rules(term.file)] == []
