"""Counts the rows of a period: from the database to a tally, source by source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from acd.records.period import Period
from acd.reports.asked import By
from acd.reports.buckets import Buckets, microseconds
from acd.reports.counting.calls import count_calls, count_peaks, count_steps
from acd.reports.counting.outcomes import count_callbacks, count_dispositions, count_scores
from acd.reports.counting.states import Span, count_plans, count_states
from acd.reports.counting.tally import Tally, key_of
from acd.reports.counting.visits import count_rings, count_transfers, count_visits
from acd.reports.going_on import GoingOn, with_going_on
from acd.reports.known import Known
from acd.reports.kpis import RowKind
from acd.reports.sources import SOURCES, Filter


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a period is to be counted: in which intervals, under which keys, of which rows.

    `going_on`: what agents are doing now, as far as that is known.
    """

    buckets: Buckets
    by: By
    filter: Filter
    known: Known
    now: datetime
    going_on: GoingOn = ()

    @property
    def period(self) -> Period:
        """From the begin of the first interval to the end of the last."""
        return Period(self.buckets.span(0).since, self.buckets.span(len(self.buckets) - 1).until)


def count(connection: Connection, kind: RowKind, wanted: Wanted) -> Tally:
    """From the rows themselves. Raises SQLAlchemy's errors, and OperatorError for a filter that they lack."""
    return count_rows(kind, read_rows(connection, kind, wanted), wanted)


def read_rows(connection: Connection, kind: RowKind, wanted: Wanted) -> Iterator[Any]:
    """The rows of a kind that are asked for. Raises like `count`."""
    return SOURCES[kind].read(connection, wanted.period, wanted.filter)


def count_rows(kind: RowKind, rows: Iterable[Any], wanted: Wanted) -> Tally:
    """What these rows count. Pure."""
    return _COUNTERS[kind](rows, wanted)


def _key(wanted: Wanted) -> Callable[[Any], str]:
    return key_of(wanted.by, {agent: known.team for agent, known in wanted.known.agents.items()})


def _by_moment(
    counter: Callable[[Any, Callable[[datetime], int], Any], Tally],
) -> Callable[[Any, Wanted], Tally]:
    return lambda rows, wanted: counter(rows, wanted.buckets.of, _key(wanted))


def _calls(rows: Any, wanted: Wanted) -> Tally:
    return count_calls(rows, wanted.buckets.of, _key(wanted), wanted.now, wanted.known.fcr_days)


def _plans(rows: Any, wanted: Wanted) -> Tally:
    agents = wanted.known.agents.values()
    period = wanted.period
    chosen = wanted.filter.agents
    plans: dict[str, list[Span]] = {}
    for agent in agents:
        if agent.hours is not None and (chosen is None or agent.id in chosen):
            spans = agent.hours.open_spans(period.since, period.until)
            plans[agent.id] = [(microseconds(since), microseconds(until)) for since, until in spans]
    rows = with_going_on(rows, wanted.going_on)
    return count_plans(rows, plans, wanted.buckets, _key(wanted), microseconds(wanted.now))


_COUNTERS: Mapping[RowKind, Callable[[Any, Wanted], Tally]] = {
    RowKind.VISITS: _by_moment(count_visits),
    RowKind.RINGS: _by_moment(count_rings),
    RowKind.TRANSFERS: _by_moment(count_transfers),
    RowKind.STATES: lambda rows, wanted: count_states(rows, wanted.buckets, _key(wanted)),
    RowKind.PLANS: _plans,
    RowKind.CALLS: _calls,
    RowKind.STEPS: _by_moment(count_steps),
    RowKind.SCORES: _by_moment(count_scores),
    RowKind.DISPOSITIONS: _by_moment(count_dispositions),
    RowKind.CALLBACKS: _by_moment(count_callbacks),
    RowKind.PEAKS: lambda rows, wanted: count_peaks(rows, wanted.buckets),
}
