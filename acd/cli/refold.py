"""`acd records refold`: what this version of the program makes of the facts of calls, in the records."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import DBAPIError

from acd import __version__
from acd.cli import context
from acd.cli.auditing import audit
from acd.cli.console import new_console
from acd.cli.process import the_only_one
from acd.errors import OperatorError
from acd.records.period import Period, parse_period
from acd.records.refold import Batch, Place, count
from acd.records.refold import refold as batches
from acd.records.store import RecordStore

PLACE, LOCK = "refold-place.json", "refold.lock"
AT_WORK = "another 'acd records refold' is at work here; wait for it"
INTERRUPTED = 130
SHOWN = 20
_FIRST_DAY = "1970-01-01"


@dataclass(slots=True)
class _Run:
    """How far a run has come. `asked`: what a later one must be asked for to go on with it."""

    file: Path
    asked: dict[str, str]
    after: Place | None = None
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    def resume(self) -> bool:
        """Whether there is something to go on with."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(self.file.read_text(encoding="utf-8"))
            if told["asked"] == self.asked:
                self.after = (datetime.fromisoformat(told["at"]), str(told["call_id"]))
                self.counts = {str(name): int(number) for name, number in told["counts"].items()}
                self.unreadable = list(map(str, told["unreadable"]))
                return True
        return False

    def add(self, batch: Batch) -> None:
        """It is done and written. Raises OSError."""
        self.after = batch.last
        for name in ("calls", "changed", "nobodys", "without_facts"):
            self.counts[name] = self.count(name) + getattr(batch, name)
        self.unreadable += batch.unreadable
        fresh = self.file.with_suffix(".new")
        told: dict[str, Any] = {"asked": self.asked, "at": batch.last[0].isoformat()}
        told |= {"call_id": batch.last[1], "counts": self.counts, "unreadable": self.unreadable}
        fresh.write_text(json.dumps(told), encoding="utf-8")
        os.replace(fresh, self.file)

    def count(self, name: str) -> int:
        """How many of a kind so far."""
        return self.counts.get(name, 0)


def refold(
    since: Annotated[str, typer.Option(help="only calls from then on: as for --from of reports")] = "",
    until: Annotated[str, typer.Option(help="only calls before that; a day means its end")] = "",
    anew: Annotated[bool, typer.Option("--anew", help="do not go on where a run was interrupted")] = False,
) -> None:
    """Fold the facts of calls again, as this version does: stretches that older ones did not tell appear.

    Facts, and calls that have been made nobody's, stay as they are. May be interrupted: the same command
    goes on. Code 1 if calls could not be read.
    """
    env = context.environment()
    tz = context.timezone(env)
    options = ("--since", "--until")
    period = parse_period(since or _FIRST_DAY, until or None, tz, datetime.now(UTC), options)
    with context.records(env) as store, the_only_one(env.home / LOCK, AT_WORK):
        asked = {
            "database": store.engine.url.render_as_string(hide_password=True),
            "version": __version__,
            "since": f"{period.since}" if since else "",
            "until": f"{period.until}" if until else "",
        }
        run = _Run(env.home / PLACE, asked)
        if not anew and run.resume():
            _say(f"going on where a run was interrupted, after {run.count('calls')} calls")
        _work(store, period, run)
        audit(store, "records-refold", "", **run.counts)
        run.file.unlink(missing_ok=True)
    _tell(run)


def _work(store: RecordStore, period: Period, run: _Run) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=new_console(stderr=True), transient=True) as progress:
            task = progress.add_task("folding again", total=count(store.engine, period, run.after))
            for batch in batches(store.engine, period, run.after):
                run.add(batch)
                progress.advance(task, batch.calls)
    except KeyboardInterrupt:
        _say(f"interrupted after {run.count('calls')} calls, {run.count('changed')} of them changed:")
        _say("what is written stays, and the same command goes on from here")
        raise typer.Exit(INTERRUPTED) from None
    except DBAPIError as error:
        raise OperatorError(
            f"the database does not take it: {error.orig}; what is written stays,"
            " and the same command goes on from here"
        ) from error


def _tell(run: _Run) -> None:
    changed, calls = run.count("changed"), run.count("calls")
    if changed:
        _say(f"{calls} calls looked at, {changed} folded anew; reports count what they touch again")
    else:
        _say(f"{calls} calls looked at: all are as this version folds them, nothing was changed")
    for name, what in (("nobodys", "made nobody's"), ("without_facts", "without facts")):
        if run.count(name):
            _say(f"left alone: {run.count(name)} {what}")
    if run.unreadable:
        more = ", …" if len(run.unreadable) > SHOWN else ""
        ids = ", ".join(run.unreadable[:SHOWN])
        _say(f"{len(run.unreadable)} calls have facts that this version cannot read, and stay: {ids}{more}")
        raise typer.Exit(1)


def _say(text: str) -> None:
    context.console.print(text, markup=False, soft_wrap=True)
