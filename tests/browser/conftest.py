"""One browser, and one centre, for all tests of a module; each module says which centre."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext

from tests.browser.desk import Desk, DeskCentre, chromium, desk, profile
from tests.browser.speech import speak


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with chromium(speak(tmp_path_factory.mktemp("speech"))) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed_in(browser: Browser, running: DeskCentre) -> AsyncIterator[BrowserContext]:
    async with profile(browser, running, "anna") as context:
        yield context


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running: DeskCentre) -> AsyncIterator[DeskCentre]:
    await running.reset()
    yield running


@pytest_asyncio.fixture(loop_scope="module")
async def anna(signed_in: BrowserContext, centre: DeskCentre) -> AsyncIterator[Desk]:
    """At work, with the browser for a phone."""
    async with desk(signed_in, centre, "anna") as found:
        await found.at_work()
        yield found
