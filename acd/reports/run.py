"""Runs a report: counts what was asked for, works the figures out, and checks that they hold together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from acd.errors import OperatorError
from acd.records.connecting import STATEMENT_LIMIT_S, is_ended
from acd.records.period import Period
from acd.reports.ask import check_names, filter_of, kpis_of, report_of
from acd.reports.asked import Asked, By, Grain
from acd.reports.buckets import Buckets, buckets
from acd.reports.catalogue import rows_of
from acd.reports.checks import check_lines, check_measures
from acd.reports.count import Wanted
from acd.reports.counting.tally import Tally
from acd.reports.going_on import GoingOn
from acd.reports.known import Known
from acd.reports.kpis import RowKind, column, figures
from acd.reports.measures import Measures, measured
from acd.reports.naming import in_order, name_of
from acd.reports.notes import notes_of
from acd.reports.rollups.use import count_with_rollups
from acd.reports.sources import Filter
from acd.reports.table import Figure, Line, ReportTable
from acd.reports.wording import words


@dataclass(frozen=True, slots=True)
class _Counted:
    """By interval and key what was measured, and all together."""

    buckets: Buckets
    cells: Mapping[tuple[int, str], Measures]
    total: Measures


def run_report(
    engine: Engine, known: Known, asked: Asked, now: datetime, going_on: GoingOn | None = None
) -> ReportTable:
    """The report; `now` is aware. `going_on`: what agents are doing now; None: nobody knows.

    Raises OperatorError where what is asked for cannot be told, ReportTooLong, and SQLAlchemy's errors.
    """
    report = report_of(asked)
    filter = filter_of(asked.where, known)
    ids, left_out = kpis_of(report, asked, filter)
    kinds = sorted({kind for id in ids for kind in rows_of(id)})
    with snapshot(engine, known.language) as connection:
        counted = _count(connection, kinds, asked, asked.period, filter, known, now, going_on or ())
        before = None
        if asked.compare is not None:
            before = _count(connection, kinds, asked, asked.compare, filter, known, now, going_on or ())
        is_known = going_on is not None
        notes = notes_of(connection, kinds, asked, known, counted.total, left_out, now, is_known)
    if not counted.cells:
        check_names(asked.where, known)
    lines = _lines(counted, before, ids, asked, known)
    total = Line(None, None, None, "", _values(ids, counted.total, asked))
    if before is not None:
        total = replace(total, before=_values(ids, before.total, asked))
    named = [(_called(asked, counted.buckets, cell, known), m) for cell, m in counted.cells.items()]
    checks = check_measures(kinds, counted.total, named)
    if asked.grain is not Grain.WHOLE or asked.by is not By.ALL:
        checks.append(check_lines(ids, total.values, lines))
    return ReportTable(asked, tuple(map(column, ids)), tuple(lines), total, tuple(checks), tuple(notes))


class ReportTooLong(OperatorError):
    """The database has ended it: a statement took longer than any may."""


@contextmanager
def snapshot(engine: Engine, language: str = "en") -> Iterator[Connection]:
    """A connection that sees the database as it is now, whatever is written meanwhile.

    Raises ReportTooLong, in this language, where what is done with it takes the database too long.
    """
    begun = time.monotonic()
    with engine.connect() as connection:
        try:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
                yield connection
            else:
                yield connection.execution_options(isolation_level="REPEATABLE READ")
        except DBAPIError as error:
            if not is_ended(error):
                raise
            told = words(language).refusals["too_long"]
            took_s = f"{time.monotonic() - begun:.0f}"
            raise ReportTooLong(told.format(took_s=took_s, limit_s=f"{STATEMENT_LIMIT_S:g}")) from error


def _count(
    connection: Connection,
    kinds: list[RowKind],
    asked: Asked,
    period: Period,
    filter: Filter,
    known: Known,
    now: datetime,
    going_on: GoingOn,
) -> _Counted:
    intervals = buckets(period, asked.grain, asked.tz)
    wanted = Wanted(intervals, asked.by, filter, known, now, going_on)
    tally = Tally()
    for kind in kinds:
        tally.merge(count_with_rollups(connection, kind, wanted))
    together: dict[tuple[int, str], dict[str | None, Measures]] = {}
    for (bucket, key, group), measures in tally.items():
        together.setdefault((bucket, key), {})[group] = measures
    limits = {group: known.limits(group) for _, _, group in tally}
    return _Counted(
        intervals,
        {
            cell: measured((limits[group], measures) for group, measures in groups.items())
            for cell, groups in together.items()
        },
        measured((limits[group], measures) for (_, _, group), measures in tally.items()),
    )


def _lines(
    counted: _Counted, before: _Counted | None, ids: tuple[str, ...], asked: Asked, known: Known
) -> list[Line]:
    """Every interval has the same keys, so that charts have no holes."""
    shown = _keys(counted, ids, asked, known)
    label = _label(asked.grain)
    earlier = {} if before is None else {label(before.buckets, n): n for n in range(len(before.buckets))}
    lines = []
    for bucket in range(len(counted.buckets)):
        span = counted.buckets.span(bucket)
        is_whole = asked.grain is Grain.WHOLE
        same = earlier.get(label(counted.buckets, bucket))
        for key in shown:
            measures = counted.cells.get((bucket, key)) or measured(())
            line = Line(
                at=None if is_whole else span.since,
                until=None if is_whole else span.until,
                key=None if asked.by is By.ALL else key,
                name=name_of(asked.by, key, known),
                values=_values(ids, measures, asked),
            )
            if before is not None and same is not None:
                then = before.cells.get((same, key)) or measured(())
                line = replace(line, before=_values(ids, then, asked))
            lines.append(line)
    return lines


def _label(grain: Grain) -> Callable[[Buckets, int], object]:
    """What an interval has in common with that beside it: the first week or month with the first, since they
    begin on other days of their periods; for others see `Buckets.label`."""
    if grain in (Grain.WEEK, Grain.MONTH):
        return lambda _, bucket: bucket
    return Buckets.label


def _keys(counted: _Counted, ids: tuple[str, ...], asked: Asked, known: Known) -> list[str]:
    """Those of which there is anything to tell; of groups, over a whole period, all that are asked for."""
    if asked.by is By.ALL:
        return [""]
    found = {
        key for (_, key), measures in counted.cells.items() if any(_values(ids, measures, asked).values())
    }
    if asked.by is By.GROUP and asked.grain is Grain.WHOLE:
        reached = [group for group in known.groups if known.reach.has_group(group)]
        found |= {group for group in reached if not asked.where.groups or group in asked.where.groups}
    return in_order(asked.by, found, known)


def _values(ids: tuple[str, ...], measures: Measures, asked: Asked) -> dict[str, Figure]:
    return figures(ids, measures, asked.formula)


def _called(asked: Asked, intervals: Buckets, cell: tuple[int, str], known: Known) -> str:
    at = "" if asked.grain is Grain.WHOLE else f"{intervals.span(cell[0]).since:%Y-%m-%d %H:%M%z} "
    return f"{at}{name_of(asked.by, cell[1], known)}".strip()
