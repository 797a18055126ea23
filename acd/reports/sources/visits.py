"""Visits, rings and transfers."""

from __future__ import annotations

from sqlalchemy import select

from acd.core.facts import CallKind
from acd.records import schema
from acd.records.record import SegmentKind
from acd.reports.counting.rows import RingRow, TransferRow, VisitRow
from acd.reports.sources.source import RowSource

_visits, _segments, _calls, _transfers = schema.visits, schema.segments, schema.calls, schema.transfers

VISITS = RowSource(
    row=VisitRow,
    query=select(
        _visits.c.queued_at,
        _visits.c.call_id,
        _visits.c.position,
        _visits.c.group_id,
        _visits.c.agent_id,
        _visits.c.dialed_number,
        _visits.c.flow_id,
        _visits.c.customer_segment,
        _visits.c.kind,
        _visits.c.source,
        _visits.c.outcome,
        _visits.c.wait_s,
        _visits.c.talk_s,
        _visits.c.hold_s,
        _visits.c.wrap_up_s,
    ),
    at=_visits.c.queued_at,
    filters={
        "groups": _visits.c.group_id,
        "agents": _visits.c.agent_id,
        "numbers": _visits.c.dialed_number,
        "flows": _visits.c.flow_id,
        "segments": _visits.c.customer_segment,
    },
    order=(_visits.c.queued_at, _visits.c.call_id, _visits.c.position),
    call_id=_visits.c.call_id,
)

RINGS = RowSource(
    row=RingRow,
    query=select(
        _segments.c.started_at,
        _segments.c.call_id,
        _segments.c.position,
        _segments.c.group_id,
        _segments.c.agent_id,
        _calls.c.dialed_number,
        _calls.c.flow_id,
        _calls.c.customer_segment,
        _segments.c.outcome,
    )
    .join(_calls, _calls.c.call_id == _segments.c.call_id)
    .where(
        _segments.c.kind == SegmentKind.RINGING.value,
        _calls.c.kind.in_((CallKind.INBOUND.value, CallKind.CALLBACK.value)),
    ),
    at=_segments.c.started_at,
    filters={
        "groups": _segments.c.group_id,
        "agents": _segments.c.agent_id,
        "numbers": _calls.c.dialed_number,
        "flows": _calls.c.flow_id,
        "segments": _calls.c.customer_segment,
    },
    order=(_segments.c.started_at, _segments.c.call_id, _segments.c.position),
    call_id=_segments.c.call_id,
)

TRANSFERS = RowSource(
    row=TransferRow,
    query=select(
        _transfers.c.at,
        _transfers.c.call_id,
        _transfers.c.position,
        _transfers.c.group_id,
        _transfers.c.agent_id,
        _calls.c.dialed_number,
        _calls.c.flow_id,
        _calls.c.customer_segment,
        _transfers.c.how,
    )
    .join(_calls, _calls.c.call_id == _transfers.c.call_id)
    .where(_calls.c.kind == CallKind.INBOUND.value),
    at=_transfers.c.at,
    filters={
        "groups": _transfers.c.group_id,
        "agents": _transfers.c.agent_id,
        "numbers": _calls.c.dialed_number,
        "flows": _calls.c.flow_id,
        "segments": _calls.c.customer_segment,
    },
    order=(_transfers.c.at, _transfers.c.call_id, _transfers.c.position),
    call_id=_transfers.c.call_id,
)
