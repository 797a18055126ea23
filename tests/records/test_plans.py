"""Lists are found by an index, not by asking all calls of a centre. On SQLite, which tells its plans."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from acd.core.facts import Arrived, CallKind, Ended, EndedBy, Queued, StepTaken
from acd.records.fold import fold
from acd.records.store import RecordStore
from acd.records.traffic import last_runs

AT = datetime(2025, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    """Calls that were in the flow again and again, and in one line: one each minute."""
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        store.save_calls([_call(f"c{n:03}", AT.timestamp() + n * 60) for n in range(300)])
        yield store


def _call(call_id: str, at: float) -> Any:
    steps = [StepTaken(at + n, "main", "1", f"s{n}", "next", "ask", "") for n in range(3)]
    arrived = Arrived(at, CallKind.INBOUND, "5550100", "", "8000")
    return fold(call_id, [arrived, *steps, Queued(at + 9, "sales"), Ended(at + 40, EndedBy.CALLER)])


def plans(store: RecordStore, ask: Any) -> str:
    """How the database does what is asked for, the first statement of it."""
    told: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        told.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    ask()
    event.remove(store.engine, "before_cursor_execute", note)
    statement, parameters = told[0]
    with store.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    return "\n".join(row[3] for row in rows)


def test_the_last_runs_of_a_flow(store: RecordStore) -> None:
    assert last_runs(store.engine, "main", 3) == ["c299", "c298", "c297"]
    plan = plans(store, lambda: last_runs(store.engine, "main", 3))
    assert "ix_ivr_steps_flow_at" in plan
    assert "GROUP BY" not in plan


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({"group": "sales"}, "ix_visits_group_id_queued_at"),
        ({"agent": "anna"}, "ix_segments_agent_id_started_at"),
    ],
)
def test_calls_of_one(store: RecordStore, asked: dict[str, str], index: str) -> None:
    until = AT + timedelta(minutes=30)
    found = store.calls(AT, until, **asked)  # type: ignore[arg-type]
    assert len(found) == (30 if "group" in asked else 0)
    plan = plans(store, lambda: store.calls(AT, until, **asked))  # type: ignore[arg-type]
    assert index in plan
    assert "CORRELATED" not in plan
