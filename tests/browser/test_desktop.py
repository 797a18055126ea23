"""Agents at work in browsers: a call that goes through every hand, and whatever can break meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, expect

from acd.accounts.passwords import Passwords
from acd.accounts.store import AccountStore
from acd.errors import RequestRefused
from acd.records.store import RecordStore
from tests.browser.cable import cable
from tests.browser.desk import GRACE_S, PASSWORD, Desk, DeskCentre, desk, profile, until_speaks
from tests.integration.centre import started, story
from tests.integration.sip.audio import hears, loudness
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import Phone
from tests.integration.test_call_control import recorded

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

CALLER = 700.0
SUPERVISOR = "susan"
SABINE = "+493012345678"
TRUE_AGAIN_MS = 3000
"""The screen shows the truth so soon after the return of whatever was away."""
SLEEPS_S = 60.0 if os.environ.get("ACD_TEST_ALL") else 0.0
"""A computer sleeps at least so long, and until the server has noticed."""


# Of the group Sales, in place of what other tests of real calls want.
SALES = {
    "ring_timeout_s: 4": "ring_timeout_s: 10",
    "wrap_up_s: 2": "wrap_up_s: 20",
    "record: on_demand": "record: always",
}


class RecordedCentre(DeskCentre):
    """Sales is recorded, and leaves time to type; there are customers and a supervisor."""

    def adapt(self) -> None:
        super().adapt()
        file = self.config / "groups.yml"
        text = file.read_text()
        for old, new in SALES.items():
            assert old in text, old
            text = text.replace(old, new, 1)  # the first group's
        file.write_text(text)

    def start(self) -> None:
        super().start()
        with RecordStore(f"sqlite:///{self.home}/records.sqlite3") as store:
            hashed = Passwords().hash(PASSWORD)
            AccountStore(store.engine).add(SUPERVISOR, "supervisor", hashed, must_change=False)
        self.acd("customers", "import", str(self.config / "customers.csv"))

    async def reset(self) -> None:
        """See `Centre`; no wrap-up is waited for."""
        await asyncio.to_thread(self.console, "channel request hangup all")
        for agent in self.settings.plan.agents:
            await self.ask("logout", agent=agent)
            with contextlib.suppress(RequestRefused):
                await self.ask("wrap-up-done", agent=agent)
        await super().reset()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedCentre]:
    with started(RecordedCentre(tmp_path_factory.mktemp("recorded_centre"))) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def anna(signed_in: BrowserContext, centre: RecordedCentre) -> AsyncIterator[Desk]:
    async with desk(signed_in, centre, "anna") as found:
        yield found


async def through_the_menu(caller: Phone) -> PhoneCall:
    """A customer's call that waits for Sales."""
    call = await caller.dial("8000")
    await call.wait_answered()
    await call.rtp.press("1")
    return call


async def answered(at: Desk, call: PhoneCall) -> str:
    """By a click; both hear each other. The call's id."""
    await at.button("Answer").click()
    await at.until_sound()
    await until_speaks(call)
    found: str = (await at.centre.until_call("talking", agent=at.agent))["id"]
    return found


async def pops(at: Desk, *words: str) -> None:
    """The customer's card is shown, with these words about why."""
    await expect(at.page.get_by_role("heading", name="Sabine Köhler").first).to_be_visible()
    why = at.page.get_by_role("region", name="Why")
    for word in words:
        await expect(why).to_contain_text(word)


async def choose(at: Desk, button: str, whom: str, how: str) -> None:
    """Whom the call goes to, in the dialog of that button."""
    await at.button(button).click()
    dialog = at.page.get_by_role("dialog")
    await dialog.get_by_role("combobox").fill(whom)
    await expect(dialog.get_by_role("option", selected=True)).to_contain_text(re.compile(whom, re.I))
    await dialog.get_by_role("button", name=how).click()
    await expect(dialog).to_be_hidden()


async def wrap_up(at: Desk, note: str, *result: str, **fields: str) -> None:
    """Say what came of the call, and be ready again; `fields` by their labels, in small letters."""
    await expect(at.state).to_contain_text("Wrap-up")
    card = at.page.get_by_role("region", name="Wrap-up")
    await card.get_by_role("combobox", name="Result").click()
    for label in result:
        await at.page.get_by_role("menuitemcheckbox", name=re.compile(rf"^{label}( right)?$")).click()
    for label, value in fields.items():
        await card.get_by_label(re.compile(label.replace("_", " "), re.I)).fill(value)
    await card.get_by_label("Note", exact=True).fill(note)
    await card.get_by_role("button", name="Save and finish").click()
    await expect(at.said).to_have_text("Ready")


