"""Visits to groups' lines, put together from a call's segments again: not taken from the table of visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from acd.core.facts import Fact, Returned
from acd.records.fold import utc

_PLACES = ("ivr", "waiting", "talking", "transfer", "dialing_out", "outside", "fallback")


def ms(length: timedelta) -> int:
    """Whole milliseconds."""
    return round(length.total_seconds() * 1000)


@dataclass
class Visit:
    """A stay in a group's line, and what the agent who answered had to do with it; times in ms."""

    call: Any
    group: str
    queued_at: datetime
    outcome: str = "left"
    wait: int = 0
    agent: str | None = None
    talk: int = 0
    hold: int = 0
    wrap: int = 0


def in_line(segment: Any) -> bool:
    """Waiting, with us or in Asterisk's fallback queue."""
    return segment.kind == "waiting" or (segment.kind == "fallback" and segment.agent_id is None)


def visits_of(call: Any, segments: Sequence[Any], told: Sequence[Fact]) -> list[Visit]:
    """Of one call; `segments`: its rows in order. `told`: its facts, for the last moment of what goes on."""
    found: list[Visit] = []
    talks: list[tuple[Any, Visit | None]] = []
    before, visit = None, None
    for segment in segments:
        if segment.kind not in _PLACES:
            continue
        if in_line(segment):
            if not _goes_on(before, segment, told):
                visit = None
                if segment.group_id is not None:
                    visit = Visit(call, segment.group_id, segment.started_at)
                    found.append(visit)
            _wait(visit, segment, told)
        elif segment.kind in ("talking", "fallback"):
            if not (_answers(before, segment) or _is_same_talk(before, segment)):
                visit = None
                if segment.agent_id is not None and segment.group_id is not None:  # a colleague takes over
                    visit = Visit(call, segment.group_id, segment.started_at, "transferred_in")
                    found.append(visit)
            _talk(visit, segment)
            talks += [(segment, visit)] if segment.kind == "talking" else []
        before = segment
    _wrap_up(segments, talks)
    return found


def _goes_on(before: Any, segment: Any, told: Sequence[Fact]) -> bool:
    """Whether it is the same wait: into the fallback queue, or back from there."""
    if before is None or not in_line(before) or before.outcome != "left" or before.kind == segment.kind:
        return False
    if any(isinstance(fact, Returned) and utc(fact.at) == segment.started_at for fact in told):
        return False  # out of the line for a moment
    return bool(before.group_id == segment.group_id and before.ended_at == segment.started_at)


def _answers(before: Any, talk: Any) -> bool:
    """Whether the talk is what the wait before it led to."""
    if before is None or not in_line(before) or before.outcome != "answered":
        return False
    return bool(before.ended_at == talk.started_at and before.group_id == talk.group_id)


def _is_same_talk(before: Any, talk: Any) -> bool:
    """Whether an agent of the fallback queue only became known to us as talking."""
    if before is None or (before.kind, talk.kind) != ("fallback", "talking"):
        return False
    same = (before.agent_id, before.group_id) == (talk.agent_id, talk.group_id)
    return bool(same and before.outcome == "answered" and before.ended_at == talk.started_at)


def _wait(visit: Visit | None, segment: Any, told: Sequence[Fact]) -> None:
    if visit is None:
        return
    if segment.ended_at is None:
        visit.outcome, until = "waiting", utc(max(fact.at for fact in told))
    else:
        known = segment.outcome in ("answered", "abandoned")
        visit.outcome, until = segment.outcome if known else "left", segment.ended_at
    visit.wait = ms(until - visit.queued_at)


def _talk(visit: Visit | None, segment: Any) -> None:
    if visit is None:
        return
    visit.agent = segment.agent_id
    if segment.ended_at is not None:
        hold = round(segment.hold_s * 1000)
        visit.talk += ms(segment.ended_at - segment.started_at) - hold
        visit.hold += hold


def _wrap_up(segments: Sequence[Any], talks: Sequence[tuple[Any, Visit | None]]) -> None:
    """After-call work is that of the agent's last talk before it began."""
    for work in segments:
        if work.kind != "wrap_up" or work.ended_at is None:
            continue
        its = [
            visit
            for talk, visit in talks
            if talk.agent_id == work.agent_id and talk.started_at <= work.started_at
        ]
        if its and its[-1] is not None:
            its[-1].wrap += ms(work.ended_at - work.started_at)
