"""The writer against a store that fails on demand, and against both databases."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from structlog.testing import capture_logs

from acd.core.callback_facts import CallbackNote
from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, CallbackOrder
from acd.records import migrations
from acd.records.connecting import OtherVersion, is_outage
from acd.records.fold import fold
from acd.records.record import CallRecord
from acd.records.sink import Item
from acd.records.store import RecordStore
from acd.records.writer import RecordWriter
from tests.records.scenario import START, facts_of

LIMIT_S = 10.0
AWAY_SAID = "the database takes no records, they wait and calls go on"
AWAY = OperationalError("insert", {}, Exception("connection refused"))
BAD = DataError("insert", {}, Exception("a zero byte in a text"))


def call(number: int) -> CallRecord:
    return fold(f"c{number}", facts_of("0 arrived 5550100 8001\n0 queued sales\n9 ended caller"))


def state(number: int) -> AgentInterval:
    return AgentInterval("anna", "ready", None, START + number, START + number + 1)


class FakeStore:
    """Keeps what is written; `failures` are raised first, one per attempt; `poison` always fails."""

    def __init__(self) -> None:
        self.stored: list[Item] = []
        self.added: list[str] = []
        self.batches: list[int] = []
        self.failures: list[Exception] = []
        self.poison: Item | None = None
        self.threads: set[int] = set()

    def save_calls(self, records: Sequence[CallRecord]) -> None:
        self._save(records)

    def add_calls(self, records: Sequence[CallRecord]) -> None:
        self.added += [record.call_id for record in records]
        self._save(records)

    def save_intervals(self, intervals: Sequence[AgentInterval]) -> None:
        self._save(intervals)

    def add_callbacks(self, orders: Sequence[CallbackOrder]) -> None:
        self._save(orders)

    def note_callbacks(self, notes: Sequence[CallbackNote]) -> None:
        self._save(notes)

    def save_dispositions(self, told: Sequence[Disposition]) -> None:
        self._save(told)

    def look(self) -> None:
        self._save(())

    def _save(self, items: Sequence[Item]) -> None:
        self.threads.add(threading.get_ident())
        if self.failures:
            raise self.failures.pop(0)
        if self.poison in items:
            raise BAD
        self.batches.append(len(items))
        self.stored += items


@asynccontextmanager
async def writing(store: FakeStore, batch_max: int = 200) -> AsyncIterator[RecordWriter]:
    writer = RecordWriter(store, batch_max=batch_max, retry_first_s=0.001, retry_max_s=0.004)
    writer.start()
    yield writer
    await writer.close()


async def test_what_must_not_replace_anything_is_added() -> None:
    store = FakeStore()
    async with writing(store) as writer:
        writer.submit(call(1), lambda: None, replace=False)
        writer.submit(call(2), lambda: None)
        await writer.drain()
    assert store.added == ["c1"]
    assert store.stored == [call(2), call(1)]


async def test_it_looks_at_a_database_for_which_nothing_waits() -> None:
    """That it is away shows, and that it is back."""
    store = FakeStore()
    store.failures = [AWAY, AWAY]
    with capture_logs() as told:
        async with writing(store) as writer:
            writer.look()
            await writer.drain()
            assert (writer.away, store.batches) == (False, [0])
            store.failures = [BAD]  # it answers, if strangely
            writer.look()
            await writer.drain()
    assert [each["event"] for each in told] == [
        "the database takes no records, they wait and calls go on",
        "the database takes records again",
        "the database cannot be looked at",
    ]
    assert threading.get_ident() not in store.threads


async def test_items_are_written_in_batches_outside_the_loop() -> None:
    store, told = FakeStore(), []
    async with writing(store, batch_max=2) as writer:
        items: list[Item] = [call(1), call(2), call(3), state(1), call(4)]
        for item in items:
            writer.submit(item, lambda item=item: told.append(item))  # type: ignore[misc]
        assert writer.pending == 5
        await writer.drain()
    assert told == items
    assert store.stored == [call(1), call(2), call(3), state(1), call(4)]
    assert store.batches == [2, 1, 1, 1]
    assert writer.pending == 0
    assert threading.get_ident() not in store.threads


@pytest.mark.parametrize(
    ("come", "batches"),
    [
        ([3], [3]),
        ([10, 9], [19]),
        ([10, 10, 10, 10], [40]),
        ([10, 90], [100]),
    ],
)
async def test_it_waits_for_more_as_long_as_many_come(
    come: list[int], batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`come`: how many items come in each of the times that it waits."""
    store, numbers, rest = FakeStore(), iter(range(1000)), list(come)
    writer = RecordWriter(store, gather_s=1.0, batch_max=100)

    def submit() -> None:
        for _ in range(rest.pop(0) if rest else 0):
            writer.submit(state(next(numbers)), lambda: None)

    async def wait(_writer: RecordWriter, _limit_s: float) -> None:
        if not rest:
            await writer._closing.wait()
        submit()

    monkeypatch.setattr(RecordWriter, "_wait_for_closing", wait)
    rest[0] -= 1
    writer.submit(state(next(numbers)), lambda: None)
    writer.start()
    await writer.drain()
    assert store.batches == batches
    await writer.close()


async def test_what_comes_later_is_written_too() -> None:
    store = FakeStore()
    async with writing(store) as writer:
        await writer.drain()
        for number in range(3):
            writer.submit(call(number), lambda: None)
            await writer.drain()
    assert store.stored == [call(0), call(1), call(2)]


