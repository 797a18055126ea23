"""A call's facts as they are kept: each writing adds a part with those that are new. Pure.

The facts are normally the parts one after the other. Where a writing did not know all that was on record (the
live state had been lost in between), its part begins before the end of those: they are put together by time.
What was heard late, of a time before the fact that it follows (a loss that had not been), stays behind that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq, itemgetter
from typing import Any

from acd.core.placed import merged

FactData = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """Facts of one writing, as JSON has them; `first`: the number of facts on record that it knew."""

    first: int
    data: Sequence[FactData]


def together(parts: Sequence[Part]) -> list[FactData]:
    """All facts in order."""
    facts: list[FactData] = []
    for part in parts:
        if part.first >= len(facts):
            facts += part.data
        else:
            facts = merged((facts, part.data), itemgetter("at"))
    return facts


def new_part(
    known: Sequence[FactData],
    told: Sequence[FactData],
    is_same: Callable[[FactData, FactData], bool] = eq,
) -> Part | None:
    """What is to be added to the facts on record; None where nothing is new."""
    first = 0
    for one, other in zip(known, told, strict=False):
        if not is_same(one, other):
            break
        first += 1
    rest, new = list(known[first:]), list[FactData]()
    for fact in told[first:]:
        place = next((n for n, kept in enumerate(rest) if is_same(kept, fact)), None)
        if place is None:
            new.append(fact)
        else:
            del rest[place]
    return Part(first, new) if new else None
