"""Records to table rows and back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from acd.core.disposition import Disposition
from acd.core.fact_json import fact_from_dict, fact_to_dict
from acd.core.facts import AgentInterval, CallbackOrder, CallKind, EndedBy, Fact, LeftBy, Scored, SoundKept
from acd.records.fact_parts import Part, together
from acd.records.flow_steps import steps_left
from acd.records.fold import utc
from acd.records.record import (
    CallRecord,
    CallVisit,
    GroupVisit,
    Segment,
    SegmentKind,
    SegmentOutcome,
    Source,
    Transfer,
    VisitOutcome,
)

Row = Mapping[str, Any]


def call_row(record: CallRecord) -> dict[str, Any]:
    """The row of `calls`."""
    return {
        "call_id": record.call_id,
        "kind": record.kind.value,
        "caller_number": record.caller_number,
        "caller_name": record.caller_name,
        "dialed_number": record.dialed_number,
        "customer_id": record.customer_id,
        "customer_name": record.customer_name,
        "customer_segment": record.customer_segment,
        "origin_agent": record.origin_agent,
        "started_at": record.started_at,
        "answered_at": record.answered_at,
        "ended_at": record.ended_at,
        "ended_by": record.ended_by.value if record.ended_by else None,
        "flow_id": record.flow_id,
        "trunk": record.trunk,
        "language": record.language,
        "source": record.source.value,
        "contact_key": record.contact_key,
        "anonymised": record.anonymised,
    }


def segment_rows(record: CallRecord) -> list[dict[str, Any]]:
    """The rows of `segments`."""
    return [
        {
            "call_id": record.call_id,
            "position": position,
            "kind": segment.kind.value,
            "group_id": segment.group,
            "agent_id": segment.agent,
            "started_at": segment.started_at,
            "ended_at": segment.ended_at,
            "outcome": segment.outcome.value,
            "hold_s": segment.hold_s,
        }
        for position, segment in enumerate(record.segments)
    ]


def visit_rows(record: CallRecord) -> list[dict[str, Any]]:
    """The rows of `visits`."""
    return [
        {
            "call_id": record.call_id,
            "position": position,
            "group_id": visit.group,
            "queued_at": visit.queued_at,
            "outcome": visit.outcome.value,
            "wait_s": visit.wait_s,
            "agent_id": visit.agent,
            "talk_s": visit.talk_s,
            "hold_s": visit.hold_s,
            "wrap_up_s": visit.wrap_up_s,
            "left_by": visit.left_by.value if visit.left_by else None,
            "kind": record.kind.value,
            "dialed_number": record.dialed_number,
            "flow_id": record.flow_id,
            "customer_segment": record.customer_segment,
            "language": record.language,
            "source": record.source.value,
        }
        for position, visit in enumerate(record.visits)
    ]


def transfer_rows(record: CallRecord) -> list[dict[str, Any]]:
    """The rows of `transfers`."""
    return [
        {
            "call_id": record.call_id,
            "position": position,
            "at": transfer.at,
            "agent_id": transfer.agent,
            "group_id": transfer.group,
            "how": transfer.how,
            "target": transfer.target,
            "to_group": transfer.to_group,
            "to_agent": transfer.to_agent,
        }
        for position, transfer in enumerate(record.transfers)
    ]


def facts_row(call_id: str, part: int, first_position: int, facts: Sequence[Fact]) -> dict[str, Any]:
    """A row of `facts`."""
    data = [fact_to_dict(fact) for fact in facts]
    return {"call_id": call_id, "part": part, "first_position": first_position, "data": data}


def facts_from_rows(parts: Iterable[Row]) -> tuple[Fact, ...]:
    """All facts of a call; the parts in their order."""
    kept = [Part(part["first_position"], part["data"]) for part in parts]
    return tuple(map(fact_from_dict, together(kept)))


def step_rows(record: CallRecord) -> list[dict[str, Any]]:
    """The rows of `ivr_steps`."""
    return [
        {
            "call_id": record.call_id,
            "position": position,
            "at": utc(step.at),
            "flow": step.flow,
            "version": step.version,
            "step": step.step,
            "arrow": step.arrow,
            "target": step.to,
            "detail": step.detail,
        }
        for position, step in enumerate(steps_left(record.facts))
    ]


def score_rows(record: CallRecord) -> list[dict[str, Any]]:
    """The rows of `survey_scores`."""
    scores = [fact for fact in record.facts if isinstance(fact, Scored)]
    return [
        {
            "call_id": record.call_id,
            "position": position,
            "at": utc(fact.at),
            "survey": fact.survey,
            "question": fact.question,
            "score": fact.score,
        }
        for position, fact in enumerate(scores)
    ]


def sound_rows(record: CallRecord) -> list[dict[str, Any]]:
    """The rows of `sounds`."""
    sounds = [fact for fact in record.facts if isinstance(fact, SoundKept)]
    return [
        {
            "call_id": record.call_id,
            "position": position,
            "at": utc(fact.at),
            "name": fact.name,
            "duration_s": fact.duration_s,
            "purpose": fact.purpose.value,
            "group_id": fact.group or None,
        }
        for position, fact in enumerate(sounds)
    ]


def interval_row(interval: AgentInterval) -> dict[str, Any]:
    """The row of `agent_states`."""
    since, until = utc(interval.since), utc(interval.until)
    return {
        "agent_id": interval.agent,
        "since": since,
        "until": until,
        "state": interval.state,
        "reason": interval.reason,
        "call_id": interval.call_id,
        "length_s": (until - since).total_seconds(),
    }


def callback_row(order: CallbackOrder) -> dict[str, Any]:
    """The row of `callbacks`, whose number the database gives."""
    return {
        "call_id": order.call_id,
        "wanted_at": utc(order.at),
        "group_id": order.group,
        "number": order.number,
        "language": order.language,
        "due_at": None if order.due_at is None else utc(order.due_at),
        "for_agent": order.for_agent,
    }


def disposition_row(told: Disposition) -> dict[str, Any]:
    """The row of `dispositions`."""
    return {
        "call_id": told.call_id,
        "agent_id": told.agent,
        "at": utc(told.at),
        "group_id": told.group,
        "code": told.code,
        "path": told.path,
        "complaint": told.complaint,
        "fields": dict(told.fields),
        "note": told.note,
        "callback_at": None if told.callback_at is None else utc(told.callback_at),
    }


def disposition_from_row(row: Row) -> Disposition:
    """The inverse of `disposition_row`."""
    callback_at = row["callback_at"]
    return Disposition(
        row["call_id"],
        row["agent_id"],
        row["at"].timestamp(),
        row["group_id"],
        row["code"],
        row["path"],
        row["complaint"],
        dict(row["fields"]),
        row["note"],
        None if callback_at is None else callback_at.timestamp(),
    )


def record_from_rows(
    call: Row, segments: Sequence[Row], visits: Sequence[Row], transfers: Sequence[Row], facts: Sequence[Row]
) -> CallRecord:
    """The record again; the parts in their order."""
    head = dict(call)
    head["kind"] = CallKind(head["kind"])
    head["source"] = Source(head["source"])
    head["ended_by"] = EndedBy(head["ended_by"]) if head["ended_by"] else None
    return CallRecord(
        **head,
        segments=tuple(_segment(row) for row in segments),
        visits=tuple(_visit(row) for row in visits),
        transfers=tuple(_transfer(row) for row in transfers),
        facts=facts_from_rows(facts),
    )


def call_visit(row: Row) -> CallVisit:
    """From a row of `visits`."""
    return CallVisit(row["call_id"], CallKind(row["kind"]), _visit(row))


def interval_from_row(row: Row) -> AgentInterval:
    """The interval again; its times to the microsecond."""
    since: datetime = row["since"]
    until: datetime = row["until"]
    return AgentInterval(
        agent=row["agent_id"],
        state=row["state"],
        reason=row["reason"],
        since=since.timestamp(),
        until=until.timestamp(),
        call_id=row["call_id"],
    )


def _segment(row: Row) -> Segment:
    return Segment(
        kind=SegmentKind(row["kind"]),
        group=row["group_id"],
        agent=row["agent_id"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        outcome=SegmentOutcome(row["outcome"]),
        hold_s=row["hold_s"],
    )


def _visit(row: Row) -> GroupVisit:
    return GroupVisit(
        group=row["group_id"],
        queued_at=row["queued_at"],
        outcome=VisitOutcome(row["outcome"]),
        wait_s=row["wait_s"],
        agent=row["agent_id"],
        talk_s=row["talk_s"],
        hold_s=row["hold_s"],
        wrap_up_s=row["wrap_up_s"],
        left_by=LeftBy(row["left_by"]) if row["left_by"] else None,
    )


def _transfer(row: Row) -> Transfer:
    return Transfer(
        at=row["at"],
        agent=row["agent_id"],
        group=row["group_id"],
        how=row["how"],
        target=row["target"],
        to_group=row["to_group"],
        to_agent=row["to_agent"],
    )
