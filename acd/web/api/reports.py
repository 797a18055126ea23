"""`/api/reports`: key figures of any period, the calls behind each of them, and files of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import orjson
from aiohttp import hdrs, web
from pydantic import AwareDatetime, Field
from sqlalchemy import Engine

from acd.core.service_level import ServiceLevelFormula
from acd.records.call_object import call_object
from acd.records.reach import Reach
from acd.reports.asked import Asked, By, Grain
from acd.reports.behind import calls_behind
from acd.reports.catalogue import REPORTS
from acd.reports.files.as_json import table_json
from acd.reports.files.elsewhere import FileWork
from acd.reports.files.labels import file_words
from acd.reports.files.make import FileFormat, ReportFile
from acd.reports.files.told import labels_of
from acd.reports.going_on import GoingOn
from acd.reports.known import Known
from acd.reports.kpis import KPIS, column
from acd.reports.run import ReportTooLong
from acd.reports.table import ReportTable
from acd.reports.targets import Targets
from acd.reports.wording import Words, words
from acd.web.api.calls import CallShown
from acd.web.asker import Role, Scope
from acd.web.centre import CentreShown
from acd.web.context import Context
from acd.web.refusal import Refusal
from acd.web.report_desk import going_on_of, known_of, worked_out
from acd.web.report_question import Language, Question, asked
from acd.web.route import JSON, Bound, Route
from acd.web.values import Answer, Input, Limit, Line, Name

T = TypeVar("T")


class Spoken(Input):
    """In which language."""

    language: Language = "en"


class Named(Answer):
    """What an id is called."""

    id: str
    label: str


class FormulaShown(Named):
    """A formula of the service level; `text` says how it is worked out."""

    text: str


class KpiShown(Named):
    """`formula` in words, `counted` and `not_counted`: what goes into it and what does not.

    `source`: where the formula is from; `behind`: whether the calls behind its figures can be listed.
    """

    formula: str
    counted: str
    not_counted: str
    source: str
    unit: str
    better: str
    behind: bool


class ReportShown(Answer):
    """`kpis`: those that it shows where none are asked for."""

    name: str
    title: str
    kpis: list[str]
    by: list[str]
    default_by: str


class FilterChoice(Answer):
    """Something that reports can be filtered by."""

    id: str
    name: str


class Catalogue(Answer):
    """All that can be asked; `formula` is the centre's own, `choices` are those of the configuration."""

    reports: list[ReportShown]
    kpis: list[KpiShown]
    grains: list[Named]
    by: list[Named]
    formulas: list[FormulaShown]
    formula: str
    checks: list[Named]
    timezone: str
    choices: dict[str, list[FilterChoice]]


class ColumnShown(Named):
    """A KPI of the table."""

    unit: str
    formula: str
    better: str
    behind: bool


Figures = dict[str, float | int | None]


class LineShown(Answer):
    """`at`, `until`: its interval, null for the whole period; `key`: of what, '' of nothing known."""

    at: datetime | None
    until: datetime | None
    key: str | None
    name: str
    values: Figures
    before: Figures | None
    colours: dict[str, str]


class CheckShown(Answer):
    """An identity that must hold, with the figures that were compared."""

    id: str
    ok: bool
    text: str


class PeriodShown(Answer):
    """From when to when, without the end."""

    from_: Annotated[datetime, Field(alias="from")]
    to: datetime


class TableShown(PeriodShown):
    """Shares are 0 to 1, times seconds; null: there is nothing to divide by. `compare`: the period before."""

    report: str
    title: str
    timezone: str
    compare: PeriodShown | None
    grain: str
    by: str
    filter: dict[str, list[str]]
    service_level_formula: str
    columns: list[ColumnShown]
    lines: list[LineShown]
    total: LineShown
    checks: list[CheckShown]
    notes: list[str]


class Behind(Question):
    """The calls of one figure: of the line with this `key` and `at`; without them, of the whole.

    `after`: as an earlier answer gave it.
    """

    figure: Name
    key: Line | None = None
    at: AwareDatetime | None = None
    limit: Limit = 100
    after: Name | None = None


class CallsBehind(Answer):
    """`after`: what to ask for the next ones with; null: these are the last."""

    calls: list[CallShown]
    after: str | None


class Wanted(Question):
    """The kind of file."""

    format: FileFormat


async def catalogue(ctx: Context[Spoken, None]) -> Catalogue:
    """Which reports there are, and what each figure in them means."""
    return _catalogue(await ctx.services.centre.get(), ctx.query.language, ctx.reach)


def _catalogue(centre: CentreShown, language: str, reach: Reach) -> Catalogue:
    spoken, texts = words(language), file_words(language)
    return Catalogue(
        reports=[
            ReportShown(
                name=report.id,
                title=spoken.reports[report.id],
                kpis=list(report.kpis),
                by=[by.value for by in report.by],
                default_by=report.by[0].value,
            )
            for report in REPORTS.values()
        ],
        kpis=[_kpi(spoken, id) for id in spoken.kpis],
        grains=[Named(id=grain.value, label=spoken.grains[grain.value]) for grain in Grain],
        by=[Named(id=by.value, label=spoken.by[by.value]) for by in By],
        formulas=[
            FormulaShown(id=f.value, label=f.value, text=texts[f"formula_{f.value}"])
            for f in ServiceLevelFormula
        ],
        formula=centre.system.service_level_formula.value,
        checks=[Named(id=id, label=meaning) for id, meaning in spoken.checks.items()],
        timezone=centre.system.timezone,
        choices=_choices(centre, known_of(centre, language, reach)),
    )


def _kpi(spoken: Words, id: str) -> KpiShown:
    told, shown = spoken.kpis[id], column(id)
    return KpiShown(
        id=id,
        label=told.label,
        formula=told.formula,
        counted=told.counted,
        not_counted=told.not_counted,
        source=spoken.origins[KPIS[id].origin.value] if id in KPIS else "",
        unit=shown.unit.value,
        better=shown.better.value,
        behind=shown.behind,
    )


def _choices(centre: CentreShown, known: Known) -> dict[str, list[FilterChoice]]:
    groups = [group for group in centre.groups.values() if known.reach.has_group(group.id)]
    teams = {agent.team for agent in known.agents.values() if agent.team}
    return {
        "group": [FilterChoice(id=group.id, name=group.name) for group in groups],
        "agent": [FilterChoice(id=agent.id, name=agent.name) for agent in known.agents.values()],
        "team": [FilterChoice(id=id, name=name) for id, name in known.teams.items() if id in teams],
        "number": [FilterChoice(id=number, name=number) for number in centre.numbers],
        "flow": [FilterChoice(id=flow, name=flow) for flow in centre.flows],
    }


@dataclass(frozen=True, slots=True)
class _Work:
    """What a report is worked out with."""

    engine: Engine
    known: Known
    asked: Asked
    targets: Targets
    now: datetime
    going_on: GoingOn | None

    def table(self) -> ReportTable:
        return worked_out(self.engine, self.known, self.asked, self.now, self.going_on)


async def _work(ctx: Context[Any, None], do: Callable[[_Work], T]) -> T:
    """In a thread, when it is the asker's turn; `do` is handed what the request asks for."""
    question: Question = ctx.query
    centre, now = await ctx.services.centre.get(), datetime.now(UTC)
    tz, formula = ZoneInfo(centre.system.timezone), centre.system.service_level_formula
    wanted = asked(ctx.path["name"], question, tz, now, formula)
    known, targets = known_of(centre, question.language, ctx.reach), Targets.of_settings(centre.reports)
    services = ctx.services
    live = going_on_of(services.picture.objects, now) if services.link.up else None
    async with services.report_turns.turn(ctx.asker.name):
        return await ctx.sql(_bounded, do, _Work(services.store.engine, known, wanted, targets, now, live))


def _bounded(do: Callable[[_Work], T], work: _Work) -> T:
    try:
        return do(work)
    except ReportTooLong as error:
        raise Refusal(422, "report-too-long", str(error)) from error


async def show(ctx: Context[Question, None]) -> web.Response:
    """One report. As `acd report NAME --format json`."""
    language = ctx.query.language

    def do(work: _Work) -> bytes:  # written here, too: twenty thousand lines take their time
        table = work.table()
        return orjson.dumps(table_json(table, labels_of(table, language), work.targets))

    body = await _work(ctx, do)
    return web.Response(body=body, content_type=JSON, headers={hdrs.CACHE_CONTROL: "no-store"})


async def behind(ctx: Context[Behind, None]) -> CallsBehind:
    """The calls that a figure was counted from, oldest first; one that counts twice is told once."""
    query = ctx.query

    def do(work: _Work) -> CallsBehind:
        found = calls_behind(
            work.engine,
            work.known,
            work.asked,
            query.figure,
            query.key,
            query.at,
            query.limit,
            query.after,
            work.now,
        )
        calls = ctx.services.store.these(found.calls, work.known.reach)
        return CallsBehind(calls=[CallShown(**call_object(call)) for call in calls], after=found.after)

    return await _work(ctx, do)


async def file(ctx: Context[Wanted, None]) -> web.Response:
    """One report as a file, with the formulas behind its figures where the kind of file has room for them."""
    query = ctx.query

    def do(work: _Work) -> ReportFile:
        told = FileWork(query.format, work.table(), query.language, work.now, work.targets)
        return told.do_where_it_disturbs_nobody()

    made = await _work(ctx, do)
    given = query.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    ctx.note(f"report {ctx.path['name']}", **given)
    headers = {
        hdrs.CONTENT_TYPE: made.media_type,
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{made.name}"',
        hdrs.CACHE_CONTROL: "no-store",
    }
    return web.Response(body=made.content, headers=headers)


ROUTES = [
    Route("GET", "/api/reports", "Which reports there are, and what their figures mean", catalogue,
          Role.SUPERVISOR, Scope.READ_RECORDS, query=Spoken, answer=Catalogue, bound=Bound.REACH),
    Route("GET", "/api/reports/{name}", "Key figures of a period", show, Role.SUPERVISOR, Scope.READ_RECORDS,
          query=Question, answer=TableShown, refusals=(422, 429), bound=Bound.REACH),
    Route("GET", "/api/reports/{name}/calls", "The calls behind a figure", behind, Role.SUPERVISOR,
          Scope.READ_RECORDS, query=Behind, answer=CallsBehind, refusals=(422, 429), bound=Bound.REACH),
    Route("GET", "/api/reports/{name}/file", "A report as a file", file, Role.SUPERVISOR, Scope.READ_RECORDS,
          query=Wanted, answer_media="*/*", audit="report-file", refusals=(422, 429), bound=Bound.REACH),
]  # fmt: skip
