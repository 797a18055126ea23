"""What is made up for after a start, with a database that comes later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acd import catch_up
from acd.catch_up import CatchUp
from acd.core.last_agents import LastAgents
from acd.records.store import RecordsAway, RecordStore
from acd.records.writer import RecordWriter
from acd.settings.load import load_centre

CHECKOUT = Path(__file__).resolve().parents[1]


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

    centre = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")
    made_up_for = CatchUp(centre, store, RecordWriter(store), lambda _: None, refresh, dict, LastAgents())
    running = asyncio.create_task(made_up_for.run(floor_known, tmp_path / "none.csv"))
    await asyncio.sleep(0)
    assert not refreshed.is_set()
    folder.mkdir()
    async with asyncio.timeout(10):
        await refreshed.wait()
        floor_known.set()
        await running
    store.close()
