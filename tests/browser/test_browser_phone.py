"""The browser as an agent's phone: real Asterisk, a real browser, and sound that is heard on both sides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Dialog, expect

from tests.browser.desk import SILENT_S, Desk, DeskCentre, desk, profile, until_speaks
from tests.integration.centre import started, story
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import Phone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

CALLER, BEN = 700.0, 520.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskCentre]:
    with started(DeskCentre(tmp_path_factory.mktemp("desk_centre"))) as centre:
        yield centre


async def answered(anna: Desk, caller: Phone) -> PhoneCall:
    """A customer's call, picked up by a click; both hear each other."""
    call = await caller.dial("8001")
    await anna.button("Answer").click()
    await call.wait_answered()
    await anna.until_sound()
    await until_speaks(call)
    return call


async def test_a_call_from_the_sign_in_to_the_end(browser: Browser, centre: DeskCentre) -> None:
    async with (
        profile(browser, centre) as context,
        desk(context, centre, "anna") as anna,
        centre.customer(tone_hz=CALLER) as caller,
    ):
        await anna.at_work_by_hand()
        call = await answered(anna, caller)
        call_id = (await centre.until_call("talking"))["id"]

        await anna.button("Mute").click()
        await call.rtp.until_silent()
        await anna.button("Unmute").click()
        await until_speaks(call)

        await anna.button("Hold").click()
        await centre.until_call("talking", on_hold=True)
        before = (await anna.statistics())["energy"]
        await anna.button("Resume").click()
        await centre.until_call("talking", on_hold=False)
        await anna.until_sound(more_than=before)

        await anna.button("Keypad").click()
        pad = anna.page.get_by_role("group", name="Keypad")
        await pad.get_by_role("button", name="5", exact=True).click()
        await call.rtp.until_digit("5")
        await anna.page.keyboard.press("Escape")

        await expect(anna.page.locator("[data-grade]")).to_have_attribute("data-grade", "good")
        await anna.button("Hang up").click()
        await call.wait_ended()
        await expect(anna.state).to_contain_text("Wrap-up")
        await anna.until_closed()
        assert "talking sales anna agent_hung_up" in story(await centre.record(call_id, finished=False))


async def test_a_page_loaded_anew_in_mid_call_takes_it_up_again(anna: Desk, centre: DeskCentre) -> None:
    async with centre.customer(tone_hz=CALLER) as caller:
        call = await answered(anna, caller)
        call_id = (await centre.until_call("talking"))["id"]
        asked: list[str] = []

        async def leave(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.accept()

        anna.page.once("dialog", leave)
        await anna.page.reload()
        await anna.until_sound()
        await until_speaks(call)
        assert asked == ["beforeunload"]
        await expect(anna.state).to_contain_text("In a call")
        assert call.end is None

        await anna.button("Hold").click()
        await centre.until_call("talking", on_hold=True)
        anna.page.once("dialog", leave)
        await anna.page.reload()
        await expect(anna.light.get_by_role("button", name="Switch the microphone off")).to_be_visible()
        await anna.button("Resume").click()
        await anna.until_sound()
        await until_speaks(call)

        await call.hang_up()
        await expect(anna.state).to_contain_text("Wrap-up")
        record = await centre.record(call_id, finished=False)
        assert [line for line in story(record) if line.startswith("talking")] == [
            "talking sales anna caller_hung_up"
        ]
    await centre.until_no_channels()


@pytest.mark.long
async def test_a_browser_that_stays_away_costs_the_caller_nothing(anna: Desk, centre: DeskCentre) -> None:
    async with centre.customer(tone_hz=CALLER) as caller, centre.phone("1002", tone_hz=BEN) as ben:
        call = await answered(anna, caller)
        await ben.register()
        await centre.ready("ben")
        await anna.page.close()
        at_ben = await ben.wait_incoming(SILENT_S + 5)
        await at_ben.answer()
        await call.rtp.until_hears(BEN)
        await call.hang_up()
        await centre.until_agent("anna", "not_ready", "desktop-gone", limit_s=10)


async def test_one_of_several_tabs_is_the_phone_and_the_next_takes_over(
    anna: Desk, centre: DeskCentre
) -> None:
    first = anna.page
    await anna.open()
    await expect(anna.light).to_contain_text("Phone in another tab")
    async with centre.customer(tone_hz=CALLER) as caller:
        call = await caller.dial("8001")
        await anna.button("Answer").click()
        await centre.until_call("talking")
        await until_speaks(call)
        await first.close()
        await expect(anna.light).to_contain_text("Phone connected")
        await anna.until_sound()
        await until_speaks(call)
        await anna.button("Hang up").click()
        await call.wait_ended()


@pytest.mark.long
async def test_a_number_that_the_agent_dials_needs_no_second_click(anna: Desk, centre: DeskCentre) -> None:
    async with centre.phone("1002", tone_hz=BEN) as ben:
        await ben.register()
        await centre.ready("ben")
        await anna.page.get_by_role("combobox", name="Call a number or a colleague").fill("1002")
        await anna.page.keyboard.press("Enter")
        at_ben = await ben.wait_incoming()
        await at_ben.answer()
        await anna.until_sound()
        await until_speaks(at_ben)
        await anna.button("Hang up").click()
        await at_ben.wait_ended()


@pytest.mark.long
async def test_the_microphone_is_checked(anna: Desk) -> None:
    await anna.light.get_by_role("button").last.click()
    await anna.page.get_by_role("button", name="Check the microphone").click()
    dialog = anna.page.get_by_role("dialog")
    await expect(dialog.get_by_role("status")).to_have_text("You are heard.")
    await dialog.get_by_role("button", name="Record four seconds").click()
    await expect(dialog.get_by_role("button", name="That is how others hear you")).to_be_visible()
