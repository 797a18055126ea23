"""Facts by their places in time: none is before the one that it follows, though it be heard late of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import TypeVar

T = TypeVar("T")


def placed(facts: Sequence[T], at: Callable[[T], float]) -> Iterator[tuple[float, T]]:
    """Each with its place; `at` is its own time, in seconds."""
    return zip(accumulate(map(at, facts), max), facts, strict=True)


def merged(parts: Iterable[Sequence[T]], at: Callable[[T], float]) -> list[T]:
    """All of them by place; of two at one place that of the earlier part is first."""
    return [
        fact for _, fact in sorted((each for part in parts for each in placed(part, at)), key=itemgetter(0))
    ]
