"""A real browser for tests of pages: one of a module, whose profile each test finds as if it were new."""

from __future__ import annotations

import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.integration.sip.programs import free_port

AXE = Path(__file__).parents[2] / "acd/web/ui/node_modules/axe-core/axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
    "--disable-gpu",
    # One process draws all pages: none has to be started for the next, which finds programs compiled.
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
]
LIMIT_MS = 8000
# Colours are judged at their end, not on the way there; a ringing phone never comes to one.
SETTLED = """Promise.all(document.getAnimations()
  .filter((one) => one.effect.getTiming().iterations !== Infinity)
  .map((one) => one.finished.catch(() => {})))"""

expect.set_options(timeout=LIMIT_MS)


@pytest.fixture(scope="module")
def port() -> int:
    """Of each test's own server: the browser has kept the programs of the pages that are there."""
    return free_port(socket.SOCK_STREAM)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    program = shutil.which("chromium")
    assert program, "chromium is missing: run script/bootstrap"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def profile(browser: Browser) -> AsyncIterator[BrowserContext]:
    async with _profile(browser) as context:
        await context.new_page()  # keeps the process that draws from one test to the next
        yield context


@pytest_asyncio.fixture(loop_scope="module")
async def page(profile: BrowserContext) -> AsyncIterator[Page]:
    origins: set[str] = set()
    async with _page(profile) as page:
        page.on("framenavigated", lambda frame: origins.add("/".join(frame.url.split("/")[:3])))
        yield page
    await _forget(profile, origins)


@pytest_asyncio.fixture(loop_scope="module")
async def page_of_any_time(browser: Browser) -> AsyncIterator[Page]:
    """Its clock is the test's; that goes for a whole profile, and for good."""
    async with _profile(browser) as context, _page(context) as page:
        await page.clock.install()
        yield page


@asynccontextmanager
async def _profile(browser: Browser) -> AsyncIterator[BrowserContext]:
    """Of somebody who has asked for no motion: nothing has to be waited for until it has come to rest."""
    context = await browser.new_context(
        viewport={"width": 1024, "height": 768}, locale="en-GB", reduced_motion="reduce"
    )
    yield context
    await context.close()


@asynccontextmanager
async def _page(profile: BrowserContext) -> AsyncIterator[Page]:
    """Nothing may fail in it, run what a stranger wrote, or ask for what the policy of the page refuses."""
    page = await profile.new_page()
    page.set_default_timeout(LIMIT_MS)
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
    page.on("dialog", lambda dialog: faults.append(f"a dialog: {dialog.message}"))
    yield page
    await page.close()
    assert faults == []


async def _forget(profile: BrowserContext, origins: set[str]) -> None:
    """All that pages have kept, but not the files that they are made of."""
    await profile.clear_cookies()
    devtools = await profile.new_cdp_session(profile.pages[0])
    for origin in origins - {"about:blank"}:
        await devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    await devtools.detach()


async def faults_of(page: Page) -> set[str]:
    """Serious and critical ones for those who cannot see or point, each with where it is."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    await page.evaluate(SETTLED)
    options = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa"]}
    result = await page.evaluate("(options) => axe.run(document, options)", options)
    return {
        f"{fault['id']} {node['target']} {node['failureSummary'][:200]}"
        for fault in result["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    }
