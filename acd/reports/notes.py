"""Remarks that a reader of a report needs: what was not counted, and what is not known yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from acd.records import schema
from acd.records.corrected import excluded_calls
from acd.reports.asked import Asked
from acd.reports.known import Known
from acd.reports.kpis import RowKind
from acd.reports.measures import Measures
from acd.sql import in_chunks

Note = tuple[str, Mapping[str, str | int]]


def notes_of(
    connection: Connection,
    kinds: Sequence[RowKind],
    asked: Asked,
    known: Known,
    total: Measures,
    left_out: Sequence[str],
    now: datetime,
    knows_going_on: bool,
) -> list[Note]:
    """Ids of `acd/reports/words` with what fills their placeholders. `knows_going_on`: see `run_report`."""
    notes = list(_counts(total, known))
    if left_out:
        notes.append(("left-out", {"kpis": ", ".join(left_out)}))
    reaches_now = asked.period.until.timestamp() > now.timestamp() - 1
    if RowKind.STATES in kinds and reaches_now:
        notes.append(("open-stretches", {}))
    if RowKind.PLANS in kinds and reaches_now and not knows_going_on:
        notes.append(("open-plans", {}))
    if RowKind.PLANS in kinds:
        without = sum(agent.hours is None for agent in known.agents.values())
        notes += [("no-plan", {"count": without})] if without else []
    if count := _excluded(connection, asked, known):
        notes.append(("excluded", {"count": count}))
    return notes


def _counts(total: Measures, known: Known) -> Iterator[Note]:
    if count := total.sum("own_calls"):
        yield "own-calls", {"count": count}
    if count := total.sum("other_sources"):
        yield "other-sources", {"count": count}
    if count := total.sum("contacts_too_new"):
        yield "fcr-open", {"count": count, "days": f"{known.fcr_days:g}"}


def _excluded(connection: Connection, asked: Asked, known: Known) -> int:
    """From the corrections, which are few, and not from the calls of the period."""
    calls, period = schema.calls, asked.period
    return sum(
        connection.scalar(
            select(func.count()).where(
                calls.c.call_id.in_(ids),
                calls.c.started_at >= period.since,
                calls.c.started_at < period.until,
                known.reach.of_call(calls.c.call_id),
            )
        )
        or 0
        for ids in in_chunks(excluded_calls(connection))
    )
