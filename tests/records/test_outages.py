"""The database goes away while records come, in every way that we know: nothing is missing, nothing twice.

Real servers are killed, stalled, made read-only or full; a real disk is full (a limit on the size of files
where no small disk can be mounted). The long run keeps each away for a minute.
"""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from acd.core.facts import AgentInterval
from acd.records import connecting, schema, writer
from acd.records.fold import fold
from acd.records.record import CallRecord
from acd.records.spool import Spool, Spooled
from acd.records.store import RecordStore
from acd.records.writer import RecordWriter
from acd.state.disk import DiskMirror
from tests.postgres import PostgresProcess
from tests.records.scenario import START, facts_of

AWAY_S = 60.0 if os.environ.get("ACD_TEST_ALL") else 1.5
RATE_S = 0.01
LIMIT_S = 90.0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "ANSWER_LIMIT_S", 1.0)
    monkeypatch.setattr(connecting, "_BUSY_TIMEOUT_MS", 200)


def call(number: int) -> CallRecord:
    told = facts_of(
        f"{number} arrived 5550100 8001\n{number} queued sales\n{number + 4} answered anna\n"
        f"{number + 9} ended caller"
    )
    return fold(f"c{number:06}", told)


def state(number: int) -> AgentInterval:
    return AgentInterval("anna", "ready", None, START + number, START + number + 1)


class Load:
    """Submits a call and a state again and again; knows what was stored, and how often."""

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer
        self.submitted = 0
        self.stored: list[int] = []

    async def run(self, until: asyncio.Event) -> None:
        while not until.is_set():
            self.one()
            await asyncio.sleep(RATE_S)

    def one(self) -> None:
        number, self.submitted = self.submitted, self.submitted + 1
        self._writer.submit(call(number), lambda: self.stored.append(number))
        self._writer.submit(state(number), lambda: None)

    def check(self, store: RecordStore) -> None:
        """Nothing is missing, nothing is there twice."""
        assert sorted(self.stored) == list(range(self.submitted))
        with store.engine.connect() as connection:
            counts = {
                table.name: connection.scalar(select(func.count()).select_from(table))
                for table in (schema.calls, schema.visits, schema.agent_states, schema.facts)
            }
        assert counts == dict.fromkeys(counts, self.submitted)
        last = self.submitted - 1
        assert store.call(f"c{last:06}") == call(last)


@asynccontextmanager
async def under_load(
    store: RecordStore, spool: Spool | None = None
) -> AsyncIterator[tuple[Load, RecordWriter]]:
    """Records come before, during and after what happens within; all have to be stored in the end."""
    record_writer = RecordWriter(store, retry_first_s=0.05, retry_max_s=0.5, spool=spool)
    record_writer.start()
    load, end = Load(record_writer), asyncio.Event()
    running = asyncio.create_task(load.run(end))
    await until(lambda: bool(load.stored))
    yield load, record_writer
    end.set()
    await running
    async with asyncio.timeout(LIMIT_S):
        await record_writer.drain()
    await record_writer.close()
    load.check(store)


async def until(seen: Callable[[], bool]) -> None:
    """Wait for something that the writer's thread brings about."""
    async with asyncio.timeout(LIMIT_S):
        while not seen():  # noqa: ASYNC110
            await asyncio.sleep(RATE_S)


# --- PostgreSQL ---------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def own() -> Iterator[PostgresProcess]:
    """A server that these tests may end."""
    process = PostgresProcess(synchronous_commit="on")  # what is committed outlives a crash
    process.start()
    yield process
    process.remove()


@pytest.fixture
def own_store(own: PostgresProcess, quick: None) -> Iterator[tuple[PostgresProcess, RecordStore, str]]:
    own.thaw()
    name = own.new_database()
    with RecordStore(own.url(name)) as store:
        yield own, store, name
    own.thaw()
    own.drop(name)


def read_only(process: PostgresProcess, name: str) -> Callable[[], None]:
    process.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    end_connections(process, name)

    def mend() -> None:
        process.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        end_connections(process, name)

    return mend


def no_connections(process: PostgresProcess, name: str) -> Callable[[], None]:
    process.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    end_connections(process, name)

    def mend() -> None:
        process.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    return mend


def stopped(process: PostgresProcess, _name: str) -> Callable[[], None]:
    process.stop()
    return process.start


def stalled(process: PostgresProcess, _name: str) -> Callable[[], None]:
    process.stall()
    return process.thaw


def table_locked(process: PostgresProcess, name: str) -> Callable[[], None]:
    """Somebody holds a lock for ever: the server gives our statement up."""
    import psycopg

    other = psycopg.connect(process._address(name))
    other.execute("LOCK TABLE calls IN EXCLUSIVE MODE")
    return other.close


def end_connections(process: PostgresProcess, name: str) -> None:
    process.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


