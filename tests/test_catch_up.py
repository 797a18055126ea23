"""What is made up for after a start, with a database that comes later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from acd import catch_up
from acd.catch_up import CatchUp
from acd.core.facts import Fact
from acd.core.last_agents import LastAgents
from acd.core.plan import LastAgent
from acd.records.fold import fold
from acd.records.record import CallRecord, Source
from acd.records.store import RecordsAway, RecordStore
from acd.records.writer import RecordWriter
from acd.settings.load import load_centre
from tests.telephony.test_cdr import row

T = TypeVar("T")
CHECKOUT = Path(__file__).resolve().parents[1]
NOT_LOOKED_AT = LastAgents()


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RecordStore]:
    """Open, and tried again at once."""
    monkeypatch.setattr(catch_up, "AGAIN_S", 0.001)
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        yield store


def made_of(
    store: RecordStore, refresh: Callable[[], Awaitable[None]], last_agents: LastAgents = NOT_LOOKED_AT
) -> CatchUp:
    """On the example centre, where one group asks for the agent of the last talk."""
    centre = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")
    group = replace(centre.plan.groups["sales"], last_agent=LastAgent(7.0, 60.0))
    plan = replace(centre.plan, groups={**centre.plan.groups, "sales": group})
    writer = RecordWriter(store)
    return CatchUp(replace(centre, plan=plan), store, writer, lambda _: None, refresh, dict, last_agents)


async def nothing() -> None:
    """Nothing has changed."""


def locked(times: int, then: Callable[..., T]) -> Callable[..., T]:
    """A reading of the database that fails so many times."""
    left = [OperationalError("SELECT", {}, Exception("database is locked"))] * times

    def read(*arguments: object) -> T:
        if left:
            raise left.pop()
        return then(*arguments)

    return read


def known_floor() -> asyncio.Event:
    """Asterisk has been looked at."""
    known = asyncio.Event()
    known.set()
    return known


async def test_a_database_that_was_away_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catch_up, "AGAIN_S", 0.01)
    folder = tmp_path / "later"
    store = RecordStore(f"sqlite:///{folder}/acd.db")
    with pytest.raises(RecordsAway):
        store.open()
    refreshed, floor_known = asyncio.Event(), asyncio.Event()

    async def refresh() -> None:
        assert store.is_open
        refreshed.set()

    made_up_for = made_of(store, refresh)
    running = asyncio.create_task(made_up_for.run(floor_known, tmp_path / "none.csv", callbacks_known=False))
    await asyncio.sleep(0)
    assert not refreshed.is_set()
    folder.mkdir()
    async with asyncio.timeout(10):
        await refreshed.wait()
        floor_known.set()
        await running
    store.close()


async def test_what_the_database_refuses_is_tried_again(
    store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part for itself: calls that nobody saw are on record in the end, and the last agents known."""
    (tmp_path / "acd.csv").write_text(row("c1"))
    talk = (None, "+4930123", "anna", datetime.now(UTC))
    monkeypatch.setattr(store, "known", locked(3, store.known))
    monkeypatch.setattr(store, "last_talks", locked(2, lambda *_: [talk]))
    refresh = locked(1, nothing)
    last_agents = LastAgents()
    made_up_for = made_of(store, refresh, last_agents)
    made_up_for.writer.start()
    with capture_logs() as logs:
        async with asyncio.timeout(10):
            await made_up_for.run(known_floor(), tmp_path / "acd.csv", callbacks_known=False)
    await made_up_for.writer.close()
    assert store.known(["c1"]) == {"c1"}
    assert len(last_agents) == 1
    again = [line for line in logs if line["event"] == "to be tried again"]
    assert len(again) == 6
    assert {line["reason"] for line in again} == {"OperationalError"}


async def test_callbacks_that_the_start_has_read_are_not_read_again(
    store: RecordStore, tmp_path: Path
) -> None:
    async def refresh() -> None:
        raise AssertionError("known already")

    await made_of(store, refresh).run(known_floor(), tmp_path / "none.csv", callbacks_known=True)


async def test_a_call_that_cannot_be_put_on_record_costs_no_other(
    store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acd.csv").write_text(row("c1") + row("c2"))

    def failing(call_id: str, facts: list[Fact], source: Source) -> CallRecord:
        if call_id == "c1":
            raise ValueError("a fault of ours")
        return fold(call_id, facts, source)

    monkeypatch.setattr(catch_up, "fold", failing)
    made_up_for = made_of(store, nothing)
    made_up_for.writer.start()
    with capture_logs() as logs:
        await made_up_for.run(known_floor(), tmp_path / "acd.csv", callbacks_known=True)
    await made_up_for.writer.close()
    assert store.known(["c1", "c2"]) == {"c2"}
    assert "a call served without a controller cannot be put on record" in [line["event"] for line in logs]
