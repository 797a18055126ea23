"""The command line, `acd`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from acd import __version__, compiled
from acd.cli.commands import CommandsOnDemand
from acd.cli.console import new_console
from acd.errors import OperatorError, RequestRefused

app = typer.Typer(
    name="acd",
    cls=CommandsOnDemand,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"acd {__version__}, routing core {compiled.state()}")
        raise typer.Exit


@app.callback()
def acd(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="the version, and exit"),
    ] = False,
) -> None:
    """A call centre on Asterisk: automatic call distribution and IVR."""


def main() -> None:
    """Entry point: what the operator can mend is one message, anything else a traceback."""
    os.umask(0o077)  # passwords, and records and logs that tell who called
    try:
        app()
    except (OperatorError, RequestRefused) as error:
        new_console(stderr=True, soft_wrap=True).print(str(error), markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
