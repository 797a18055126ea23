"""A call on record as programs are told of it, in a list. Pure."""

from __future__ import annotations

from typing import Any

from acd.core.outside_facts import FLOW
from acd.records.record import CallRecord, SegmentKind

_WITH_AGENT = (SegmentKind.TALKING, SegmentKind.OUTSIDE, SegmentKind.FALLBACK)


def call_object(record: CallRecord) -> dict[str, Any]:
    """Over HTTP as on the command line. `wait_s` and `talk_s` are sums over its visits of groups.

    `source`: who knows of the call, see `acd.records.record.Source`.
    """
    customer = None
    if record.customer_id is not None:
        name, segment = record.customer_name, record.customer_segment
        customer = {"id": record.customer_id, "name": name, "segment": segment}
    talked = [s.agent for s in record.segments if s.kind in _WITH_AGENT and s.agent not in (None, FLOW)]
    return {
        "id": record.call_id,
        "kind": record.kind.value,
        "source": record.source.value,
        "caller_number": record.caller_number,
        "caller_name": record.caller_name,
        "dialed_number": record.dialed_number,
        "customer": customer,
        "started_at": record.started_at,
        "answered_at": record.answered_at,
        "ended_at": record.ended_at,
        "ended_by": record.ended_by.value if record.ended_by is not None else None,
        "groups": list(dict.fromkeys(visit.group for visit in record.visits)),
        "agents": list(dict.fromkeys(talked)),
        "wait_s": sum(visit.wait_s for visit in record.visits),
        "talk_s": sum(visit.talk_s for visit in record.visits),
    }
