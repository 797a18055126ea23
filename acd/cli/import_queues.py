"""`acd import`: queues of Asterisk's app_queue as a configuration of ours."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from acd.cli.context import console
from acd.errors import OperatorError
from acd.importing.conf import Section, read_conf
from acd.importing.files import FLOWS_FOLDER, NOTES_FILE, contents, frame, write
from acd.importing.known_agents import known_agents
from acd.importing.notes import Kind, Notes
from acd.importing.translate import translate

RULES_FILE = "queuerules.conf"
SHOWN_AT_MOST = 40


def import_queues(
    queues: Annotated[Path, typer.Argument(help="queues.conf, as Asterisk reads it")],
    rules: Annotated[
        Path | None, typer.Option(help=f"queuerules.conf; without: {RULES_FILE} beside the first, if there")
    ] = None,
    agents: Annotated[
        Path | None,
        typer.Option(help="who the members are: an agents.yml of ours, or Asterisk's agents.conf"),
    ] = None,
    out: Annotated[Path, typer.Option(help="the folder to write to")] = Path("imported"),
    force: Annotated[bool, typer.Option("--force", help="write over groups.yml and agents.yml")] = False,
) -> None:
    """Turn an app_queue configuration into groups.yml and agents.yml, and say what works differently."""
    for file in (queues, rules, agents):
        if file is not None and not os.path.exists(file):  # Path.exists raises where it may not look
            raise OperatorError(f"{file}: there is no such file, or it may not be read")
    notes = Notes()
    sections = read_conf(queues, notes)
    found_rules = _rules(queues, rules, notes)
    known, rest = known_agents(agents, notes)
    found = translate(sections, found_rules, known, notes)
    _stop_at_errors(notes)
    if not found.groups:
        raise OperatorError(
            f"{queues} has no queue: a queue is a section such as [sales] with `member =>` lines"
        )
    if not found.agents:
        raise OperatorError(
            f"{queues} names no members, and a configuration needs agents: name an agents.yml with --agents"
        )
    written = write(out, contents(found, rest, notes, str(queues)), frame(found), force=force)
    for note in list(notes.in_order())[:SHOWN_AT_MOST]:
        _say(str(note))
    _say(f"{len(found.groups)} groups, {len(found.agents)} agents are in {out}: {', '.join(sorted(written))}")
    changed = sum(note.kind is Kind.CHANGED for note in notes.found)
    _say(f"{changed} options changed, {len(notes.found) - changed} left out: all in {out / NOTES_FILE}")
    if "system.yml" not in written:
        _say(f"system.yml was there and is as it was; its `missed_rings` would be: {found.missed_rings}")
    folders = shlex.join(["--config", str(out), "--flows", str(out / FLOWS_FOLDER)])
    _say(f"next: read them, then 'acd check {folders}'; flows of your own come into {out / FLOWS_FOLDER}")


def _rules(queues: Path, rules: Path | None, notes: Notes) -> dict[str, Section]:
    beside = queues.parent / RULES_FILE
    if rules is None and not beside.exists():
        return {}
    return read_conf(rules or beside, notes)


def _stop_at_errors(notes: Notes) -> None:
    """Nothing is half imported."""
    if notes.errors:
        shown = [str(note) for note in sorted(notes.errors)[:SHOWN_AT_MOST]]
        more = len(notes.errors) - len(shown)
        shown += [f"and {more} more"] if more else []
        raise OperatorError("\n".join([*shown, "nothing was written"]))


def _say(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
