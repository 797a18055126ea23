"""The tables of roll-ups and of slots' versions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select, text

from acd.records.schema import rollups, slots
from acd.records.slots import SLOT_S, slot_of

SLOT = "slot"
"""The level of single quarters of an hour: of the day that is not over."""


def day_level(tz: ZoneInfo) -> str:
    """The level of days in a time zone."""
    return f"day:{tz.key}"


def quarters_level(tz: ZoneInfo) -> str:
    """The level of such days by quarters of an hour: all of them in one row, since most nights are empty."""
    return f"quarters:{tz.key}"


@dataclass(frozen=True, slots=True)
class RollUp:
    """A row of `rollups`; `start` in Unix seconds."""

    level: str
    dimension: str
    start: int
    version: int
    data: bytes


class Versions:
    """The versions of the slots of a stretch of time, as they were when it was made."""

    def __init__(self, connection: Connection, begin: int, end: int) -> None:
        query = select(slots.c.slot, slots.c.version).where(slots.c.slot >= slot_of(begin))
        found = connection.execute(query.where(slots.c.slot < -(-end // SLOT_S)).order_by(slots.c.slot)).all()
        self._slots: list[int] = [slot for slot, _ in found]
        self._sums: list[int] = [0, *accumulate(version for _, version in found)]

    def of(self, begin: int, end: int) -> int:
        """The sum of those of the slots in [begin, end), Unix seconds."""
        first, last = bisect_left(self._slots, begin // SLOT_S), bisect_left(self._slots, end // SLOT_S)
        return self._sums[last] - self._sums[first]


def kept(connection: Connection, level: str, dimension: str, begin: int, end: int) -> dict[int, RollUp]:
    """Those that start in [begin, end), by their start."""
    query = select(rollups).where(
        rollups.c.level == level,
        rollups.c.dimension == dimension,
        rollups.c.start >= begin,
        rollups.c.start < end,
    )
    return {row.start: RollUp(*row) for row in connection.execute(query)}


def kept_versions(
    connection: Connection, level: str, dimension: str, begin: int, end: int
) -> Mapping[int, int]:
    """The same without what they say: the version by the start."""
    query = select(rollups.c.start, rollups.c.version).where(
        rollups.c.level == level,
        rollups.c.dimension == dimension,
        rollups.c.start >= begin,
        rollups.c.start < end,
    )
    return {row.start: row.version for row in connection.execute(query)}


_KEEP = text(
    "INSERT INTO rollups (level, dimension, start, version, data)"
    " VALUES (:level, :dimension, :start, :version, :data)"
    " ON CONFLICT (level, dimension, start) DO UPDATE SET version = excluded.version, data = excluded.data"
    " WHERE rollups.version <= excluded.version"
)


def keep(connection: Connection, made: Iterable[RollUp]) -> None:
    """Write them; one that is there and was made of newer rows stays."""
    rows: Sequence[Mapping[str, object]] = [
        {"level": r.level, "dimension": r.dimension, "start": r.start, "version": r.version, "data": r.data}
        for r in sorted(made, key=lambda r: (r.level, r.dimension, r.start))
    ]
    if rows:
        connection.execute(_KEEP, rows)


def drop_slots(connection: Connection, dimensions: Iterable[str], begin: int, end: int) -> None:
    """Away with single quarters of an hour of a day that is kept as a whole."""
    of_day = (rollups.c.level == SLOT) & rollups.c.dimension.in_(sorted(dimensions))
    connection.execute(delete(rollups).where(of_day, rollups.c.start >= begin, rollups.c.start < end))


def drop_others(connection: Connection, dimensions: Iterable[str]) -> int:
    """Away with all that is of none of these dimensions, and so is never read again; how many that were."""
    old = rollups.c.dimension.not_in(sorted(dimensions))
    return connection.execute(delete(rollups).where(old)).rowcount
