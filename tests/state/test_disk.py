"""The mirror on disk outlives its process, whenever that dies."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from acd.errors import OperatorError
from acd.state import disk
from acd.state.disk import DiskMirror
from acd.state.kept import Kept


def opened(folder: Path) -> DiskMirror:
    """A mirror that is read and ready."""
    mirror = DiskMirror(folder)
    mirror.open()
    return mirror


@contextmanager
def mirror_in(folder: Path) -> Iterator[DiskMirror]:
    """A mirror for as long as a process would have it."""
    mirror = opened(folder)
    try:
        yield mirror
    finally:
        mirror.close()


def kept_in(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """What the next process finds."""
    with mirror_in(folder) as mirror:
        return mirror.load()


def test_a_new_mirror_is_empty(tmp_path: Path) -> None:
    assert kept_in(tmp_path / "live") == {}


def test_the_last_word_on_a_key_counts(tmp_path: Path) -> None:
    with mirror_in(tmp_path) as mirror:
        mirror.put("call:1", {"state": "waiting"})
        mirror.put("call:2", {"name": "王芳", "none": None, "list": [1, 2.5]})
        mirror.put("call:1", {"state": "talking"})
        mirror.put("call:3", {})
        mirror.drop("call:3")
        mirror.drop("never there")
        expected = {
            "call:1": {"state": "talking"},
            "call:2": {"name": "王芳", "none": None, "list": [1, 2.5]},
        }
        assert mirror.load() == expected
    assert kept_in(tmp_path) == expected


def test_a_dropped_key_may_come_again(tmp_path: Path) -> None:
    with mirror_in(tmp_path) as mirror:
        mirror.put("a", {"n": 1})
        mirror.drop("a")
        mirror.put("a", {"n": 2})
    assert kept_in(tmp_path) == {"a": {"n": 2}}


def test_what_is_loaded_is_a_picture_of_the_moment(tmp_path: Path) -> None:
    with mirror_in(tmp_path) as mirror:
        mirror.put("a", {})
        before = mirror.load()
        mirror.drop("a")
        assert before == {"a": {}}


def test_keys_keep_the_order_in_which_they_came(tmp_path: Path) -> None:
    names = [f"call:{n}" for n in (5, 3, 9, 1, 7)]
    with mirror_in(tmp_path) as mirror:
        for name in names:
            mirror.put(name, {})
        mirror.put("call:9", {"again": True})
        mirror.drop("call:3")
        mirror.put("call:3", {})
    expected = ["call:5", "call:9", "call:1", "call:7", "call:3"]
    assert list(kept_in(tmp_path)) == expected
    assert list(kept_in(tmp_path)) == expected  # compacted meanwhile


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    with mirror_in(folder) as mirror:
        mirror.put("a", {})
    assert (folder / "live.jsonl").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_cut_short_by_a_crash_is_passed_over(tmp_path: Path, cut: int) -> None:
    with mirror_in(tmp_path) as mirror:
        mirror.put("a", {"n": 1})
        mirror.put("b", {"name": "陈伟"})
    file = tmp_path / "live.jsonl"
    file.write_bytes(file.read_bytes()[:-cut])
    expected = {"a": {"n": 1}} | ({"b": {"name": "陈伟"}} if cut == 1 else {})
    with mirror_in(tmp_path) as mirror:
        assert mirror.load() == expected
        mirror.put("c", {"n": 3})
    assert kept_in(tmp_path) == expected | {"c": {"n": 3}}


@pytest.mark.parametrize("length", range(0, 90, 7))
def test_killed_at_any_byte_nothing_older_is_lost(tmp_path: Path, length: int) -> None:
    with mirror_in(tmp_path) as mirror:
        for n in range(5):
            mirror.put(f"k{n}", {"n": n})
    file = tmp_path / "live.jsonl"
    whole = file.read_bytes()[:length]
    file.write_bytes(whole)
    complete = [json.loads(line) for line in whole.split(b"\n") if line.endswith(b"}}")]
    assert kept_in(tmp_path) == {entry["k"]: entry["v"] for entry in complete}


@pytest.mark.parametrize(
    "garbage", [b"\0" * 40, b"null", b"[1,2]", b'"k"', b'{"v":{}}', b'{"k":[],"v":{}}', b"\xff"]
)
def test_a_damaged_line_costs_only_itself(tmp_path: Path, garbage: bytes) -> None:
    file = tmp_path / "live.jsonl"
    file.write_bytes(b'{"k":"a","v":{"n":1}}\n' + garbage + b'\n{"k":"b","v":{"n":2}}\n')
    assert kept_in(tmp_path) == {"a": {"n": 1}, "b": {"n": 2}}


def test_outdated_lines_are_cleared_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "COMPACT_AFTER_BYTES", 2_000)
    file = tmp_path / "live.jsonl"
    with mirror_in(tmp_path) as mirror:
        mirror.put("kept", {"text": "x" * 100})
        for n in range(1_000):
            mirror.put("busy", {"n": n})
            assert file.stat().st_size < 2_300
        assert file.stat().st_mode & 0o777 == 0o600
    assert kept_in(tmp_path) == {"kept": {"text": "x" * 100}, "busy": {"n": 999}}


def test_a_crash_while_clearing_away_loses_nothing(tmp_path: Path) -> None:
    with mirror_in(tmp_path) as mirror:
        mirror.put("a", {"n": 1})
    (tmp_path / "live.new").write_bytes(b'{"k":"a","v":{"n"')
    assert kept_in(tmp_path) == {"a": {"n": 1}}
    assert not (tmp_path / "live.new").exists()


def test_every_put_is_on_disk_at_once(tmp_path: Path) -> None:
    with mirror_in(tmp_path) as mirror:
        mirror.put("a", {"n": 1})
        line = (tmp_path / "live.jsonl").read_bytes().splitlines()[-1]
        assert json.loads(line) == {"t": mirror.changed_at, "k": "a", "v": {"n": 1}}


class _FullDisk:
    """A file on a full disk: takes a part of what it is given, then nothing."""

    def __init__(self) -> None:
        self.left = 5

    def write(self, data: bytes) -> int:
        if self.left == 0:
            raise OSError(28, "No space left on device")
        taken, self.left = min(self.left, len(data)), 0
        return taken

    def close(self) -> None:
        """Nothing to do."""


def test_what_comes_together_is_one_write_with_each_key_once(tmp_path: Path) -> None:
    mirror = opened(tmp_path)
    with mirror.together():
        mirror.put("call:1", {"n": 1})
        mirror.put("call:2", {"n": 2})
        mirror.put("call:1", {"n": 3})
        mirror.put("call:3", {"n": 4})
        mirror.drop("call:3")
        assert mirror.load() == {"call:1": {"n": 3}, "call:2": {"n": 2}}
        assert b"call:" not in (tmp_path / "live.jsonl").read_bytes()
    lines = (tmp_path / "live.jsonl").read_bytes().splitlines()
    assert [json.loads(line).get("k") for line in lines[-3:]] == ["call:1", "call:2", "call:3"]
    assert len(lines) == 4  # with the one that says how old the file is
    mirror.close()
    assert kept_in(tmp_path) == {"call:1": {"n": 3}, "call:2": {"n": 2}}


def test_a_fault_among_what_comes_together_loses_none_of_it(tmp_path: Path) -> None:
    mirror = opened(tmp_path)

    def fails_midway() -> None:
        with mirror.together():
            mirror.put("call:1", {"n": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_midway()
    mirror.put("call:2", {"n": 2})
    mirror.close()
    assert kept_in(tmp_path) == {"call:1": {"n": 1}, "call:2": {"n": 2}}


def test_a_full_disk_stops_nothing_and_all_is_written_when_there_is_room(tmp_path: Path) -> None:
    mirror = opened(tmp_path)
    mirror.put("before", {"n": 1})
    assert mirror._file is not None
    mirror._file.close()
    mirror._file = _FullDisk()  # type: ignore[assignment]
    mirror.put("torn", {"n": 2})
    assert mirror.failing
    mirror.put("during", {"n": 3})
    mirror.drop("before")
    assert set(mirror.load()) == {"torn", "during"}
    mirror._retry_at = 0.0
    mirror.put("after", {"n": 4})
    assert not mirror.failing
    mirror.close()
    again = opened(tmp_path)
    assert set(again.load()) == {"torn", "during", "after"}
    again.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """A second controller must not get between the first one and its file."""
    first = opened(tmp_path)
    first.put("a", {"n": 1})
    with pytest.raises(OperatorError, match="another controller"):
        opened(tmp_path)
    first.put("b", {"n": 2})
    first.close()
    again = opened(tmp_path)
    assert set(again.load()) == {"a", "b"}
    again.close()


def test_the_time_of_the_last_change_only_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which of two copies is newer, so a clock that is put back must not disturb it."""
    clock = [1_795_348_800.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    with mirror_in(tmp_path) as mirror:
        assert mirror.changed_at == 0.0
        mirror.put("a", {})
        assert mirror.changed_at == clock[0]
        first = clock[0]
        clock[0] -= 3600
        mirror.put("a", {"n": 1})
        second = mirror.changed_at
        assert second > first
    with mirror_in(tmp_path) as mirror:
        assert mirror.changed_at == second
        mirror.drop("a")
        third = mirror.changed_at
        assert third > second
    with mirror_in(tmp_path) as mirror:
        assert mirror.changed_at == third


def test_replaced_as_a_whole(tmp_path: Path) -> None:
    with mirror_in(tmp_path) as mirror:
        mirror.put("old", {})
        mirror.replace(Kept({"new": {"n": 1}}, 4_000_000_000.5, 7))
        assert mirror.load() == {"new": {"n": 1}}
    with mirror_in(tmp_path) as mirror:
        assert mirror.load() == {"new": {"n": 1}}
        assert mirror.changed_at == 4_000_000_000.5
        assert mirror.fence == 7


def test_a_disk_that_takes_nothing_at_the_start_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "RETRY_AFTER_S", 0.0)
    in_the_way = tmp_path / "live"
    in_the_way.write_bytes(b"")
    mirror = opened(in_the_way)
    assert mirror.failing
    mirror.put("call:1", {"state": "waiting"})
    in_the_way.unlink()
    in_the_way.mkdir()
    mirror.put("call:2", {"state": "ringing"})
    assert not mirror.failing
    mirror.close()
    assert set(kept_in(in_the_way)) == {"call:1", "call:2"}


