"""Records that a controller has left on disk, and that another one takes over."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from acd.core.facts import Arrived, CallKind, Ended, EndedBy
from acd.records import left_spools
from acd.records.fold import fold
from acd.records.left_spools import LeftSpools
from acd.records.record import CallRecord
from acd.records.spool import LINES_A_FILE, Spool
from acd.records.store import RecordStore
from acd.records.writer import RecordWriter

LIMIT_S = 10.0
NOON = 1_795_348_800.0


def call(number: int) -> CallRecord:
    """It came and went."""
    facts = [Arrived(NOON, CallKind.INBOUND, "+49", "", "8001"), Ended(NOON + 5, EndedBy.CALLER)]
    return fold(f"c{number}", facts)


class Home:
    """ACD_HOME of two controllers, of whom `one` leads; `found` counts how often it was told of more."""

    def __init__(self, folder: Path, lines_a_file: int = LINES_A_FILE) -> None:
        self.folder = folder
        self.own = Spool(self.spool_of("one"), lines_a_file)
        self.own.open()
        self.found = 0
        self.was_found = asyncio.Event()
        self.left = LeftSpools(self.own, folder, self._on_found)

    def _on_found(self) -> None:
        self.found += 1
        self.was_found.set()

    def spool_of(self, name: str) -> Path:
        """Where that one's records wait."""
        return self.folder / "controllers" / name / "spool"

    def files_of(self, name: str) -> list[str]:
        """What is there."""
        return sorted(path.name for path in self.spool_of(name).glob("*.jsonl"))

    def ids(self) -> list[str]:
        """All that the leader has, read once."""
        found: list[str] = []
        while (path := self.own.take()) is not None:
            found += [str(getattr(each.item, "call_id", "")) for each in self.own.read(path)]
        return found


@pytest.fixture
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Home]:
    """`one` leads; with how many lines a file of its spool has, where a test says it."""
    home = Home(tmp_path, getattr(request, "param", LINES_A_FILE))
    yield home
    home.own.close()


def left_by(folder: Path, *numbers: int, lines_a_file: int = LINES_A_FILE) -> Spool:
    """A spool with these calls; it lives until it is closed."""
    spool = Spool(folder, lines_a_file)
    for number in numbers:
        assert spool.add(call(number), replace=True)
    return spool


async def test_what_a_dead_controller_has_left_is_the_leaders(home: Home) -> None:
    assert home.own.add(call(1), replace=True)
    left_by(home.spool_of("two"), 2, 3).close()
    left_by(home.folder / "spool", 4).close()  # of a time when there was only one
    with capture_logs() as told:
        assert await home.left.take_over() == 3
    assert (home.own.waiting, home.found, len(told)) == (4, 1, 2)
    assert (home.files_of("one"), home.files_of("two")) == (
        ["000000001.jsonl", "000000002.jsonl", "000000003.jsonl"],
        [],
    )
    assert home.own.add(call(5), replace=True)
    assert sorted(home.ids()) == ["c1", "c2", "c3", "c4", "c5"]
    assert await home.left.take_over() == 0
    assert home.found == 1


async def test_a_controller_that_lives_keeps_its_own(home: Home) -> None:
    living = left_by(home.spool_of("two"), 2)
    assert await home.left.take_over() == 0
    assert living.add(call(3), replace=True)
    living.close()
    assert await home.left.take_over() == 2
    assert home.ids() == ["c2", "c3"]


@pytest.mark.parametrize("home", [2], indirect=True)
async def test_what_comes_afterwards_goes_to_a_file_of_its_own(home: Home) -> None:
    """A file that was taken over may be read, and deleted, at any moment."""
    assert home.own.add(call(1), replace=True)
    left_by(home.spool_of("two"), 2).close()
    await home.left.take_over()
    for number in (3, 4):
        assert home.own.add(call(number), replace=True)
    files = {name: (home.spool_of("one") / name).read_bytes().count(b"\n") for name in home.files_of("one")}
    assert files == {"000000001.jsonl": 2, "000000002.jsonl": 1, "000000003.jsonl": 1}


