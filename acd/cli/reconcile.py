"""`acd records reconcile`: does Asterisk's own account of calls agree with the records?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy import Engine

from acd.agreement import AGREE_S, Agreement
from acd.cli import context
from acd.cli.copy_records import copy_records
from acd.cli.records import From, To
from acd.cli.refold import refold
from acd.cli.roll_up import roll_up
from acd.errors import OperatorError
from acd.records.outlines import begun_between, consultations, outlines
from acd.records.period import Period, parse_period
from acd.runtime.leader import Leader
from acd.settings.environment import Environment
from acd.telephony import cdr
from acd.telephony.cdr_by_call import CallsByCall

app = typer.Typer(
    help="Compare the records with Asterisk's own account of calls; fold calls anew, roll figures up, move.",
    no_args_is_help=True,
)

REPAIR_LIMIT_S = 600.0
BATCH = 1_000
"""Calls that are compared at once."""
SLACK_S = 60.0
"""A busy controller notes a transfer so long before or after Asterisk ends what was consulted, at most."""


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
    files = [of_node.cdr_file for of_node in env.of_nodes]
    there = [file for file in files if cdr.is_there(file)]
    if not there:
        raise OperatorError(f"Asterisk has not written any account yet: there is no {files[0]}")
    found = _compared(env, there, period)
    repaired = 0
    if repair and found.missing:
        repaired = _repair(env, period)
        found = _compared(env, there, period)
    if as_json:
        typer.echo(json.dumps({**found.to_dict(), "repaired": repaired}, ensure_ascii=False, indent=2))
    else:
        context.show(summary(found, repaired), wide=wide)
        if found.missing or found.differences:
            context.show(list_of(found, tz), wide=wide)
    if found.missing or found.differences:
        raise typer.Exit(1)


def _compared(env: Environment, files: Sequence[Path], period: Period) -> Agreement:
    """Some calls after the other, so that a month takes no more memory than a day."""
    since, until = period.since.timestamp(), period.until.timestamp()
    going_on = _going_on(env)  # first: what ends meanwhile is on record when we look there
    found = Agreement()
    lines = chain.from_iterable(cdr.lines_between(file, since, until) for file in files)
    with context.records(env) as store, CallsByCall(lines) as account:
        for calls in account.batches(BATCH):
            seen = {call_id: call for call_id, call in calls.items() if since <= call.started_at < until}
            known = outlines(store.engine, seen)
            for call_id in store.deleted(seen.keys() - known.keys()):
                del seen[call_id]
            unknown = [call for call_id, call in seen.items() if call_id not in known]
            found.add(seen, known, _parts_of_others(store.engine, unknown), going_on)
        for ids in begun_between(store.engine, period.since, period.until, BATCH):
            found.unseen += set(ids) - account.have(ids)
    found.unseen.sort()
    return found


def _parts_of_others(engine: Engine, unknown: Sequence[cdr.CallSeen]) -> frozenset[str]:
    """Consultations that an agent ended by a transfer, while they went on."""
    if not unknown:
        return frozenset()
    began = min(call.started_at for call in unknown) - SLACK_S
    over = max(call.ended_at for call in unknown) + SLACK_S
    ids = [call.call_id for call in unknown]
    return consultations(engine, ids, datetime.fromtimestamp(began, UTC), datetime.fromtimestamp(over, UTC))


def _going_on(env: Environment) -> frozenset[str]:
    """What the controller knows and has not written yet; without a controller that cannot be told."""
    try:
        answer = asyncio.run(Leader(env).request(do="calls-held"))
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
        Leader(env).request(
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
        ("calls in Asterisk's account", found.seen),
        ("on record", found.on_record),
        ("part of another call, after a transfer", found.part_of_another),
        ("known to the controller, not written yet", found.going_on),
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
    shown = [(call_id, what) for call_id, what in problems if call_id in found.shown]
    more = f", the first {len(shown)} of {len(problems)}" if len(problems) > len(shown) else ""
    table = Table(title=f"What differs{more}; times in {tz.key}", title_justify="left")
    for heading in ("Call", "Began", "Caller", "Dialled", "What"):
        table.add_column(heading, no_wrap=heading in ("Call", "Began"), overflow="fold")
    for call_id, what in shown:
        call = found.shown[call_id]
        began = datetime.fromtimestamp(call.started_at, tz).strftime("%Y-%m-%d %H:%M:%S")
        cells = (call_id, began, call.phone or call.caller_number or "–", call.dialed_number, what)
        table.add_row(*map(Text, cells))
    return table
