"""Which roll-ups are missing or no longer true: what is to be made, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from acd.records import schema
from acd.records.slots import SLOT_S
from acd.reports.known import Known
from acd.reports.kpis import RowKind
from acd.reports.rollups.cover import closed_until, day_around, days_between
from acd.reports.rollups.dimensions import ROLLED_UP, name_of
from acd.reports.rollups.kept import SLOT, Versions, day_level, kept_versions
from acd.reports.rollups.make import Stretch
from acd.reports.rollups.use import reach_s


def first_on_record(connection: Connection) -> int | None:
    """When the first call or state began, in Unix seconds; None where there is nothing."""
    calls, states = schema.calls.c.started_at, schema.agent_states.c.since
    found = [connection.scalar(select(func.min(column))) for column in (calls, states)]
    return min((int(at.timestamp()) for at in found if at is not None), default=None)


def stale(
    connection: Connection, tz: ZoneInfo, known: Known, now: datetime
) -> Iterator[tuple[tuple[RowKind, ...], Stretch]]:
    """Of the day that goes on, and of all days that are over: the kinds of rows to be counted, and when."""
    first = first_on_record(connection)
    if first is None:
        return
    until = closed_until(now)
    midnight, _ = day_around(until, tz)
    stretches = dict[Stretch, list[RowKind]]()
    for kind in ROLLED_UP:
        if kind is not RowKind.CALLS:
            for stretch in _stale_slots(connection, kind, known, midnight, until):
                stretches.setdefault(stretch, []).append(kind)
    for stretch, kinds in stretches.items():
        yield tuple(kinds), stretch
    days = list(days_between(first, until, tz))
    versions = Versions(connection, days[0][0], until) if days else None
    found = {
        kind: kept_versions(connection, day_level(tz), name_of(kind, by[0], known), first - 2 * 86_400, until)
        for kind, by in ROLLED_UP.items()
    }

    def is_stale(kind: RowKind, begin: int, end: int) -> bool:
        last = end + reach_s(kind, known.fcr_days)
        return versions is not None and last <= until and found[kind].get(begin) != versions.of(begin, last)

    for begin, end in reversed(days):
        if old := tuple(kind for kind in ROLLED_UP if is_stale(kind, begin, end)):
            yield old, Stretch(begin, end, is_day=True)


def _stale_slots(
    connection: Connection, kind: RowKind, known: Known, begin: int, until: int
) -> Iterator[Stretch]:
    """Those that are over, of a day that is not; neighbours together."""
    versions = Versions(connection, begin, until)
    name = name_of(kind, ROLLED_UP[kind][0], known)
    found = kept_versions(connection, SLOT, name, begin, until)
    old = [at for at in range(begin, until, SLOT_S) if found.get(at) != versions.of(at, at + SLOT_S)]
    if not old:
        return
    first = old[0]
    for at, following in pairwise([*old, None]):
        assert at is not None
        if following != at + SLOT_S:
            yield Stretch(first, at + SLOT_S, is_day=False)
            first = following if following is not None else first
