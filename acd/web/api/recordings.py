"""`/api/recordings`: what was recorded of calls, heard and seen; who listened is in the audit log."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from acd.recordings.store import Recording, Recordings
from acd.records.record import CallRecord, Segment, SegmentKind
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.refusal import forbidden, not_found
from acd.web.route import Bound, Route
from acd.web.values import Answer, Input

_TALKS = (SegmentKind.TALKING, SegmentKind.OUTSIDE, SegmentKind.FALLBACK)


class RecordingShown(Answer):
    """A recording of a call. `path`: below /api/recordings/. `pauses`: [from, to) in seconds.

    Why it was deleted is in `deleted_why`; `missing`: nobody has, and the file is not there all the same.
    `consent` is given, declined, or null: nobody asked.
    """

    path: str
    kind: str
    group: str | None
    started_at: datetime
    duration_s: float
    channels: int
    format: str
    consent: str | None
    missing: bool
    pauses: list[tuple[float, float]]
    deleted_at: datetime | None
    deleted_why: str | None


class Peaks(Answer):
    """The loudest sample of each `bucket_s`, from 0 to 100, of each channel."""

    bucket_s: float
    duration_s: float
    channels: list[list[int]]


class How(Input):
    """`download`: as a file to keep, which the audit log says."""

    download: bool = False


async def of_call(ctx: Context[None, None]) -> list[RecordingShown]:
    """In their order; deleted ones as well."""
    call_id = ctx.path["id"]
    record = await _check_call(ctx, call_id)
    rows = await ctx.sql(lambda: _rows(ctx).of_calls([call_id]))
    rows = [row for row in rows if _is_reached(ctx, row, record)]
    desk = ctx.services.recordings
    return [_shown(row, await asyncio.to_thread(desk.is_missing, row)) for row in rows]


async def listen(ctx: Context[How, None]) -> web.StreamResponse:
    """Parts of it, too. One entry of the audit log for each time that somebody listens, or keeps the file."""
    row, desk = await _row(ctx), ctx.services.recordings
    ctx.note(f"recording {row.name}", call=row.call_id)

    def begin() -> None:
        if ctx.query.download:
            ctx.services.audit(ctx, "recording-download")
        elif desk.begins_to_listen(f"{ctx.asker.name} {ctx.asker.address}", row.name):
            ctx.services.audit(ctx, "recording-listen")

    return await desk.serve(row, ctx.request, begin, as_file=ctx.query.download)


async def peaks(ctx: Context[None, None]) -> web.Response:
    """How loud it is over time."""
    body = await ctx.services.recordings.peaks(await _row(ctx))
    return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _rows(ctx: Context[Any, Any]) -> Recordings:
    return Recordings(ctx.services.store.engine)


async def _row(ctx: Context[Any, Any]) -> Recording:
    name = f"{ctx.path['day']}/{ctx.path['file']}"
    row = await ctx.sql(lambda: _rows(ctx).get(name))
    if row is None:
        raise not_found("recording", name)
    record = await _check_call(ctx, row.call_id)
    if not _is_reached(ctx, row, record):
        if _hears_own_alone(ctx):
            raise forbidden("agents hear recordings in which nobody else talked", "not-yours")
        raise not_found("recording", name)
    return row


def _hears_own_alone(ctx: Context[Any, Any]) -> bool:
    return not ctx.is_supervisor() and ctx.asker.scopes is None


async def _check_call(ctx: Context[Any, Any], call_id: str) -> CallRecord | None:
    """A supervisor hears all that the rights reach to; an agent, where the centre allows it, the calls in
    which that agent talked. The call on record, where it had to be looked at."""
    if not _hears_own_alone(ctx):
        if ctx.reach.is_all:
            return None
        record = await ctx.sql(ctx.services.store.call, call_id, ctx.reach)
        if record is None:
            raise not_found("call", call_id)
        return record
    if not (await ctx.services.centre.get()).recording.agents_hear_own:
        raise forbidden("agents do not hear recordings here (agents_hear_own)", "role-missing")
    record = await ctx.sql(ctx.services.store.call, call_id)
    if record is None or not _talked(record, ctx.agent):
        raise forbidden("agents hear their own calls only", "not-yours")
    return record


def _is_reached(ctx: Context[Any, Any], row: Recording, record: CallRecord | None) -> bool:
    """Of a call that went from one team to another the recordings of each are for its own supervisors.

    A recording goes on through transfers. An agent hears it only where all that was said in it was said to
    that agent.
    """
    if record is None:
        return True
    until = row.started_at + timedelta(seconds=row.duration_s)
    talks = [each for each in record.segments if each.kind in _TALKS and _meet(each, row.started_at, until)]
    if _hears_own_alone(ctx):
        return _is_own(talks, ctx.agent)
    if ctx.reach.is_all:
        return True
    talking = [each.agent for each in talks if each.agent]
    if not talking:
        return ctx.reach.has_group(row.group_id)
    return any(ctx.reach.has_agent(agent) for agent in talking)


def _meet(segment: Segment, since: datetime, until: datetime) -> bool:
    return segment.started_at < until and (segment.ended_at is None or segment.ended_at > since)


def _is_own(talks: list[Segment], agent: str) -> bool:
    """Whether the agent talked, and nobody else did: neither a colleague nor somebody outside."""
    others = [t for t in talks if t.agent != agent or t.kind is SegmentKind.OUTSIDE]
    waits = [t for t in others if t.kind is SegmentKind.FALLBACK and not t.agent]  # no talk
    return len(others) < len(talks) and len(others) == len(waits)


def _talked(record: CallRecord, agent: str) -> bool:
    return any(each.agent == agent and each.kind is SegmentKind.TALKING for each in record.segments)


def _shown(row: Recording, missing: bool) -> RecordingShown:
    return RecordingShown(
        path=row.name,
        kind=row.kind.value,
        group=row.group_id,
        started_at=row.started_at,
        duration_s=row.duration_s,
        channels=row.channels,
        format=row.format.value,
        consent=row.consent,
        missing=missing,
        pauses=list(row.pauses),
        deleted_at=row.deleted_at,
        deleted_why=row.deleted_why,
    )


ROUTES = [
    Route("GET", "/api/calls/{id}/recordings", "The recordings of a call", of_call, Role.AGENT,
          Scope.READ_RECORDS, answer=list[RecordingShown], bound=Bound.REACH),
    Route("GET", "/api/recordings/{day}/{file}", "Hear a recording", listen, Role.AGENT, Scope.READ_RECORDS,
          query=How, answer=Any, answer_media="audio/*", refusals=(410, 416), bound=Bound.REACH),
    Route("GET", "/api/recordings/{day}/{file}/peaks", "The picture of a recording's wave", peaks, Role.AGENT,
          Scope.READ_RECORDS, answer=Peaks, refusals=(410,), bound=Bound.REACH),
]  # fmt: skip
