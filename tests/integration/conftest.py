"""One centre for all tests of this folder; each test begins with an empty floor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.centre import Centre


@pytest.fixture(scope="session")
def running_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """Asterisk and controller for the whole session."""
    folder: Path = tmp_path_factory.mktemp("centre")
    centre = Centre(folder)
    try:
        centre.start()
        yield centre
    finally:
        centre.stop()


@pytest_asyncio.fixture
async def centre(running_centre: Centre) -> AsyncIterator[Centre]:
    """The running centre, with nobody logged in; afterwards nothing may be left over."""
    await running_centre.reset()
    yield running_centre
    await running_centre.until_no_channels()
