"""Calls that an older version has folded become what this one makes of their facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from typer.testing import CliRunner

from acd.__main__ import app
from acd.cli import refold as command
from acd.privacy.calls import anonymise
from acd.records import refold, schema
from acd.records.corrections import Correction, Field
from acd.records.fold import utc
from acd.records.period import Period
from acd.records.slots import slot_of
from acd.records.store import RecordStore
from tests.records.scenario import START
from tests.records.test_store import WHOLE, record, shifted

EVER = Period(utc(0), utc(START + 10**6))
NEW_KINDS = ("hold", "voicemail", "survey", "transfer")


@pytest.fixture
def store(database_url: str) -> Iterator[RecordStore]:
    """As older versions wrote: one of seven calls is nobody's, one corrected, one without facts."""
    with RecordStore(database_url) as opened:
        opened.save_calls([record(f"c{n}", WHOLE) for n in range(4)])
        opened.save_calls([shifted(f"d{n}", n) for n in range(3)])
        opened.correct(Correction("c1", utc(START), "susan", Field.CUSTOMER, "C-7", "it was her"))
        with opened.engine.begin() as connection:
            anonymise(connection, ["c2"], lambda _key: "anon:1")
            connection.execute(delete(schema.facts).where(schema.facts.c.call_id == "c3"))
        age(opened)
        yield opened


def age(store: RecordStore) -> None:
    """What an older version would not have told is taken away."""
    with store.engine.begin() as connection:
        connection.execute(delete(schema.segments).where(schema.segments.c.kind.in_(NEW_KINDS)))
        connection.execute(update(schema.calls).where(schema.calls.c.call_id == "d0").values(trunk="x"))


def rows(store: RecordStore) -> list[Any]:
    tables = (schema.calls, schema.segments, schema.visits, schema.facts, schema.corrections)
    with store.engine.connect() as connection:
        return [connection.execute(select(t).order_by(*t.primary_key)).all() for t in tables]


def versions(store: RecordStore) -> dict[int, int]:
    with store.engine.connect() as connection:
        return {row.slot: row.version for row in connection.execute(select(schema.slots))}


def test_stretches_appear_and_a_second_run_changes_nothing(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refold, "BATCH", 2)
    before = versions(store)
    batches = list(refold.refold(store.engine, EVER))
    assert refold.count(store.engine, EVER, None) == sum(batch.calls for batch in batches) == 7
    assert [sum(getattr(b, name) for b in batches) for name in ("changed", "nobodys", "without_facts")] == [
        3, 1, 1,
    ]  # fmt: skip
    assert versions(store)[slot_of(START)] > before[slot_of(START)]
    assert store.call("c0") == replace(record("c0", WHOLE), contact_key="anon:1")  # as that of c2 is
    corrected = store.call("c1")
    assert corrected is not None
    assert (corrected.customer_id, corrected.segments) == ("C-7", record("c1", WHOLE).segments)
    for call_id in ("c2", "c3"):
        left = store.call(call_id)
        assert left is not None
        assert not {segment.kind for segment in left.segments} & set(NEW_KINDS)
    after, told = versions(store), rows(store)
    assert sum(batch.changed for batch in refold.refold(store.engine, EVER)) == 0
    assert (versions(store), rows(store)) == (after, told)


def test_what_cannot_be_read_is_named_and_left(store: RecordStore) -> None:
    with store.engine.begin() as connection:
        row = update(schema.facts).where(schema.facts.c.call_id == "d1")
        connection.execute(row.values(data=[{"fact": "FromTomorrow", "at": 1.0}]))
    [batch] = refold.refold(store.engine, EVER)
    assert (batch.unreadable, batch.changed) == (("d1",), 3)


@pytest.fixture
def home(tmp_path: Path, store: RecordStore, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    if not database_url.startswith("sqlite"):
        monkeypatch.setenv("ACD_DATABASE_URL", database_url)
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_goes_on_where_it_was_interrupted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, whole = CliRunner().invoke, refold.refold
    monkeypatch.setattr(refold, "BATCH", 3)

    def interrupted(*asked: Any) -> Iterator[refold.Batch]:
        yield next(whole(*asked))
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "batches", interrupted)
    first = run(app, ["records", "refold"])
    assert first.exit_code == command.INTERRUPTED
    assert "interrupted after 3 calls" in first.output
    monkeypatch.setattr(command, "batches", whole)
    second = run(app, ["records", "refold"])
    assert "going on where a run was interrupted, after 3 calls" in second.output
    assert "7 calls looked at, 3 folded anew" in second.output
    assert "left alone: 1 made nobody's\nleft alone: 1 without facts\n" in second.output
    third = run(app, ["records", "refold", "--since", "2000-01-01", "--until", "today"])
    assert "7 calls looked at: all are as this version folds them, nothing was changed" in third.output
    assert not (home / command.PLACE).exists()
