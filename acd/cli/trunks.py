"""`acd trunks`: the ways in and out, and whether they can be used."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from acd.cli.context import console, environment
from acd.cli.words import state_in_words
from acd.runtime.leader import Leader

STYLES = {"registered": "green", "reachable": "green", "rejected": "bold red", "unreachable": "bold red"}


def trunks(as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False) -> None:
    """Each trunk: registered, rejected or unreachable, and its calls now."""
    answer = asyncio.run(Leader(environment()).request(do="trunks"))
    if as_json:
        typer.echo(json.dumps(answer["trunks"], ensure_ascii=False, indent=2))
    else:
        console.print(draw(answer["trunks"]))


def draw(rows: list[dict[str, Any]]) -> Table:
    """The list of `acd.runtime.trunk_list` as a table."""
    table = Table(title="Trunks", title_justify="left")
    for heading in ("Trunk", "State", "Server", "User", "Addresses"):
        table.add_column(heading, overflow="fold")
    for heading in ("In", "Out"):
        table.add_column(heading, justify="right")
    for row in rows:
        limit = f" of {row['calls_out_max']}" if row["calls_out_max"] is not None else ""
        table.add_row(
            Text(row["id"]),
            Text(state_in_words(row["state"]), style=STYLES.get(row["state"], "")),
            Text(row["server"] or "–"),
            Text(row["user"] or "–"),
            Text(", ".join(row["addresses"]) or "–"),
            str(row["calls_in"]),
            f"{row['calls_out']}{limit}",
        )
    return table
