"""What is made up for after a start, with a database that comes later."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from acd import callbacks_on_record, catch_up
from acd.callbacks_on_record import CallbacksOnRecord
from acd.catch_up import CatchUp
from acd.core.last_agents import LastAgents
from acd.core.plan import LastAgent
from acd.records.store import RecordsAway, RecordStore
from acd.runtime.callback_line import CallbackLine
from acd.settings.load import load_centre

T = TypeVar("T")
CHECKOUT = Path(__file__).resolve().parents[1]
NOT_LOOKED_AT = LastAgents()
LOCKED = OperationalError("SELECT", {}, Exception("database is locked"))


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
    return CatchUp(replace(centre, plan=plan), store, NoAccount(), refresh, last_agents)  # type: ignore[arg-type]


class NoAccount:
    """Asterisk's account has nothing new."""

    def __init__(self) -> None:
        self.looks = 0
        self.errors: list[Exception] = []

    async def look(self) -> int:
        """See `Reconciler.look`."""
        self.looks += 1
        if self.errors:
            raise self.errors.pop()
        return 0


async def nothing() -> None:
    """Nothing has changed."""


def locked(times: int, then: Callable[..., T]) -> Callable[..., T]:
    """A reading of the database that fails so many times."""
    left = [LOCKED] * times

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
    running = asyncio.create_task(made_up_for.run(floor_known, callbacks_known=False))
    await asyncio.sleep(0)
    assert not refreshed.is_set()
    folder.mkdir()
    async with asyncio.timeout(10):
        await refreshed.wait()
        floor_known.set()
        await running
    store.close()


async def test_what_the_database_refuses_is_tried_again(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part for itself: Asterisk's account is read in the end, and the last agents known."""
    talk = (None, "+4930123", "anna", datetime.now(UTC))
    monkeypatch.setattr(store, "last_talks", locked(2, lambda *_: [talk]))
    refresh = locked(1, nothing)
    last_agents = LastAgents()
    made_up_for = made_of(store, refresh, last_agents)
    account = cast("NoAccount", made_up_for.reconciler)
    account.errors = [LOCKED] * 3
    with capture_logs() as logs:
        async with asyncio.timeout(10):
            await made_up_for.run(known_floor(), callbacks_known=False)
    assert account.looks == 4
    assert len(last_agents) == 1
    again = [line for line in logs if line["event"] == "to be tried again"]
    assert len(again) == 6
    assert {line["reason"] for line in again} == {"OperationalError"}


async def test_callbacks_that_the_start_has_read_are_not_read_again(store: RecordStore) -> None:
    async def refresh() -> None:
        raise AssertionError("known already")

    await made_of(store, refresh).run(known_floor(), callbacks_known=True)


async def test_a_start_does_not_wait_for_callbacks_of_a_slow_database(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read later; an open database tells of them at once."""
    on_record = CallbacksOnRecord(store, cast(CallbackLine, None))
    assert await on_record.at_start() == ({}, [])
    released = threading.Event()
    monkeypatch.setattr(callbacks_on_record, "KNOWN_WITHIN_S", 0.01)
    monkeypatch.setattr(on_record, "open_wishes", lambda: released.wait(60.0))
    with capture_logs() as told:
        assert await on_record.at_start() == ({}, None)
    released.set()
    assert [(line["event"], line["reason"]) for line in told] == [
        ("which callbacks are open is not known yet", "it is slow")
    ]
