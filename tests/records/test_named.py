"""Calls are found by the beginning of their id through the index of their key, however many there are."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from acd.core.facts import Arrived, CallKind, Ended, EndedBy
from acd.records.fold import fold
from acd.records.reading import beginning
from acd.records.store import RecordStore

IDS = (
    "a261122-100000-1", "a261122-100000-2", "a261122-110000-1", "a261123-100000-1", "A261122-100000-9",
    "b261122-100000-1", "a_61122", "a%61122", "a", "zz-1", "é-1", "电话-1", "a261122-100000-1é",
)  # fmt: skip


@pytest.fixture
def store(database_url: str) -> RecordStore:
    with RecordStore(database_url) as opened:
        opened.save_calls(
            [
                fold(
                    id,
                    [
                        Arrived(60.0 * n, CallKind.INBOUND, f"555{n}", "", "8001"),
                        Ended(60.0 * n + 9, EndedBy.CALLER),
                    ],
                )
                for n, id in enumerate(IDS)
            ]
        )
    return RecordStore(database_url)


@pytest.mark.parametrize(
    "prefix",
    ["a261122-", "a261122-1", "a261122-100000-1", "a", "A", "a_", "a%", "z", "é", "电", "x", "a\ud7ff"],
)
def test_all_that_begin_so_and_no_others(store: RecordStore, prefix: str) -> None:
    with store:
        found = {record.call_id for record in store.named(prefix, 99)}
        assert found == {id for id in IDS if id.startswith(prefix)}


def test_by_number_the_newest_first(store: RecordStore) -> None:
    with store:
        assert [record.call_id for record in store.named("5553")] == ["a261123-100000-1"]
        found = [record.call_id for record in store.named("a261122-1", 2)]
        assert found == ["a261122-110000-1", "a261122-100000-2"]


def test_the_index_of_the_key_is_used(store: RecordStore) -> None:
    with store, store.engine.connect() as connection:
        name = connection.dialect.name
        dialect = postgresql.dialect() if name == "postgresql" else sqlite.dialect()  # type: ignore[no-untyped-call]
        query = beginning("a261122-", name).limit(10)
        text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).replace("%%", "%")
        if name == "postgresql":  # a few rows are read sooner without any index
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = connection.exec_driver_sql(f"EXPLAIN {text}".replace("%", "%%"))
            lines = " ".join(str(row[0]) for row in plan)
            assert "using calls_pkey" in lines
            assert "Index Cond: " in lines
            assert "Sort" not in lines
        else:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
            (line,) = [str(row[-1]) for row in plan]
            assert line.startswith(
                "SEARCH calls USING COVERING INDEX sqlite_autoindex_calls_1 (call_id>? AND"
            )
