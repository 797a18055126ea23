"""Counts a report's rows with the help of roll-ups: what is kept and still true need not be counted again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from acd.records.reach import ALL
from acd.records.slots import SLOT_S
from acd.reports.buckets import Buckets
from acd.reports.count import Wanted, count
from acd.reports.counting.tally import Tally
from acd.reports.kpis import RowKind
from acd.reports.rollups.codec import from_bytes, quarters_from_bytes
from acd.reports.rollups.cover import Piece, Rest, closed_until, cover, day_around, joined
from acd.reports.rollups.dimensions import Regroup, name_of, regroup
from acd.reports.rollups.kept import SLOT, RollUp, Versions, day_level, kept, quarters_level
from acd.reports.sources import SOURCES

_US = 1_000_000
_DAY_S = 86_400
_RESTS_MAX = 24
"""Where more stretches than so many are missing between those that are kept, all is counted at once."""


def reach_s(kind: RowKind, fcr_days: float) -> int:
    """So long after a stretch of time its figures still change: until it is known who called again."""
    return int(fcr_days * _DAY_S) + SLOT_S if kind is RowKind.CALLS else 0


def count_with_rollups(connection: Connection, kind: RowKind, wanted: Wanted) -> Tally:
    """The same as `count`, sooner. `connection` must see one state of the database throughout."""
    SOURCES[kind].filtered(select(), replace(wanted.filter, reach=ALL))  # refuses filters in the same way
    how = regroup(kind, wanted.by, wanted.filter, wanted.known)
    if how is None:
        return count(connection, kind, wanted)
    reach = reach_s(kind, wanted.known.fcr_days)
    pieces, rests = cover(wanted.buckets, closed_until(wanted.now) - reach)
    tally = Tally()
    if pieces:
        rests = joined([*rests, *_Kept(connection, kind, how, wanted.buckets.tz, reach).add(tally, pieces)])
    if len(rests) > _RESTS_MAX:
        return count(connection, kind, wanted)
    for rest in rests:
        _count_rest(connection, kind, wanted, rest, tally)
    return tally


@dataclass(frozen=True, slots=True)
class _Kept:
    connection: Connection
    kind: RowKind
    how: Regroup
    tz: ZoneInfo
    reach: int

    def add(self, tally: Tally, pieces: list[Piece]) -> Iterable[Rest]:
        """Put what is kept of the pieces into the tally; what is missing."""
        begin, _ = day_around(min(p.begin for p in pieces), self.tz)
        _, end = day_around(max(p.end for p in pieces), self.tz)
        versions = Versions(self.connection, begin, end + self.reach)
        missing = self._add(tally, [p for p in pieces if p.is_day], versions, day_level(self.tz))
        slots = [piece for piece in pieces if not piece.is_day]
        if self.kind is not RowKind.CALLS:
            slots = self._add(tally, self._add_quarters(tally, slots, versions), versions, SLOT)
        return [Rest(piece.begin * _US, piece.end * _US) for piece in (*missing, *slots)]

    def _add(self, tally: Tally, pieces: list[Piece], versions: Versions, level: str) -> list[Piece]:
        found, missing = self._find(pieces, level), []
        for piece in pieces:
            row, version = found.get(piece.begin), versions.of(piece.begin, piece.end + self.reach)
            cells = from_bytes(row.data) if row is not None and row.version == version else None
            if cells is None:
                missing.append(piece)
            else:
                self.how.add(tally, piece.bucket, cells)
        return missing

    def _add_quarters(self, tally: Tally, pieces: list[Piece], versions: Versions) -> list[Piece]:
        """From days that are kept by quarters of an hour."""
        days: dict[tuple[int, int], list[Piece]] = {}
        begin = end = 0
        for piece in pieces:
            if not begin <= piece.begin < end:
                begin, end = day_around(piece.begin, self.tz)
            days.setdefault((begin, end), []).append(piece)
        found = self._find([Piece(0, *day) for day in days], quarters_level(self.tz))
        missing = list[Piece]()
        for (begin, end), own in days.items():
            row = found.get(begin)
            is_true = row is not None and row.version == versions.of(begin, end)
            quarters = quarters_from_bytes(row.data) if row is not None and is_true else None
            if quarters is None:
                missing += own
                continue
            for piece in own:
                self.how.add(tally, piece.bucket, quarters.get((piece.begin - begin) // SLOT_S, {}))
        return missing

    def _find(self, pieces: list[Piece], level: str) -> Mapping[int, RollUp]:
        if not pieces:
            return {}
        dimension = name_of(self.kind, self.how.dimension, self.how.known)
        begin, end = min(p.begin for p in pieces), max(p.end for p in pieces)
        return kept(self.connection, level, dimension, begin, end)


def _count_rest(connection: Connection, kind: RowKind, wanted: Wanted, rest: Rest, tally: Tally) -> None:
    inner = [border for border in wanted.buckets.borders if rest.begin < border < rest.end]
    part = Buckets((rest.begin, *inner, rest.end), wanted.buckets.tz)
    counted = count(connection, kind, replace(wanted, buckets=part))
    for (bucket, key, group), measures in counted.items():
        tally.at((wanted.buckets.place(part.borders[bucket]), key, group)).merge(measures)
