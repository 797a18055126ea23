"""Search as somebody types: a few entries of an index, read in order, and only as many as are shown.

The rarest of the words that were typed leads. Where it leads to more cards than are read at once, the index
is asked which of them have the others as well: an entry of an index costs a hundredth of a card. Words that
very many cards have are looked for in the cards. So the cost grows with what is shown, not with the
directory; a search that ends all the same before it is complete says so.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, func, select, tuple_

from acd.customers.schema import customer_digits, customer_words, customers
from acd.customers.words import Range, Term, terms_of
from acd.sql import GREATEST_KEY, in_chunks, key_of

MOST_READ = 1_000
"""Cards that one search reads: each is somewhere else."""
MOST_COUNTED = 100_000
"""Words with more entries than that count as equally frequent."""
MOST_HELD = 50_000
"""A word with more entries than that is looked for in the cards only."""
MOST_WEIGHT = 2**15 - 1
FIRST_CHUNK = 60
LARGEST_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """The keys of cards, best first. `after` leads on, None at the end; `partial`: there may be more between
    these that were not looked for."""

    keys: tuple[int, ...]
    after: str | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a search stands: in which range of which term, and behind which entry."""

    term: int
    range: int = 0
    entry: tuple[str, int, int] | None = None

    def text(self) -> str:
        """For a page, to come back with."""
        data = json.dumps([self.term, self.range, self.entry]).encode()
        return base64.urlsafe_b64encode(data).decode().rstrip("=")


class UnknownPlace(ValueError):
    """`after` is none of ours."""


def search(connection: Connection, query: str, limit: int, after: str | None = None) -> Found:
    """Cards that have all that was typed, at most `limit`; see `Found`. Without any word: all, newest first.

    Raises UnknownPlace.
    """
    terms = terms_of(query)
    if not terms:
        return _newest(connection, limit, after) if not query.strip() else Found(())
    counts = [_count(connection, term) for term in terms] if len(terms) > 1 else [0]
    if len(terms) > 1 and not all(counts):
        return Found(())
    place = _Place(counts.index(min(counts))) if after is None else _read(after, terms)
    others = [
        term.ranges[0]
        for number, term in enumerate(terms)
        if number != place.term and len(term.ranges) == 1 and counts[number] < MOST_HELD
    ]
    if counts[place.term] <= FIRST_CHUNK:
        others = []
    return _follow(connection, terms, place, limit, others)


def _newest(connection: Connection, limit: int, after: str | None) -> Found:
    query = select(customers.c.key).where(customers.c.merged_into.is_(None))
    if after is not None:
        if (key := key_of(after)) is None:
            raise UnknownPlace(after)
        query = query.where(customers.c.key < key)
    keys = connection.scalars(query.order_by(customers.c.key.desc()).limit(limit + 1)).all()
    return Found(tuple(keys[:limit]), str(keys[limit - 1]) if len(keys) > limit else None)


def _read(after: str, terms: Sequence[Term]) -> _Place:
    try:
        data = json.loads(base64.urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4)))
        term, place, entry = data
        if entry is not None:
            word, weight, key = entry
            entry = (str(word), int(weight), int(key))
            if not (0 <= entry[1] <= MOST_WEIGHT and 0 <= entry[2] <= GREATEST_KEY):
                raise UnknownPlace(after)
        found = _Place(int(term), int(place), entry)
    except (ValueError, TypeError, binascii.Error, UnicodeError):
        raise UnknownPlace(after) from None
    if not 0 <= found.term < len(terms) or not 0 <= found.range < len(terms[found.term].ranges):
        raise UnknownPlace(after)
    return found


def _table(of: Range) -> Table:
    return customer_digits if of.digits else customer_words


def _within(of: Range) -> ColumnElement[bool]:
    word = _table(of).c.word
    return (word >= of.prefix) & (word < of.end)


def _count(connection: Connection, term: Term) -> int:
    """How many entries it leads to, up to a limit."""
    count = 0
    for each in term.ranges:
        some = select(_table(each).c.customer_key).where(_within(each)).limit(MOST_COUNTED).subquery()
        count += connection.scalar(select(func.count()).select_from(some)) or 0
    return count


def _follow(
    connection: Connection, terms: Sequence[Term], place: _Place, limit: int, others: Sequence[Range]
) -> Found:
    """From this place on. `others`: in which the cards must be, too."""
    leader = terms[place.term]
    keys: list[int] = []
    read = 0
    last = place
    for number in range(place.range, len(leader.ranges)):
        start = place.entry if number == place.range else None
        reader = _Reader(connection, leader.ranges[number], start)
        while chunk := reader.next(others, MOST_READ - read):
            texts = _texts(connection, chunk)
            for word, weight, key in chunk:
                if not _is_hit(texts.get(key), terms, leader, (number, word)):
                    continue
                if len(keys) == limit:
                    return Found(tuple(keys), last.text())
                keys.append(key)
                last = _Place(place.term, number, (word, weight, key))
            read += len(chunk)
            if read >= MOST_READ:
                beyond = _Place(place.term, number, chunk[-1])
                return Found(tuple(keys), beyond.text(), partial=True)
    return Found(tuple(keys))


def _is_hit(search_text: str | None, terms: Sequence[Term], leader: Term, here: tuple[int, str]) -> bool:
    """Whether the card has all terms, and comes here for the first time."""
    if search_text is None or not all(term.is_in(search_text) for term in terms):
        return False
    return leader.first(search_text) == here


class _Reader:
    """Reads the entries of a range in their order, behind `start`, in growing chunks."""

    def __init__(self, connection: Connection, of: Range, start: tuple[str, int, int] | None) -> None:
        self._connection = connection
        self._range = of
        self._start = start
        self._size = FIRST_CHUNK

    def next(self, others: Sequence[Range], most: int) -> list[tuple[str, int, int]]:
        """The next ones, at most so many, of cards that are in all the `others`; [] at the end."""
        if not self._size:
            return []
        size = min(self._size, most)
        columns = _table(self._range).c
        order = (columns.word, columns.weight, columns.customer_key)
        query = select(*order).where(_within(self._range)).order_by(*order).limit(size)
        for other in others:
            table = _table(other).alias()
            within = (table.c.word >= other.prefix) & (table.c.word < other.end)
            query = query.where(columns.customer_key.in_(select(table.c.customer_key).where(within)))
        if self._start is not None:
            query = query.where(tuple_(*order) > tuple_(*self._start))
        chunk = [(row[0], row[1], row[2]) for row in self._connection.execute(query)]
        at_end = len(chunk) < size
        self._size = 0 if at_end else min(self._size * 3, LARGEST_CHUNK)
        self._start = chunk[-1] if chunk else None
        return chunk


def _texts(connection: Connection, chunk: Sequence[tuple[str, int, int]]) -> dict[int, str]:
    keys = list({key for _, _, key in chunk})
    found: dict[int, str] = {}
    for some in in_chunks(keys):
        query = select(customers.c.key, customers.c.search).where(customers.c.key.in_(some))
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found
