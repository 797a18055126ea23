"""Folds the facts of calls on record again, as this version does: what an older one did not know appears.

Nothing is told anew: facts stay as they are. Every batch is a transaction of its own, and calls that are
already as this version folds them are only read, so that it may be ended and done again at any time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select, tuple_

from acd.core.fact_json import fact_from_dict
from acd.records import rows, schema
from acd.records.corrections import applied, of_calls
from acd.records.fact_parts import together
from acd.records.fold import fold
from acd.records.nobody import Kept, as_kept
from acd.records.period import Period
from acd.records.record import CallRecord, Source
from acd.records.slots import raise_slots, slots_of_call
from acd.records.writing import FOLDED, fact_parts, replace_folded, slots_on_record, taken
from acd.sql import in_chunks

BATCH = 200
Place = tuple[datetime, str]
"""When a call began, and its id: calls are gone through in this order."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of some calls; `last` is the place of the last of them.

    `changed` were folded otherwise; `nobodys` have been made nobody's and were left alone, as were those
    `without_facts`. `unreadable`: ids of calls whose facts this version cannot read.
    """

    last: Place
    calls: int
    changed: int
    nobodys: int
    without_facts: int
    unreadable: tuple[str, ...]


def count(engine: Engine, period: Period, after: Place | None) -> int:
    """How many calls there are to go through."""
    with engine.connect() as connection:
        query = select(func.count()).select_from(schema.calls).where(*_in(period, after))
        return connection.scalar(query) or 0


def refold(engine: Engine, period: Period, after: Place | None = None) -> Iterator[Batch]:
    """The calls that began in the period, the oldest first, beyond the place `after`.

    Each batch is written when it is given. Raises SQLAlchemy's errors.
    """
    calls = schema.calls
    order = (calls.c.started_at, calls.c.call_id)
    while True:
        query = select(calls).where(*_in(period, after)).order_by(*order).limit(BATCH)
        with engine.connect() as connection:
            heads = connection.execute(query).mappings().all()
            found = _looked_at(connection, heads)
        if not heads:
            return
        after = (heads[-1]["started_at"], heads[-1]["call_id"])
        changed = _write(engine, [record.call_id for record in found.other]) if found.other else 0
        nobodys = sum(head["anonymised"] for head in heads)
        bare = len(found.without_facts)
        yield Batch(after, len(heads), changed, nobodys, bare, tuple(found.unreadable))


def _in(period: Period, after: Place | None) -> list[Any]:
    calls = schema.calls.c
    where = [calls.started_at >= period.since, calls.started_at < period.until]
    return where if after is None else [*where, tuple_(calls.started_at, calls.call_id) > after]


@dataclass(frozen=True, slots=True)
class _Found:
    other: list[CallRecord]
    without_facts: list[str]
    unreadable: list[str]


def _looked_at(connection: Connection, heads: Sequence[Mapping[Any, Any]]) -> _Found:
    """Which of the calls this version folds otherwise than they are on record."""
    ids = [head["call_id"] for head in heads if not head["anonymised"]]
    parts, corrected, there = fact_parts(connection, ids), of_calls(connection, ids), _rows(connection, ids)
    found = _Found([], [], [])
    for head in heads:
        call_id = head["call_id"]
        if head["anonymised"]:
            continue
        if not parts.get(call_id):
            found.without_facts.append(call_id)
            continue
        try:
            facts = [fact_from_dict(fact) for fact in together(parts[call_id])]
        except (KeyError, TypeError, ValueError):
            found.unreadable.append(call_id)
            continue
        record = applied(fold(call_id, facts, Source(head["source"])), corrected.get(call_id, ()))
        record = as_kept(record, _kept(head))
        is_same = rows.call_row(record) == dict(head) and all(
            rows_of(record) == there[str(table.name)].get(call_id, []) for table, rows_of in FOLDED.items()
        )
        if not is_same:
            found.other.append(record)
    return found


def _kept(head: Mapping[Any, Any]) -> Kept:
    return Kept(
        head["anonymised"],
        head["contact_key"],
        head["customer_id"],
        head["customer_segment"],
        head["caller_number"],
        head["source"],
    )


def _rows(connection: Connection, call_ids: Sequence[str]) -> dict[str, dict[str, list[dict[Any, Any]]]]:
    """By table and call: what is folded, as it is on record."""
    found: dict[str, dict[str, list[dict[Any, Any]]]] = {t.name: defaultdict(list) for t in FOLDED}
    for ids in in_chunks(call_ids):
        for table in FOLDED:
            query = select(table).where(table.c.call_id.in_(ids)).order_by(table.c.call_id, table.c.position)
            for row in connection.execute(query).mappings():
                found[table.name][row["call_id"]].append(dict(row))
    return found


def _write(engine: Engine, call_ids: Sequence[str]) -> int:
    """Those that are still otherwise, now that nobody else writes them; how many."""
    with engine.begin() as connection:
        taken(connection, call_ids)
        calls = schema.calls
        heads = [
            head
            for ids in in_chunks(call_ids)
            for head in connection.execute(select(calls).where(calls.c.call_id.in_(ids))).mappings()
        ]
        other = _looked_at(connection, heads).other
        slots = slots_on_record(connection, [record.call_id for record in other])
        slots.update(slot for record in other for slot in slots_of_call(record))
        replace_folded(connection, other)
        raise_slots(connection, slots)
    return len(other)
