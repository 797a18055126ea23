"""Brings calls and agents' states into the records, and counts what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from acd.core.facts import AgentInterval, Fact
from acd.imports.refusals import Impossible, Place, Refusals
from acd.imports.writing import Batch, Written, write
from acd.records.fold import fold
from acd.records.new_calls import new_calls
from acd.records.record import CallRecord, Source

Call = tuple[str, list[Fact], Place]
Head = tuple[str, Place]
"""Id and place of a call."""


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
    """Writes batches, each in one transaction, or makes them ready for another who does.

    Without an engine it only counts.
    """

    def __init__(self, engine: Engine | None, source: Source, refusals: Refusals) -> None:
        self.engine = engine
        self.source = source
        self.refusals = refusals
        self.taken = Taken()

    def add(self, calls: Sequence[Call], intervals: Sequence[AgentInterval]) -> None:
        """Calls and states that are over; all or none. Raises SQLAlchemy's errors."""
        if self.engine is None:
            self.taken.calls += len(self._folded(calls))
            self.taken.states += len(intervals)
            return
        batch, heads = self.ready(calls, intervals)
        self.count(write(self.engine, batch), heads)

    def ready(
        self, calls: Sequence[Call], intervals: Sequence[AgentInterval]
    ) -> tuple[Batch, Sequence[Head]]:
        """For somebody to write into the database, and then to be told to `count`."""
        assert self.engine is not None
        once = self._folded(calls)
        records = [record for record, _ in once.values()]
        states = [(i.agent, i.state, i.reason, i.since, i.until, i.call_id) for i in intervals]
        heads = [(call_id, place) for call_id, (_, place) in once.items()]
        return Batch(new_calls(self.engine.dialect.name, records), states), heads

    def count(self, written: Written, heads: Sequence[Head]) -> None:
        """What came of a batch of these calls."""
        self.taken.calls += written.calls
        self.taken.known += written.known
        self.taken.states += written.states
        self.taken.states_known += written.states_known
        self.taken.overlapping += written.overlapping
        for number in written.others:
            self._refuse_other(*heads[number])

    def _folded(self, calls: Sequence[Call]) -> Mapping[str, tuple[CallRecord, Place]]:
        """Each id once."""
        once: dict[str, tuple[CallRecord, Place]] = {}
        for call_id, facts, place in calls:
            record = fold(call_id, facts, self.source)
            self.taken.spans(record.started_at)
            if call_id in once:
                self._refuse_other(call_id, place)
            else:
                once[call_id] = record, place
        return once

    def _refuse_other(self, call_id: str, place: Place) -> None:
        fault = Impossible("another call of the same id", "another call of the same id is on record")
        self.refusals.refuse(place, fault, f"call {call_id}")
