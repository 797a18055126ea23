"""A table of fixed size against a dictionary, and what goes when it is full."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.newest_table import SECOND_CHANCES, NewestTable

MOST = 5
KEYS = st.sampled_from([f"k{n}" for n in range(14)])
PUTS = st.lists(st.tuples(KEYS, st.integers(-15, 15)), max_size=80)


def crowded(key: str) -> int:
    """All keys want one of three neighbouring places, at the table's end."""
    number = int(key[1:])
    return 13 + number % 3 + 16 * (1 + number)


@pytest.mark.parametrize("hashed", [crowded, None])
@given(puts=PUTS)
def test_it_holds_what_a_dictionary_holds(
    hashed: Callable[[str], int] | None, puts: Sequence[tuple[str, int]]
) -> None:
    table, known = NewestTable(MOST, hashed), dict[str, int]()
    for key, number in puts:
        there = {k: table.get(k) for k in known}
        table.put(key, number)
        kept = there.get(key)
        known[key] = number if kept is None else max(kept, number)
        assert table.get(key) == known[key]
        gone = [k for k, before in there.items() if before is not None and table.get(k) is None]
        assert len(gone) <= (kept is None and sum(n is not None for n in there.values()) == MOST)
        assert all(table.get(k) in (None, n) for k, n in known.items())
        assert len(table) == sum(table.get(k) is not None for k in known) <= MOST


def test_who_came_first_goes_first_but_for_those_who_came_again() -> None:
    table = NewestTable(3)
    for number, key in enumerate(("k1", "k2", "k3")):
        table.put(key, number)
    table.put("k1", 10)
    for number, key in enumerate(("k4", "k5"), start=20):
        table.put(key, number)
    assert [key for key in ("k1", "k2", "k3", "k4", "k5") if table.get(key) is not None] == ["k1", "k4", "k5"]
    assert table.get("k1") == 10


def test_not_all_are_looked_through_for_one_that_goes() -> None:
    most = 3 * SECOND_CHANCES
    table = NewestTable(most)
    for again in (1, 2):
        for n in range(most):
            table.put(f"k{n}", again * most + n)
    table.put("new", 9 * most)
    assert table.get(f"k{SECOND_CHANCES}") is None
    assert len(table) == most
    assert table.get("new") == 9 * most


def test_what_another_one_has_counts_as_newest() -> None:
    known, loaded = NewestTable(3), NewestTable(3)
    for n in (1, 2):
        known.put(f"k{n}", 100 + n)
    for n in range(5):
        loaded.put(f"k{n}", n)
    loaded.take_over(known)
    assert [loaded.get(f"k{n}") for n in range(5)] == [None, 101, 102, None, 4]


def test_any_text_is_a_key() -> None:
    table = NewestTable(4)
    for n, key in enumerate(("", "\ud800", "电话", "x" * 9999)):
        table.put(key, n)
        assert table.get(key) == n
