"""What a card is found by, and what somebody who types is looking for. Pure.

Words are compared without case and accents (`Köhler` is found by `kohler`) and by their beginnings. Chinese,
Japanese and Korean are written without spaces: there, any part of a text is found, from one character on.
Numbers are found by any three digits in them.

A card's `search` text holds its words, and its numbers behind a #, between spaces; the entries of the two
indexes are made of that text alone, so that a change of a card needs no look at the indexes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_WORD = 40
MOST_WORDS = 60
MOST_TERMS = 8
LONGEST_QUERY = 200
LEAST_DIGITS = 3
"""Fewer are taken for a word."""
LONGEST_PIECE = 6
"""So many characters of a text without spaces are one entry of the index."""
NUMBER_MARK = "#"

_ACCENTS = re.compile("[\u0300-\u036f]")
_JOINING = re.compile("['’ʼ`]")
_UNSPACED = (
    "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUNS = re.compile(f"[{_UNSPACED}]+|[^\\W_{_UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_LIKE_A_NUMBER = re.compile(r"[+0-9()/.\- \t\u00a0]+")
_NOT_DIGITS = re.compile("[^0-9]")


@dataclass(frozen=True, slots=True)
class Range:
    """Entries of an index that begin with `prefix`; `digits`: of the one of numbers."""

    prefix: str
    digits: bool = False

    @property
    def end(self) -> str:
        """What no such entry reaches."""
        return self.prefix + "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must be in a card. `ranges` lead to every card that may have it, best first.

    `parts`: any of these is in the search text of a card that has it.
    """

    ranges: tuple[Range, ...]
    parts: tuple[str, ...]

    def is_in(self, search: str) -> bool:
        """Whether a card has it."""
        return any(part in search for part in self.parts)

    def first(self, search: str) -> tuple[int, str] | None:
        """Where a card with this search text comes first: which range, and which entry there."""
        for place, each in enumerate(self.ranges):
            entries = digit_entries(search) if each.digits else word_entries(search)
            fitting = [entry for entry in entries if entry.startswith(each.prefix)]
            if fitting:
                return place, min(fitting)
        return None


def folded(text: str) -> str:
    """As texts are compared: without case, accents and width."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", plain))


def words_of(text: str) -> list[str]:
    """Its words, folded, in their order."""
    return [run[:LONGEST_WORD] for run in _RUNS.findall(_JOINING.sub("", folded(text)))]


def search_text(
    texts: Iterable[str], ids: Iterable[str], numbers: Iterable[str]
) -> tuple[str, dict[str, int]]:
    """The search text of a card, and the weight of each word in it: the place of its text in `texts`.

    What comes first in `texts` comes first among cards that have the same word. `ids` are found whole, and
    by their words, but for single letters.
    """
    weights: dict[str, int] = {}
    place = 0
    for place, text in enumerate(texts):
        for word in words_of(text):
            weights.setdefault(word, place)
    for name in ids:
        whole = "".join(folded(name).split())[:LONGEST_WORD]
        for word in (whole, *(word for word in words_of(name) if len(word) > 1 or word.isdigit())):
            if word:
                weights.setdefault(word, place + 1)
    weights = dict(list(weights.items())[:MOST_WORDS])
    digits = [NUMBER_MARK + _NOT_DIGITS.sub("", number) for number in numbers]
    return f" {' '.join([*weights, *digits])} ", weights


def word_entries(search: str) -> Iterator[str]:
    """Of the index of words: each word, and of text without spaces the parts from each place on."""
    for word in search.split(" "):
        if not word or word[0] == NUMBER_MARK:
            continue
        yield from entries_of_word(word)


def entries_of_word(word: str) -> Iterator[str]:
    """The same of one word."""
    if word.isascii() or not _IS_UNSPACED.match(word):
        yield word
    else:
        yield from (word[start : start + LONGEST_PIECE] for start in range(len(word)))


def digit_entries(search: str) -> Iterator[str]:
    """What the index of numbers has for a card: every second end of each number."""
    for word in search.split(" "):
        if word and word[0] == NUMBER_MARK:
            digits = word[1:]
            yield from (digits[start:] for start in range(0, max(1, len(digits) - 1), 2) if digits)


def terms_of(query: str) -> list[Term]:
    """What somebody who typed this looks for: all of it must be there. [] for nothing that says anything."""
    query = query[:LONGEST_QUERY].strip()
    if _LIKE_A_NUMBER.fullmatch(query) and len(_NOT_DIGITS.sub("", query)) >= LEAST_DIGITS:
        return [_number_term(query)]
    terms: dict[Term, None] = {}
    for chunk in query.split():
        for term in _terms_of_chunk(chunk):
            terms[term] = None
    return list(terms)[:MOST_TERMS]


def _terms_of_chunk(chunk: str) -> Iterator[Term]:
    if _LIKE_A_NUMBER.fullmatch(chunk) and len(_NOT_DIGITS.sub("", chunk)) >= LEAST_DIGITS:
        yield _number_term(chunk)
        return
    for word in words_of(chunk):
        if _IS_UNSPACED.match(word):
            yield Term((Range(word[:LONGEST_PIECE]),), (word,))
        else:
            yield Term((Range(word),), (f" {word}",))


def _number_term(text: str) -> Term:
    """Digits anywhere in a number, or at the beginning of a word, which may have the zeros that were typed.
    Those before a national number are not in its complete form."""
    typed = _NOT_DIGITS.sub("", text)
    digits = typed.lstrip("0")
    if len(digits) < LEAST_DIGITS:
        digits = typed
    words = (Range(digits),) if digits == typed else (Range(digits), Range(typed))
    return Term((Range(digits, digits=True), Range(digits[1:], digits=True), *words), (digits,))
