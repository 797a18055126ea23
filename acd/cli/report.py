"""`acd report`: the figures of a period, as a table or a file, and what they mean."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from acd.cli import context
from acd.cli.going_on import agents_now
from acd.cli.report_catalogue import explain, list_reports
from acd.core.service_level import ServiceLevelFormula
from acd.errors import OperatorError, SettingsError
from acd.records.period import Period, parse_period, parse_time
from acd.reports.asked import Asked, By, Grain, Where
from acd.reports.catalogue import REPORTS
from acd.reports.files.labels import Labels
from acd.reports.files.make import FileFormat, make_file
from acd.reports.files.told import labels_of
from acd.reports.known import Known
from acd.reports.one_of import one_of
from acd.reports.periods import Comparison, RelativePeriod, earlier, period_of
from acd.reports.table import ReportTable
from acd.reports.targets import Targets
from acd.settings.problems import not_among

if TYPE_CHECKING:
    from acd.records.store import RecordStore

SHOWN = "table"
_BINARY = (FileFormat.XLSX, FileFormat.PARQUET, FileFormat.PDF)

Names = list[str]
ReportName = Annotated[str, typer.Argument(metavar="[NAME]", help="which report; --list shows all")]
From = Annotated[str, typer.Option("--from", help="2026-11-22, '2026-11-22 10:00', today or yesterday")]
To = Annotated[str, typer.Option("--to", help="likewise; a day means its end")]
PeriodWord = Annotated[str, typer.Option("--period", help=f"instead of both: {', '.join(RelativePeriod)}")]
ByWhat = Annotated[str, typer.Option("--by", help="broken down by: group, agent, team, … (see --list)")]
Length = Annotated[str, typer.Option("--grain", help=f"a line for each interval: {', '.join(Grain)}")]
Group = Annotated[Names, typer.Option("--group", help="only this skill group; may be given again")]
Agent = Annotated[Names, typer.Option("--agent", help="only this agent; may be given again")]
Team = Annotated[Names, typer.Option("--team", help="only this team; may be given again")]
Number = Annotated[Names, typer.Option("--number", help="only calls to this number; may be given again")]
Flow = Annotated[Names, typer.Option("--flow", help="only calls that began in this flow; likewise")]
Segment = Annotated[Names, typer.Option("--segment", help="only customers of this segment; likewise")]
Formula = Annotated[str, typer.Option("--formula", help="of the service level; left out: the centre's")]
Compare = Annotated[str, typer.Option("--compare", help="beside the day, week or month before")]
Kpi = Annotated[Names, typer.Option("--kpi", help="only this figure; may be given again")]
Language = Annotated[str, typer.Option("--language", help="en or zh-CN")]


def report(
    name: ReportName = "groups",
    from_: From = "today",
    to: To = "today",
    period: PeriodWord = "",
    by: ByWhat = "",
    grain: Length = Grain.WHOLE.value,
    group: Group = [],  # noqa: B006 - typer makes a new list
    agent: Agent = [],  # noqa: B006
    team: Team = [],  # noqa: B006
    number: Number = [],  # noqa: B006
    flow: Flow = [],  # noqa: B006
    segment: Segment = [],  # noqa: B006
    formula: Formula = "",
    compare: Compare = Comparison.NONE.value,
    kpi: Kpi = [],  # noqa: B006
    form: Annotated[str, typer.Option("--format", help=f"table, {', '.join(FileFormat)}")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", help="the file to write; its ending tells the format")
    ] = None,
    calls: Annotated[
        str,
        typer.Option("--calls", metavar="KPI", help="the calls behind this figure instead"),
    ] = "",
    key: Annotated[str, typer.Option("--key", help="with --calls: of this line only, by its id")] = "",
    at: Annotated[str, typer.Option("--at", help="with --calls: of the interval with this time only")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="with --calls: at most so many")] = 50,
    bom: Annotated[bool, typer.Option(help="CSV files begin with a BOM, which Excel wants")] = True,
    language: Language = "en",
    agents: Annotated[bool, typer.Option("--agents", help="the same as the name `agents`")] = False,
    every: Annotated[bool, typer.Option("--list", help="show the reports, and what is in them")] = False,
    explained: Annotated[str, typer.Option("--explain", metavar="KPI", help="how it is counted")] = "",
    wide: context.Wide = False,
    as_json: Annotated[bool, typer.Option("--json", help="the same as --format json")] = False,
) -> None:
    """Key figures of a period by group, agent and more: as a table, CSV, Excel, JSON, Parquet or PDF."""
    if every or explained:
        told = explain(explained, language, _chosen(formula)) if explained else list_reports(language)
        context.show(told, wide=wide)
        return
    kind = _format(form or ("json" if as_json else ""), output)
    env = context.environment()
    centre = context.centre(env)
    tz, now = ZoneInfo(centre.system.timezone), datetime.now(UTC)
    asked = asked_of(
        "agents" if agents else name,
        _period(period, from_, to, tz, now),
        tz,
        by=by,
        grain=grain,
        where=Where(*map(tuple, (group, agent, team, number, flow, segment))),
        formula=formula,
        usual=centre.system.service_level_formula,
        compare=compare,
        kpis=tuple(kpi),
    )
    from acd.reports.of_centre import known_of
    from acd.reports.run import run_report

    if calls:
        with context.records(env) as store:
            _show_calls(store, known_of(centre, language), asked, calls, key, at, limit, wide=wide)
        return
    with context.records(env) as store:
        live = agents_now(env, asked.report, asked.kpis, now)
        table = run_report(store.engine, known_of(centre, language), asked, now, live)
    labels, targets = labels_of(table, language), Targets.of_settings(centre.reports)
    for check in table.checks:
        if not check.ok:
            typer.echo(f"{labels.text('check_broken')}: {labels.check(check)}", err=True)
    if kind is None:
        from acd.reports.files.on_screen import screen_table

        context.show(screen_table(table, labels, targets, context.width(wide=wide)), wide=wide)
    else:
        _write(kind, table, labels, targets, output, bom=bom)


def _show_calls(
    store: RecordStore, known: Known, asked: Asked, figure: str, key: str, at: str, limit: int, *, wide: bool
) -> None:
    """As `acd calls list` shows them."""
    from acd.records.call_list import calls_table
    from acd.reports.behind import calls_behind
    from acd.reports.kpis import column
    from acd.reports.table import Unit

    moment = parse_time(at, asked.tz) if at else None
    if at and moment is None:
        raise OperatorError(f"--at {at!r} is not understood: expected a time like '2026-11-22 10:00'")
    found = calls_behind(store.engine, known, asked, figure, key or None, moment, limit)
    records = [record for call in found.calls if (record := store.call(call)) is not None]
    context.show(calls_table(records, asked.tz, context.width(wide=wide)), wide=wide)
    if column(figure).unit is Unit.SHARE:
        about = (
            "listed is what counts above the line of the fraction; the rest is behind what it is a share of"
        )
        typer.echo(about, err=True)
    if found.after is not None:
        typer.echo(f"there are more than {limit}: --limit shows more of them", err=True)


def asked_of(
    name: str,
    period: Period,
    tz: ZoneInfo,
    *,
    by: str,
    grain: str,
    where: Where,
    formula: str,
    usual: ServiceLevelFormula,
    compare: str,
    kpis: tuple[str, ...],
) -> Asked:
    """What the words of the command line ask for. Raises OperatorError with the nearest that there is."""
    if name not in REPORTS:
        raise OperatorError(not_among("report", name, REPORTS))
    return Asked(
        name,
        period,
        tz,
        one_of("interval", Grain, grain),
        one_of("breakdown", By, by) if by else REPORTS[name].by[0],
        where,
        _formula(formula) or usual,
        earlier(period, one_of("comparison", Comparison, compare)),
        kpis,
    )


def _formula(word: str) -> ServiceLevelFormula | None:
    return one_of("formula", ServiceLevelFormula, word) if word else None


def _chosen(word: str) -> ServiceLevelFormula | None:
    """The one that is asked for, else the centre's; None where there is no configuration to say it."""
    if (formula := _formula(word)) is not None:
        return formula
    try:
        return context.centre_in_use(context.environment()).system.service_level_formula
    except SettingsError:
        return None


