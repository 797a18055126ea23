"""One centre for all tests of this folder, and one with Redis; each test begins with an empty floor."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.integration.centre import Centre, started
from tests.integration.redis_centre import RedisCentre
from tests.integration.sip.phone import Phone

# For the long run: minutes of samples, which `script/bench` measures, a tutorial that speaks all prompts,
# what compiles the core again and again, two web processes behind nginx, the demo, an upgrade, and the tests
# of the phones that tests are made with. The calls of every run have a compiled core.
LONG = [
    "test_bank.py",
    "test_bench_dispatch.py",
    "test_bench_ivr.py",
    "test_bench_load.py",
    "test_compiled.py",
    "test_demo.py",
    "test_sip_harness.py",
    "test_two_copies.py",
    "test_upgrade.py",
    "test_web_processes.py",
]
collect_ignore = [] if os.environ.get("ACD_TEST_ALL") else LONG


@pytest.fixture(scope="session")
def running_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """Asterisk and controller for the whole session."""
    with started(Centre(tmp_path_factory.mktemp("centre"))) as centre:
        yield centre


@pytest.fixture(scope="session")
def running_redis_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCentre]:
    """Asterisk, Redis and controller for the whole session."""
    with started(RedisCentre(tmp_path_factory.mktemp("redis_centre"))) as centre:
        yield centre


@pytest.fixture
def chosen_centre(request: pytest.FixtureRequest) -> Centre:
    """The running centre; a test may be run on both (`both_mirrors`), a file may have its own centre."""
    chosen: Centre = request.getfixturevalue(getattr(request, "param", "running_centre"))
    return chosen


@pytest_asyncio.fixture
async def centre(chosen_centre: Centre) -> AsyncIterator[Centre]:
    """The running centre, with nobody logged in; afterwards nothing may be left over."""
    await chosen_centre.reset()
    yield chosen_centre
    await chosen_centre.until_no_channels()


@pytest_asyncio.fixture
async def redis_centre(running_redis_centre: RedisCentre) -> AsyncIterator[RedisCentre]:
    """The same with Redis."""
    await running_redis_centre.reset()
    yield running_redis_centre
    await running_redis_centre.until_no_channels()


@pytest_asyncio.fixture
async def phones(centre: Centre) -> AsyncIterator[dict[str, Phone]]:
    """Registered phones of four agents."""
    numbers = {"anna": "1001", "ben": "1002", "dora": "1004", "emil": "1005"}
    made = {name: centre.phone(number, tone_hz=440.0) for name, number in numbers.items()}
    for phone in made.values():
        await phone.__aenter__()
        await phone.register()
    yield made
    for phone in made.values():
        await phone.__aexit__(None, None, None)
