"""`/api/calls`, `/api/reports`: what is on record."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field

from acd.core.fact_json import fact_from_dict, fact_to_dict
from acd.records import corrections
from acd.records.call_object import call_object
from acd.records.fold import fold
from acd.records.period import Period, parse_period
from acd.records.record import CallRecord, Source
from acd.records.story import call_story
from acd.settings.phone_number import normalised
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.live.mine import CALL
from acd.web.live.reached import seen, sees_call
from acd.web.other_teams import without_others
from acd.web.picture import Object
from acd.web.refusal import not_found
from acd.web.route import Bound, Route
from acd.web.values import Answer, Input, Limit, Line, Name


class Wanted(Input):
    """`from` and `to`: today, yesterday, 2026-11-22, or 2026-11-22T10:00, as local time of the centre.

    `ongoing`: those that go on as well, which are not on record yet: without `answered_at` and `ended_at`.
    """

    from_: Annotated[Line, Field(alias="from")] = "today"
    to: Line = "today"
    group: Name | None = None
    agent: Name | None = None
    number: Name | None = None
    ongoing: bool = False
    limit: Limit = 100


class CallShown(Answer):
    """A call on record, or one that goes on. `wait_s` and `talk_s` are sums over its visits of groups.

    `source`: acd, or who else knows of it: fallback, cdr, queue_log, csv.
    """

    id: str
    kind: str
    source: str
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
    asked, centre, reach = ctx.query, await ctx.services.centre.get(), ctx.reach
    number = None
    if asked.number is not None:
        number = normalised(asked.number, centre.system.country) or asked.number

    def read() -> tuple[Period, list[CallRecord]]:
        period = _period(asked, ZoneInfo(centre.system.timezone))
        return period, ctx.services.store.calls(
            period.since,
            period.until,
            group=asked.group,
            agent=asked.agent,
            number=number,
            limit=asked.limit,
            reach=reach,
        )

    live = _live(ctx) if asked.ongoing else []  # looked at first: one that ends meanwhile is in one of both
    period, records = await ctx.sql(read)
    found = [_shown(record) for record in records]
    ids, now_s = {call.id for call in found}, ctx.services.link.now_s()
    found += [
        _live_shown(call, now_s)
        for call in live
        if call["id"] not in ids and _is_wanted(call, asked, period, number)
    ]
    return sorted(found, key=lambda call: call.started_at, reverse=True)[: asked.limit]


def _live(ctx: Context[Wanted, None]) -> list[Object]:
    """Calls that go on, as the controller has them; none while it is away."""
    objects = ctx.services.picture.objects.items() if ctx.services.link.up else ()
    going_on = (
        seen(ctx.reach, key, call, {})
        for key, call in objects
        if key.startswith(CALL) and call["state"] != "ended"
    )
    return [call for call in going_on if call is not None]


def _is_wanted(call: Object, asked: Wanted, period: Period, number: str | None) -> bool:
    served = (call.get("tally") or {}).get("agents", ())
    return (
        period.since.timestamp() <= call["arrived_at"] < period.until.timestamp()
        and asked.group in (None, call["group"])
        and asked.agent in (None, call["agent"], call["own_call_of"], *served)
        and number in (None, call["caller_number"], call["dialed_number"])
    )


def _live_shown(call: Object, now_s: float) -> CallShown:
    """`wait_s` and `talk_s` are sums until now."""
    tally = call.get("tally") or {}  # a controller of before tells none
    present = call["agent"] or call["own_call_of"] if call["state"] in ("talking", "outside") else None

    def until_now(over: str, since: str) -> float:
        began = tally.get(since)
        return float(tally.get(over, 0.0)) + (0.0 if began is None else max(0.0, now_s - began))

    return CallShown(
        id=call["id"],
        kind=call["kind"],
        source=Source.ACD.value,
        caller_number=call["caller_number"] or "",
        caller_name=call["caller_name"] or "",
        dialed_number=call["dialed_number"] or "",
        customer=call["customer"],
        started_at=datetime.fromtimestamp(call["arrived_at"], UTC),
        answered_at=None,
        ended_at=None,
        ended_by=None,
        groups=[call["group"]] if call["group"] else [],
        agents=list(dict.fromkeys([*tally.get("agents", ()), *([present] if present else [])])),
        wait_s=until_now("waited_s", "waits_since_at"),
        talk_s=until_now("talked_s", "talks_since_at"),
    )


async def story(ctx: Context[None, None]) -> Story:
    """Of a call on record, or of one that goes on."""
    call_id = ctx.path["id"]
    record = await ctx.sql(ctx.services.store.call, call_id, ctx.reach)
    live = ctx.services.picture.objects.get(f"{CALL}{call_id}")
    if record is None and live is not None and sees_call(ctx.reach, live):
        told = await ctx.ask("trace", call=call_id)
        record = fold(call_id, [fact_from_dict(fact) for fact in told["facts"]])
    if record is None:
        raise not_found("call", call_id)
    facts = await without_others(ctx, [fact_to_dict(fact) for fact in record.facts])
    if not ctx.reach.is_all:
        record = replace(record, facts=tuple(map(fact_from_dict, facts)))
    zone, corrected = await ctx.services.centre.zone(), await ctx.sql(ctx.services.store.corrections, call_id)
    return Story(
        call=_shown(record),
        story=[*call_story(record, zone), *corrections.told(corrected, zone)],
        segments=[asdict(segment) for segment in record.segments],
        visits=[asdict(visit) for visit in record.visits],
        facts=facts,
    )


async def today(ctx: Context[None, None]) -> dict[str, Any]:
    """The report of today until now, at most a few seconds old; `agents` as under `/api/me/figures`."""
    day = await ctx.services.figures.for_request(ctx.reach)
    return {**day.report, "agents": list(day.agents.values()), "service_level_30min": dict(day.recent)}


def _period(asked: Wanted, tz: ZoneInfo) -> Period:
    return parse_period(asked.from_, asked.to, tz, datetime.now(UTC), ("from", "to"))


def _shown(record: CallRecord) -> CallShown:
    return CallShown(**call_object(record))


ROUTES = [
    Route("GET", "/api/calls", "Calls on record", find, Role.SUPERVISOR, Scope.READ_RECORDS, query=Wanted,
          answer=list[CallShown], may_conflict=True, bound=Bound.REACH),
    Route("GET", "/api/calls/{id}", "The story of a call", story, Role.SUPERVISOR, Scope.READ_RECORDS,
          answer=Story, controller=True, bound=Bound.REACH),
    Route("GET", "/api/reports/today", "The figures of the day", today, Role.SUPERVISOR, Scope.READ_RECORDS,
          answer=dict[str, Any], bound=Bound.REACH),
]  # fmt: skip