def _period(word: str, from_: str, to: str, tz: ZoneInfo, now: datetime) -> Period:
    if not word:
        return parse_period(from_, to, tz, now)
    if (from_, to) != ("today", "today"):
        raise OperatorError("--period goes without --from and --to: it says both")
    return period_of(one_of("period", RelativePeriod, word), tz, now)


def _format(word: str, output: Path | None) -> FileFormat | None:
    """None: a table on the screen. Raises OperatorError where the two do not fit each other."""
    ending = output.suffix.lower().lstrip(".") if output is not None else ""
    chosen = word or ending or SHOWN
    if chosen == SHOWN:
        if output is not None:
            raise OperatorError("a table is for the screen: give --output an ending such as .csv or .xlsx")
        return None
    try:
        kind = FileFormat(chosen)
    except ValueError:
        raise OperatorError(not_among("format", chosen, (SHOWN, *FileFormat))) from None
    if output is None and kind in _BINARY:
        raise OperatorError(f"{kind.value} is for a file: say which with --output FILE.{kind.value}")
    return kind


def _write(
    kind: FileFormat,
    table: ReportTable,
    labels: Labels,
    targets: Targets,
    output: Path | None,
    *,
    bom: bool,
) -> None:
    bom = bom and output is not None  # between programs it is only in the way
    file = make_file(kind, table, labels, datetime.now(UTC), targets, bom=bom)
    if output is None:
        sys.stdout.buffer.write(file.content)
        return
    from acd.reports.files.write import write_whole

    write_whole(output, file.content)
    held = f"{len(table.lines)} lines" if table.lines else labels.text("no_lines").rstrip(".。")
    typer.echo(f"{output}: {held}, {len(file.content)} bytes")
