"""`acd import …`: configuration and history of other systems."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from sqlalchemy.exc import DBAPIError
from typer.core import TyperGroup

from acd.cli import context
from acd.cli.console import new_console
from acd.cli.import_queues import import_queues
from acd.errors import OperatorError
from acd.heap import expect_many_objects
from acd.imports import csv_list, queue_log
from acd.imports.csv_calls import RowReader
from acd.imports.csv_map import read_csv_map
from acd.imports.files import Files, by_first_time
from acd.imports.intake import Intake
from acd.imports.names import Names
from acd.imports.queue_history import QueueHistory
from acd.imports.queue_map import QueueLogMap, read_map, suggested
from acd.imports.refusals import Refusals
from acd.records.imports import Import, ImportLog
from acd.records.record import Source

PROBLEMS_DIR = "import-problems"


class _Imports(TyperGroup):
    """`acd import queues.conf`, too, as `acd import queues queues.conf`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As in the class above."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["queues", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Imports, help="Bring configuration and history of other systems here.", no_args_is_help=True
)
app.command("queues")(import_queues)

FilesOf = Annotated[list[str], typer.Argument(help="plain or gzip, in any order; - is standard input")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="read and judge everything, write nothing but --problems")
]
Accept = Annotated[bool, typer.Option("--accept", help="exit with 0 although lines were refused")]
Problems = Annotated[
    Path | None,
    typer.Option(
        help="the list of lines that are not counted"
        f"  [default: a new one in {PROBLEMS_DIR} of ACD_HOME; of a dry run the first are shown]"
    ),
]
Prefix = Annotated[str, typer.Option(help="before the ids of calls, where two systems have the same")]


@app.command("queue_log")
def import_queue_log(
    files: FilesOf,
    map_: Annotated[
        Path | None, typer.Option("--map", help="names of queues and agents there to ids of ours (YAML)")
    ] = None,
    dry_run: DryRun = False,
    accept: Accept = False,
    problems: Problems = None,
    prefix: Prefix = "",
) -> None:
    """Bring the history in Asterisk's queue_log into the reports: calls, and what agents did."""
    mapping = QueueLogMap() if map_ is None else read_map(map_)
    names = _names(mapping.queues, mapping.agents)
    refusals = Refusals(problems or (None if dry_run else _new_list()))
    ordered = by_first_time(files, queue_log.time_of)
    history = QueueHistory(names, refusals, datetime.now(UTC).timestamp(), prefix, mapping.wrap_up)
    with _intake(Source.QUEUE_LOG, Files(ordered, refusals), refusals, dry_run=dry_run) as (source, intake):
        queue_log.run(source, history, intake, mapping.encoding)
    taken = intake.taken
    _say_taken(intake, refusals, dry_run=dry_run)
    if history.calls.open:
        _say(f"{history.calls.open} calls go on at the end: import again together with what follows")
    if taken.states or taken.states_known:
        also = f", {taken.states_known} were on record" if taken.states_known else ""
        _say(f"{taken.states} states of agents{also}")
    if taken.overlapping:
        _say(f"{taken.overlapping} states of agents left out: others are on record for these times")
    if dry_run:
        _say("\n# a mapping for --map:")
        typer.echo(suggested(names), nl=False)
    _stop_at_refused(refusals, accept=accept)


@app.command("csv")
def import_csv(
    files: FilesOf,
    mapping: Annotated[Path, typer.Option(help="which column says what (YAML, see docs/import.md)")],
    dry_run: DryRun = False,
    accept: Accept = False,
    problems: Problems = None,
    prefix: Prefix = "",
) -> None:
    """Bring any system's list of calls into the reports; a mapping says which column is what."""
    meant = read_csv_map(mapping)
    names = _names(meant.groups, meant.agents)
    refusals = Refusals(problems or (None if dry_run else _new_list()))
    reader = RowReader(meant, names, datetime.now(UTC).timestamp())
    with _intake(Source.CSV, Files(files, refusals), refusals, dry_run=dry_run) as (source, intake):
        csv_list.run(source, meant, reader, intake, refusals, prefix)
    _say_taken(intake, refusals, dry_run=dry_run)
    if dry_run:
        _say("\n# what became of the names there:")
        typer.echo(suggested(names, "groups"), nl=False)
    _stop_at_refused(refusals, accept=accept)


