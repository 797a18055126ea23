"""A call that is over, as spans of one trace. Pure: the same record always gives the same spans, with ids.

The root is the call from its arrival to its end; below it are the flow, the waits in line with the rings in
them, the talks with the holds in them, and after-call work, which may outlast the call. Nobody's number is
in a span unless that is wanted, and no name of a customer in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

from acd.records.record import CallRecord, Segment, SegmentKind

Value = str | int | float | bool
_NAMES: Mapping[SegmentKind, str] = MappingProxyType(
    {
        SegmentKind.IVR: "flow",
        SegmentKind.WAITING: "line",
        SegmentKind.RINGING: "ring",
        SegmentKind.TALKING: "talk",
        SegmentKind.WRAP_UP: "wrap-up",
    }
)
_INSIDE: Mapping[SegmentKind, SegmentKind] = MappingProxyType(
    {
        SegmentKind.RINGING: SegmentKind.WAITING,
        SegmentKind.HOLD: SegmentKind.TALKING,
        SegmentKind.VOICEMAIL: SegmentKind.IVR,
        SegmentKind.SURVEY: SegmentKind.IVR,
    }
)


@dataclass(frozen=True, slots=True)
class Span:
    """`id` and `parent` (None: the root) within the trace; times in Unix seconds."""

    id: int
    parent: int | None
    name: str
    started_at: float
    ended_at: float
    attributes: Mapping[str, Value]


def trace_id(call_id: str) -> int:
    """Of a call's trace, 128 bits: who knows the one knows the other."""
    return int.from_bytes(sha256(f"call {call_id}".encode()).digest()[:16], "big")


def is_over(record: CallRecord) -> bool:
    """Whether nothing of the call goes on, after-call work included."""
    return record.ended_at is not None and all(part.ended_at is not None for part in record.segments)


def spans_of(record: CallRecord, *, numbers: bool = False) -> list[Span]:
    """Of a call that is over, the root first. `numbers`: with those of the caller and the one dialled."""
    assert record.ended_at is not None, record.call_id
    root = Span(
        _span_id(record.call_id, 0),
        None,
        "call",
        record.started_at.timestamp(),
        record.ended_at.timestamp(),
        _of_call(record, numbers=numbers),
    )
    spans = [root]
    for number, part in enumerate(record.segments, start=1):
        if part.ended_at is not None:
            around = _around(part, record.segments)
            spans.append(
                Span(
                    _span_id(record.call_id, number),
                    root.id if around is None else _span_id(record.call_id, around + 1),
                    _NAMES.get(part.kind, part.kind.value),
                    part.started_at.timestamp(),
                    part.ended_at.timestamp(),
                    _of_part(record.call_id, part),
                )
            )
    return spans


def _span_id(call_id: str, number: int) -> int:
    return int.from_bytes(sha256(f"{number} of call {call_id}".encode()).digest()[:8], "big")


def _around(part: Segment, parts: Sequence[Segment]) -> int | None:
    """The place of the part that this one lies in; None: in the call itself."""
    wanted = _INSIDE.get(part.kind)
    for place, other in enumerate(parts):
        if other.kind is not wanted or other.started_at > part.started_at:
            continue
        if other.ended_at is not None and part.ended_at is not None and other.ended_at >= part.ended_at:
            return place
    return None


def _of_call(record: CallRecord, *, numbers: bool) -> dict[str, Value]:
    told: dict[str, Value | None] = {
        "acd.call.id": record.call_id,
        "acd.call.kind": record.kind.value,
        "acd.call.source": record.source.value,
        "acd.call.ended_by": record.ended_by.value if record.ended_by is not None else None,
        "acd.call.answered": record.answered_at is not None,
        "acd.flow": record.flow_id,
        "acd.trunk": record.trunk,
        "acd.agent.id": record.origin_agent,
        "acd.group": record.visits[0].group if record.visits else None,
        "acd.language": record.language,
    }
    if numbers:
        told |= {"acd.caller_number": record.caller_number, "acd.dialed_number": record.dialed_number}
    return {name: value for name, value in told.items() if value is not None}


def _of_part(call_id: str, part: Segment) -> dict[str, Value]:
    told: dict[str, Value | None] = {
        "acd.call.id": call_id,
        "acd.group": part.group,
        "acd.agent.id": part.agent,
        "acd.outcome": part.outcome.value,
        "acd.hold_s": part.hold_s or None,
    }
    return {name: value for name, value in told.items() if value is not None}
