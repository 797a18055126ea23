"""Calls that are whole and perhaps not on record yet, as rows of all tables: made ready here, written there.

Facts of a compiled core do not travel to another process, rows do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from acd.records.bulk import Ready, insert_ready, make_ready, only
from acd.records.record import CallRecord
from acd.records.slots import slots_of_call
from acd.records.writing import rows_of_new


class Head(NamedTuple):
    """What tells a call from another of the same id, and the slots that it touches."""

    call_id: str
    started_at: datetime
    ended_at: datetime | None
    slots: range


@dataclass(frozen=True, slots=True)
class NewCalls:
    """Each id once; `rows` are those of all of them."""

    heads: Sequence[Head]
    rows: Sequence[Ready]


def new_calls(dialect: str, records: Sequence[CallRecord]) -> NewCalls:
    """For a database of SQLAlchemy's dialect of this name. Raises ValueError for text that is none."""
    heads = [Head(call.call_id, call.started_at, call.ended_at, slots_of_call(call)) for call in records]
    ready = (make_ready(dialect, table, own) for table, own in rows_of_new(records))
    return NewCalls(heads, [each for each in ready if each is not None])


def insert_calls(connection: Connection, calls: NewCalls, call_ids: Collection[str]) -> set[int]:
    """Write those of these ids, which are not on record; the slots that have to be raised."""
    if not call_ids:
        return set()
    some = calls.rows
    if len(call_ids) < len(calls.heads):
        some = [left for left in (only(ready, call_ids) for ready in some) if left is not None]
    for ready in some:
        insert_ready(connection, ready)
    return {slot for head in calls.heads if head.call_id in call_ids for slot in head.slots}
