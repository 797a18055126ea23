"""`acd check` and `acd schema`: for those who write configuration and flows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acd.cli import context
from acd.errors import OperatorError
from acd.settings.json_schema import KINDS, schema_files, schema_text
from acd.settings.load import find_all

Config = Annotated[Path, typer.Option(envvar="ACD_CONFIG", help="folder of the configuration")]
Flows = Annotated[Path, typer.Option(envvar="ACD_FLOWS", help="folder of the flows")]


def check_configuration(
    config: Config = Path("config"),
    flows: Flows = Path("ivr_flows"),
    strict: Annotated[bool, typer.Option(help="warnings count as mistakes")] = False,
) -> None:
    """Check configuration and flows, form and meaning: every problem at once, with file and line."""
    problems, is_all = find_all(config, flows)
    for problem in problems:
        typer.echo(problem)
    warnings = sum(problem.warning for problem in problems)
    mistakes = len(problems) - warnings
    if problems:
        typer.echo(f"{_counted(mistakes, 'mistake')}, {_counted(warnings, 'warning')}", err=True)
    if not is_all:
        typer.echo(
            "then check again: names in the parts that are faulty now are looked up once those are mended",
            err=True,
        )
    if mistakes or (strict and warnings):
        raise typer.Exit(1)
    context.console.print("the configuration is sound")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def write_schema(
    of: Annotated[str, typer.Option(help=f"kind of file: {', '.join(KINDS)}")] = "flow",
    out: Annotated[Path | None, typer.Option(help="the file to write; left out: to the terminal")] = None,
    every: Annotated[
        Path | None, typer.Option("--all", help="a folder for the schemas of all kinds, and an index of them")
    ] = None,
) -> None:
    """The JSON Schema of a kind of file, for editors that complete and check while you type."""
    if every is not None:
        every.mkdir(parents=True, exist_ok=True)
        for name, text in schema_files(every).items():
            (every / name).write_text(text, encoding="utf-8")
        return
    if of not in KINDS:
        raise OperatorError(f"there is no kind of file '{of}'; the kinds are {', '.join(KINDS)}")
    if out is None:
        typer.echo(schema_text(of), nl=False)
    else:
        out.write_text(schema_text(of), encoding="utf-8")
