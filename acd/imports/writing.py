"""A batch of calls and agents' states into the database: what is there already stays as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from acd.core.facts import AgentInterval
from acd.records import schema
from acd.records.deleted import deleted_calls
from acd.records.fold import utc
from acd.records.new_calls import Head, NewCalls, insert_calls
from acd.records.period import Period
from acd.records.record import Source
from acd.records.state_reach import reaching_into
from acd.records.writing import save_intervals
from acd.sql import in_chunks, one_at_a_time

State = tuple[str, str, str | None, float, float, str | None]
"""An `AgentInterval`, which cannot be pickled where the core is compiled."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes. It can be pickled."""

    calls: NewCalls
    states: Sequence[State]


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a batch. `known`: on record before. `others`: the places in it of calls whose id another
    call on record has.

    `overlapping`: states of times that have others on record.
    """

    calls: int
    known: int
    others: Sequence[int]
    states: int
    states_known: int
    overlapping: int


def write(engine: Engine, batch: Batch) -> Written:
    """All of it or nothing. Raises SQLAlchemy's errors."""
    intervals = [AgentInterval(*state) for state in batch.states]
    with engine.begin() as connection:
        one_at_a_time(connection, "import")
        new, others = _new_calls(connection, batch.calls.heads)
        states, known, overlapping = _new_states(connection, intervals)
        slots = insert_calls(connection, batch.calls, new)
        save_intervals(connection, states, slots)
    known_calls = len(batch.calls.heads) - len(new) - len(others)
    return Written(len(new), known_calls, others, len(states), known, overlapping)


def _new_calls(connection: Connection, heads: Sequence[Head]) -> tuple[frozenset[str], list[int]]:
    """The ids of which nothing is on record, and the places of those that other calls have."""
    on_record: dict[str, tuple[str, datetime, datetime | None]] = {}
    table = schema.calls.c
    query = select(table.call_id, table.source, table.started_at, table.ended_at)
    for ids in in_chunks([head.call_id for head in heads]):
        for call_id, *told in connection.execute(query.where(table.call_id.in_(ids))):
            on_record[call_id] = (told[0], told[1], told[2])
    gone = deleted_calls(connection, [head.call_id for head in heads if head.call_id not in on_record])
    new, others = set[str](), list[int]()
    for place, head in enumerate(heads):
        if head.call_id in gone:
            continue  # known, and deleted since: no import brings it back
        if head.call_id not in on_record:
            new.add(head.call_id)
        elif not _is_same(head, *on_record[head.call_id]):
            others.append(place)
    return frozenset(new), others


_SAME_START_S = 3600
"""A call of ours has been in the flow, before its first queue."""
_SAME_S = 1.0
_IMPORTED = frozenset({Source.QUEUE_LOG.value, Source.CSV.value})


def _is_same(call: Head, source: str, started_at: datetime, ended_at: datetime | None) -> bool:
    """Whether that is the call on record. Of one that was imported the end tells it from a visit of later."""
    apart_s = abs((started_at - call.started_at).total_seconds())
    if source not in _IMPORTED:
        return apart_s < _SAME_START_S
    if ended_at is None or call.ended_at is None:
        return apart_s < _SAME_S and ended_at == call.ended_at
    return apart_s < _SAME_S and abs((ended_at - call.ended_at).total_seconds()) < _SAME_S


def _new_states(
    connection: Connection, intervals: Sequence[AgentInterval]
) -> tuple[list[AgentInterval], int, int]:
    """Those of times of which nothing is on record; how many are there as they are, and how many others."""
    if not intervals:
        return [], 0, 0
    since = min(interval.since for interval in intervals)
    until = max(interval.until for interval in intervals)
    there = defaultdict[str, list[tuple[float, float]]](list)
    table = schema.agent_states.c
    at_the_time = reaching_into(connection, Period(utc(since), utc(until)))
    for agents in in_chunks(sorted({interval.agent for interval in intervals})):
        query = select(table.agent_id, table.since, table.until).where(
            table.agent_id.in_(agents), at_the_time
        )
        for agent, begin, end in connection.execute(query):
            there[agent].append((begin.timestamp(), end.timestamp()))
    new, known, overlapping = [], 0, 0
    for interval in intervals:
        others = there.get(interval.agent, [])
        if (interval.since, interval.until) in others:
            known += 1
        elif any(begin < interval.until and end > interval.since for begin, end in others):
            overlapping += 1
        else:
            new.append(interval)
    return new, known, overlapping
