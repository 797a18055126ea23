"""Of many calls at once only what is compared with Asterisk's account of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from acd.core.facts import CallKind
from acd.records import schema
from acd.records.record import SegmentKind
from acd.sql import in_chunks

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Outline:
    """`flow_at`: when a flow took the caller, where one did so before anything else; None elsewhere.

    `answered_at`: the first answer by an agent, or by somebody outside.
    """

    call_id: str
    kind: CallKind
    source: str
    started_at: datetime
    flow_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None


def outlines(engine: Engine, call_ids: Collection[str]) -> dict[str, Outline]:
    """Those that are on record, by call id. Raises SQLAlchemy's errors."""
    calls, segments, found = schema.calls.c, schema.segments.c, dict[str, Outline]()
    with engine.connect() as connection:
        for ids in in_chunks(sorted(call_ids)):
            first = select(segments.call_id, segments.started_at).where(
                segments.call_id.in_(ids), segments.position == 0, segments.kind == SegmentKind.IVR.value
            )
            flow_at = {row.call_id: row.started_at for row in connection.execute(first)}
            heads = select(
                calls.call_id, calls.kind, calls.source, calls.started_at, calls.answered_at, calls.ended_at
            ).where(calls.call_id.in_(ids))
            for call_id, kind, source, started_at, answered_at, ended_at in connection.execute(heads):
                found[call_id] = Outline(
                    call_id, CallKind(kind), source, started_at, flow_at.get(call_id), answered_at, ended_at
                )
    return found


def begun_between(engine: Engine, since: datetime, until: datetime, size: int) -> Iterator[Sequence[str]]:
    """The ids of calls on record that began in [since, until), at most so many at once.

    Raises SQLAlchemy's errors.
    """
    calls = schema.calls.c
    query = select(calls.call_id).where(calls.started_at >= since, calls.started_at < until)
    with engine.connect() as connection:
        yield from connection.execution_options(yield_per=size).scalars(query).partitions()


def consultations(
    engine: Engine, call_ids: Collection[str], since: datetime, until: datetime | None = None
) -> frozenset[str]:
    """Those of the ids that became part of another call, by a transfer in [since, until]; None: since then.

    Raises SQLAlchemy's errors.
    """
    transfers, wanted = schema.transfers.c, frozenset(call_ids)
    query = select(transfers.target).where(transfers.at >= since, transfers.how == "attended")
    if until is not None:
        query = query.where(transfers.at <= until)
    with engine.connect() as connection:
        found = connection.execution_options(yield_per=_AT_ONCE).scalars(query)
        return frozenset(target for target in found if target in wanted)
