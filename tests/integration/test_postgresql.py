"""Records in PostgreSQL: calls on a real Asterisk, the pages' process, and the database gone in mid-call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import pytest_asyncio

from acd.accounts.passwords import Passwords
from acd.accounts.store import AccountStore
from acd.records.store import RecordStore
from tests.integration.centre import Centre, started, story
from tests.integration.postgres_centre import PostgresCentre

pytestmark = pytest.mark.asterisk
PASSWORD = "correct horse 7"
TALK = ["waiting sales answered", "ringing sales anna answered", "talking sales anna caller_hung_up"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresCentre]:
    with started(PostgresCentre(tmp_path_factory.mktemp("postgres"))) as centre:
        yield centre


@pytest_asyncio.fixture
async def centre(running: PostgresCentre) -> AsyncIterator[PostgresCentre]:
    await running.reset()
    yield running
    await running.until_no_channels()


async def talk(centre: Centre) -> str:
    """A customer has talked with anna; the call's id."""
    async with centre.phone("1001") as anna, centre.customer() as caller:
        await anna.register()
        await centre.ready("anna")
        call = await caller.dial("8001")
        await (await anna.wait_incoming()).answer()
        await call.wait_answered()
        call_id: str = (await centre.until_call("talking", agent="anna"))["id"]
        await call.hang_up()
        await centre.until(lambda status: not status["calls"], "the end of the call")
    return call_id


async def test_a_call_is_on_record_and_on_the_pages(centre: PostgresCentre) -> None:
    call_id = await talk(centre)
    record = await centre.record(call_id)
    assert story(record)[: len(TALK)] == TALK
    with RecordStore(centre.database_url) as store:
        hashed = Passwords().hash(PASSWORD)
        AccountStore(store.engine).add("sue", "supervisor", hashed, None, must_change=False)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(centre.url, headers={"Origin": centre.url}, cookie_jar=jar) as browser:
        told = await browser.post("/api/session", json={"username": "sue", "password": PASSWORD})
        assert told.ok, await told.text()
        async with browser.get("/api/calls") as answer:
            assert call_id in await answer.text()
        async with browser.get("/api/reports/groups", params={"from": "today", "to": "today"}) as answer:
            table = await answer.json()
        assert answer.status == 200, table
    (sales,) = json.loads(centre.acd("report", "groups", "--group", "sales", "--format", "json"))["lines"]
    assert sales["values"]["offered"] == 1


@pytest.mark.parametrize("how", ["stopped", "stopped, controller killed", "stalled, controller killed"])
async def test_a_database_that_is_gone_at_the_end_of_a_call(centre: PostgresCentre, how: str) -> None:
    await asyncio.to_thread(centre.postgres.stall if "stalled" in how else centre.postgres.stop)
    ids = [await talk(centre)]
    if "killed" in how:
        await asyncio.to_thread(centre.kill_controller)
        await asyncio.to_thread(centre.start_controller)
        assert not (await centre.ask("health"))["records_database"], "it was not waited for"
    ids.append(await talk(centre))
    # It would end with another thread.
    (centre.postgres.thaw if "stalled" in how else centre.postgres.start)()
    for call_id in ids:
        assert story(await centre.record(call_id, limit_s=60))[: len(TALK)] == TALK
    assert len({record.call_id for record in await asyncio.to_thread(centre.records)} & set(ids)) == len(ids)
