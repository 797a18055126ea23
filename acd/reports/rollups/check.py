"""Holds roll-ups against the rows: each that counts as true is counted again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from acd.reports.known import Known
from acd.reports.kpis import RowKind
from acd.reports.measures import Measures
from acd.reports.rollups.codec import Cells, from_bytes
from acd.reports.rollups.kept import RollUp, kept
from acd.reports.rollups.make import Stretch, count_stretch
from acd.reports.run import snapshot


def differences(engine: Engine, kind: RowKind, stretch: Stretch, tz: ZoneInfo, known: Known) -> Iterator[str]:
    """A line for each figure that is kept otherwise than the rows say. Raises SQLAlchemy's errors."""
    with snapshot(engine) as connection:
        for counted in count_stretch(connection, kind, stretch, tz, known):
            rows = kept(connection, counted.level, counted.dimension, counted.start, counted.start + 1)
            held = rows.get(counted.start)
            if held is not None and held.version == counted.version and held.data != counted.data:
                yield from _told(held, counted, tz)


def _told(held: RollUp, counted: RollUp, tz: ZoneInfo) -> Iterator[str]:
    at = f"{counted.level} {counted.dimension} {datetime.fromtimestamp(counted.start, tz):%Y-%m-%d %H:%M}"
    before = from_bytes(held.data)
    if before is None:
        return  # counted in an older way: it is not read
    after: Cells = from_bytes(counted.data) or {}
    for cell in sorted(before.keys() | after.keys(), key=str):
        one, other = before.get(cell, Measures()), after.get(cell, Measures())
        for name in sorted(one.sums.keys() | other.sums.keys()):
            if one.sum(name) != other.sum(name):
                yield f"{at} {cell[0]} {cell[1] or ''}: {name} {one.sum(name)} ≠ {other.sum(name)}"
        if one != other and one.sums == other.sums:
            yield f"{at} {cell[0]} {cell[1] or ''}: waits or maxima differ"
