"""`/api/calls`, `/api/reports`: what is on record."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field

from acd.core.fact_json import fact_from_dict, fact_to_dict
from acd.records.call_object import call_object
from acd.records.fold import fold
from acd.records.period import Period, parse_period
from acd.records.record import CallRecord
from acd.records.story import call_story
from acd.settings.phone_number import normalised
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.refusal import not_found
from acd.web.route import Route
from acd.web.values import Answer, Input, Limit, Line, Name


class Wanted(Input):
    """`from` and `to`: today, yesterday, 2026-11-22, or 2026-11-22T10:00, as local time of the centre."""

    from_: Annotated[Line, Field(alias="from")] = "today"
    to: Line = "today"
    group: Name | None = None
    agent: Name | None = None
    number: Name | None = None
    limit: Limit = 100


class CallShown(Answer):
    """A call on record. `wait_s` and `talk_s` are sums over its visits of groups."""

    id: str
    kind: str
    caller_number: str
    caller_name: str
    dialed_number: str
    customer: dict[str, Any] | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    groups: list[str]
    agents: list[str]
    wait_s: float
    talk_s: float


class Story(Answer):
    """`story` are the lines of `acd calls show`; the rest is the same as data."""

    call: CallShown
    story: list[str]
    segments: list[dict[str, Any]]
    visits: list[dict[str, Any]]
    facts: list[dict[str, Any]]


async def find(ctx: Context[Wanted, None]) -> list[CallShown]:
    """The newest first."""
    asked, centre = ctx.query, await ctx.services.centre.get()
    number = None
    if asked.number is not None:
        number = normalised(asked.number, centre.system.country) or asked.number

    def read() -> list[CallRecord]:
        period = _period(asked, ZoneInfo(centre.system.timezone))
        return ctx.services.store.calls(
            period.since, period.until, group=asked.group, agent=asked.agent, number=number, limit=asked.limit
        )

    return [_shown(record) for record in await ctx.sql(read)]


async def story(ctx: Context[None, None]) -> Story:
    """Of a call on record, or of one that goes on."""
    call_id = ctx.path["id"]
    record = await ctx.sql(ctx.services.store.call, call_id)
    if record is None and f"call:{call_id}" in ctx.services.picture.objects:
        told = await ctx.ask("trace", call=call_id)
        record = fold(call_id, [fact_from_dict(fact) for fact in told["facts"]])
    if record is None:
        raise not_found("call", call_id)
    return Story(
        call=_shown(record),
        story=call_story(record, await ctx.services.centre.zone()),
        segments=[asdict(segment) for segment in record.segments],
        visits=[asdict(visit) for visit in record.visits],
        facts=[fact_to_dict(fact) for fact in record.facts],
    )


async def today(ctx: Context[None, None]) -> dict[str, Any]:
    """The report of today until now, at most a few seconds old; `agents` as under `/api/me/figures`."""
    day = await ctx.services.figures.for_request()
    return {**day.report, "agents": list(day.agents.values()), "service_level_30min": dict(day.recent)}


def _period(asked: Wanted, tz: ZoneInfo) -> Period:
    return parse_period(asked.from_, asked.to, tz, datetime.now(UTC), ("from", "to"))


def _shown(record: CallRecord) -> CallShown:
    return CallShown(**call_object(record))


ROUTES = [
    Route("GET", "/api/calls", "Calls on record", find, Role.SUPERVISOR, Scope.READ_RECORDS, query=Wanted,
          answer=list[CallShown], may_conflict=True),
    Route("GET", "/api/calls/{id}", "The story of a call", story, Role.SUPERVISOR, Scope.READ_RECORDS,
          answer=Story, controller=True),
    Route("GET", "/api/reports/today", "The figures of the day", today, Role.SUPERVISOR, Scope.READ_RECORDS,
          answer=dict[str, Any]),
]  # fmt: skip
