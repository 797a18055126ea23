"""Which quarters of an hour what is written has to do with, and their versions.

Whoever writes something that reports count raises the version of every slot that it touches, before and
after, in the same transaction. A roll-up counts only while its slots have the versions that it was made of.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from acd.core.facts import Fact, Transferred
from acd.records.record import CallRecord

SLOT_S = 900

_RAISE = text(
    "INSERT INTO slots (slot, version) VALUES (:slot, 1)"
    " ON CONFLICT (slot) DO UPDATE SET version = slots.version + 1"
)


def slot_of(at: float) -> int:
    """The number of the slot in which this Unix time lies."""
    return int(at // SLOT_S)


def slots_between(first: float, last: float) -> range:
    """All slots from that of one Unix time to that of the other."""
    return range(slot_of(first), slot_of(last) + 1)


def slots_of_call(record: CallRecord) -> range:
    """All slots from the call's first moment to its last, its consultations and wrap-ups included."""
    times = list(_times(record.facts))
    times.append(record.started_at.timestamp())
    times += [end.timestamp() for end in (s.ended_at for s in record.segments) if end is not None]
    if not record.facts:  # history of another system
        times += [segment.started_at.timestamp() for segment in record.segments]
        times += [visit.queued_at.timestamp() for visit in record.visits]
    return slots_between(min(times), max(times))


def raise_slots(connection: Connection, slots: Iterable[int]) -> None:
    """A new version of these. To be called once in a transaction: two that wait for each other never end."""
    rows = [{"slot": slot} for slot in sorted(set(slots))]
    if rows:
        connection.execute(_RAISE, rows)


def _times(facts: Iterable[Fact]) -> Iterable[float]:
    for fact in facts:
        yield fact.at
        if isinstance(fact, Transferred):
            yield from _times(fact.consult)
