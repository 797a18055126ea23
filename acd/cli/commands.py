"""Which commands there are, where each is, and how the one that is typed is imported, alone.

A command such as `acd status` needs a hundredth of what all commands together need, and is typed often.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from acd.runtime.memory import without_collection


class Command(NamedTuple):
    """`place` is module:function or module:group of commands; `summary` is what the list of all says."""

    place: str
    summary: str


COMMANDS = {
    "server": Command(
        "acd.cli.server:server",
        "Start Asterisk, the controller and the desktop, and say what to do next; Ctrl-C stops everything.",
    ),
    "run": Command(
        "acd.cli.server:run",
        "Run the controller alone; Asterisk runs elsewhere (`acd server` starts both).",
    ),
    "web": Command(
        "acd.cli.web:web",
        "Run the web process alone: pages, API and live picture (`acd server` starts it with the rest).",
    ),
    "check": Command(
        "acd.cli.checks:check_configuration",
        "Check configuration and flows, form and meaning: every problem at once, with file and line.",
    ),
    "import": Command(
        "acd.cli.imports:app",
        "Bring configuration and history of other systems here.",
    ),
    "schema": Command(
        "acd.cli.checks:write_schema",
        "The JSON Schema of a kind of file, for editors that complete and check while you type.",
    ),
    "draw": Command(
        "acd.cli.drawing:draw",
        "Draw a flow, or all, from the flows themselves; with --traffic, how many callers went where.",
    ),
    "status": Command(
        "acd.cli.status:status",
        "Groups, agents and calls of this moment.",
    ),
    "handover": Command(
        "acd.cli.controllers:handover",
        "Have another controller lead, before maintenance: calls, places and desktops go on.",
    ),
    "drill": Command(
        "acd.cli.drills:drill",
        "Bring a fault about on purpose in the running centre, watch, and report; code 1 if it fails.",
    ),
    "lead": Command(
        "acd.cli.controllers:lead",
        "Have a controller lead although neither Redis nor the other controllers can be asked.",
    ),
    "why": Command(
        "acd.cli.why:why",
        "Why a caller still waits; of any other call, why each routing decision was as it was.",
    ),
    "nodes": Command(
        "acd.cli.nodes:nodes",
        "Show the Asterisk nodes: whether they are there, their calls, the phones that they can ring.",
    ),
    "node": Command(
        "acd.cli.nodes:app",
        "One of several Asterisk nodes: new calls, or none.",
    ),
    "trunks": Command(
        "acd.cli.trunks:trunks",
        "Each trunk: registered, rejected or unreachable, and its calls now.",
    ),
    "report": Command(
        "acd.cli.report:report",
        "Key figures of a period by group, agent and more: as a table, CSV, Excel, JSON, Parquet or PDF.",
    ),
    "reports": Command(
        "acd.cli.saved_reports:app",
        "Saved reports: kept, sent by e-mail when they are due, and what became of it.",
    ),
    "simulate": Command(
        "acd.cli.simulate:simulate",
        "Simulate the call centre: the real routing on a virtual clock, with callers drawn by chance.",
    ),
    "try": Command(
        "acd.cli.try_flow:try_flow",
        "Walk through a flow in the terminal: see what is heard, key, and see where it leads.",
    ),
    "test": Command(
        "acd.cli.flow_tests:run_tests",
        "Run the test cases that the flows have in their files.",
    ),
    "reload": Command(
        "acd.cli.flows:reload",
        "Check and test config/ and ivr_flows/; if all is well, all of it holds at once. Calls go on.",
    ),
    "versions": Command(
        "acd.cli.versions:app",
        "Which configuration and flows were active when, made so by whom, what changed,"
        " which calls use them.",
    ),
    "rollback": Command(
        "acd.cli.flows:rollback",
        "Make an old version active again. The files on disk stay as they are.",
    ),
    "trace": Command(
        "acd.cli.trace:trace",
        "How a call went through its flows, step by step; also of a call that goes on.",
    ),
    "replay-journal": Command(
        "acd.cli.replay_journal:replay_journal",
        "Play a journal again: does the engine answer as it did? Stops at the first difference, with code 2.",
    ),
    "agent": Command(
        "acd.cli.agents:app",
        "Change an agent's state (talks to the running controller).",
    ),
    "account": Command(
        "acd.cli.accounts:app",
        "Who may use the desktop: accounts and their roles.",
    ),
    "announce": Command(
        "acd.cli.flows:announce",
        "Announcements that flows say while they are switched on (talks to the running controller).",
    ),
    "voicemail": Command(
        "acd.cli.tasks:voicemail",
        "What callers said to us when nobody answered.",
    ),
    "callbacks": Command(
        "acd.cli.tasks:callbacks",
        "Callers who want to be called back.",
    ),
    "recordings": Command(
        "acd.cli.recordings:app",
        "Look at recordings, and check their files.",
    ),
    "retention": Command(
        "acd.cli.retention:app",
        "Delete what has been kept for its time (config/retention.yml).",
    ),
    "customers": Command(
        "acd.cli.customers:app",
        "The customer directory: find, show, merge, delete, import and export.",
    ),
    "erlang": Command(
        "acd.cli.erlang:app",
        "Staffing by Erlang's formulas: agents, lines, waits.",
    ),
    "phones": Command(
        "acd.cli.phones:app",
        "SIP phones: passwords and Asterisk's configuration.",
    ),
    "doctor": Command(
        "acd.cli.doctor:doctor",
        "Look at an installation from the outside, make a test call, and say what to do.",
    ),
    "backup": Command(
        "acd.cli.backup:app",
        "Back up all data and configuration while the centre runs; verify a back-up.",
    ),
    "restore": Command(
        "acd.cli.backup:restore_backup",
        "Put a back-up into an empty ACD_HOME: all of it, or nothing.",
    ),
    "records": Command(
        "acd.cli.reconcile:app",
        "Compare the records with Asterisk's own account of calls; fold calls anew, roll figures up, move.",
    ),
    "calls": Command(
        "acd.cli.records:app",
        "Look at the records of calls.",
    ),
}


class CommandsOnDemand(TyperGroup):
    """Lists all commands, and imports the one that is named."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, command in COMMANDS.items():
            self.add_command(TyperCommand(name, help=command.summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is typed first, and what follows it; as in the class above."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, None if command is None or name is None else imported(name), rest


def imported(name: str) -> Any:
    """The command with its options, or the group with its commands."""
    place, _, attribute = COMMANDS[name].place.partition(":")
    with without_collection():  # a sixth of the time
        found = getattr(import_module(place), attribute)
    alone = typer.Typer(add_completion=False)
    alone.callback()(lambda: None)  # with it, a single command is still one of a group
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    group = get_command(alone)
    assert isinstance(group, TyperGroup)
    return group.commands[name]
