"""`acd check` and `acd schema`: for those who write configuration and flows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acd.cli import context
from acd.settings.json_schema import flow_schema_text
from acd.settings.load import find_problems

Config = Annotated[Path, typer.Option(envvar="ACD_CONFIG", help="folder of the configuration")]
Flows = Annotated[Path, typer.Option(envvar="ACD_FLOWS", help="folder of the flows")]


def check_configuration(
    config: Config = Path("config"),
    flows: Flows = Path("ivr_flows"),
    strict: Annotated[bool, typer.Option(help="warnings count as mistakes")] = False,
) -> None:
    """Check configuration and flows, form and meaning: every problem at once, with file and line."""
    problems = find_problems(config, flows)
    for problem in problems:
        typer.echo(problem)
    warnings = sum(problem.warning for problem in problems)
    mistakes = len(problems) - warnings
    if problems:
        typer.echo(f"{_counted(mistakes, 'mistake')}, {_counted(warnings, 'warning')}", err=True)
    if mistakes or (strict and warnings):
        raise typer.Exit(1)
    context.console.print("the configuration is sound")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def write_schema(
    out: Annotated[Path | None, typer.Option(help="the file to write; left out: to the terminal")] = None,
) -> None:
    """The JSON Schema of a flow's file, for editors that complete and check while you type."""
    if out is None:
        typer.echo(flow_schema_text(), nl=False)
    else:
        out.write_text(flow_schema_text(), encoding="utf-8")
