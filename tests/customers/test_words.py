"""What a card is found by."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acd.customers.words import digit_entries, search_text, terms_of, word_entries, words_of

SEARCH, _ = search_text(
    ("Jürgen O'Köhler-王小明", "Ärzte GmbH", "vip"), ("C-1001", "j.koe@example.com"), ("+493012345678",)
)


@pytest.mark.parametrize(
    "query",
    [
        *(
            "jur",
            "JÜRGEN",
            "okohler",
            "王",
            "小明",
            "明",
            "arzte",
            "vip",
            "c-1001",
            "1001",
            "j.koe@exa",
            "example",
        ),
        *("012", "5678", "+49 30 1234", "0301234", "030 / 123", "493012345678", "jürgen 345", "  vip   小 "),
    ],
)
def test_found(query: str) -> None:
    terms = terms_of(query)
    assert terms
    for term in terms:
        assert term.is_in(SEARCH)
        assert term.first(SEARCH) is not None, "the index leads there, too"


@pytest.mark.parametrize("query", ["urgen", "王明", "999", "4567890", "gmb hh", "jürgen 999"])
def test_not_found(query: str) -> None:
    assert not all(term.is_in(SEARCH) for term in terms_of(query))


@pytest.mark.parametrize("query", ["", "   ", "<>", "'\"%", "\x00"])
def test_what_says_nothing(query: str) -> None:
    assert terms_of(query) == []


def test_entries() -> None:
    assert list(word_entries(" abc 王小明 #4930 ")) == ["abc", "王小明", "小明", "明"]
    assert list(digit_entries(" abc #493012 ")) == ["493012", "3012", "12"]


@given(st.text(max_size=50))
@example("0100")
def test_any_text_is_found_by_its_own_words(text: str) -> None:
    search, _ = search_text((text,), (), ())
    for word in words_of(text)[:20]:
        for term in terms_of(word):
            assert term.is_in(search)
            assert term.first(search) is not None


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), st.data())
def test_a_number_is_found_by_any_three_digits(number: str, data: st.DataObject) -> None:
    search, _ = search_text((), (), (number,))
    start = data.draw(st.integers(1, len(number) - 3))
    length = data.draw(st.integers(3, len(number) - start))
    for term in terms_of(number[start : start + length]):
        assert term.is_in(search)
        assert term.first(search) is not None
