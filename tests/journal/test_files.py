"""The journal's files: what is written, kept, removed; and a disk that does not play along."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd.journal import files
from acd.journal.files import JournalFiles
from acd.settings.model import JournalSettings

SMALL = JournalSettings(max_mb=1)
LINE = b'{"at":1.0}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def opened(folder: Path, settings: JournalSettings = SMALL) -> JournalFiles:
    journal = JournalFiles(folder, settings)
    assert journal.is_due(1000.0)
    journal.begin(1000.0, lambda: b"head\n")
    return journal


def until(holds: Callable[[], bool], limit_s: float = 10.0) -> None:
    """Wait for the thread."""
    ended, end = threading.Event(), time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        ended.wait(0.01)


def test_lines_are_in_a_file_that_nobody_else_reads(folder: Path) -> None:
    journal = opened(folder)
    for _ in range(3):
        assert not journal.is_due(1001.0)
        journal.add(LINE)
    journal.close()
    (path,) = folder.iterdir()
    assert path.name == "1970-01-01T00-16-40.000000Z.jsonl"
    assert path.read_bytes() == b"head\n" + 3 * LINE
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_ends_when_it_is_large_or_old(folder: Path) -> None:
    journal = opened(folder)
    assert journal.is_due(1000.0 + files.LONGEST_FILE_S)
    journal.add(b"x" * 100_000)
    assert journal.is_due(1001.0)
    journal.begin(1001.0, lambda: b"second\n")
    assert not journal.is_due(1002.0)
    journal.close()
    assert [path.read_bytes()[:6] for path in sorted(folder.iterdir())] == [b"head\nx", b"second"]


def test_the_oldest_files_go_when_all_are_too_large_or_their_days_are_over(folder: Path) -> None:
    journal = JournalFiles(folder, SMALL)
    for number in range(15):
        journal.begin(1000.0 + number, lambda: b"x" * 100_000)
    journal.close()
    kept = sorted(path.name for path in folder.iterdir())
    assert len(kept) == files.FILES_MIN
    assert kept[-1].startswith("1970-01-01T00-16-54")
    long_ago = time.time() - 8 * 86_400
    os.utime(folder / kept[3], (long_ago, long_ago))
    journal.prune()  # keeps room for one more
    assert sorted(path.name for path in folder.iterdir()) == kept[1:3] + kept[4:]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "RETRY_AFTER_S", 0.0)


@pytest.mark.usefixtures("hasty")
def test_a_full_disk_stops_the_journal_alone_and_is_told_once(folder: Path) -> None:
    folder.symlink_to("/dev/full")  # no folder can be made there, and no file in it
    with capture_logs() as logs:
        journal = opened(folder)
        until(lambda: journal.is_due(1001.0) and not journal.is_open)
        journal.begin(1002.0, lambda: b"head\n")
        until(lambda: journal.is_due(1003.0) and not journal.is_open)
        assert journal.failing
        folder.unlink()
        journal.begin(1004.0, lambda: b"third\n")
        until(lambda: not journal.failing)
        journal.close()
    told = [log["event"] for log in logs if log["log_level"] in ("error", "info")]
    assert told == ["the journal is interrupted, calls are not", "the journal goes on"]
    assert [path.read_bytes() for path in folder.iterdir()] == [b"third\n"]


@pytest.mark.usefixtures("hasty")
def test_a_line_of_which_the_disk_takes_a_part_ends_the_file(folder: Path) -> None:
    folder.mkdir()
    (folder / "1970-01-01T00-16-40.000000Z.jsonl").symlink_to("/dev/full")
    journal = opened(folder)
    until(lambda: journal.is_due(1001.0) and not journal.is_open)
    assert journal.failing
    journal.close()


def test_a_disk_that_is_too_slow_does_not_fill_the_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PENDING_MAX_BYTES", 1000)
    monkeypatch.setattr(files, "GATHER_S", 60.0)
    journal = opened(folder)
    for _ in range(100):
        journal.add(LINE)
    assert journal.failing
    assert not journal.is_open
    assert not journal.is_due(1001.0)
    journal.close()


def test_it_can_be_switched_off_and_on(folder: Path) -> None:
    journal = JournalFiles(folder, JournalSettings(enabled=False))
    assert not journal.is_due(1000.0)
    journal.close()
    assert not folder.exists()
    journal = opened(folder)
    journal.change(JournalSettings(enabled=False))
    assert not journal.is_open
    assert not journal.is_due(1001.0)
    journal.change(SMALL)
    assert journal.is_due(1002.0)
    journal.close()


def test_a_first_line_that_cannot_be_made_ends_the_file_and_nothing_else(folder: Path) -> None:
    def fails() -> bytes:
        raise ValueError("a fault of ours")

    journal = JournalFiles(folder, SMALL)
    with capture_logs() as logs:
        journal.begin(1000.0, fails)
        journal.add(LINE)
        until(lambda: journal.is_due(1001.0) or not journal.is_open)
    assert not journal.is_open
    assert [log["event"] for log in logs] == [
        "the journal cannot say how things are",
        "the journal is interrupted, calls are not",
    ]
    journal.close()
    assert list(folder.iterdir()) == []