async def test_a_leader_that_dies_in_between_loses_none(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    left_by(home.spool_of("two"), 2, 3, lines_a_file=1).close()
    rename, moved = os.rename, list[str]()

    def dies(self: Path, to: Path) -> None:
        if moved:
            raise OSError("killed here")
        moved.append(self.name)
        rename(self, to)

    monkeypatch.setattr(Path, "rename", dies)
    with capture_logs() as told:
        await home.left.take_over()
    assert [line["log_level"] for line in told] == ["error", "warning"]
    home.own.close()
    monkeypatch.undo()
    again = Home(home.folder)
    assert again.own.waiting == 1
    assert await again.left.take_over() == 1
    assert sorted(again.ids()) == ["c2", "c3"]
    again.own.close()


@pytest.mark.parametrize("home", [1], indirect=True)
async def test_a_file_that_cannot_be_read_keeps_no_other_back(home: Home) -> None:
    """Neither one that a dead controller has left nor one of our own, whose name is not given again."""
    left_by(home.spool_of("two"), 2, 3, lines_a_file=1).close()
    for number in (4, 5):
        assert home.own.add(call(number), replace=True)
    home.own.close()
    for of in ("one", "two"):
        bad = home.spool_of(of) / ("000000002.jsonl" if of == "one" else "000000001.jsonl")
        bad.unlink()
        bad.mkdir()
    with capture_logs() as told:
        again = Home(home.folder)
        assert await again.left.take_over() == 1
    assert {str(line.get("file", "")).split("/")[-3] for line in told if line["log_level"] == "error"} == {
        "one",
        "two",
    }
    assert sorted(again.ids()) == ["c3", "c4"]
    assert home.files_of("two") == ["000000001.jsonl"]
    again.own.close()


async def test_a_disk_that_hangs_keeps_no_leader_waiting(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    left_by(home.spool_of("two"), 2).close()
    goes_on, moved = threading.Event(), left_spools._moved

    def hangs(*arguments: Any) -> Any:
        assert goes_on.wait(LIMIT_S)
        return moved(*arguments)

    monkeypatch.setattr(left_spools, "_moved", hangs)
    await home.left.soon(within_s=0.01)
    assert home.own.waiting == 0
    running = asyncio.create_task(home.left.run())
    goes_on.set()
    async with asyncio.timeout(LIMIT_S):
        await home.was_found.wait()
    assert home.ids() == ["c2"]
    running.cancel()


async def test_one_that_starts_meanwhile_has_its_files_a_moment_later(home: Home) -> None:
    mine = left_by(home.spool_of("one"), 1)  # another process looks at them
    again = Home(home.folder)
    assert again.own.waiting == 0
    with capture_logs():
        assert not again.own.add(call(2), replace=True)
    mine.close()
    assert await again.left.take_over() == 0
    assert (again.own.waiting, again.found) == (1, 1)
    assert again.own.add(call(2), replace=True)
    again.own.close()


async def test_they_are_written_and_counted_meanwhile(
    home: Home, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_by(home.spool_of("two"), 2, 3).close()

    class Away:
        def __getattr__(self, _name: str) -> Callable[..., Any]:
            raise DBAPIError("insert", {}, Exception("gone"))

    away = RecordWriter(Away(), retry_first_s=0.01, spool=home.own)
    away.start()
    left = LeftSpools(home.own, home.folder, away.look_on_disk)
    assert await left.take_over() == 2
    assert (away.pending, away.only_here) == (2, 2)
    await away.close()
    with RecordStore(database_url) as store:
        store.save_calls([call(2)])  # by the dead one, which was killed before it could delete the file
        writer = RecordWriter(store, spool=Spool(home.spool_of("one")))
        writer.start()
        await writer.drain()
        await writer.close()
        assert store.known(["c2", "c3"]) == {"c2", "c3"}
        assert store.call("c2") == call(2)
    assert home.files_of("one") == []
