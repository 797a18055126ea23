"""The agent's page in a real browser, the web process played: what is shown, asked for, and survives."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.web.chromium import browser, faults_of, page, page_of_any_time, port, profile
from tests.web.fake_desktop import PAGES, FakeDesktop
from tests.web.fake_world import CALL, CANDIDATES

__all__ = ["browser", "page", "page_of_any_time", "port", "profile"]
LONG = bool(os.environ.get("ACD_TEST_ALL"))
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def desktop(port: int) -> AsyncIterator[FakeDesktop]:
    assert (PAGES / "index.html").exists(), "the pages are not built: run script/bootstrap"
    fake = FakeDesktop()
    await fake.start(port)
    yield fake
    await fake.stop()


async def signed_in(page: Page, desktop: FakeDesktop) -> None:
    desktop.session = {"username": "anna", "role": "agent", "agent": "anna", "name": "Anna Weber"}
    await page.goto(desktop.address)
    await expect(page.get_by_role("region", name="My state")).to_contain_text("Logged out")


async def test_signing_in_and_logging_in_at_a_phone(page: Page, desktop: FakeDesktop) -> None:
    await page.goto(desktop.address)
    await page.get_by_label("User name").fill("anna")
    await page.get_by_label("Password", exact=True).fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").first).to_contain_text("User name or password is wrong.")
    await page.get_by_label("Password", exact=True).fill("right")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Log in").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("1001 · Anna Weber")
    await dialog.get_by_role("combobox", name="Phone").press("ArrowDown")
    await page.get_by_text("1007 · Desk by the window (not registered)").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("choose “This browser”")
    await dialog.get_by_role("combobox", name="Phone").press("ArrowDown")
    await page.get_by_title("1001 · Anna Weber").last.click()
    await expect(dialog.get_by_role("alert")).to_have_count(0)
    await dialog.get_by_role("button", name="Log in").click()
    await expect(dialog).to_be_hidden()
    assert desktop.orders == [("me/state", {"do": "login", "phone": "1001"})]
    # Nothing is shown as done because it was asked for: the state is the server's.
    await expect(page.get_by_role("region", name="My state")).to_contain_text("Logged out")
    await desktop.play("ready")
    await expect(page.get_by_role("region", name="My state")).to_contain_text("Ready")


async def test_who_calls_is_shown_as_the_phone_rings_and_as_text_only(
    page: Page, desktop: FakeDesktop
) -> None:
    await signed_in(page, desktop)
    await desktop.play("ring")
    await expect(page.get_by_role("heading", name="Müller-Lüdenscheidt").last).to_be_visible()
    await expect(page.get_by_text('<img src=x onerror="alert(1)">')).to_be_visible()
    await expect(page.get_by_role("link", name="CRM")).to_be_visible()
    await expect(page.get_by_role("link", name="bad")).to_have_count(0)
    for text in ("Business L", "31 Mar 2027"):  # the centre's own fields, in words
        await expect(page.get_by_text(text)).to_be_visible()
    why = page.get_by_role("region", name="Why")
    for text in ("Anna Weber, ready 312.0 s", "2 ready with the skills of Sales"):
        await expect(why).to_contain_text(text)
    await expect(why.get_by_role("listitem").last).to_have_text("Sales")
    async with page.expect_response("**/api/me/call"):
        await page.keyboard.press("Alt+a")
    await desktop.play("talk")
    await expect(page.get_by_role("button", name="Answer")).to_have_count(0)
    assert desktop.orders == [("me/call", {"do": "answer", "call": CALL})]


async def test_a_shared_number_asks_who_it_is_and_an_unknown_one_becomes_a_card(
    page: Page, desktop: FakeDesktop
) -> None:
    desktop.pop = {**desktop.pop, "customer": None, "candidates": CANDIDATES}
    await signed_in(page, desktop)
    await desktop.play("ring")
    await page.get_by_role("button", name="李娜").click()
    await expect(page.get_by_role("heading", name="李娜")).to_be_visible()
    desktop.pop = {**desktop.pop, "candidates": [], "directory": "slow"}
    await page.reload()
    await expect(page.get_by_text("The customer directory is slow")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill("New Person")
    await page.get_by_role("button", name="Make a new card").click()
    await expect(page.get_by_role("heading", name="New Person")).to_be_visible()
    made = next(card for path, card in desktop.orders if path == "customers")
    assert made["numbers"] == ["+49 30 5550123"]


async def test_a_consultation_from_the_keyboard(page: Page, desktop: FakeDesktop) -> None:
    await signed_in(page, desktop)
    await desktop.play("talk")
    await expect(page.get_by_role("button", name="Transfer")).to_be_enabled()
    await page.keyboard.press("Alt+t")
    await expect(page.get_by_role("option")).to_have_count(8)
    await page.keyboard.type("1006")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await desktop.play("consult")
    async with page.expect_response("**/api/me/call"):
        await page.get_by_role("button", name="Hand over").click()
    assert desktop.orders == [
        ("me/call", {"do": "consult", "to": "fang", "to_kind": "agent", "call": CALL}),
        ("me/call", {"do": "consult-complete", "call": CALL}),
    ]


async def test_what_is_refused_is_said_and_the_button_is_free_again(page: Page, desktop: FakeDesktop) -> None:
    await signed_in(page, desktop)
    await desktop.play("talk")
    desktop.refuse = (504, "not-confirmed")
    await page.get_by_role("button", name="Hold", exact=True).click()
    await expect(page.get_by_text("The telephone system has not confirmed it.")).to_be_visible()
    await expect(page.get_by_role("button", name="Hold", exact=True)).to_be_enabled()
    assert desktop.orders == []


async def test_notes_survive_a_reload_and_are_sent_with_the_result(page: Page, desktop: FakeDesktop) -> None:
    await signed_in(page, desktop)
    await desktop.play("wrap-up")
    note = page.get_by_role("textbox", name="Note", exact=True)
    await note.fill("Wants an offer")
    await expect(page.get_by_text("Draft kept")).to_be_visible()
    assert desktop.drafts[CALL]["note"] == "Wants an offer"
    await page.reload()
    await expect(note).to_have_value("Wants an offer")
    await page.get_by_role("button", name="Save and finish").click()
    await expect(page.get_by_text("Fill in what is marked first.")).to_be_visible()
    await page.get_by_role("combobox", name="Result").click()
    await page.get_by_text("Wrong number").click()
    async with page.expect_response("**/api/me/wrap-up"):
        await page.keyboard.press("Alt+f")
    await expect(page.get_by_text("Fill in what is marked first.")).to_have_count(0)
    await desktop.play("ready")
    await expect(note).to_have_count(0)
    result: dict[str, Any] = {
        "code": "wrong",
        "fields": {},
        "note": "Wants an offer",
        "callback_at": None,
        "done": True,
    }
    assert desktop.orders == [("me/wrap-up", {"call": CALL, **result})]


async def test_notes_are_sent_when_the_wrap_up_runs_out_or_listed(page: Page, desktop: FakeDesktop) -> None:
    await signed_in(page, desktop)
    note = page.get_by_role("textbox", name="Note", exact=True)
    unsent = page.get_by_role("region", name="Notes not sent yet")
    result: dict[str, Any] = {"call": CALL, "code": None, "fields": {}, "callback_at": None, "done": False}
    await desktop.play("wrap-up")
    await note.fill("Promised a brochure")
    async with page.expect_response("**/api/me/wrap-up"):
        await desktop.play("ready")
    await expect(note).to_have_count(0)
    await expect(unsent).to_have_count(0)
    await desktop.play("wrap-up")
    await note.fill("And a price")
    desktop.refuse = (409, "unknown-disposition")
    async with page.expect_response("**/api/me/wrap-up"):
        await desktop.play("ready")
    await expect(unsent).to_contain_text("And a price")
    await unsent.get_by_role("combobox", name="Result").click()
    await page.get_by_text("Wrong number").click()
    await unsent.get_by_role("button", name="Send the notes on Katharina").click()
    await expect(unsent).to_have_count(0)
    assert desktop.orders == [
        ("me/wrap-up", {**result, "note": "Promised a brochure"}),
        ("me/wrap-up", {**result, "code": "wrong", "note": "And a price"}),
    ]


async def test_the_inbox_has_broken_promises_first(page_of_any_time: Page, desktop: FakeDesktop) -> None:
    page = page_of_any_time
    await signed_in(page, desktop)
    await page.get_by_role("link", name="Inbox", exact=True).click()
    first = page.get_by_role("main").get_by_role("listitem").first
    await expect(first).to_contain_text("overdue since")
    await expect(first).to_contain_text("taken by Anna Weber")
    await expect(page.get_by_text("promised for")).to_be_visible()
    await page.clock.fast_forward("32:00")  # nothing is asked for again, or told
    await expect(first.locator("+ li")).to_contain_text("overdue since")
    await expect(page.get_by_text("promised for")).to_have_count(0)


async def test_of_closed_tasks_what_was_loaded_stays(page: Page, desktop: FakeDesktop) -> None:
    newer, *older = sorted(desktop.tasks, key=lambda task: -task["at"])

    async def inbox(route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)
        if asked["closed"] == ["false"] or asked["kind"] == ["voicemail"]:
            await route.fulfill(json={"tasks": [], "after": None})
        elif "after" in asked:
            await route.fulfill(json={"tasks": older, "after": None})
        else:
            await route.fulfill(json={"tasks": [newer], "after": "1"})

    await page.route("**/api/inbox?*", inbox)
    await signed_in(page, desktop)
    await page.get_by_role("link", name="Inbox", exact=True).click()
    await page.get_by_role("switch", name="Show closed").click()
    tasks = page.get_by_role("main").locator(".task")
    await expect(tasks).to_have_count(1)
    await page.get_by_role("button", name="Show older ones").click()
    await expect(tasks).to_have_count(len(desktop.tasks))
    newer["name"] = "Somebody Else"
    async with page.expect_response("**/api/inbox?*after=1*"):
        await desktop.cut()  # the feed comes back with another moment of the last change
    await expect(tasks.first).to_contain_text("Somebody Else")
    await expect(tasks).to_have_count(len(desktop.tasks))


async def test_a_cut_is_said_and_what_happened_meanwhile_is_shown(page: Page, desktop: FakeDesktop) -> None:
    await signed_in(page, desktop)
    await desktop.play("ready")
    await desktop.away(away=True)
    await expect(page.get_by_text("The call control is away")).to_be_visible()
    await expect(page.get_by_role("button", name="Not ready")).to_be_disabled()
    await desktop.away(away=False)
    await expect(page.get_by_text("The call control is away")).to_have_count(0)
    await desktop.cut()
    await desktop.play("talk")  # nobody hears of it
    await expect(page.get_by_role("region", name="My state")).to_contain_text("In a call")
    await expect(page.get_by_text("The connection to the server is lost")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "theme"), [("en", "light"), ("zh-CN", "dark")] if LONG else [("zh-CN", "dark")]
)
async def test_no_serious_fault_for_those_who_cannot_see_or_point(
    page: Page, desktop: FakeDesktop, language: str, theme: str
) -> None:
    desktop.language, desktop.theme = language, theme
    await page.goto(desktop.address)
    await page.locator("#username").wait_for()
    found = await faults_of(page)
    desktop.session = {"username": "anna", "role": "agent", "agent": "anna", "name": "Anna Weber"}
    await page.goto(desktop.address)
    for scene in ("ring", "consult", "wrap-up"):
        await desktop.play(scene)
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        found |= await faults_of(page)
    await page.goto(f"{desktop.address}/inbox")
    await page.locator(".task").first.wait_for()
    found |= await faults_of(page)
    assert found == set()
