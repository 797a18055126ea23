"""One centre, and one browser with a window for each agent, for all tests of a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.desk import Desk, DeskCentre, chromium, desk
from tests.browser.speech import speak
from tests.integration.centre import started


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskCentre]:
    with started(DeskCentre(tmp_path_factory.mktemp("desk_centre"))) as centre:
        yield centre


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with chromium(speak(tmp_path_factory.mktemp("speech"))) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def centre(running: DeskCentre) -> AsyncIterator[DeskCentre]:
    await running.reset()
    yield running


@pytest_asyncio.fixture(loop_scope="session")
async def anna(browser: Browser, centre: DeskCentre) -> AsyncIterator[Desk]:
    """At work, and ready."""
    async with desk(browser, centre, "anna") as found:
        await found.go_ready()
        yield found