async def asked_by_supervisor(centre: DeskCentre, *paths: str) -> list[Any]:
    """What the API answers."""
    async with aiohttp.ClientSession(
        centre.url, headers={"Origin": centre.url}, cookie_jar=aiohttp.CookieJar(unsafe=True)
    ) as client:
        who = {"username": SUPERVISOR, "password": PASSWORD}
        async with client.post("/api/session", json=who) as answer:
            assert answer.status == 200, await answer.text()
        found = []
        for path in paths:
            async with client.get(path) as answer:
                assert answer.status == 200, await answer.text()
                found.append(await answer.json())
        return found


async def test_a_call_goes_through_every_hand(browser: Browser, anna: Desk, centre: DeskCentre) -> None:
    async with (
        profile(browser, centre, "ben") as context,
        desk(context, centre, "ben") as ben,
        centre.customer(SABINE, tone_hz=CALLER) as caller,
    ):
        await asyncio.gather(anna.at_work(), ben.at_work(ready=False))
        call = await through_the_menu(caller)
        await pops(anna, "main", "8000")
        call_id = await answered(anna, call)
        await anna.button("Hold").click()
        await centre.until_call("talking", on_hold=True)
        await anna.button("Resume").click()
        await until_speaks(call)
        await anna.button("Keypad").click()
        await anna.page.get_by_role("group", name="Keypad").get_by_role("button", name="5").click()
        await call.rtp.until_digit("5")
        await anna.page.keyboard.press("Escape")

        # Asked first, then handed over: ben knows who calls before he answers.
        await ben.go_ready()
        await choose(anna, "Transfer", "Ben", "Consult first")
        await ben.button("Answer").click()
        await ben.until_sound()
        await anna.button("Hand over").click()
        await wrap_up(anna, "to Ben", "Not sold", "Too expensive")
        await until_speaks(call)
        await pops(ben, "Anna Weber")

        # Given back at once.
        await choose(ben, "Transfer", "Anna", "Transfer at once")
        await pops(anna, "Ben Okafor")
        await answered(anna, call)
        await wrap_up(ben, "back to Anna", "Complaint")

        # All three: with the caller silent each of the two hears the other.
        await choose(anna, "Add person", "Ben", "Add")
        await ben.button("Answer").click()
        await ben.until_sound()
        call.rtp.sending = False
        for one in (anna, ben):
            await one.until_sound(more_than=(await one.statistics())["energy"])
        await anna.button("Mute").click()
        await until_speaks(call)
        call.rtp.sending = True
        await anna.button("Hang up").click()
        await wrap_up(anna, "sold by both", "Sold", order_number="4711")
        await until_speaks(call)
        await ben.button("Hang up").click()
        await call.wait_ended()
        await wrap_up(ben, "done", "Not sold", "No need")

        record = await centre.record(call_id)
        told = "\n".join(story(record))
        for part in ("talking sales anna transferred", "talking ben transferred", "talking anna transferred"):
            assert part in told
        shown = centre.acd("calls", "show", call_id)
        calls, api_story, contacts = await asked_by_supervisor(
            centre, "/api/calls", f"/api/calls/{call_id}", "/api/customers/C-1007/contacts"
        )
        results = ("Too expensive", "Complaint", "Sold", "No need")
        for text in (shown, "\n".join(api_story["story"])):
            for expected in (*results, "handed the caller over", "sent the caller to", "recording started"):
                assert expected in text
        assert contacts[0]["note"] == "done"
        mine = next(one for one in calls if one["id"] == call_id)
        assert mine["customer"]["name"] == "Sabine Köhler"
        assert mine["agents"] == ["anna", "ben"]
        tape = re.search(r"recording started: (\S+)", "\n".join(api_story["story"]))
        assert tape
        left, right = await recorded(centre, tape[1])
        assert hears(left, CALLER)
        assert loudness(right) > 0.005
    await a_supervisor_hears(browser, centre, call_id)


async def a_supervisor_hears(browser: Browser, centre: DeskCentre, call_id: str) -> None:
    """In the story of the call; the wave is there, and so is who has listened."""
    async with (
        profile(browser, centre, SUPERVISOR) as context,
        desk(context, centre, SUPERVISOR) as supervisor,
    ):
        page = await supervisor.open()
        await page.goto(f"{centre.url}/calls/{call_id}")
        talk = page.get_by_role("region", name="Recording of the talk")
        place = talk.get_by_role("slider", name="Where in the recording")
        await expect(place).to_be_visible()
        await place.press("ArrowRight")
        await expect(place).to_have_attribute("aria-valuenow", "5")
        await talk.get_by_role("button", name="Play").click()
        await expect(place).not_to_have_attribute("aria-valuenow", "5")
        await talk.get_by_text("2×").click()
        await talk.get_by_role("button", name="Pause").click()
        await expect(talk.get_by_role("alert")).to_be_hidden()
        [recording], log = await asked_by_supervisor(
            centre, f"/api/calls/{call_id}/recordings", "/api/audit?limit=50"
        )
        assert recording["format"] == "wav"
        assert f"recording {recording['path']}" in [each["about"] for each in log]


