"""The reports in a real browser: real pages, the real web process, and calls folded as real ones are."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from sqlalchemy import update

from acd.reports.sending.saved import draft_of
from acd.reports.sending.schema import saved_reports
from acd.reports.sending.store import SavedReports
from tests.web.chromium import browser, faults_of, page, profile
from tests.web.desktop import PASSWORD, Desktop, desktop
from tests.web.report_week import fill

__all__ = ["browser", "page", "profile"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

DAYS = "from=2026-11-16&to=2026-11-17"
END = datetime(2026, 11, 18, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desktop]:
    async with desktop(tmp_path_factory.mktemp("home")) as house:
        fill(house.store, END, 2)
        yield house


async def supervisor(page: Page, centre: Desktop, language: str = "en", theme: str = "light") -> None:
    """Signed in, with this language."""
    headers = {"Origin": centre.url}
    who = {"username": "susan", "password": PASSWORD}
    for method, data in (("POST", who), ("PATCH", {"language": language, "theme": theme})):
        told = await page.request.fetch(
            f"{centre.url}/api/session", method=method, data=data, headers=headers
        )
        assert told.ok, await told.text()


async def test_from_a_figure_to_its_calls_and_to_a_story(page: Page, centre: Desktop, tmp_path: Path) -> None:
    await supervisor(page, centre)
    await page.goto(f"{centre.url}/reports/groups?{DAYS}")
    sales = page.get_by_role("row").filter(has_text="Sales")
    await expect(page.get_by_text("All checks hold")).to_be_visible()
    figure = sales.get_by_role("button", name=re.compile(r"^Abandoned \d+, Sales"))
    count = int(await figure.inner_text())
    assert count > 0
    await figure.press("Enter")
    calls = page.get_by_role("grid", name="Calls")
    await expect(calls.get_by_role("row")).to_have_count(count + 1)  # with the headings
    await page.reload()  # the address holds what is looked at
    await calls.get_by_role("row").nth(1).click()
    await expect(page.get_by_text("The caller hung up")).to_be_visible()
    await page.go_back()
    await expect(calls).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    await page.get_by_role("combobox", name="Broken down by").click()
    await page.get_by_title("Agent", exact=True).click()
    await expect(page.get_by_role("row").filter(has_text="Anna Weber")).to_be_visible()
    await expect(page).to_have_url(f"{centre.url}/reports/groups?{DAYS}&by=agent")
    await page.get_by_role("button", name="What is AHT?").first.click()
    await expect(page.get_by_role("dialog")).to_contain_text("What does not count")
    await page.keyboard.press("Escape")
    heading = page.get_by_role("columnheader").filter(has_text="Offered").first
    await heading.press("Enter")
    await expect(heading).to_have_attribute("aria-sort", "descending")

    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as saved:
        await page.get_by_role("menuitem", name="Excel").click()
    download = await saved.value
    assert download.suggested_filename == "acd-groups-2026-11-16--2026-11-17.xlsx"
    await download.save_as(tmp_path / "report.xlsx")
    book = zipfile.ZipFile(io.BytesIO((tmp_path / "report.xlsx").read_bytes()))
    assert "Anna Weber" in book.read("xl/sharedStrings.xml").decode()

    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("dialog").get_by_label("Name").press("Enter")
    await expect(page.get_by_text("Give it a name.")).to_be_visible()
    await page.get_by_role("dialog").get_by_label("Name").fill("Who answers")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Who answers is saved.")).to_be_visible()
    _break_another(centre)
    await page.get_by_role("menuitem", name="Saved reports").click()
    broken = page.get_by_role("row").filter(has_text="cannot be read")
    await expect(broken).to_contain_text("'wk1' is not a valid FileFormat")
    await broken.get_by_role("button", name="Remove: Old").click()
    await page.get_by_role("button", name="Remove", exact=True).click()
    await expect(broken).to_have_count(0)
    await page.get_by_role("button", name="Change: Who answers").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Who answers calls")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Who answers calls").click()
    await expect(page).to_have_url(re.compile(r"/reports/groups\?from=.*&by=agent$"))


def _break_another(centre: Desktop) -> None:
    """A saved report of somebody who has saved it with another version."""
    engine = centre.process.services.store.engine
    draft = draft_of({"name": "Old", "asked": {"report": "groups"}}, "susan")
    old = SavedReports(engine).add(draft, ZoneInfo("Europe/Berlin"), END)
    with engine.begin() as connection:
        connection.execute(update(saved_reports).where(saved_reports.c.id == old.id).values(format="wk1"))


async def test_in_chinese_by_hours_with_a_heat_map(page: Page, centre: Desktop) -> None:
    await supervisor(page, centre, "zh-CN", "dark")
    await page.goto(f"{centre.url}/reports/groups?{DAYS}&grain=60min&by=all&compare=day")
    await expect(page.get_by_role("heading", name="技能组")).to_be_visible()
    await expect(page.get_by_text("校验全部成立")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="09:00")).to_have_count(2)
    chart = page.get_by_role("region", name="图表")
    await expect(chart.locator("canvas").first).to_be_visible()
    await chart.get_by_text("热力图").click()
    await expect(page).to_have_url(re.compile("draw=heat"))
    await expect(chart.locator("canvas").first).to_be_visible()
    assert await faults_of(page) == set()


async def test_what_cannot_be_told_is_said_in_words(page: Page, centre: Desktop) -> None:
    await supervisor(page, centre)
    await page.goto(f"{centre.url}/reports/groups?from=2026-01-01&to=2026-11-01&grain=15min")
    await expect(page.get_by_role("alert").last).to_contain_text("too long for such short intervals")
    await page.goto(f"{centre.url}/reports/agents?from=2025-01-01&to=2025-01-02")
    await expect(page.get_by_text("There is nothing on record for this period")).to_be_visible()
    await page.goto(f"{centre.url}/reports/agents?{DAYS}")
    await expect(page.get_by_role("row").filter(has_text="Ben Okafor")).to_be_visible()
    assert await faults_of(page) == set()
