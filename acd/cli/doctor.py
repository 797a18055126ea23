"""`acd doctor`."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from acd.cli import context
from acd.doctor.finding import Finding, Level
from acd.doctor.look import Around, look_at_all

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def doctor(
    call: Annotated[bool, typer.Option(help="make a test call, which takes four seconds")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
    wide: context.Wide = False,
) -> None:
    """Look at an installation from the outside, make a test call, and say what to do.

    Its code is 0 where all is well, 1 with warnings alone, 2 where something fails.
    """
    around = Around(context.environment(), context.CHECKOUT, os.environ, call)
    found = asyncio.run(look_at_all(around))
    if as_json:
        rows = [
            {"part": f.part, "level": f.level.name.lower(), "told": f.told, "todo": f.todo} for f in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        context.show(_table(found), wide=wide)
    raise typer.Exit(max(f.level for f in found))


def _table(found: list[Finding]) -> Table:
    table = Table(title="acd doctor", title_justify="left")
    for heading in ("Part", "", "Found", "What to do"):
        table.add_column(heading, overflow="fold")
    for each in found:
        mark = Text(each.level.name.lower(), style=_STYLES[each.level])
        table.add_row(Text(each.part), mark, Text(each.told), Text(each.todo))
    return table