@pytest.mark.parametrize(
    "fault", [stopped, stalled, read_only, no_connections, table_locked], ids=lambda fault: fault.__name__
)
async def test_postgresql_is_away(
    own_store: tuple[PostgresProcess, RecordStore, str],
    fault: Callable[[PostgresProcess, str], Callable[[], None]],
) -> None:
    process, store, name = own_store
    with capture_logs() as told:
        async with under_load(store) as (load, record_writer):
            mend = fault(process, name)
            await until(lambda: record_writer.away)
            at = load.submitted
            await asyncio.sleep(AWAY_S)
            assert load.submitted > at, "the loop must not wait for the database"
            assert record_writer.away_s > 0
            assert record_writer.pending > 0
            mend()  # here: a server ends with the thread that started it
            await until(lambda: not record_writer.away)
    assert "error" in {line["log_level"] for line in told}
    assert not any(name in str(line) and "correct horse" in str(line) for line in told)


async def test_dead_connections_cost_nothing(own_store: tuple[PostgresProcess, RecordStore, str]) -> None:
    process, store, name = own_store
    async with under_load(store) as (load, _writer):
        for _ in range(3):
            await asyncio.to_thread(end_connections, process, name)
            seen = len(load.stored)
            await until(lambda seen=seen: len(load.stored) > seen + 5)  # type: ignore[misc]


# --- a full disk --------------------------------------------------------------------------------------
@contextmanager
def small_disk() -> Iterator[Path]:
    """A disk of 24 MB of its own; skips nothing: where none can be mounted the caller limits file sizes."""
    folder = Path(tempfile.mkdtemp(prefix="acd-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True, check=False
    )
    try:
        yield folder
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=True)
        shutil.rmtree(folder)


