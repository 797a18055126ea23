"""`acd report` and `acd calls …`: what the records say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from acd.cli import context
from acd.cli.auditing import ORIGIN, audit
from acd.errors import OperatorError
from acd.records.call_list import calls_table
from acd.records.call_object import call_object
from acd.records.corrections import Correction, Field, told
from acd.records.period import parse_period
from acd.records.story import call_story

app = typer.Typer(help="Look at the records of calls.", no_args_is_help=True)

From = Annotated[str, typer.Option("--from", help="2026-11-22, '2026-11-22 10:00', today or yesterday")]
To = Annotated[str, typer.Option("--to", help="likewise; a day means its end")]


@app.command("list")
def list_calls(
    from_: From = "today",
    to: To = "today",
    group: Annotated[str, typer.Option(help="only calls that came through this group")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="at most so many, the latest")] = 50,
    wide: context.Wide = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """The calls of a period."""
    env = context.environment()
    tz = context.timezone(env)
    period = parse_period(from_, to, tz, datetime.now(UTC))
    with context.records(env) as store:
        records = store.calls(period.since, period.until, group=group or None, limit=limit)
    if not records:
        context.check_group(env, group)
    if as_json:
        told = [call_object(record) for record in records]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2, default=datetime.isoformat))
        return
    context.show(calls_table(records, tz, context.width(wide=wide)), wide=wide)


@app.command("show")
def show_call(call_id: Annotated[str, typer.Argument(help="as in `acd calls list`")]) -> None:
    """One call's story, line by line, with the reasons of each routing decision."""
    env = context.environment()
    tz = context.timezone(env)
    with context.records(env) as store:
        record = store.call(call_id)
        corrected = store.corrections(call_id)
    if record is None:
        raise OperatorError(
            f"no call {call_id!r} is on record; 'acd calls list' shows those of today,"
            " 'acd status' those going on"
        )
    for line in (*call_story(record, tz), *told(corrected, tz)):
        context.console.print(line, markup=False, soft_wrap=True)


@app.command("correct")
def correct_call(
    call_id: Annotated[str, typer.Argument(help="as in `acd calls list`")],
    field: Annotated[Field, typer.Option(help="what is wrong in the record")],
    value: Annotated[str, typer.Option(help="yes or no; of the customer, the id")],
    reason: Annotated[str, typer.Option(help="why, for whoever reads the story")],
) -> None:
    """Correct a call's record: a row beside it, shown in its story; reports count accordingly."""
    who = f"{ORIGIN}:{context.user()}"
    with context.records(context.environment()) as store:
        store.correct(Correction(call_id, datetime.now(UTC), who, field, value, reason))
        audit(store, "call-corrected", call_id, field=field.value, value=value, reason=reason)
    context.console.print(f"call {call_id}: {field.value} is {value} from now on", markup=False)
