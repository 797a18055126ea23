"""`acd versions`: the list; `acd versions show N [FILE]` and `acd versions diff A B`: what was in them."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from acd.cli import context
from acd.cli.flows import versions
from acd.errors import OperatorError
from acd.runtime.version_files import Staged, VersionFiles, changed_files, files_of

app = typer.Typer(
    help="Which configuration and flows were active when, made so by whom, what changed,"
    " which calls use them."
)
Number = Annotated[int, typer.Argument(help="as 'acd versions' lists it")]


@app.callback(invoke_without_command=True)
def list_versions(
    ctx: typer.Context,
    wide: context.Wide = False,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Which configuration and flows were active when, made so by whom, what changed, which calls use them."""
    if ctx.invoked_subcommand is None:
        versions(wide, as_json)


@app.command("show")
def show(
    number: Number,
    file: Annotated[
        str | None, typer.Argument(help="such as config/groups.yml; left out: their names")
    ] = None,
) -> None:
    """The files of a version; or one file, as it was."""
    kept = _kept(number)
    if file is None:
        for name, path in files_of(kept):
            typer.echo(f"{path.stat().st_size:>10}  {name}")
        return
    found = dict(files_of(kept)).get(file)
    if found is None:
        raise OperatorError(f"version {number} has no file {file!r}: 'acd versions show {number}' lists them")
    typer.echo(found.read_bytes(), nl=False)


@app.command("diff")
def diff(old: Number, new: Number) -> None:
    """What is different in the second, in the form of 'diff -u'; its code is 1 where anything is."""
    before, after = _kept(old), _kept(new)
    changed = changed_files(before, after)
    was, now = dict(files_of(before)), dict(files_of(after))
    for name in changed:
        lines = difflib.unified_diff(
            _lines(was.get(name)), _lines(now.get(name)), f"{old}/{name}", f"{new}/{name}", lineterm=""
        )
        told = list(lines)
        for line in told or [f"{old}/{name} and {new}/{name} differ, and are no texts"]:
            typer.echo(line)
    if changed:
        raise typer.Exit(1)


def _kept(number: int) -> Staged:
    files = VersionFiles(context.environment().versions_dir)
    entries = {entry.number: entry for entry in files.entries()}
    if number not in entries:
        raise OperatorError(f"there is no version {number}: 'acd versions' lists those that are kept")
    return files.kept(entries[number])


def _lines(path: Path | None) -> list[str]:
    """None: a file that is not there has none; nor has what is no text."""
    if path is None:
        return []
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []
