"""What a request asks of a report, checked: the period and its bounds, the breakdown, the filters. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from acd.core.service_level import ServiceLevelFormula
from acd.errors import OperatorError
from acd.records.period import Period, parse_period
from acd.reports.asked import Asked, By, Grain, Where
from acd.reports.catalogue import REPORTS, Report, breakdowns
from acd.reports.kpis import KPIS, SERVICE_LEVEL
from acd.reports.periods import Comparison, earlier
from acd.settings.problems import not_among
from acd.web.refusal import Refusal, not_found, wrong
from acd.web.values import Input, Line, Name

NAMES_MAX = 20
"""Of each filter: with all of them the address still fits into the line that a server reads."""
INTERVALS_MAX = 1500
"""Fifteen days by quarters of an hour, two months by hours, four years by days."""
LONGEST = timedelta(days=3660)
_LENGTHS = {
    Grain.QUARTER: timedelta(minutes=15),
    Grain.HALF: timedelta(minutes=30),
    Grain.HOUR: timedelta(hours=1),
    Grain.DAY: timedelta(days=1),
    Grain.WEEK: timedelta(weeks=1),
    Grain.MONTH: timedelta(days=28),
}

Names = Annotated[list[Name], Field(max_length=NAMES_MAX, default_factory=list)]
Kpis = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,60}$")]],
    Field(max_length=NAMES_MAX, default_factory=list),
]
Language = Literal["en", "zh-CN"]


class Question(Input):
    """`from` and `to`: today, yesterday, 2026-11-22 or 2026-11-22T10:00, as local time of the centre; a day
    as `to` is included. `by` and `formula`: None for the usual ones; of a filter anything named fits, and
    all filters must.
    """

    from_: Annotated[Line, Field(alias="from")] = "today"
    to: Line = "today"
    grain: Grain = Grain.WHOLE
    by: By | None = None
    group: Names
    agent: Names
    team: Names
    number: Names
    flow: Names
    segment: Names
    kpi: Kpis
    formula: ServiceLevelFormula | None = None
    compare: Comparison = Comparison.NONE
    language: Language = "en"


def asked(name: str, question: Question, tz: ZoneInfo, now: datetime, usual: ServiceLevelFormula) -> Asked:
    """What the engine of reports is to work out. Raises Refusal for what cannot be asked."""
    report = REPORTS.get(name)
    if report is None:
        raise not_found("report", name)
    period = _period(question, tz, now)
    return Asked(
        report=name,
        period=period,
        tz=tz,
        grain=question.grain,
        by=_by(report, question),
        where=Where(
            groups=tuple(question.group),
            agents=tuple(question.agent),
            teams=tuple(question.team),
            numbers=tuple(question.number),
            flows=tuple(question.flow),
            segments=tuple(question.segment),
        ),
        formula=question.formula or usual,
        compare=earlier(period, question.compare),
        kpis=tuple(question.kpi),
    )


def _period(question: Question, tz: ZoneInfo, now: datetime) -> Period:
    try:
        period = parse_period(question.from_, question.to, tz, now, ("from", "to"))
    except OperatorError as error:
        raise Refusal(422, "bad-period", str(error)) from None
    length = timedelta(seconds=period.until.timestamp() - period.since.timestamp())
    longest = min(LONGEST, INTERVALS_MAX * _LENGTHS.get(question.grain, LONGEST))
    if length > longest:
        text = (
            f"{length.days} days by {question.grain.value} are too many: at most {longest.days} days;"
            " take longer intervals or a shorter period"
        )
        raise Refusal(422, "period-too-long", text)
    return period


def _by(report: Report, question: Question) -> By:
    by = question.by or report.by[0]
    if by not in report.by:
        raise wrong({"query.by": not_among("breakdown", by.value, [one.value for one in report.by])})
    possible = [kpi for kpi in (SERVICE_LEVEL, *KPIS) if by in breakdowns(kpi)]
    for kpi in question.kpi:
        if kpi not in possible:
            raise wrong({"query.kpi": not_among("figure", kpi, possible)})
    return by