class FullDisk:
    """Takes all that is left of a small disk, or lets no file of this process grow, until `free`."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"
        self._mounted = os.path.ismount(folder)
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        self._handler = signal.getsignal(signal.SIGXFSZ)

    def fill(self) -> None:
        if not self._mounted:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._limits[1]))
            return
        with self._filler.open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                return

    def free(self) -> None:
        if self._mounted:
            self._filler.unlink(missing_ok=True)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)
            signal.signal(signal.SIGXFSZ, self._handler)


async def test_the_disk_of_sqlite_and_of_the_live_state_is_full(quick: None) -> None:
    """Both are on it. Calls go on, it is said, and all recovers by itself."""
    with small_disk() as folder, capture_logs() as told:
        disk, mirror = FullDisk(folder), DiskMirror(folder / "live")
        mirror.open()
        with RecordStore(f"sqlite:///{folder}/records.sqlite3") as store:
            try:
                async with under_load(store, Spool(folder / "spool")) as (load, record_writer):
                    disk.fill()
                    await until(lambda: record_writer.away)
                    mirror.put("call:c1", {"text": "x" * 10_000})
                    assert mirror.failing
                    at = load.submitted
                    await asyncio.sleep(AWAY_S)
                    assert load.submitted > at
                    disk.free()
                    await until(lambda: not record_writer.away)
                    mirror._retry_at = 0.0
                    mirror.put("call:c2", {"text": "y"})
                    assert not mirror.failing
            finally:
                disk.free()
        mirror.close()
        again = DiskMirror(folder / "live")
        again.open()
        assert set(again.load()) == {"call:c1", "call:c2"}
        again.close()
    errors = [line["event"] for line in told if line["log_level"] == "error"]
    assert any("live state" in text for text in errors)
    assert any("takes no records" in text for text in errors)


# --- memory stays bounded, and a restart loses nothing ---------------------------------------------------
async def test_beyond_a_number_records_wait_on_disk_also_over_a_restart(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_IN_MEMORY", 10)
    away = DBAPIError("insert", {}, Exception("gone"))

    class Away:
        def __getattr__(self, _name: str) -> Callable[..., None]:
            raise away

    with capture_logs() as told:
        first = RecordWriter(Away(), retry_first_s=0.01, spool=Spool(tmp_path / "spool"))
        first.start()
        load = Load(first)
        load.one()
        await until(lambda: first.away)
        for _ in range(699):
            load.one()
        await until(lambda: len(load.stored) == 695)
        assert (first.pending, first.on_disk, first.only_here) == (1400, 1390, 1390)
        assert load.stored == list(range(5, 700))  # on disk they are safe
        await first.close()
        with RecordStore(database_url) as store:
            second = RecordWriter(store, spool=Spool(tmp_path / "spool"))
            second.start()
            assert second.pending == 1390
            for number in range(5):  # these were in the live state
                second.submit(call(number), lambda number=number: load.stored.append(number))  # type: ignore[misc]
                second.submit(state(number), lambda: None)
            await second.drain()
            await second.close()
            load.check(store)
    assert list((tmp_path / "spool").glob("*.jsonl")) == []
    assert any("earlier run" in line["event"] for line in told)


def ids(store: RecordStore) -> list[str]:
    """Of the calls on record."""
    with store.engine.connect() as connection:
        return list(connection.scalars(select(schema.calls.c.call_id)))


class HardToRead(Spool):
    """Two of its files cannot be read the first time. `kept`: nor can one that has been read be deleted."""

    refuses = 2

    def __init__(self, folder: Path, *, kept: bool) -> None:
        super().__init__(folder)
        self.kept = kept

    def read(self, path: Path) -> list[Spooled]:
        if self.refuses:
            self.refuses -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        found = super().read(path)
        if self.kept:  # a folder is no file that could be
            path.unlink()
            path.mkdir()
        return found


@pytest.mark.parametrize("kept", [False, True])
async def test_files_that_cannot_be_read_now_are_read_later(
    database_url: str, tmp_path: Path, kept: bool
) -> None:
    filled = Spool(tmp_path / "spool", lines_a_file=1)
    for number in range(4):
        assert filled.add(call(number), replace=True)
    filled.close()
    with capture_logs() as told, RecordStore(database_url) as store:
        spool = HardToRead(tmp_path / "spool", kept=kept)
        record_writer = RecordWriter(store, retry_first_s=0.01, spool=spool)
        record_writer.start()
        async with asyncio.timeout(LIMIT_S):
            await record_writer.drain()
        assert record_writer.pending == 0
        await record_writer.close()
        assert set(ids(store)) == {call(number).call_id for number in range(4)}
    assert sum("cannot be read now" in line["event"] for line in told) == 2
    assert sum("cannot be deleted" in line["event"] for line in told) == (4 if kept else 0)


async def test_a_fault_of_ours_costs_a_pause_and_no_record(database_url: str) -> None:
    faults = iter([True])

    @contextmanager
    def faulty() -> Iterator[None]:
        if next(faults, False):
            raise IndexError("ours")
        yield

    with capture_logs() as told, RecordStore(database_url) as store:
        record_writer = RecordWriter(store, retry_first_s=0.01, together=faulty)
        record_writer.start()
        record_writer.submit(call(1), lambda: None)
        async with asyncio.timeout(LIMIT_S):
            await record_writer.drain()
        await record_writer.close()
        assert ids(store) == [call(1).call_id]
    assert [line["event"] for line in told] == ["records cannot be written, it is tried again"]


def test_a_file_with_another_name_is_left_and_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """Somebody has put one aside that could not be read."""
    aside = tmp_path / "000000003-broken.jsonl"
    aside.write_text("{\n")
    spool = Spool(tmp_path)
    with capture_logs() as logged:
        spool.open()
    assert (spool.take(), aside.exists()) == (None, True)
    assert [line["files"] for line in logged] == [[aside.name]]
    spool.close()


def test_a_line_that_a_power_cut_has_torn_costs_no_other(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert spool.add(call(1), replace=True)
    spool.close()
    (torn,) = tmp_path.glob("*.jsonl")
    with torn.open("ab") as file:
        file.write(b'{"call": "c2", "fa')
    again = Spool(tmp_path)
    again.open()
    assert again.add(call(3), replace=True)
    found = []
    with capture_logs() as told:
        while (path := again.take()) is not None:
            found += [each.item for each in again.read(path)]
    again.close()
    assert found == [call(1), call(3)]
    assert len(told) == 1


async def test_what_waits_on_disk_is_safe_only_when_the_disk_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_IN_MEMORY", 0)
    gone = DBAPIError("insert", {}, Exception("gone"))
    entered, released = threading.Event(), threading.Event()

    class Away:
        def __getattr__(self, _name: str) -> Callable[..., None]:
            raise gone

    class Slow(Spool):
        def sync(self, paths: Iterable[Path]) -> None:
            entered.set()
            released.wait(LIMIT_S)
            super().sync(paths)

    record_writer = RecordWriter(Away(), retry_first_s=0.01, spool=Slow(tmp_path))
    load = Load(record_writer)
    record_writer.submit(state(0), lambda: None)
    record_writer.start()
    await until(lambda: record_writer.away)
    for _ in range(3):
        load.one()
    await until(entered.is_set)
    assert load.stored == []
    released.set()
    await until(lambda: load.stored == [0, 1, 2])
    await record_writer.close()


async def test_a_full_disk_leaves_them_in_memory_and_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("")
    spool = Spool(tmp_path / "no folder")
    with capture_logs() as told:
        assert not spool.add(call(1), replace=True)
        assert not spool.add(call(1), replace=True)
    assert spool.failing
    assert len(told) == 1
    good = Spool(tmp_path / "spool")
    assert good.add(call(1), replace=False)
    assert not good.add(fold("c\ud800", call(1).facts), replace=True)
    path = good.take()
    assert path is not None
    with path.open("ab") as file:
        file.write(b'{"call": "c2", "fa')
    with capture_logs():
        (found,) = good.read(path)
    good.close()
    assert (found.item, found.replace) == (call(1), False)
