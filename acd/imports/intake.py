"""Brings calls and agents' states into the records: what is there already stays as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from acd.core.facts import AgentInterval, Fact
from acd.imports.refusals import Impossible, Place, Refusals
from acd.records import schema, writing
from acd.records.fold import fold, utc
from acd.records.period import Period
from acd.records.record import CallRecord, Source
from acd.records.state_reach import reaching_into
from acd.sql import in_chunks

Call = tuple[str, list[Fact], Place]


@dataclass(slots=True)
class Taken:
    """What came of it. `known`: on record before. `overlapping`: states of times that have others there."""

    calls: int = 0
    known: int = 0
    states: int = 0
    states_known: int = 0
    overlapping: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def spans(self, at: datetime) -> None:
        """There was a call at this time."""
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)


class Intake:
    """Writes batches, each in one transaction. Without an engine it only counts."""

    def __init__(self, engine: Engine | None, source: Source, refusals: Refusals) -> None:
        self._engine = engine
        self.source = source
        self.refusals = refusals
        self.taken = Taken()

    @property
    def has_server(self) -> bool:
        """Whether somebody else does the work of writing."""
        return self._engine is not None and self._engine.dialect.name != "sqlite"

    def add(self, calls: Sequence[Call], intervals: Sequence[AgentInterval]) -> None:
        """Calls and states that are over; all or none. Raises SQLAlchemy's errors."""
        once: dict[str, tuple[CallRecord, Place]] = {}
        for call_id, facts, place in calls:
            record = fold(call_id, facts, self.source)
            self.taken.spans(record.started_at)
            if call_id in once:
                self._refuse_other(place, call_id)
            else:
                once[call_id] = record, place
        if self._engine is None:
            self.taken.calls += len(once)
            self.taken.states += len(intervals)
            return
        with self._engine.begin() as connection:
            new = self._new_calls(connection, once)
            states, known, overlapping = _new_states(connection, intervals)
            writing.save_calls(connection, new)
            if states:
                writing.save_intervals(connection, states)
        self.taken.calls += len(new)
        self.taken.states += len(states)
        self.taken.states_known += known
        self.taken.overlapping += overlapping

    def _new_calls(
        self, connection: Connection, calls: dict[str, tuple[CallRecord, Place]]
    ) -> list[CallRecord]:
        on_record: dict[str, tuple[str, datetime, datetime | None]] = {}
        table = schema.calls.c
        query = select(table.call_id, table.source, table.started_at, table.ended_at)
        for ids in in_chunks(list(calls)):
            for call_id, *told in connection.execute(query.where(table.call_id.in_(ids))):
                on_record[call_id] = (told[0], told[1], told[2])
        new: list[CallRecord] = []
        for call_id, (record, place) in calls.items():
            there = on_record.get(call_id)
            if there is None:
                new.append(record)
            elif _is_same(record, *there):
                self.taken.known += 1
            else:
                self._refuse_other(place, call_id)
        return new

    def _refuse_other(self, place: Place, call_id: str) -> None:
        fault = Impossible("another call of the same id", "another call of the same id is on record")
        self.refusals.refuse(place, fault, f"call {call_id}")


_SAME_START_S = 3600
"""A call of ours has been in the flow, before its first queue."""
_SAME_S = 1.0
_IMPORTED = frozenset({Source.QUEUE_LOG.value, Source.CSV.value})


def _is_same(record: CallRecord, source: str, started_at: datetime, ended_at: datetime | None) -> bool:
    """Whether that is the call on record. Of one that was imported the end tells it from a visit of later."""
    apart_s = abs((started_at - record.started_at).total_seconds())
    if source not in _IMPORTED:
        return apart_s < _SAME_START_S
    if ended_at is None or record.ended_at is None:
        return apart_s < _SAME_S and ended_at == record.ended_at
    return apart_s < _SAME_S and abs((ended_at - record.ended_at).total_seconds()) < _SAME_S


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