def until(holds: Callable[[], bool], limit_s: float = 10.0) -> None:
    """Wait for the thread."""
    pause, end = threading.Event(), time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        pause.wait(0.005)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is large from 3 keys on, and outdated from 2,000 bytes on."""
    monkeypatch.setattr(disk, "COMPACT_AFTER_BYTES", 2_000)
    monkeypatch.setattr(disk, "KEYS_AT_ONCE", 3)


@pytest.mark.usefixtures("large")
def test_of_a_large_centre_outdated_lines_are_cleared_away_beside_the_calls(tmp_path: Path) -> None:
    file, begun, go_on = tmp_path / "live.jsonl", threading.Event(), threading.Event()
    write = disk._Fresh.write

    def slowly(fresh: disk._Fresh) -> None:
        begun.set()
        assert go_on.wait(10)
        write(fresh)

    with mirror_in(tmp_path) as mirror, pytest.MonkeyPatch.context() as patch:
        for n in range(5):
            mirror.put(f"k{n}", {"n": n})
        patch.setattr(disk._Fresh, "write", slowly)
        while not begun.is_set():
            mirror.put("busy", {"text": "x" * 200})
        mirror.put("meanwhile", {"n": 1})
        mirror.drop("k0")
        found = disk.read_kept(file).values  # the old file has all until the new one is there
        assert found["meanwhile"] == {"n": 1}
        assert "k0" not in found
        go_on.set()
        before = file.stat().st_ino

        def is_exchanged() -> bool:
            mirror.put("busy", {"n": 2})
            return file.stat().st_ino != before

        until(is_exchanged)
        assert file.stat().st_mode & 0o777 == 0o600
    expected = {"k1": {"n": 1}, "k2": {"n": 2}, "k3": {"n": 3}, "k4": {"n": 4}}
    assert kept_in(tmp_path) == expected | {"busy": {"n": 2}, "meanwhile": {"n": 1}}


@pytest.mark.usefixtures("large")
def test_a_new_file_that_cannot_be_written_is_told_of_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "RETRY_AFTER_S", 0.0)
    with mirror_in(tmp_path) as mirror:
        for n in range(5):
            mirror.put(f"k{n}", {"n": n})
        (tmp_path / "live.new").unlink(missing_ok=True)
        (tmp_path / "live.new").mkdir()

        def fails() -> bool:
            mirror.put("busy", {"text": "x" * 200})
            return mirror.failing

        until(fails)
        (tmp_path / "live.new").rmdir()
        mirror.put("after", {"n": 1})
        assert not mirror.failing
    assert kept_in(tmp_path)["after"] == {"n": 1}


@pytest.mark.usefixtures("large")
def test_closed_while_a_new_file_is_written(tmp_path: Path) -> None:
    with mirror_in(tmp_path) as mirror:
        for n in range(200):
            mirror.put(f"k{n}", {"text": "x" * 20})
    assert len(kept_in(tmp_path)) == 200