@app.command("list")
def list_imports(
    wide: context.Wide = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """The imports of history so far, newest first."""
    env = context.environment()
    tz = context.timezone(env)
    with context.records(env) as store:
        runs = ImportLog(store.engine).all()
    if as_json:
        told = [asdict(run) for run in runs]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2, default=datetime.isoformat))
        return
    table = Table(caption="Calls: those that were added; known: on record before")
    for heading in ("When", "Source", "By", "Files"):
        table.add_column(heading, overflow="fold")
    for heading in ("Lines", "Calls", "Known", "States", "Refused", "Not used"):
        table.add_column(heading, justify="right")
    for run in runs:
        begun = f"{run.begun_at.astimezone(tz):%Y-%m-%d %H:%M}"
        state = "" if run.ended_at is not None else " (interrupted, or goes on)"
        files = ", ".join(Path(str(file["file"])).name for file in run.files)
        table.add_row(begun + state, run.source, Text(run.who), Text(files), *map(str, _counts(run)))
    context.show(table, wide=wide)


def _counts(run: Import) -> tuple[int, ...]:
    lines = sum(int(file["lines"]) for file in run.files)
    return lines, run.calls, run.known, run.states, run.refused, run.unused


def _names(queues: Mapping[str, str], agents: Mapping[str, str]) -> Names:
    plan = context.centre_in_use(context.environment()).plan
    return Names(
        {group.id: group.name for group in plan.groups.values()},
        {agent.id: (agent.name, agent.extension) for agent in plan.agents.values()},
        queues,
        agents,
    )


def _new_list() -> Path:
    """Of its own for each run: of an import that is done again the list of before is still there."""
    begun = datetime.now(UTC)
    return context.environment().home / PROBLEMS_DIR / f"{begun:%Y-%m-%dT%H-%M-%S.%f}.txt"


@contextmanager
def _intake(
    kind: Source, files: Files, refusals: Refusals, *, dry_run: bool
) -> Iterator[tuple[Files, Intake]]:
    """Where an import reads and writes: with a progress bar, and an entry in the log of imports."""
    expect_many_objects()
    env, total = context.environment(), files.size
    refusals.open()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=new_console(stderr=True)) as bar, closing(refusals):
        task = bar.add_task("reading" if dry_run else "importing", total=total)
        files.on_bytes = lambda count: bar.advance(task, count)
        if dry_run:
            yield files, Intake(None, kind, refusals)
            return
        # Made where there is none yet: whoever moves here has history before the first call.
        env.home.mkdir(parents=True, exist_ok=True)
        try:
            with context.records(env, create=True) as store:
                yield from _logged(ImportLog(store.engine), files, Intake(store.engine, kind, refusals))
        except DBAPIError as error:
            raise OperatorError(
                f"the database does not take it: {error.orig}; what was written stays: run the import again"
            ) from error


def _logged(log: ImportLog, files: Files, intake: Intake) -> Iterator[tuple[Files, Intake]]:
    before, refusals = log.files(), intake.refusals
    run = log.begin(intake.source.value, context.user(), datetime.now(UTC))
    yield files, intake
    for read in files.read:
        if read.sha256 in before:
            _say(f"{read.file} was imported on {before[read.sha256]:%Y-%m-%d %H:%M} UTC already")
    log.end(
        run,
        datetime.now(UTC),
        files=[asdict(read) for read in files.read],
        calls=intake.taken.calls,
        known=intake.taken.known,
        states=intake.taken.states,
        refused=refusals.refused.total(),
        unused=refusals.unused.total(),
        first=intake.taken.first,
        last=intake.taken.last,
        reasons=dict(refusals.refused),
    )


def _say_taken(intake: Intake, refusals: Refusals, *, dry_run: bool) -> None:
    taken = intake.taken
    known = f", {taken.known} were on record already" if taken.known else ""
    span = ""
    if taken.first is not None and taken.last is not None:
        tz = context.timezone(context.environment())
        first, last = taken.first.astimezone(tz), taken.last.astimezone(tz)
        span = f", from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
    _say(f"{taken.calls} calls {'would be ' if dry_run else ''}added{known}{span}")
    for counted, what in ((refusals.refused, "refused"), (refusals.unused, "not used")):
        for kind, count in counted.most_common():
            _say(f"{what}: {count} × {kind}")
    listed = refusals.refused.total() + refusals.unused.total()
    if listed and refusals.path is not None:
        _say(f"each with its line and reason: {refusals.path}")
    for line in refusals.first:
        _say(f"  {line}")
    if refusals.path is None and listed > len(refusals.first):
        _say(f"  and {listed - len(refusals.first)} more: --problems FILE writes all of them")


def _stop_at_refused(refusals: Refusals, *, accept: bool) -> None:
    if refusals.refused and not accept:
        raise typer.Exit(1)


def _say(text: str) -> None:
    context.console.print(text, markup=False, soft_wrap=True)
