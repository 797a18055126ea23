"""Whole calls, the steps of flows, and what went on at the same time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from acd.core.facts import CallKind
from acd.records import schema
from acd.records.corrected import any_excluded, is_excluded
from acd.records.flow_steps import AFTER, ANSWERED
from acd.records.period import Period
from acd.records.reach import ALL
from acd.records.record import SegmentKind
from acd.reports.counting.calls import LONGEST_CALL
from acd.reports.counting.rows import CallRow, StepRow, StretchRow
from acd.reports.sources.source import Filter, RowSource

_ALONE = (SegmentKind.IVR.value, SegmentKind.SURVEY.value)  # a caller with the menu, and nobody else
_calls, _segments, _steps = schema.calls, schema.segments, schema.ivr_steps


def _reached() -> ColumnElement[Any]:
    """Whether the caller asked for somebody: looked up only where a flow had the caller."""
    anybody = exists().where(_segments.c.call_id == _calls.c.call_id, _segments.c.kind.not_in(_ALONE))
    callback = exists().where(schema.callbacks.c.call_id == _calls.c.call_id)
    asked = case((or_(anybody, callback), 1), else_=0)
    return case((_calls.c.flow_id.is_not(None), asked), else_=0)


def _next_at(*, any_excluded: bool) -> ColumnElement[Any]:
    """When the same customer called again, of calls that were answered."""
    later = aliased(_calls)
    calls = select(func.min(later.c.started_at)).where(
        later.c.contact_key == _calls.c.contact_key,
        later.c.started_at > _calls.c.started_at,
        later.c.kind == CallKind.INBOUND.value,
    )
    if any_excluded:
        calls = calls.where(~is_excluded(later.c.call_id))
    again = calls.scalar_subquery()
    return case((and_(_calls.c.answered_at.is_not(None), _calls.c.contact_key != ""), again), else_=null())


def _inbound(*, any_excluded: bool) -> Select[Any]:
    return select(
        _calls.c.started_at,
        _calls.c.call_id,
        literal(0, Integer),
        _calls.c.dialed_number,
        _calls.c.flow_id,
        _calls.c.customer_segment,
        _calls.c.contact_key,
        _calls.c.answered_at,
        _calls.c.ended_at,
        _calls.c.ended_by,
        _reached(),
        _next_at(any_excluded=any_excluded),
    ).where(_calls.c.kind == CallKind.INBOUND.value)


class _CallSource(RowSource[CallRow]):
    def select(self, connection: Connection, period: Period, filter: Filter) -> Select[Any]:
        """As of others; a call that is excluded is no repeat, either."""
        if not any_excluded(connection):
            return super().select(connection, period, filter)
        return replace(self, query=_inbound(any_excluded=True))._of(period, filter)


CALLS = _CallSource(
    row=CallRow,
    query=_inbound(any_excluded=False),
    at=_calls.c.started_at,
    filters={
        "numbers": _calls.c.dialed_number,
        "flows": _calls.c.flow_id,
        "segments": _calls.c.customer_segment,
    },
    order=(_calls.c.started_at, _calls.c.call_id),
    call_id=_calls.c.call_id,
)


def _is_left_again() -> ColumnElement[bool]:
    """Whether the caller goes on from a step out of which an agent had taken them: it was left then."""
    before = aliased(_steps)
    answered = exists().where(
        before.c.call_id == _steps.c.call_id,
        before.c.position == _steps.c.position - 1,
        before.c.flow == _steps.c.flow,
        before.c.step == _steps.c.step,
        before.c.arrow == ANSWERED,
    )
    return and_(_steps.c.arrow == AFTER, answered)


STEPS = RowSource(
    row=StepRow,
    query=select(
        _steps.c.at,
        _steps.c.call_id,
        _steps.c.position,
        _calls.c.dialed_number,
        _steps.c.flow,
        _calls.c.customer_segment,
        _steps.c.flow + "/" + _steps.c.step,
        _steps.c.arrow,
    )
    .join(_calls, _calls.c.call_id == _steps.c.call_id)
    .where(_calls.c.kind == CallKind.INBOUND.value, ~_is_left_again()),
    at=_steps.c.at,
    filters={
        "numbers": _calls.c.dialed_number,
        "flows": _steps.c.flow,
        "segments": _calls.c.customer_segment,
    },
    order=(_steps.c.at, _steps.c.call_id, _steps.c.position),
    call_id=_steps.c.call_id,
)


class _StretchSource(RowSource[StretchRow]):
    def select(self, connection: Connection, period: Period, filter: Filter) -> Select[Any]:
        """What went on in the period, calls of all kinds, waits and talks, in the order of their begins."""
        self.filtered(select(), replace(filter, reach=ALL))  # refuses filters
        began, reach = period.since - LONGEST_CALL, filter.reach
        some_excluded = any_excluded(connection)

        def during(table: Any) -> ColumnElement[bool]:
            return and_(
                table.c.started_at >= began,
                table.c.started_at < period.until,
                or_(table.c.ended_at.is_(None), table.c.ended_at > period.since),
                ~is_excluded(table.c.call_id) if some_excluded else true(),
            )

        segments = select(
            _segments.c.call_id, _segments.c.started_at, _segments.c.ended_at, _what_went_on().label("kind")
        )
        calls = select(_calls.c.call_id, _calls.c.started_at, _calls.c.ended_at, literal("calls"))
        both = union_all(
            segments.where(
                during(_segments),
                _segments.c.kind.in_(_LINE_OR_TALK),
                reach.of(_segments.c.agent_id, _segments.c.group_id),
            ),
            calls.where(during(_calls), reach.of_call(_calls.c.call_id)),
        ).subquery()
        return select(both.c.started_at, both.c.ended_at, both.c.kind).order_by(both.c.started_at)


def _what_went_on() -> ColumnElement[str]:
    """Asterisk's fallback queue is a line without an agent, and a talk with one."""
    in_line = case(
        (_segments.c.agent_id.is_(None), SegmentKind.WAITING.value), else_=SegmentKind.TALKING.value
    )
    return case((_segments.c.kind == SegmentKind.FALLBACK.value, in_line), else_=_segments.c.kind)


_LINE_OR_TALK = (SegmentKind.WAITING.value, SegmentKind.TALKING.value, SegmentKind.FALLBACK.value)
STRETCHES = _StretchSource(
    row=StretchRow,
    query=select(),
    at=_calls.c.started_at,
    filters={},
    order=(),
    call_id=None,
)
