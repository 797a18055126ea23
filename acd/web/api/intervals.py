"""`/api/reports/intervals`: how the day has gone so far."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.records.period import parse_period
from acd.reports.known import Known
from acd.reports.today import intervals_of_day
from acd.settings.problems import not_among
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.refusal import wrong
from acd.web.route import Bound, Route
from acd.web.values import Answer, Input, Name

_SHOWN = ("offered", "answered", "abandoned", "service_level", "aht_s")


class Wanted(Input):
    """Of one group, or of all together."""

    group: Name | None = None


class IntervalShown(Answer):
    """Half an hour from `at`, Unix seconds; the figures are those of the reports."""

    at: float
    offered: int
    answered: int
    abandoned: int
    service_level: float | None
    aht_s: float | None


class Intervals(Answer):
    """From the first in which a call was offered to the last."""

    intervals: list[IntervalShown]


async def today(ctx: Context[Wanted, None]) -> Intervals:
    """Of today until now, of calls on record."""
    centre, group = await ctx.services.centre.get(), ctx.query.group
    groups, reach = centre.groups, ctx.reach
    served = [one for one in groups if reach.has_group(one)]
    if group is not None and group not in served:
        raise wrong({"query.group": not_among("group", group, served)})

    def read() -> list[IntervalShown]:
        period = parse_period("today", None, ZoneInfo(centre.system.timezone), datetime.now(UTC))
        visits = ctx.services.store.visits(period.since, period.until)
        wanted = [entry for entry in visits if group in (None, entry.visit.group)]
        found = intervals_of_day(
            wanted, Known(groups, reach=reach), period, centre.system.service_level_formula
        )
        return [IntervalShown(at=one.at, **{name: one.figures[name] for name in _SHOWN}) for one in found]

    return Intervals(intervals=await ctx.sql(read))


ROUTES = [
    Route("GET", "/api/reports/intervals", "The day by half hours", today, Role.SUPERVISOR,
          Scope.READ_RECORDS, query=Wanted, answer=Intervals, bound=Bound.REACH),
]  # fmt: skip
