"""Lines of Asterisk's account are put together by call, however far apart they are and however many."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

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
