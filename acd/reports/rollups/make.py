"""Makes roll-ups: counts the rows of a day or of some quarters of an hour by all dimensions at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from acd.records.slots import SLOT_S
from acd.reports.buckets import Buckets
from acd.reports.count import Wanted, count_rows, read_rows
from acd.reports.counting.tally import Tally
from acd.reports.known import Known
from acd.reports.kpis import RowKind
from acd.reports.measures import Measures
from acd.reports.rollups.codec import Cells, quarters_to_bytes, to_bytes
from acd.reports.rollups.dimensions import ROLLED_UP, name_of
from acd.reports.rollups.kept import SLOT, RollUp, Versions, day_level, drop_slots, keep, quarters_level
from acd.reports.rollups.use import reach_s
from acd.reports.run import snapshot
from acd.reports.sources import Filter

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """[begin, end) in Unix seconds, whole slots; `is_day`: a local day, which is kept as one, too."""

    begin: int
    end: int
    is_day: bool


def make(engine: Engine, kinds: Iterable[RowKind], stretch: Stretch, tz: ZoneInfo, known: Known) -> None:
    """Count and keep the roll-ups of some kinds of rows, together. Raises SQLAlchemy's errors."""
    kinds = tuple(kinds)
    with snapshot(engine) as connection:
        made = [each for kind in kinds for each in count_stretch(connection, kind, stretch, tz, known)]
    with engine.begin() as connection:
        keep(connection, made)
        if stretch.is_day:
            names = [name_of(kind, by, known) for kind in kinds for by in ROLLED_UP[kind]]
            drop_slots(connection, names, stretch.begin, stretch.end)


def count_stretch(
    connection: Connection, kind: RowKind, stretch: Stretch, tz: ZoneInfo, known: Known
) -> Iterator[RollUp]:
    """The roll-ups as the rows are now; their versions are read before the rows.

    Whether callers come again is only kept for whole days.
    """
    reach = reach_s(kind, known.fcr_days)
    versions = Versions(connection, stretch.begin, stretch.end + reach)
    inner = range(stretch.begin, stretch.end, SLOT_S) if kind is not RowKind.CALLS else (stretch.begin,)
    buckets = Buckets(tuple(border * _US for border in (*inner, stretch.end)), tz)
    now = datetime.now(UTC)
    wanted = {by: Wanted(buckets, by, Filter(), known, now) for by in ROLLED_UP[kind]}
    rows = list(read_rows(connection, kind, next(iter(wanted.values()))))
    version = versions.of(stretch.begin, stretch.end + reach)
    for by, each in wanted.items():
        tally = count_rows(kind, rows, each)
        name = name_of(kind, by, known)
        quarters = _by_bucket(tally, len(buckets))
        if stretch.is_day:
            yield RollUp(day_level(tz), name, stretch.begin, version, to_bytes(_together(tally)))
        if stretch.is_day and kind is not RowKind.CALLS:
            yield RollUp(quarters_level(tz), name, stretch.begin, version, quarters_to_bytes(quarters))
        if not stretch.is_day:
            for begin, cells in zip(inner, quarters, strict=True):
                yield RollUp(SLOT, name, begin, versions.of(begin, begin + SLOT_S), to_bytes(cells))


def _by_bucket(tally: Tally, count: int) -> Sequence[Cells]:
    found: list[dict[tuple[str, str | None], Measures]] = [{} for _ in range(count)]
    for (bucket, key, group), measures in tally.items():
        if 0 <= bucket < count:
            found[bucket][key, group] = measures
    return found


def _together(tally: Tally) -> Cells:
    whole = Tally()
    for (_, key, group), measures in tally.items():
        whole.at((0, key, group)).merge(measures)
    return {(key, group): measures for (_, key, group), measures in whole.items()}
