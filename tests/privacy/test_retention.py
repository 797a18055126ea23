"""What has been kept for its time goes, in batches, and nothing else does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from acd.__main__ import app
from acd.accounts.audit import AuditLog, Entry
from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, Customer
from acd.customers.card import Details, Source
from acd.customers.store import CustomerStore
from acd.errors import OperatorError, SettingsError
from acd.privacy import retention
from acd.privacy.daily import DailyRetention
from acd.privacy.retention import Retention
from acd.recordings.store import Recordings, Storage
from acd.records import schema
from acd.records.store import RecordStore
from acd.settings.customer_settings import CustomerSettings
from acd.settings.load import load_centre
from acd.settings.model import S3Settings
from acd.settings.retention import CallsEnd, RetentionSettings
from acd.web.drafts import Drafts
from tests.privacy.test_forget import call, counted
from tests.recordings.calls import DAY, write_wav
from tests.recordings.keeping import World
from tests.web.client import CHECKOUT

NOW = datetime(2026, 2, 20, 12, tzinfo=UTC)
OLD, NEW = (NOW - timedelta(days=90)).timestamp(), (NOW - timedelta(days=3)).timestamp()
OTTO = Customer("C-2", "Otto Other", "gold")


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    """Five calls of long ago, and one of lately, by one customer."""
    world = World(tmp_path, database_url)
    world.store.save_calls([call(f"c{n}", OLD + n * 60, "+4930555000111", OTTO) for n in range(5)])
    world.store.save_calls([call("new", NEW, "+4930555000111", OTTO)])
    for call_id in ("c0", "new"):
        write_wav(world.dir, f"{DAY}/{call_id}-talk", seconds=0.1)
    await world.keeper().look()
    yield world
    world.store.close()


def steps_of(world: World) -> list[tuple[str, str, str, str]]:
    """What was done in flows: the call, the step, what came of it, and what was keyed."""
    steps = schema.ivr_steps.c
    query = select(steps.call_id, steps.step, steps.arrow, steps.detail)
    with world.store.engine.connect() as connection:
        found = connection.execute(query.order_by(steps.call_id, steps.position))
        return [(row.call_id, row.step, row.arrow, row.detail) for row in found]


def run(world: World, **rules: Any) -> dict[str, int]:
    """A run by these rules: what was found, and that the same was done."""
    settings = RetentionSettings(**rules)
    work = Retention(world.store.engine, world.dir.parent, world.dir, settings, lambda: None, NOW)
    due = work.due()
    assert work.run() == due
    assert work.due() == {}
    return dict(due)


async def test_calls_become_nobodys_and_reports_stay(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Disposition("c1", "anna", OLD + 50, "sales", "sold", "Sold", False, {"for": "Otto"}, "note")
    world.store.save_dispositions([told])
    before = counted(world.store)
    monkeypatch.setattr(retention, "BATCH", 2)
    assert run(world, calls=30) == {"calls": 5}
    assert counted(world.store) == before
    old, new = world.store.call("c1"), world.store.call("new")
    assert old is not None
    assert new is not None
    assert (old.caller_number, old.customer_id, old.customer_segment) == ("", None, "gold")
    assert (new.caller_number, new.customer_id) == ("+4930555000111", "C-2")
    with world.store.engine.connect() as connection:
        assert connection.execute(select(schema.dispositions.c.note, schema.dispositions.c.code)).all() == [
            ("", "sold")
        ]
    world.store.save_calls([call("newest", NOW.timestamp() - 60, "+4930555000111", OTTO)])
    run(world, calls=30)  # who calls again is known to be one, and not who
    assert len(set(counted(world.store)[2])) == 1


async def test_calls_are_deleted_and_counted_no_more(world: World) -> None:
    assert run(world, recordings=30, calls=30, calls_then=CallsEnd.DELETE) == {"calls": 5, "recordings": 1}
    with world.store.engine.connect() as connection:
        assert list(connection.scalars(select(schema.calls.c.call_id))) == ["new"]
        assert set(connection.scalars(select(schema.segments.c.call_id))) == {"new"}
    assert [name for name in world.files() if name.endswith(".mp3")] == ["new-talk.mp3"]


async def test_recordings_by_group_facts_and_the_rest(world: World) -> None:
    assert run(world, recordings=30, recordings_of={"sales": 1000}) == {}
    assert run(world, recordings=1000, recordings_of={"sales": 30}) == {"recordings": 1}
    assert world.row(f"{DAY}/c0-talk").deleted_why == "retention"
    steps = steps_of(world)
    assert run(world, facts=30) == {"facts": 5}
    stays = world.store.call("c1")
    assert stays is not None
    assert (stays.facts, len(stays.visits)) == ((), 1)
    assert [step[:3] for step in steps_of(world)] == [step[:3] for step in steps]  # which reports count
    assert {detail for call_id, _, _, detail in steps_of(world) if call_id != "new"} == {""}
    assert {step for step in steps if step[0] == "new"} <= set(steps_of(world))
    world.store.save_intervals([AgentInterval("anna", "ready", None, at, at + 60) for at in (OLD, NEW)])
    assert run(world, agent_states=30) == {"agent_states": 1}
    moments = (NOW - timedelta(days=40), NOW)
    AuditLog(world.store.engine).add([Entry(at, "a", "admin", "", "login", "") for at in moments])
    assert run(world, audit=30) == {"audit": 1}
    cards = CustomerStore(world.store.engine, CustomerSettings())
    cards.add(Details(name="Nobody Calls"), source=Source.HAND)
    Drafts(world.store.engine, "anna").put("c1", {"note": "x"})
    later = NOW + timedelta(days=3650)
    settings = RetentionSettings(contacts=30, drafts=7)
    work = Retention(world.store.engine, world.dir.parent, world.dir, settings, lambda: None, later)
    assert work.run() == {"contacts": 1, "drafts": 1}
    assert cards.count() == 0


@pytest.mark.parametrize("store", [None, S3Settings("http://127.0.0.1:1", "calls")])
async def test_what_a_store_has_that_is_away_does_not_stand_before_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch, store: S3Settings | None
) -> None:
    write_wav(world.dir, f"{DAY}/c1-talk", seconds=0.1)
    await world.keeper().look()
    rows = Recordings(world.store.engine)
    rows.stored(f"{DAY}/c0-talk", Storage.S3)
    monkeypatch.setattr(retention, "BATCH", 1)
    monkeypatch.setattr("acd.recordings.bucket.RETRY_FOR", timedelta(milliseconds=10))
    settings = RetentionSettings(recordings=30, facts=30)
    folder = world.dir.parent
    work = Retention(world.store.engine, folder, world.dir, settings, lambda: world.bucket(store), NOW)
    with pytest.raises(
        OperatorError, match="no longer names" if store is None else "the store of recordings"
    ):
        await asyncio.to_thread(work.run)
    assert work.due() == {"recordings": 1}
    assert world.row(f"{DAY}/c0-talk").is_there
    assert not world.row(f"{DAY}/c1-talk").is_there


async def test_once_a_night_by_one_process(world: World) -> None:
    rules = RetentionSettings(facts=30)

    async def settings() -> tuple[RetentionSettings, ZoneInfo, Any]:
        return rules, ZoneInfo("UTC"), lambda: None

    daily = [DailyRetention(world.dir.parent, world.dir, world.store, settings) for _ in range(2)]
    await daily[0].look(NOW.replace(hour=2))
    assert AuditLog(world.store.engine).find() == []
    for each in daily:
        await each.look(NOW)
    [entry] = AuditLog(world.store.engine).find()
    assert (entry.who, entry.what, entry.detail) == ("system:retention", "retention-run", {"facts": 5})


async def test_a_run_that_is_ended_half_way_is_in_the_audit_log(world: World) -> None:
    Recordings(world.store.engine).stored(f"{DAY}/c0-talk", Storage.S3)
    rules = RetentionSettings(recordings=30, facts=30)

    async def settings() -> tuple[RetentionSettings, ZoneInfo, Any]:
        return rules, ZoneInfo("UTC"), lambda: None

    daily = DailyRetention(world.dir.parent, world.dir, world.store, settings)
    with pytest.raises(OperatorError, match="no longer names"):
        await daily.look(NOW)
    with pytest.raises(OperatorError, match="no longer names"):
        await daily.look(NOW)  # again in the same night, with nothing done
    [entry] = AuditLog(world.store.engine).find()
    assert (entry.what, entry.detail) == ("retention-run", {"facts": 5})


def interrupted(_pause_s: float) -> None:
    """Somebody presses Ctrl-C between two batches."""
    raise KeyboardInterrupt


def test_the_file_is_checked_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.mkdir()
    for file in (CHECKOUT / "config").iterdir():
        if file.is_file():
            (config / file.name).write_bytes(file.read_bytes())
    rules = config / "retention.yml"
    rules.write_text("recordings:\n  days: 90\n  groups: {sales: 365}\ncalls: {days: 700, then: anonymise}\n")
    found = load_centre(config, CHECKOUT / "ivr_flows").retention
    assert found == RetentionSettings(recordings=90, recordings_of={"sales": 365}, calls=700)
    rules.write_text("recordings:\n  days: 90\n  groups: {sails: 365}\ncalls: {days: 30, then: delete}\n")
    with pytest.raises(SettingsError) as fault:
        load_centre(config, CHECKOUT / "ivr_flows")
    text = "\n".join(fault.value.problems)
    assert "retention.yml:3" in text
    assert "retention.yml:4: calls > then: recordings are kept for 365 days" in text
    assert "voicemails are kept for ever" in text
    rules.write_text("facts: {days: 30}\n")
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setenv("ACD_CONFIG", str(config))
    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
        store.save_calls([call("c1", 1_700_000_000.0, "+4930555000111", OTTO)])
    invoke = CliRunner().invoke
    rules.write_text("facts: {days: one}\n")
    faulty = invoke(app, ["retention", "run", "--dry-run"]).exception
    assert "retention.yml:1: facts > days" in str(faulty)
    rules.write_text("facts: {days: 30}\n")
    dry = invoke(app, ["retention", "run", "--dry-run"])
    assert dry.output == "facts: 1\nnothing was changed\n"
    assert json.loads(invoke(app, ["retention", "run", "--json"]).output) == {"facts": 1}
    assert invoke(app, ["retention", "run"]).output == "nothing has been kept too long\n"
    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
        store.save_calls([call(each, 1_700_000_000.0, "+4930555000111", OTTO) for each in ("c2", "c3")])
        monkeypatch.setattr(retention, "BATCH", 1)
        monkeypatch.setattr(retention, "time", SimpleNamespace(sleep=interrupted))
        assert invoke(app, ["retention", "run"]).exit_code != 0
        assert AuditLog(store.engine).find()[0].detail == {"facts": 1}
