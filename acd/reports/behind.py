"""The calls behind a figure: the very rows that it was counted from, so that their number is the figure.

A call is listed as often as it counts: one that was offered to a group twice is there twice. Behind a share
or a mean stand the calls above the line (answered in time, abandoned …).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from acd.core.facts import CallKind
from acd.errors import OperatorError
from acd.records.flow_steps import HUNG_UP
from acd.records.period import Period
from acd.reports.ask import filter_of, kpis_of, report_of
from acd.reports.asked import Asked, By
from acd.reports.buckets import buckets, microseconds
from acd.reports.counting.calls import flags_of
from acd.reports.counting.outcomes import callback_end
from acd.reports.counting.rows import VisitRow
from acd.reports.counting.tally import key_of
from acd.reports.known import Known
from acd.reports.kpis import RowKind, meant
from acd.reports.measures import (
    ABANDONED,
    ANSWERED,
    LEFT,
    TRANSFERRED_IN,
    WAITING,
    is_in_time,
    is_short,
)
from acd.reports.run import snapshot
from acd.reports.sources import SOURCES, Filter


@dataclass(frozen=True, slots=True)
class Behind:
    """Call ids, oldest first; `after` leads on, None at the end."""

    calls: tuple[str, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class _Judge:
    """What rows are looked at with."""

    known: Known
    now: datetime


Belongs = Callable[[Any, _Judge], bool]
"""Whether a row is of the set."""


def calls_behind(
    engine: Engine,
    known: Known,
    asked: Asked,
    figure: str,
    key: str | None,
    at: datetime | None,
    limit: int,
    after: str | None = None,
    now: datetime | None = None,
) -> Behind:
    """Of a KPI's figure in one line of the report: that of `key` in the interval that `at` lies in.

    None: of all of them. `after` as an earlier answer gave it. Raises OperatorError where there are no calls
    behind such a figure, or the report does not have it, ReportTooLong, and SQLAlchemy's errors.
    """
    report, filter = report_of(asked), filter_of(asked.where, known)
    kpis_of(report, replace(asked, kpis=(figure,)), filter)
    kind, belongs = _set_of(figure, asked)
    judge = _Judge(known, now or datetime.now(UTC))
    wanted_key = key_of(asked.by, {id: agent.team for id, agent in known.agents.items()})
    place = None if after is None else _Place.parse(after)
    found: list[str] = []
    last = ""
    with snapshot(engine, known.language) as connection:
        period = _period(asked, at)
        for row in _rows(connection, kind, period, _narrowed(filter, asked.by, key), place):
            if (key is None or wanted_key(row) == key) and belongs(row, judge):
                if len(found) == limit:
                    return Behind(tuple(found), last)
                found.append(row.call_id)
                last = _Place.of(row).text
    return Behind(tuple(found), None)


def _set_of(figure: str, asked: Asked) -> tuple[RowKind, Belongs]:
    behind = meant(figure, asked.formula).behind
    if behind is None:
        raise OperatorError(f"no calls stand behind {figure}")
    return SETS[behind]


def _period(asked: Asked, at: datetime | None) -> Period:
    if at is None:
        return asked.period
    intervals = buckets(asked.period, asked.grain, asked.tz)
    place = intervals.of(at)
    if not 0 <= place < len(intervals):
        raise OperatorError(f"{at.isoformat()} is outside of the period of the report")
    return intervals.span(place)


def _narrowed(filter: Filter, by: By, key: str | None) -> Filter:
    """Lets the database find the rows of the key, where a filter can say it."""
    name = f"{by.value}s"
    if name not in {each.name for each in fields(Filter)} or not key:
        return filter
    before: frozenset[str] | None = getattr(filter, name)
    narrowed: Any = frozenset({key}) if before is None else before & {key}
    return replace(filter, **{name: narrowed})


@dataclass(frozen=True, slots=True)
class _Place:
    """Of a row among the others."""

    at_us: int
    position: int
    call_id: str

    @classmethod
    def of(cls, row: Any) -> _Place:
        return cls(microseconds(row.at), row.position, row.call_id)

    @classmethod
    def parse(cls, text: str) -> _Place:
        """Raises OperatorError for a text that is none of ours."""
        at, _, rest = text.partition(".")
        position, _, call_id = rest.partition(".")
        if not (at.isdecimal() and position.isdecimal() and call_id):
            raise OperatorError(f"after {text!r}: expected what an earlier answer gave as `after`")
        return cls(int(at), int(position), call_id)

    @property
    def order(self) -> tuple[int, str, int]:
        return self.at_us, self.call_id, self.position

    @property
    def text(self) -> str:
        return f"{self.at_us}.{self.position}.{self.call_id}"


def _rows(
    connection: Connection, kind: RowKind, period: Period, filter: Filter, after: _Place | None
) -> Iterator[Any]:
    """In their order, those behind a place, also where the row that was there is gone."""
    source = SOURCES[kind]
    if after is None:
        yield from source.read(connection, period, filter)
        return
    since = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=after.at_us)
    rows = source.read(connection, Period(since, period.until), filter)
    moment, rest = list[Any](), list[Any]()
    for row in rows:
        if microseconds(row.at) > after.at_us:
            rest.append(row)
            break
        moment.append(row)
    places = [_Place.of(row) for row in moment]
    if after in places:
        yield from moment[places.index(after) + 1 :]
    else:
        yield from (row for row, place in zip(moment, places, strict=True) if place.order > after.order)
    yield from rest
    yield from rows


def _visit(belongs: Callable[[VisitRow, _Judge], bool]) -> tuple[RowKind, Belongs]:
    return RowKind.VISITS, lambda row, judge: row.kind == CallKind.INBOUND and belongs(row, judge)


def _ended(*outcomes: str) -> tuple[RowKind, Belongs]:
    return _visit(lambda row, _: row.outcome in outcomes)


def _abandoned(*, short: bool) -> tuple[RowKind, Belongs]:
    def belongs(row: VisitRow, judge: _Judge) -> bool:
        limits = judge.known.limits(row.group)
        return row.outcome == ABANDONED and is_short(round(row.wait_s * 1000), limits) is short

    return _visit(belongs)


def _in_time(row: VisitRow, judge: _Judge) -> bool:
    limits = judge.known.limits(row.group)
    return row.outcome == ANSWERED and is_in_time(round(row.wait_s * 1000), limits)


def _flag(name: str) -> tuple[RowKind, Belongs]:
    def belongs(row: Any, judge: _Judge) -> bool:
        return name in flags_of(row, judge.now, timedelta(days=judge.known.fcr_days))

    return RowKind.CALLS, belongs


def _callback(name: str) -> tuple[RowKind, Belongs]:
    return RowKind.CALLBACKS, lambda row, _: callback_end(row) == name


_CALL_FLAGS = (
    "calls", "calls_answered", "contacts", "contacts_resolved",
    "ivr_calls", "ivr_contained", "ivr_completed", "ivr_dropped",
)  # fmt: skip
_CALLBACK_ENDS = ("callbacks_done", "callbacks_failed", "callbacks_cancelled", "callbacks_open")

SETS: Mapping[str, tuple[RowKind, Belongs]] = {
    "offered": _visit(lambda row, _: row.outcome != TRANSFERRED_IN),
    "answered": _ended(ANSWERED),
    "transferred_in": _ended(TRANSFERRED_IN),
    "handled": _ended(ANSWERED, TRANSFERRED_IN),
    "abandoned": _abandoned(short=False),
    "short_abandoned": _abandoned(short=True),
    "left": _ended(LEFT),
    "waiting": _ended(WAITING),
    "waited": _ended(ANSWERED, ABANDONED, LEFT),
    "answered_in_time": _visit(_in_time),
    "rings": (RowKind.RINGS, lambda *_: True),
    "rona": (RowKind.RINGS, lambda row, _: row.outcome == "no_answer"),
    "transfers_blind": (RowKind.TRANSFERS, lambda row, _: row.how == "blind"),
    "transfers_attended": (RowKind.TRANSFERS, lambda row, _: row.how == "attended"),
    "transferred": (RowKind.TRANSFERS, lambda row, _: row.group is not None),
    **{name: _flag(name) for name in _CALL_FLAGS},
    "step_visits": (RowKind.STEPS, lambda *_: True),
    "step_dropped": (RowKind.STEPS, lambda row, _: row.arrow == HUNG_UP),
    "survey_answers": (RowKind.SCORES, lambda *_: True),
    "scores_top": (RowKind.SCORES, lambda row, judge: row.score >= judge.known.csat_top),
    "dispositions": (RowKind.DISPOSITIONS, lambda *_: True),
    "complaints": (RowKind.DISPOSITIONS, lambda row, _: bool(row.complaint)),
    "callbacks": (RowKind.CALLBACKS, lambda *_: True),
    **{name: _callback(name) for name in _CALLBACK_ENDS},
}
"""By the id that a KPI has for what stands behind it."""
