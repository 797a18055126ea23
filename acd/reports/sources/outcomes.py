"""Callers' scores, agents' dispositions, and wishes to be called back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    and_,
    case,
    cast,
    exists,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from acd.records import schema
from acd.records.corrected import is_corrected
from acd.records.corrections import NO, YES, Field
from acd.records.tasks import TaskKind
from acd.reports.counting.rows import CallbackRow, DispositionRow, ScoreRow
from acd.reports.sources.source import RowSource

_scores, _calls, _callbacks = schema.survey_scores, schema.calls, schema.callbacks
_told = schema.dispositions


def _last_talk(column: str) -> ColumnElement[Any]:
    """Of the call's last visit that an agent had answered before the score was given."""
    visits = schema.visits
    return (
        select(visits.c[column])
        .where(
            visits.c.call_id == _scores.c.call_id,
            visits.c.agent_id.is_not(None),
            visits.c.queued_at <= _scores.c.at,
        )
        .order_by(visits.c.queued_at.desc(), visits.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )


SCORES = RowSource(
    row=ScoreRow,
    query=select(
        _scores.c.at,
        _scores.c.call_id,
        _scores.c.position,
        _last_talk("group_id"),
        _last_talk("agent_id"),
        _calls.c.dialed_number,
        _calls.c.flow_id,
        _calls.c.customer_segment,
        _scores.c.survey + "/" + _scores.c.question,
        _scores.c.score,
    ).join(_calls, _calls.c.call_id == _scores.c.call_id),
    at=_scores.c.at,
    filters={
        "groups": _last_talk("group_id"),
        "agents": _last_talk("agent_id"),
        "numbers": _calls.c.dialed_number,
        "flows": _calls.c.flow_id,
        "segments": _calls.c.customer_segment,
    },
    order=(_scores.c.at, _scores.c.call_id, _scores.c.position),
    call_id=_scores.c.call_id,
)


def _counts(told: Any) -> ColumnElement[bool]:
    """Whether the agent said nothing later on the same call; without a code it is a note alone."""
    later = aliased(_told)
    is_newest = ~exists().where(
        later.c.call_id == told.c.call_id, later.c.agent_id == told.c.agent_id, later.c.at > told.c.at
    )
    return and_(is_newest, told.c.code != "")


def _complains(told: Any) -> ColumnElement[bool]:
    """Whether the call was a complaint, by these words or by a correction of them."""
    corrected = is_corrected(told.c.call_id, Field.COMPLAINT, YES)
    return and_(
        ~is_corrected(told.c.call_id, Field.COMPLAINT, NO), or_(corrected, told.c.complaint == true())
    )


def _is_said_again() -> ColumnElement[bool]:
    """Whether another agent said later that the same call was a complaint: a call counts as one once."""
    other = aliased(_told)
    return exists().where(
        other.c.call_id == _told.c.call_id,
        or_(
            other.c.at > _told.c.at,
            and_(other.c.at == _told.c.at, other.c.agent_id > _told.c.agent_id),
        ),
        _counts(other),
        _complains(other),
    )


DISPOSITIONS = RowSource(
    row=DispositionRow,
    query=select(
        _told.c.at,
        _told.c.call_id,
        literal(0, Integer),
        _told.c.group_id,
        _told.c.agent_id,
        _told.c.code,
        case((~_complains(_told), 0), (_is_said_again(), 0), else_=1),
    ).where(_counts(_told)),
    at=_told.c.at,
    filters={"groups": _told.c.group_id, "agents": _told.c.agent_id},
    order=(_told.c.at, _told.c.call_id, _told.c.agent_id),
    call_id=_told.c.call_id,
)


def _state() -> ColumnElement[Any]:
    """What happened last to the wish; NULL: nothing yet."""
    changes = schema.task_changes
    return (
        select(changes.c.state)
        .where(
            and_(
                changes.c.kind == TaskKind.CALLBACK.value,
                changes.c.task_id == cast(_callbacks.c.callback_id, String),
            )
        )
        .order_by(changes.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )


CALLBACKS = RowSource(
    row=CallbackRow,
    query=select(
        _callbacks.c.wanted_at,
        _callbacks.c.call_id,
        _callbacks.c.callback_id,
        _callbacks.c.group_id,
        _state(),
    ),
    at=_callbacks.c.wanted_at,
    filters={"groups": _callbacks.c.group_id},
    order=(_callbacks.c.wanted_at, _callbacks.c.callback_id),
    call_id=_callbacks.c.call_id,
)
