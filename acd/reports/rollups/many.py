"""Makes many roll-ups at once, in as many processes as there are processors: for a year of records."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from acd.heap import expect_many_objects
from acd.records.connecting import make_engine
from acd.reports.known import Known
from acd.reports.kpis import RowKind
from acd.reports.rollups.make import Stretch, make

Due = tuple[tuple[RowKind, ...], Stretch]
"""What is to be counted, and of when."""
_FEW = 8
"""For so few pieces it does not pay to start processes."""
_PROCESSES_MAX = 8  # the database has to keep up with them


def make_many(url: URL, pieces: Sequence[Due], tz: ZoneInfo, known: Known) -> Iterator[Due]:
    """Each piece when it is made, in any order. Raises SQLAlchemy's errors; what is made stays made."""
    if len(pieces) <= _FEW:
        yield from _here(make_engine(url), pieces, tz, known)
        return
    processes = min(len(os.sched_getaffinity(0)), _PROCESSES_MAX)
    counting = Known(groups={}, fcr_days=known.fcr_days)  # no more is asked for, and all of it cannot travel
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawning, _begin, (url, tz, counting)) as pool:
        try:
            for future in as_completed([pool.submit(_make, piece) for piece in pieces]):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _here(engine: Engine, pieces: Iterable[Due], tz: ZoneInfo, known: Known) -> Iterator[Due]:
    try:
        for kinds, stretch in pieces:
            make(engine, kinds, stretch, tz, known)
            yield kinds, stretch
    finally:
        engine.dispose()


_worker: tuple[Engine, ZoneInfo, Known] | None = None
"""What a process makes roll-ups with; it has nothing else to do."""


def _begin(url: URL, tz: ZoneInfo, known: Known) -> None:
    global _worker  # noqa: PLW0603 - the only way for a pool to hand over what is the same for all pieces
    _worker = make_engine(url), tz, known
    expect_many_objects()


def _make(piece: Due) -> Due:
    kinds, stretch = piece
    assert _worker is not None
    engine, tz, known = _worker
    make(engine, kinds, stretch, tz, known)
    return piece
