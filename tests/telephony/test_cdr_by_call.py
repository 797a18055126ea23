"""Lines of Asterisk's account are put together by call, however far apart they are and however many."""

from __future__ import annotations

import sqlite3
import tracemalloc
from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.telephony import cdr
from acd.telephony.cdr_by_call import CallsByCall
from tests.telephony.test_cdr import NOON, row


def test_rows_of_one_call_come_together_in_the_order_of_their_begins() -> None:
    later = row("b", start=f"{NOON + 9}", answer="0", end=f"{NOON + 10}")
    lines = [row("c", start=f"{NOON + 5}"), later, row("a"), "torn", row("c", end=f"{NOON + 77}")]
    with CallsByCall(lines) as account:
        batches = list(account.batches(2))
        assert [list(batch) for batch in batches] == [["c", "a"], ["b"]]  # as they stand there
        assert batches[0]["c"].ended_at == NOON + 77
        assert account.have(["a", "x", "b"]) == {"a", "b"}


def test_a_full_disk_is_told_with_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect, pages = sqlite3.connect, [4]

    def small(name: str) -> sqlite3.Connection:
        file = connect(name)
        file.execute(f"PRAGMA max_page_count = {pages[0]}")
        return file

    monkeypatch.setattr(sqlite3, "connect", small)
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "none"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    lines = [row(f"c{n}", start=f"{NOON + n}") for n in range(500)]
    with pytest.raises(OperatorError, match=f"in {tmp_path}: database or disk is full; make room"):
        CallsByCall(lines)
    pages[0] = 10_000
    with CallsByCall(lines) as account:
        account._file.execute("DROP TABLE legs")  # as good as any other fault of the file
        with pytest.raises(OperatorError, match=str(tmp_path)):
            account.have(["c1"])
        with pytest.raises(OperatorError, match=str(tmp_path)):
            next(account.batches(10))


def test_what_is_in_memory_does_not_grow_with_the_lines(tmp_path: Path) -> None:
    def peak(number: int) -> int:
        file = tmp_path / f"{number}.csv"
        with file.open("w") as account_file:
            for n in range(number):
                at = NOON + n
                account_file.write(row(f"c{n}", start=f"{at}", answer=f"{at + 1}", end=f"{at + 2}"))
        tracemalloc.start()
        with CallsByCall(cdr.lines_between(file, NOON, NOON + number)) as account:
            calls = sum(len(batch) for batch in account.batches(100))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert calls == number
        return most

    assert peak(16_000) < 1.5 * peak(4_000)
