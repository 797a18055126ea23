"""`acd records roll-up`: the counted figures that reports are told from, made or held against the rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import Progress
from sqlalchemy import Engine

from acd.cli import context
from acd.reports.known import Known
from acd.reports.kpis import RowKind
from acd.reports.of_centre import known_of
from acd.reports.rollups.check import differences
from acd.reports.rollups.cover import closed_until, days_between
from acd.reports.rollups.dimensions import ROLLED_UP, names_of
from acd.reports.rollups.kept import drop_others
from acd.reports.rollups.make import Stretch
from acd.reports.rollups.many import make_many
from acd.reports.rollups.stale import first_on_record, stale

SHOWN = 50
DIFFERENT = 1


def roll_up(
    check: Annotated[
        bool, typer.Option("--check", help="count all days again, and name what is kept otherwise")
    ] = False,
) -> None:
    """Make the roll-ups that are missing or old. With --check: code 1 if one says what the rows do not."""
    env = context.environment()
    centre = context.centre(env)
    tz, known = ZoneInfo(centre.system.timezone), known_of(centre, "en")
    with context.records(env) as store:
        if check:
            _check(store.engine, tz, known)
        else:
            made = _make(store.engine, tz, known)
            context.console.print(f"{made} roll-ups made; the others were up to date")


def _make(engine: Engine, tz: ZoneInfo, known: Known) -> int:
    with engine.begin() as connection:
        drop_others(connection, names_of(known))
        wanted = list(stale(connection, tz, known, datetime.now(UTC)))
    with Progress(console=context.console, transient=True) as progress:
        task = progress.add_task("counting", total=len(wanted))
        for _ in make_many(engine.url, wanted, tz, known):
            progress.advance(task)
    return sum(len(kinds) for kinds, _ in wanted)


def _check(engine: Engine, tz: ZoneInfo, known: Known) -> None:
    days = list(_days(engine, tz))
    wrong: list[str] = []
    with Progress(console=context.console, transient=True) as progress:
        for kind, stretch in progress.track(days, description="counting again"):
            wrong += differences(engine, kind, stretch, tz, known)
    for line in wrong[:SHOWN]:
        context.console.print(line, markup=False, soft_wrap=True)
    if wrong:
        context.console.print(f"{len(wrong)} differences: delete the table 'rollups', nothing is lost by it")
        raise typer.Exit(DIFFERENT)
    context.console.print(f"{len(days)} roll-ups of days looked at: they say what the rows say")


def _days(engine: Engine, tz: ZoneInfo) -> Iterator[tuple[RowKind, Stretch]]:
    with engine.connect() as connection:
        first = first_on_record(connection)
    if first is not None:
        for begin, end in days_between(first, closed_until(datetime.now(UTC)), tz):
            yield from ((kind, Stretch(begin, end, is_day=True)) for kind in ROLLED_UP)
