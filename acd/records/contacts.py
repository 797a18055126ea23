"""The last contacts of a customer: calls from and to all their numbers, in short."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, select

from acd.core.facts import CallKind
from acd.records import schema
from acd.records.reach import ALL, Reach
from acd.records.record import SegmentKind, SegmentOutcome, VisitOutcome
from acd.sql import in_chunks

NO_LINE = "no_line"
"""The outcome of a call that ended before it stood in any line."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One call. `direction`: inbound or outbound. `outcome`: that of its last visit to a line, or of what was
    dialled outside; `agent` and `group` are those who had it last, `disposition`
    and `note` what the agent wrote."""

    call_id: str
    at: datetime
    direction: str
    group: str | None
    agent: str | None
    outcome: str
    talk_s: float
    disposition: str | None = None
    note: str | None = None


def contacts(
    engine: Engine, ids: Sequence[str], numbers: Sequence[str], limit: int, reach: Reach = ALL
) -> list[Contact]:
    """Newest first, at most `limit`, within `reach`. Raises SQLAlchemy's errors."""
    calls = schema.calls.c
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        for column, values in (
            (calls.customer_id, ids),
            (calls.caller_number, numbers),
            (calls.dialed_number, numbers),
        ):
            for some in in_chunks(values):
                found |= _newest(connection, column.in_(some), limit, reach)
        rows = sorted(found.values(), key=lambda row: row["started_at"], reverse=True)[:limit]
        shown = [row["call_id"] for row in rows]
        visits = _parts(connection, schema.visits, shown)
        segments = _parts(connection, schema.segments, shown)
        results = _results(connection, shown)
    made = [_contact(row, visits[row["call_id"]], segments[row["call_id"]]) for row in rows]
    return [replace(contact, **results.get(contact.call_id, {})) for contact in made]


def _results(connection: Connection, call_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The disposition and the note that the last agent has written, by call."""
    table, found = schema.dispositions.c, dict[str, dict[str, Any]]()
    for some in in_chunks(call_ids):
        query = select(table.call_id, table.path, table.note).where(table.call_id.in_(some))
        for call_id, path, note in connection.execute(query.order_by(table.at)):
            found[call_id] = {"disposition": path, "note": note}
    return found


def _newest(connection: Connection, meant: ColumnElement[bool], limit: int, reach: Reach) -> dict[str, Any]:
    calls = schema.calls
    query = select(calls).where(meant, calls.c.kind != CallKind.INTERNAL.value)
    query = query.where(reach.of_call(calls.c.call_id))
    rows = connection.execute(query.order_by(calls.c.started_at.desc()).limit(limit)).mappings()
    return {row["call_id"]: row for row in rows}


def _parts(connection: Connection, table: Any, call_ids: Sequence[str]) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for some in in_chunks(call_ids):
        query = select(table).where(table.c.call_id.in_(some)).order_by(table.c.call_id, table.c.position)
        for row in connection.execute(query).mappings():
            found[row["call_id"]].append(row)
    return found


def _contact(row: Any, visits: Sequence[Any], segments: Sequence[Any]) -> Contact:
    talks = [s for s in segments if s["kind"] in (SegmentKind.TALKING, SegmentKind.OUTSIDE)]
    last = visits[-1] if visits else None
    agents = [s["agent_id"] for s in talks if s["agent_id"]]
    talk_s = sum(
        (s["ended_at"] - s["started_at"]).total_seconds() - s["hold_s"]
        for s in talks
        if s["ended_at"] is not None
    )
    return Contact(
        row["call_id"],
        row["started_at"],
        "inbound" if row["kind"] == CallKind.INBOUND else "outbound",
        last["group_id"] if last is not None else None,
        (agents[-1] if agents else None) or (last["agent_id"] if last is not None else row["origin_agent"]),
        _outcome(last, segments),
        max(0.0, talk_s),
    )


def _outcome(visit: Any, segments: Sequence[Any]) -> str:
    if visit is not None:
        outcome = VisitOutcome(visit["outcome"])
        return VisitOutcome.ANSWERED if outcome is VisitOutcome.TRANSFERRED_IN else outcome
    if any(s["kind"] == SegmentKind.OUTSIDE for s in segments):
        return VisitOutcome.ANSWERED
    dials = [s for s in segments if s["kind"] == SegmentKind.DIALING_OUT]
    return str(SegmentOutcome(dials[-1]["outcome"])) if dials else NO_LINE
