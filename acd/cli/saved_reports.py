"""`acd reports …`: reports that are kept and sent by e-mail."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy import Engine

from acd.accounts.rights import BY_HAND, teams_of_owner
from acd.cli import context
from acd.cli.auditing import audit
from acd.cli.going_on import agents_now
from acd.cli.report import Agent, ByWhat, Compare, Flow, Formula, Group, Kpi, Length, Number, Segment, Team
from acd.errors import OperatorError
from acd.records.store import RecordStore
from acd.reports.asked import Grain
from acd.reports.files.make import FileFormat
from acd.reports.periods import Comparison, RelativePeriod
from acd.reports.sending.attempt import attempt
from acd.reports.sending.job import InUse, make
from acd.reports.sending.saved import draft_of
from acd.reports.sending.store import BrokenReport, Run, Runs, RunState, SavedReport, SavedReports, names_of
from acd.settings.problems import not_among

app = typer.Typer(
    help="Saved reports: kept, sent by e-mail when they are due, and what became of it.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="the saved report's name or id")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable")]


@app.command("list")
def list_saved(wide: context.Wide = False, as_json: AsJson = False) -> None:
    """The saved reports: what each is, for whom, when it is due, and what became of it the last time."""
    env = context.environment()
    with context.records(env) as store:
        saved, broken = SavedReports(store.engine).every(), SavedReports(store.engine).broken()
        last = {one.id: Runs(store.engine).of(one.id, 1) for one in saved}
    if as_json:
        _warn_of(broken)
        typer.echo(json.dumps([one.plain() for one in saved], ensure_ascii=False, indent=2))
        return
    tz = context.timezone(env)
    table = Table()
    table.add_column("Name", overflow="fold")
    for heading in ("Report", "When", "Last"):
        table.add_column(heading, overflow="fold", no_wrap=True)
    _add_addresses(table, "To", [address for one in saved for address in one.recipients])
    for one in saved:
        runs = last[one.id]
        when = [] if one.schedule is None else [str(one.schedule)]
        if one.next_at is not None:
            when.append(f"next {one.next_at.astimezone(tz):%Y-%m-%d %H:%M}")
        asked = f"{one.question.report}, {one.format.value}\n{one.question.period.value}"
        cells = (
            one.name, asked, "\n".join(when), runs[0].state if runs else "", "\n".join(one.recipients),
        )  # fmt: skip
        table.add_row(*map(Text, cells))
    context.show(table, wide=wide)
    for one in saved:
        for run in last[one.id]:
            if _without(run):
                typer.echo(f"{one.name}, the last time: {_outcome(run)}")
    _warn_of(broken)


def _add_addresses(table: Table, heading: str, addresses: list[str]) -> None:
    """Lines end between addresses, not in them, as long as the rest of the table has room beside them."""
    longest = max(map(len, addresses), default=0)
    table.add_column(heading, overflow="fold", no_wrap=longest <= context.console.width // 3)


def _without(run: Run) -> tuple[str, ...]:
    return (*run.waiting, *run.refused)


def _outcome(run: Run) -> str:
    """The state, and who does not have it: the others do."""
    told = [run.state]
    if run.waiting:
        told.append(f"not {'yet ' if run.state == RunState.WAITING else ''}to {', '.join(run.waiting)}")
    if run.refused:
        told.append(f"not to {', '.join(run.refused)}")
    return ", ".join(told) + (f" ({run.error})" if run.error else "")


def _warn_of(broken: list[BrokenReport]) -> None:
    for one in broken:
        typer.echo(f"{one.name} ({one.id}) cannot be read, and is not sent: {one.why}", err=True)


@app.command("runs")
def list_runs(
    name: Annotated[str, typer.Argument(help="of this one only")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="at most so many, the newest")] = 50,
    wide: context.Wide = False,
    as_json: AsJson = False,
) -> None:
    """The times at which saved reports were due: sent or not, to whom not, and why."""
    env = context.environment()
    with context.records(env) as store:
        saved = _named(store.engine, name) if name else None
        names = names_of(SavedReports(store.engine).every())
        runs = Runs(store.engine).of(None if saved is None else saved.id, limit)
    if as_json:
        told = [{"name": names.get(run.saved_id, ""), **run.plain()} for run in runs]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    tz = context.timezone(env)
    table = Table()
    table.add_column("Due", no_wrap=True)
    table.add_column("Name", overflow="fold")
    table.add_column("State", no_wrap=True)
    _add_addresses(table, "Not (yet) to", [address for run in runs for address in _without(run)])
    table.add_column("File, why not", overflow="fold")
    for run in runs:
        tries = f"{run.tries} tries" if run.tries > 1 else ""
        cells = (
            f"{run.due_at.astimezone(tz):%Y-%m-%d %H:%M}", names.get(run.saved_id, ""),
            "\n".join(filter(None, (run.state, tries))), "\n".join(_without(run)),
            "\n".join(filter(None, (run.file_name, run.error))),
        )  # fmt: skip
        table.add_row(*map(Text, cells))
    context.show(table, wide=wide)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="what it is called")],
    report: Annotated[str, typer.Option(help="which report; `acd report --list` shows all")] = "groups",
    period: Annotated[
        str, typer.Option(help=f"as seen when it is due: {', '.join(RelativePeriod)}")
    ] = RelativePeriod.YESTERDAY.value,
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
    form: Annotated[str, typer.Option("--format", help=", ".join(FileFormat))] = FileFormat.PDF.value,
    language: Annotated[str, typer.Option(help="en or zh-CN")] = "en",
    to: Annotated[list[str], typer.Option(help="an e-mail address; may be given again")] = [],  # noqa: B006
    schedule: Annotated[
        str, typer.Option(help="'daily 06:00', 'weekly mon 06:00', 'monthly 1 06:00', 'monthly last 06:00'")
    ] = "",
) -> None:
    """Keep a report, to be sent by e-mail when it is due or when somebody says so."""
    where = {
        "groups": group, "agents": agent, "teams": team, "numbers": number, "flows": flow,
        "segments": segment,
    }  # fmt: skip
    plain = {
        "name": name,
        "asked": {
            "report": report,
            "period": period,
            "grain": grain,
            "by": by or None,
            "filter": {what: names for what, names in where.items() if names},
            "formula": formula or None,
            "compare": compare,
            "kpis": kpi,
        },
        "format": form,
        "language": language,
        "recipients": to,
        "schedule": schedule or None,
    }
    draft = draft_of(plain, f"{BY_HAND}{context.user()}")
    env = context.environment()
    tz = context.timezone(env)
    with context.records(env) as store:
        saved = SavedReports(store.engine).add(draft, tz, datetime.now(UTC))
        _audit(store, "saved-report-create", saved)
    told = "" if saved.next_at is None else f", first at {saved.next_at.astimezone(tz):%Y-%m-%d %H:%M}"
    typer.echo(f"saved as {saved.name} ({saved.id}){told}")


@app.command("remove")
def remove(name: Name) -> None:
    """Forget a saved report, and what became of it."""
    with context.records(context.environment()) as store:
        saved = SavedReports(store.engine).look_up(name) or _named(store.engine, name)
        SavedReports(store.engine).remove(saved.id)
        _audit(store, "saved-report-delete", saved)
    typer.echo(f"{saved.name} is removed")


@app.command("run")
def run_now(name: Name) -> None:
    """Send a saved report now, as if it were due; its schedule stays as it is."""
    env = context.environment()
    with context.records(env) as store:
        saved = _named(store.engine, name)
        if not saved.recipients:
            raise OperatorError(f"{saved.name} has nobody whom it is sent to")
        runs = Runs(store.engine)
        _audit(store, "saved-report-send", saved)
        run = runs.add(saved, datetime.now(UTC))
        live = agents_now(env, saved.question.report, saved.question.kpis, _now())
        in_use = InUse((env.config_dir, env.flows_dir), context.timezone(env), live)
        attempt(store.engine, saved, run, in_use, env.database_url, make, os.environ, _now, teams_of_owner)
        done = runs.get(run.id)
    assert done is not None
    _tell(saved, done)


def _tell(saved: SavedReport, done: Run) -> None:
    if done.state == RunState.SENT:
        typer.echo(f"{done.file_name} ({done.bytes} bytes) was sent to {', '.join(saved.recipients)}")
        return
    ends = "it is tried again" if done.state == RunState.WAITING else "it is not tried again"
    raise OperatorError(f"{saved.name} was not sent to everybody: {done.error}; {ends}")


def _audit(store: RecordStore, what: str, saved: SavedReport | BrokenReport) -> None:
    """As the pages' requests have it; of a broken one nothing else is known."""
    about = f"saved report {saved.name}"
    if isinstance(saved, BrokenReport):
        audit(store, what, about)
        return
    schedule = None if saved.schedule is None else str(saved.schedule)
    audit(store, what, about, schedule=schedule, recipients=list(saved.recipients))


def _now() -> datetime:
    return datetime.now(UTC)


def _named(engine: Engine, name: str) -> SavedReport:
    found = SavedReports(engine).find(name)
    if found is None:
        raise OperatorError(
            not_among("saved report", name, [one.name for one in SavedReports(engine).every()])
        )
    return found
