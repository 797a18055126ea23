"""The pages of supervisors and admins in a real browser, with a played floor."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.web.board_world import HOSTILE
from tests.web.chromium import browser, faults_of, page, port, profile
from tests.web.fake_board import ADMIN, FakeBoard

__all__ = ["browser", "page", "port", "profile"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = bool(os.environ.get("ACD_TEST_ALL"))
ADMIN_PAGES = ("config", "flows", "versions", "accounts", "tokens", "webhooks", "audit")


@pytest_asyncio.fixture(loop_scope="module")
async def board(port: int) -> AsyncIterator[FakeBoard]:
    fake = FakeBoard()
    await fake.start(port)
    yield fake
    await fake.stop()


async def test_the_board_shows_changes_and_names_are_text(page: Page, board: FakeBoard) -> None:
    await page.goto(f"{board.address}/wallboard")
    agents = page.get_by_role("grid", name="Agents")
    ben = agents.get_by_role("row").filter(has_text="1002")
    for state, word in (("talking", "Talking"), ("wrap_up", "Wrap-up")):
        changed = {**board.world.wallboard["agent:a1"], "state": state, "reason": None, "pending": None}
        await board.tell("wallboard", {"agent:a1": changed}, [])
        await expect(ben).to_contain_text(word)
    await expect(agents.get_by_text(HOSTILE[:28])).to_be_visible()
    waiting = page.get_by_role("grid", name="Waiting calls")
    await waiting.get_by_role("row").nth(1).wait_for()  # these calls come by themselves, all at once
    before = await waiting.get_by_role("row").count()
    gone = [key for key, call in board.world.calls.items() if call["state"] == "waiting"][:2]
    await board.tell("calls", {}, gone)
    await expect(waiting.get_by_role("row")).to_have_count(before - 2)


async def test_what_supervisors_do_is_asked_for(page: Page, board: FakeBoard) -> None:
    await page.goto(f"{board.address}/wallboard")
    waiting = page.get_by_role("grid", name="Waiting calls")
    await waiting.get_by_role("button", name="Why is it waiting?").first.click()
    await expect(page.get_by_role("dialog")).to_contain_text("english >= 5 and sales >= 3")
    await page.keyboard.press("Escape")
    await waiting.get_by_role("button", name="Raise the priority").first.click()
    await expect(page.get_by_text("The priority is raised.")).to_be_visible()
    await waiting.get_by_role("button", name="Move to another group").first.click()
    await page.get_by_role("menuitem", name="Support").click()
    await expect(page.get_by_text("Moved to Support.")).to_be_visible()
    await page.get_by_role("button", name="Talking").click()
    await page.get_by_role("button", name="Actions for").first.click()
    await expect(page.get_by_role("menuitem", name="Whisper")).to_be_disabled()
    await expect(page.get_by_text("Your account has no phone")).to_be_visible()
    board.session = {**ADMIN, "agent": "a0"}
    await page.reload()
    await page.get_by_role("button", name="Talking").click()
    await page.get_by_role("button", name="Actions for").first.click()
    board.listening = "ringing"
    await page.get_by_role("menuitem", name="Whisper").click()
    await expect(page.get_by_text("Your phone rings")).to_be_visible()
    board.listening = "connected"
    await expect(page.get_by_text("You are connected to")).to_be_visible()
    await page.get_by_role("button", name="End", exact=True).click()
    await expect(page.get_by_text("You are connected to")).to_have_count(0)
    await page.get_by_role("button", name="Actions for").first.click()
    await page.get_by_role("menuitem", name="Listen").click()
    await expect(page.get_by_text("You are connected to")).to_be_visible()
    board.listening = "none"  # the call is over
    await expect(page.get_by_text("You are connected to")).to_have_count(0)
    orders = [(path.split("/")[-1], order) for path, order in board.orders]
    assert [what for what, _ in orders] == ["priority", "move", "spy", "spy", "spy"]
    assert orders[1][1] == {"group": "g1"}
    assert [order["mode"] for _, order in orders[2:]] == ["whisper", "stop", "listen"]


async def test_a_menu_outlives_the_row_it_was_opened_from(page: Page, board: FakeBoard) -> None:
    await page.goto(f"{board.address}/wallboard")
    waiting = page.get_by_role("grid", name="Waiting calls")
    await waiting.get_by_role("button", name="Move to another group").first.press("Enter")
    longest = min((c for c in board.world.calls.values() if c["state"] == "waiting"), key=_queued_at)
    await board.tell("calls", {}, [f"call:{longest['id']}"])
    await expect(page.get_by_role("menuitem", name="Sales")).to_be_focused()
    async with page.expect_response("**/move"):
        await page.get_by_role("menuitem", name="Support").click()
    await expect(page.get_by_role("menuitem")).to_have_count(0)
    assert board.orders == [(f"calls/{longest['id']}/move", {"group": "g1"})]


def _queued_at(call: dict[str, Any]) -> float:
    return float(call["queued_at"])


async def test_the_board_by_keyboard_sorted_and_filtered(page: Page, board: FakeBoard) -> None:
    await page.goto(f"{board.address}/wallboard")
    agents = page.get_by_role("grid", name="Agents")
    name = agents.get_by_role("columnheader", name="Agent", exact=True)
    await name.get_by_role("button").press("Enter")
    await expect(name).to_have_attribute("aria-sort", "ascending")
    await page.reload()
    await expect(name).to_have_attribute("aria-sort", "ascending")  # remembered
    await page.get_by_role("searchbox", name="Name or extension").fill("ben")
    await expect(agents.get_by_role("row")).to_have_count(4)  # with the headings
    first = agents.get_by_role("row").nth(1)
    await first.focus()
    await page.keyboard.press("End")
    await expect(agents.get_by_role("row").nth(3)).to_be_focused()


async def test_alarms_are_raised_seen_and_set(page: Page, board: FakeBoard) -> None:
    await page.goto(f"{board.address}/wallboard")
    await page.get_by_role("button", name="Thresholds and alarms").click()
    await page.get_by_label("Callers waiting: Red").fill("1")
    await page.get_by_role("button", name="Done", exact=True).click()
    bell = page.get_by_role("button", name="not yet seen")
    await bell.click()
    await expect(page.get_by_text("Sales: Callers waiting")).to_be_visible()
    await page.get_by_role("button", name="All seen").click()
    await expect(page.get_by_role("button", name="0 not yet seen")).to_be_visible()
    await page.reload()
    await page.get_by_role("button", name="Thresholds and alarms").click()
    await expect(page.get_by_label("Callers waiting: Red")).to_have_value("1")


async def test_a_card_that_somebody_else_has_changed(page: Page, board: FakeBoard) -> None:
    await page.goto(f"{board.address}/customers")
    await page.get_by_role("searchbox", name="Search customers").fill("müller-l")
    await page.get_by_role("button", name="Katharina").click()
    await page.get_by_label("Segment").fill("platinum")
    await _add_note(page, "Called twice")
    await expect(page.get_by_label("Segment")).to_have_value("platinum")
    board.cards["k-1"] |= {"company": "Changed Ltd", "version": board.cards["k-1"]["version"] + 1}
    await _add_note(page, "Called again")  # the answer has the other's change, too
    await expect(page.get_by_label("Segment")).to_have_value("platinum")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Somebody else has changed this card meanwhile.")).to_be_visible()
    await page.get_by_role("button", name="Save mine").click()
    await expect(page.get_by_label("Company")).to_have_value("Changed Ltd")
    card = board.cards["k-1"]
    assert (card["segment"], card["company"]) == ("platinum", "Changed Ltd")


async def test_a_note_of_ones_own_is_no_conflict(page: Page, board: FakeBoard) -> None:
    await page.goto(f"{board.address}/customers/k-1")
    await page.get_by_label("Segment").fill("platinum")
    await _add_note(page, "Called twice")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", level=2).get_by_text("platinum")).to_be_visible()
    await expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    assert board.cards["k-1"]["segment"] == "platinum"


async def _add_note(page: Page, text: str) -> None:
    await page.get_by_placeholder("New note").fill(text)
    await page.get_by_role("button", name="Add the note").click()
    # In the list, that is: while the note is on its way, the field it is written in has the same text.
    await expect(page.get_by_role("listitem").get_by_text(text)).to_be_visible()


async def test_import_tells_what_is_wrong(page: Page, board: FakeBoard, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,numbers\nAnna,+491\n")
    await page.goto(f"{board.address}/customers")
    await page.get_by_role("button", name="Import CSV").click()
    await page.locator("input[type=file]").set_input_files(file)
    await expect(
        page.get_by_text("120 added, 14 changed, 3 as they were, 2 lines with faults")
    ).to_be_visible()
    await expect(page.get_by_role("region", name="Lines with faults")).to_contain_text("12-34")
    assert board.orders == [("customers/import", {"type": "text/csv", "text": file.read_text()})]


async def test_calls_tell_their_story(page: Page, board: FakeBoard) -> None:
    await page.goto(f"{board.address}/calls?group=g1")
    await page.get_by_role("grid", name="Calls").get_by_role("row").nth(5).click()
    await expect(page.get_by_text("main/menu: 1 to sales")).to_be_visible()
    await expect(page.get_by_text("Waits for Sales")).to_be_visible()
    await page.get_by_role("tab", name="Who got it and why").click()
    why = page.get_by_role("tabpanel", name="Who got it and why")
    await expect(why.get_by_text("Ben Okafor did not answer")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(f"{board.address}/calls/?group=g1")


async def test_a_password_and_a_token_are_shown_once(page: Page, board: FakeBoard) -> None:
    await page.goto(f"{board.address}/admin/tokens")
    await expect(page.get_by_text("made by somebody who is no admin any more")).to_have_count(1)
    await page.get_by_role("button", name="Make a token").click()
    await page.get_by_label("Name").fill("Reports")
    await expect(page.get_by_role("checkbox", name="see groups, agents and calls read:state")).to_be_checked()
    await page.get_by_role("checkbox", name="everything admin").check()
    await page.get_by_label("Expires").click()
    await page.locator(".ant-select-item-option", has_text="Never").click()
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("A token with the scope admin needs an end.")).to_be_visible()
    await page.get_by_role("checkbox", name="everything admin").uncheck()
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("acd_tRcFj0w9Q3mB7vXk")).to_be_visible()
    shown = page.get_by_role("dialog").filter(has_text="acd_tRcFj0w9Q3mB7vXk")
    await expect(shown.locator(".ant-modal-footer button")).to_have_text(["I have it"])
    await expect(shown.get_by_role("button", name="Close")).to_have_count(0)
    await page.get_by_role("button", name="I have it").click()
    await expect(page.get_by_text("acd_tRcFj0w9Q3mB7vXk")).to_have_count(0)
    await page.goto(f"{board.address}/admin/flows")
    await expect(page.locator(".here text")).to_have_text(["4", "2"])


@pytest.mark.parametrize(
    ("language", "theme"), [("en", "light"), ("zh-CN", "dark")] if LONG else [("en", "light")]
)
async def test_no_serious_fault_for_those_who_cannot_see_or_point(
    page: Page, board: FakeBoard, language: str, theme: str
) -> None:
    board.language, board.theme = language, theme
    found: set[str] = set()
    paths = ["wallboard", "customers/k-1", "calls", *(f"admin/{name}" for name in ADMIN_PAGES)]
    for path in paths if LONG else paths[language == "en" :: 2]:  # each page once, or in both
        await page.goto(f"{board.address}/{path}")
        await page.locator("main .grid-line, main tbody tr, main form, main .files").first.wait_for()
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        found |= {f"{path}: {fault}" for fault in await faults_of(page)}
    assert found == set()