async def told_true(at: Desk, state: str, *, since: float) -> None:
    """The screen shows it, soon enough after the return."""
    left_ms = TRUE_AGAIN_MS - (asyncio.get_running_loop().time() - since) * 1000
    await expect(at.state).to_contain_text(state, timeout=max(1, left_ms))


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.long
async def test_the_network_is_cut_in_a_call(anna: Desk, centre: DeskCentre) -> None:
    async with cable(centre.port) as network, centre.customer(SABINE, tone_hz=CALLER) as caller:
        anna.url = network.url
        await anna.at_work()
        call = await through_the_menu(caller)
        call_id = await answered(anna, call)
        for ends_meanwhile in (False, True):
            await network.pull()
            await expect(anna.page.get_by_text("connection to the server is lost")).to_be_visible()
            await expect(anna.button("Hold")).to_be_disabled()
            await until_speaks(call)
            if ends_meanwhile:
                await call.hang_up()
            away_ms = 1000 if ends_meanwhile else 5000
            await anna.page.evaluate("ms => new Promise(done => setTimeout(done, ms))", away_ms)
            await network.plug_in()
            back = now()
            await told_true(anna, "Wrap-up" if ends_meanwhile else "In a call", since=back)
            await expect(anna.page.get_by_text("connection to the server is lost")).to_be_hidden(
                timeout=TRUE_AGAIN_MS
            )
            assert now() - back < TRUE_AGAIN_MS / 1000
            await expect(anna.light).to_contain_text("Phone connected")
        record = await centre.record(call_id, finished=False)
        assert "talking sales anna caller_hung_up" in story(record)


async def test_the_controller_is_killed_in_a_call(anna: Desk, centre: DeskCentre) -> None:
    async with centre.customer(SABINE, tone_hz=CALLER) as caller:
        await anna.at_work()
        call = await through_the_menu(caller)
        call_id = await answered(anna, call)
        await asyncio.to_thread(centre.kill_controller)
        await expect(anna.page.get_by_text("The call control is away")).to_be_visible()
        await expect(anna.state).to_contain_text("In a call")
        await asyncio.to_thread(centre.start_controller)
        back = now()
        await expect(anna.button("Hold")).to_be_enabled(timeout=TRUE_AGAIN_MS)
        await told_true(anna, "In a call", since=back)
        await pops(anna, "8000")
        await until_speaks(call)
        await anna.button("Hang up").click()
        await call.wait_ended()
        await wrap_up(anna, "in spite of all", "Sold", order_number="4712")
        assert "talking sales anna agent_hung_up" in story(await centre.record(call_id))


@pytest.mark.long
async def test_asterisk_is_restarted_in_a_call(anna: Desk, centre: DeskCentre) -> None:
    async with centre.customer(SABINE, tone_hz=CALLER) as caller:
        await anna.at_work()
        call = await through_the_menu(caller)
        await answered(anna, call)
        await asyncio.to_thread(centre.restart_asterisk)
        back = now()
        await told_true(anna, "Wrap-up", since=back)
        await wrap_up(anna, "cut off", "Complaint")
        await expect(anna.light).to_contain_text("Phone connected")
        again = await through_the_menu(caller)
        await answered(anna, again)
        await again.hang_up()
        await expect(anna.state).to_contain_text("Wrap-up")


@pytest.mark.long
async def test_a_computer_that_sleeps_is_no_desktop(browser: Browser, anna: Desk, centre: DeskCentre) -> None:
    await anna.at_work()
    session = await browser.new_browser_cdp_session()
    processes = [one["id"] for one in (await session.send("SystemInfo.getProcessInfo"))["processInfo"]]
    asleep_since = now()
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        await centre.until_agent("anna", "not_ready", "desktop-gone", limit_s=15 + GRACE_S + 7)
        await asyncio.sleep(max(0, SLEEPS_S - (now() - asleep_since)))
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
    back = now()
    await expect(anna.said).to_have_text("Ready", timeout=TRUE_AGAIN_MS)
    await centre.until_agent("anna", "ready", limit_s=max(0.1, back + TRUE_AGAIN_MS / 1000 - now()))
    await expect(anna.light).to_contain_text("Phone connected")
    async with centre.customer(SABINE, tone_hz=CALLER) as caller:
        call = await through_the_menu(caller)
        await answered(anna, call)
        second = anna.page
        await anna.open()
        await expect(anna.state).to_contain_text("In a call", timeout=TRUE_AGAIN_MS)
        await pops(anna, "8000")
        await anna.button("Hold").click()
        await expect(second.get_by_role("region", name="Call", exact=True)).to_contain_text("On hold")
        await call.hang_up()
