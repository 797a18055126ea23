"""`acd records reconcile`: does Asterisk's own account of calls agree with the records?"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from acd.agreement import AGREE_S, Agreement, compare
from acd.cli import context
from acd.cli.copy_records import copy_records
from acd.cli.records import From, To
from acd.cli.refold import refold
from acd.cli.roll_up import roll_up
from acd.errors import OperatorError
from acd.records.outlines import begun_between, consultations, outlines
from acd.records.period import Period, parse_period
from acd.runtime.control import request
from acd.settings.environment import Environment
from acd.telephony import cdr

app = typer.Typer(
    help="Compare the records with Asterisk's own account of calls; fold calls anew, roll figures up, move.",
    no_args_is_help=True,
)

REPAIR_LIMIT_S = 600.0
SHOWN = 50


app.command("roll-up")(roll_up)
app.command("refold")(refold)
app.command("copy")(copy_records)


@app.command("reconcile")
def reconcile(
    from_: From = "today",
    to: To = "today",
    repair: Annotated[
        bool, typer.Option("--repair", help="put missing calls on record (needs a running controller)")
    ] = False,
    wide: context.Wide = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Compare the calls of a period with Asterisk's account of them; code 1 if something differs."""
    env = context.environment()
    tz = context.timezone(env)
    period = parse_period(from_, to, tz, datetime.now(UTC))
    file = env.cdr_file
    if not cdr.is_there(file):
        raise OperatorError(f"Asterisk has not written any account yet: there is no {file}")
    found = _compared(env, file, period)
    repaired = 0
    if repair and found.missing:
        repaired = _repair(env, period)
        found = _compared(env, file, period)
    if as_json:
        typer.echo(json.dumps({**found.to_dict(), "repaired": repaired}, ensure_ascii=False, indent=2))
    else:
        context.show(summary(found, repaired), wide=wide)
        if found.missing or found.differences:
            context.show(list_of(found, tz), wide=wide)
    if found.missing or found.differences:
        raise typer.Exit(1)


def _compared(env: Environment, file: Path, period: Period) -> Agreement:
    since, until = period.since.timestamp(), period.until.timestamp()
    going_on = _going_on(env)  # first: what ends meanwhile is on record when we look there
    seen = {
        call_id: call
        for call_id, call in cdr.calls_since(file, since).items()
        if since <= call.started_at < until
    }
    with context.records(env) as store:
        known = outlines(store.engine, seen)
        unknown = [call_id for call_id in seen if call_id not in known]
        parts = consultations(store.engine, unknown, period.since) if unknown else frozenset[str]()
        on_record = begun_between(store.engine, period.since, period.until)
    return compare(seen, known, parts, going_on, on_record)


def _going_on(env: Environment) -> frozenset[str]:
    """What the controller knows and has not written yet; without a controller that cannot be told."""
    try:
        answer = asyncio.run(request(env.control_socket, do="calls-held"))
    except OperatorError:
        context.console.print(
            "note: no controller is running; what it has still to write counts as missing here",
            style="yellow",
            markup=False,
        )
        return frozenset()
    return frozenset(answer["calls"])


def _repair(env: Environment, period: Period) -> int:
    answer = asyncio.run(
        request(
            env.control_socket,
            limit_s=REPAIR_LIMIT_S,
            do="reconcile",
            since=period.since.timestamp(),
            until=period.until.timestamp(),
        )
    )
    return int(answer["missing"])


def summary(found: Agreement, repaired: int) -> Table:
    """How many calls there are of each kind."""
    table = Table(title="Asterisk's account and the records", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("calls", justify="right")
    for what, number in (
        ("calls in Asterisk's account", len(found.seen)),
        ("on record", len(found.on_record)),
        ("part of another call, after a transfer", len(found.part_of_another)),
        ("known to the controller, not written yet", len(found.going_on)),
        ("missing", len(found.missing)),
        ("put on record now", repaired),
        (f"differ by more than {AGREE_S:g} s", len({d.call_id for d in found.differences})),
        ("on record, not in Asterisk's account", len(found.unseen)),
    ):
        table.add_row(what, str(number))
    return table


def list_of(found: Agreement, tz: ZoneInfo) -> Table:
    """The calls that are missing or differ, the first of them; times in `tz`."""
    problems = [(call_id, "not on record") for call_id in found.missing]
    problems += [(d.call_id, f"{d.what} {d.by_s:+.1f} s on record") for d in found.differences]
    more = f", the first {SHOWN} of {len(problems)}" if len(problems) > SHOWN else ""
    table = Table(title=f"What differs{more}; times in {tz.key}", title_justify="left")
    for heading in ("Call", "Began", "Caller", "Dialled", "What"):
        table.add_column(heading, no_wrap=heading in ("Call", "Began"), overflow="fold")
    for call_id, what in problems[:SHOWN]:
        call = found.seen[call_id]
        began = datetime.fromtimestamp(call.started_at, tz).strftime("%Y-%m-%d %H:%M:%S")
        cells = (call_id, began, call.phone or call.caller_number or "–", call.dialed_number, what)
        table.add_row(*map(Text, cells))
    return table
