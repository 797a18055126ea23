"""Asterisk's account in its files: rotated, packed, long, and read a bit at a time."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd.telephony import cdr, cdr_files
from acd.telephony.cdr_files import Place, end_of, files, lines_from, lines_since
from tests.telephony.test_cdr import NOON, row


def ids(lines: object) -> list[str]:
    """Of the rows among the lines."""
    return [found["call_id"] for line in lines if (found := cdr.read(line)) is not None]  # type: ignore[attr-defined]


def since(path: Path, at: float) -> list[str]:
    """The calls of the lines since then."""
    return ids(lines_since(path, at, cdr.ends_at))


def behind(path: Path, place: Place) -> tuple[list[str], Place]:
    """The calls of the lines behind the place, and the next place."""
    lines, place = lines_from(path, place, NOON, cdr.ends_at)
    return ids(lines), place


def aged(path: Path, at: float) -> None:
    """Last written then."""
    os.utime(path, (at, at))


@pytest.fixture
def rotated(tmp_path: Path) -> Path:
    """Four days in four files, one of them packed, and one that is none of ours."""
    path = tmp_path / "acd.csv"
    day = 86_400
    for age, name in ((0, "acd.csv"), (1, "acd.csv.1"), (3, "acd.csv-20261119")):
        (tmp_path / name).write_text(row(f"c{age}", end=str(NOON - age * day)))
        aged(tmp_path / name, NOON - age * day)
    with gzip.open(tmp_path / "acd.csv.2.gz", "wt") as packed:
        packed.write(row("c2", end=str(NOON - 2 * day)))
    aged(tmp_path / "acd.csv.2.gz", NOON - 2 * day)
    (tmp_path / "acd.csv.bak").write_text(row("copy"))
    return path


def test_rotated_files_are_read_as_far_back_as_asked(rotated: Path) -> None:
    names = ["acd.csv", "acd.csv.1", "acd.csv.2.gz", "acd.csv-20261119"]
    assert [file.name for file in files(rotated)] == names
    assert since(rotated, 0.0) == ["c3", "c2", "c1", "c0"]
    assert since(rotated, NOON - 2.5 * 86_400) == ["c2", "c1", "c0"]
    assert since(rotated, NOON - 60) == ["c0"]
    rotated.unlink()
    assert since(rotated, NOON - 90_000) == ["c1"], "rotated this moment, nothing written since"


def test_a_packed_file_that_is_broken_costs_only_itself(rotated: Path) -> None:
    (rotated.parent / "acd.csv.2.gz").write_bytes(b"no gzip")
    with capture_logs() as logs:
        assert since(rotated, 0.0) == ["c3", "c1", "c0"]
    assert [line["event"] for line in logs] == ["a file of Asterisk's account cannot be read"]


def test_of_a_long_file_only_the_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far back that is; the row of a talk that began long before its call's end does not hide it."""
    path, length = tmp_path / "acd.csv", len(row("c0000"))
    monkeypatch.setattr(cdr_files, "BLOCK_BYTES", 7 * length + 3)
    rows_ = [row(f"c{n:04}", end=f"{NOON - 20_000 + 10 * n:.6f}") for n in range(2000)]
    rows_[1500:1500] = [row("c1500", end=f"{NOON - 19_000:.6f}")]
    path.write_text("".join(rows_))
    for minutes in (1, 10, 90):
        found = list(dict.fromkeys(since(path, NOON - 60 * minutes)))
        wanted = [f"c{n:04}" for n in range(2000) if 10 * n - 20_000 >= -60 * minutes]
        assert found[-len(wanted) :] == wanted
        assert len(found) < len(wanted) + 30, "a minute and two blocks more"
    assert len(since(path, 0.0)) == 2001


def test_a_bit_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "acd.csv"
    path.write_text(row("c1"))
    place = end_of(path, NOON)
    assert behind(path, place)[0] == []
    with path.open("a") as file:
        file.write(row("c2") + row("c3")[:40])
    found, later = behind(path, place)
    assert found == ["c2"], "the line that is not whole yet is left"
    with path.open("a") as file:
        file.write(row("c3")[40:])
    assert behind(path, later)[0] == ["c3"]
    path.rename(tmp_path / "acd.csv.1")
    path.write_text(row("c4"))
    assert behind(path, later)[0] == ["c3", "c4"], "rotated since"
    assert Place.from_dict(later.to_dict()) == later


def test_a_place_that_is_gone(tmp_path: Path) -> None:
    """The file was deleted, or emptied in place: what was written since the place was taken is read."""
    path = tmp_path / "acd.csv"
    path.write_text(row("c1", end=str(NOON)) + row("c2", end=str(NOON)))
    place = end_of(path, NOON + 1)
    path.write_text(row("c3", end=str(NOON + 5)))
    assert behind(path, place)[0] == ["c3"], "emptied"
    assert behind(path, Place(1, 0, NOON + 1))[0] == ["c3"], "another file"
    assert behind(tmp_path / "none.csv", place)[0] == []
