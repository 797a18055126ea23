"""SQL that reads calls, visits and agent states back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, func, or_, select

from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, CallKind
from acd.records import rows, schema
from acd.records.corrected import any_excluded, is_excluded
from acd.records.period import Period
from acd.records.reach import ALL, Reach
from acd.records.record import CallRecord, CallVisit, SegmentKind
from acd.records.state_reach import reaching_into
from acd.settings.sought_number import sought
from acd.sql import in_chunks

_LONGEST = timedelta(days=2)
"""No part of a call is further from its begin."""
_LAST_LETTERS, _LAST_CHARACTER, _GREATEST = "z" * 64, "\uffff", chr(0x10FFFF)
"""Behind all that call ids are of: in some languages the one, in some the other comes last."""
_PARTS = {
    schema.segments: schema.segments.c.position,
    schema.visits: schema.visits.c.position,
    schema.transfers: schema.transfers.c.position,
    schema.facts: schema.facts.c.part,
}


def load(connection: Connection, query: Select[Any]) -> list[CallRecord]:
    """The calls that `query` (of table calls) selects, with all their parts."""
    heads = _select(connection, query)
    parts: dict[str, dict[str, list[rows.Row]]] = {table.name: defaultdict(list) for table in _PARTS}
    for ids in in_chunks([head["call_id"] for head in heads]):
        for table, order in _PARTS.items():
            chosen = select(table).where(table.c.call_id.in_(ids)).order_by(table.c.call_id, order)
            for row in _select(connection, chosen):
                parts[table.name][row["call_id"]].append(row)
    return [
        rows.record_from_rows(head, *(parts[table.name].get(head["call_id"], []) for table in _PARTS))
        for head in heads
    ]


def these(connection: Connection, call_ids: Sequence[str], reach: Reach = ALL) -> list[CallRecord]:
    """See `RecordStore.these`."""
    table, found = schema.calls, dict[str, CallRecord]()
    for ids in in_chunks(call_ids):
        loaded = load(
            connection, select(table).where(table.c.call_id.in_(ids), reach.of_call(table.c.call_id))
        )
        found.update((record.call_id, record) for record in loaded)
    return [found[id] for id in dict.fromkeys(call_ids) if id in found]


def named(connection: Connection, name: str, limit: int) -> list[CallRecord]:
    """See `RecordStore.named`."""
    calls, number = schema.calls, sought(name)
    of_caller: list[ColumnElement[bool]] = [calls.c.caller_number.in_(number.whole)]
    if number.ending:
        of_caller.append(calls.c.caller_number.endswith(number.ending, autoescape=True))
    # Each by itself, since each has an index of its own (but for endings of numbers).
    found = set(connection.scalars(beginning(name, connection.dialect.name).limit(limit)))
    for meant in of_caller:
        newest = select(calls.c.call_id).where(meant).order_by(calls.c.started_at.desc()).limit(limit)
        found.update(connection.scalars(newest))
    query = select(calls).where(calls.c.call_id.in_(found))
    return load(connection, query.order_by(calls.c.started_at.desc(), calls.c.call_id).limit(limit))


def beginning(prefix: str, dialect: str) -> Select[tuple[str]]:
    """The ids of calls that begin with `prefix`, the greatest first: a stretch of the index of their key.

    PostgreSQL has the key in the order of the database's language, in which the last character does not tell
    what follows a text. There the stretch ends behind all letters, and what does not belong is left out.
    """
    call_id = schema.calls.c.call_id
    query = select(call_id).where(call_id >= prefix).order_by(call_id.desc())
    if dialect == "postgresql":
        last = func.greatest(prefix + _LAST_LETTERS, prefix + _LAST_CHARACTER)
        return query.where(call_id < last, call_id.startswith(prefix, autoescape=True))
    shortened = prefix.rstrip(_GREATEST)
    if not shortened:
        return query
    following = ord(shortened[-1]) + 1
    return query.where(call_id < shortened[:-1] + chr(0xE000 if following == 0xD800 else following))


def calls(
    connection: Connection,
    since: datetime,
    until: datetime,
    *,
    group: str | None,
    agent: str | None,
    number: str | None,
    limit: int,
    reach: Reach,
) -> list[CallRecord]:
    """See `RecordStore.calls`."""
    calls, segments, visits = schema.calls, schema.segments, schema.visits
    query = select(calls).where(calls.c.started_at >= since, calls.c.started_at < until)
    query = query.where(reach.of_call(calls.c.call_id))
    if group is not None:
        of_group = select(visits.c.call_id).where(visits.c.group_id == group)
        query = query.where(calls.c.call_id.in_(_about(of_group, visits.c.queued_at, since, until)))
    if agent is not None:
        of_agent = select(segments.c.call_id).where(segments.c.agent_id == agent)
        query = query.where(calls.c.call_id.in_(_about(of_agent, segments.c.started_at, since, until)))
    if number is not None:
        query = query.where(or_(calls.c.caller_number == number, calls.c.dialed_number == number))
    return load(connection, query.order_by(calls.c.started_at.desc(), calls.c.call_id).limit(limit))


def _about(parts: Select[Any], at: Column[datetime], since: datetime, until: datetime) -> Select[Any]:
    """Those that may be of calls of this time: so their index leads to few, and not all calls are asked."""
    return parts.where(at >= since - _LONGEST, at < until + _LONGEST)


def last_talks(
    connection: Connection, since: datetime, limit: int
) -> list[tuple[str | None, str, str, datetime]]:
    """See `RecordStore.last_talks`."""
    calls, segments = schema.calls, schema.segments
    query = (
        select(calls.c.customer_id, calls.c.caller_number, segments.c.agent_id, segments.c.started_at)
        .join(calls, calls.c.call_id == segments.c.call_id)
        .where(
            segments.c.started_at >= since,
            segments.c.kind == SegmentKind.TALKING.value,
            segments.c.agent_id.is_not(None),
            calls.c.kind == CallKind.INBOUND.value,
        )
        .order_by(segments.c.started_at.desc())
        .limit(limit)
    )
    return [tuple(row) for row in reversed(connection.execute(query).all())]


def visits(connection: Connection, since: datetime, until: datetime, group: str | None) -> list[CallVisit]:
    """See `RecordStore.visits`."""
    visits = schema.visits
    query = (
        select(visits)
        .where(visits.c.queued_at >= since, visits.c.queued_at < until)
        .order_by(visits.c.queued_at, visits.c.call_id, visits.c.position)
    )
    if group is not None:
        query = query.where(visits.c.group_id == group)
    if any_excluded(connection):
        query = query.where(~is_excluded(visits.c.call_id))
    return [rows.call_visit(row) for row in _select(connection, query)]


def intervals(connection: Connection, since: datetime, until: datetime) -> list[AgentInterval]:
    """See `RecordStore.intervals`."""
    states = schema.agent_states
    query = (
        select(states)
        .where(reaching_into(connection, Period(since, until)))
        .order_by(states.c.agent_id, states.c.since)
    )
    return [rows.interval_from_row(row) for row in _select(connection, query)]


def dispositions(connection: Connection, call_ids: Sequence[str]) -> list[Disposition]:
    """See `RecordStore.dispositions`."""
    table, newest = schema.dispositions, dict[tuple[str, str], Disposition]()
    for ids in in_chunks(call_ids):
        query = select(table).where(table.c.call_id.in_(ids)).order_by(table.c.at)
        for told in map(rows.disposition_from_row, _select(connection, query)):
            newest[told.call_id, told.agent] = told
    return sorted(newest.values(), key=lambda told: told.at)


def _select(connection: Connection, query: Select[Any]) -> list[rows.Row]:
    return [dict(row) for row in connection.execute(query).mappings()]