async def test_while_the_database_is_away_nothing_is_lost_and_the_log_says_it_once() -> None:
    store, told = FakeStore(), []
    store.failures = [AWAY] * 5
    with capture_logs() as logs:
        async with writing(store) as writer:
            for number in range(3):
                writer.submit(call(number), lambda number=number: told.append(number))  # type: ignore[misc]
            await writer.drain()
            assert not writer.away
    assert told == [0, 1, 2]
    assert store.stored == [call(0), call(1), call(2)]
    assert [(entry["log_level"], entry["event"]) for entry in logs] == [
        ("error", "the database takes no records, they wait and calls go on"),
        ("info", "the database takes records again"),
    ]


async def test_a_record_that_the_database_refuses_is_set_aside_and_the_others_are_stored() -> None:
    store, told = FakeStore(), []
    store.poison = call(1)
    with capture_logs() as logs:
        async with writing(store) as writer:
            for number in range(3):
                writer.submit(call(number), lambda number=number: told.append(number))  # type: ignore[misc]
            await writer.drain()
    assert told == [0, 2]
    assert [(entry["event"], entry["item"]) for entry in logs] == [
        ("record set aside: it cannot be stored", "call c1")
    ]


async def test_the_database_goes_away_in_the_search_for_a_bad_record() -> None:
    store, told = FakeStore(), []
    store.failures, store.poison = [BAD, AWAY, AWAY], state(1)
    with capture_logs() as logs:
        async with writing(store) as writer:
            for item in (state(0), state(1), state(2)):
                writer.submit(item, lambda item=item: told.append(item))  # type: ignore[misc]
            await writer.drain()
    assert told == [state(0), state(2)]
    assert [entry["log_level"] for entry in logs] == ["error", "info", "error"]


async def test_a_faulty_listener_does_not_stop_the_writing() -> None:
    store = FakeStore()

    def fail() -> None:
        raise RuntimeError("spool file gone")

    with capture_logs() as logs:
        async with writing(store) as writer:
            writer.submit(call(1), fail)
            writer.submit(call(2), lambda: None)
            await writer.drain()
    assert store.stored == [call(1), call(2)]
    assert [entry["event"] for entry in logs] == ["on_stored failed"]


async def test_closing_tries_once_more_and_then_gives_up() -> None:
    store, told = FakeStore(), []
    store.failures = [AWAY] * 1000
    writer = RecordWriter(store, retry_first_s=3600)
    writer.start()
    writer.submit(call(1), lambda: told.append(1))
    with capture_logs():
        async with asyncio.timeout(60):
            while not writer.away:
                await asyncio.to_thread(lambda: None)
            await writer.close()
            await writer.close()
    assert writer.pending == 1
    assert told == []
    assert len(store.failures) == 998


async def test_closing_writes_what_was_submitted() -> None:
    store = FakeStore()
    async with writing(store) as writer:
        writer.submit(call(1), lambda: None)
    assert store.stored == [call(1)]


async def test_on_a_real_database(database_url: str) -> None:
    told: list[str] = []
    with RecordStore(database_url) as store:
        writer = RecordWriter(store)
        writer.start()
        writer.submit(call(1), lambda: told.append("c1"))
        with capture_logs():
            writer.submit(fold("c\ud800", call(2).facts), lambda: told.append("mended"))
            writer.submit(state(1), lambda: told.append("anna"))
            await writer.drain()
        await writer.close()
        assert store.call("c1") == call(1)
        assert store.call("c\ufffd") is not None
    assert told == ["c1", "mended", "anna"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a\x00b", ("a\x00b", "a\ufffdb")),
        ("a\udc80b", ("a\ufffdb",)),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 4000))), ("".join(map(chr, range(0x4E00, 0x4E00 + 4000))),)),
    ],
)
async def test_no_text_of_a_hostile_phone_costs_the_call(
    database_url: str, name: str, kept: tuple[str, ...]
) -> None:
    hostile = replace(call(1), caller_name=name, caller_number=name)
    told: list[str] = []
    with RecordStore(database_url) as store, capture_logs():
        writer = RecordWriter(store)
        writer.start()
        writer.submit(call(0), lambda: told.append("c0"))
        writer.submit(hostile, lambda: told.append("c1"))
        writer.submit(call(2), lambda: told.append("c2"))
        await writer.drain()
        await writer.close()
        found = store.call("c1")
    assert told == ["c0", "c1", "c2"]
    assert found is not None
    assert found.caller_name in (*kept, kept[0][:600])


async def test_records_wait_for_the_version_that_a_newer_database_is_for(database_url: str) -> None:
    """It was not known yet when the controller started, which does not wait for a slow database."""
    tries = threading.Semaphore(0)

    class Refused(RecordStore):
        def save_calls(self, records: Sequence[CallRecord]) -> None:
            try:
                super().save_calls(records)
            finally:
                tries.release()

    with RecordStore(database_url) as made:
        _say_version(made, "9999")
        store, told = Refused(database_url), list[str]()
        store.want()
        writer = RecordWriter(store, retry_first_s=0.01)
        with capture_logs() as logs:
            writer.start()
            writer.submit(call(0), lambda: told.append("c0"))
            for _ in range(2):
                assert await asyncio.to_thread(tries.acquire, timeout=LIMIT_S)
            assert (writer.away, writer.pending, told) == (True, 1, [])
            _say_version(made, migrations.NEWEST)
            await writer.drain()
            await writer.close()
    assert told == ["c0"]
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [AWAY_SAID]
    store.close()


def _say_version(store: RecordStore, version: str) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")


@pytest.mark.parametrize(
    "error", [AWAY, InterfaceError("", {}, Exception()), OSError("disk"), OtherVersion("newer")]
)
def test_outages(error: Exception) -> None:
    assert is_outage(error)
    assert is_outage(ProgrammingError("", {}, Exception("no such table")))


@pytest.mark.parametrize("error", [BAD, IntegrityError("", {}, Exception()), ValueError(), TypeError()])
def test_faults_of_a_record(error: Exception) -> None:
    assert not is_outage(error)
