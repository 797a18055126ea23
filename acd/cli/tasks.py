"""`acd voicemail …` and `acd callbacks …`: what callers left for us to do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from acd.cli import context
from acd.cli.sounds import place_of, sound_file
from acd.errors import OperatorError, RequestRefused
from acd.recordings.store import Recordings
from acd.records.report import duration
from acd.records.story import printable
from acd.records.task_store import TaskStore
from acd.records.tasks import Task, TaskChange, TaskKind, TaskState
from acd.runtime.leader import Leader
from acd.settings.environment import Environment

voicemail = typer.Typer(help="What callers said to us when nobody answered.", no_args_is_help=True)
callbacks = typer.Typer(help="Callers who want to be called back.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="as in the list")]
Group = Annotated[str, typer.Option(help="only this skill group's")]
All = Annotated[bool, typer.Option("--all/--open", help="also those that are done; only open ones")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable")]
Note = Annotated[str, typer.Option(help="what there is to say about it")]

# Programs that play a sound file, the first that is there: with SoX, with ALSA, with FFmpeg.
PLAYERS = (("play", "-q"), ("aplay", "-q"), ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"))


# --- voicemail ------------------------------------------------------------------------------------
@voicemail.command("list")
def list_voicemails(
    group: Group = "", show_all: All = False, wide: context.Wide = False, as_json: AsJson = False
) -> None:
    """Voicemails, oldest first; without --all those that somebody has still to see to."""
    _list(TaskKind.VOICEMAIL, group, closed=show_all, wide=wide, as_json=as_json)


@voicemail.command("show")
def show_voicemail(voicemail_id: Id) -> None:
    """One voicemail and what became of it."""
    env = context.environment()
    with context.records(env) as store:
        task = TaskStore(store.engine).task(TaskKind.VOICEMAIL, voicemail_id)
        row = Recordings(store.engine).get(task.sound)
    _show(env, task, place_of(env, task.sound, row))


@voicemail.command("assign")
def assign_voicemail(
    voicemail_id: Id, agent: Annotated[str, typer.Argument(help="the agent's id")], note: Note = ""
) -> None:
    """Give a voicemail to an agent; again: to another one."""
    _assign(TaskKind.VOICEMAIL, voicemail_id, agent, note)


@voicemail.command("play")
def play_voicemail(
    voicemail_id: Id,
    out: Annotated[Path | None, typer.Option(help="write the sound to this file instead")] = None,
) -> None:
    """Hear a voicemail, with whatever plays sounds here; without any, see where its file is."""
    env = context.environment()
    with context.records(env) as store:
        task = TaskStore(store.engine).task(TaskKind.VOICEMAIL, voicemail_id)
        row = Recordings(store.engine).get(task.sound)
    with sound_file(env, task.sound, row) as sound:
        if out is not None:
            try:
                shutil.copyfile(sound, out)
            except OSError as error:
                raise OperatorError(f"{out} cannot be written: {error.strerror}") from error
            context.console.print(f"wrote {out}", markup=False, soft_wrap=True)
            return
        player = next((command for command in PLAYERS if shutil.which(command[0])), None)
        if player is None or subprocess.run([*player, str(sound)], check=False).returncode != 0:
            place = place_of(env, task.sound, row)
            context.console.print(f"{place}\nTo have a copy: --out FILE", markup=False, soft_wrap=True)


@voicemail.command("done")
def voicemail_done(voicemail_id: Id, note: Note = "") -> None:
    """Nothing remains to be done about it."""
    _close(TaskKind.VOICEMAIL, voicemail_id, TaskState.DONE, note)


# --- callbacks --------------------------------------------------------------------------------------
@callbacks.command("list")
def list_callbacks(
    group: Group = "", show_all: All = False, wide: context.Wide = False, as_json: AsJson = False
) -> None:
    """Callbacks, oldest first; without --all those that are still to be made.

    Those that stand in line show their place there; which of them is next.
    """
    _list(TaskKind.CALLBACK, group, closed=show_all, wide=wide, as_json=as_json)


@callbacks.command("show")
def show_callback(callback_id: Id) -> None:
    """One callback and what became of it."""
    env = context.environment()
    with context.records(env) as store:
        task = TaskStore(store.engine).task(TaskKind.CALLBACK, callback_id)
    _show(env, task)


@callbacks.command("assign")
def assign_callback(
    callback_id: Id, agent: Annotated[str, typer.Argument(help="the agent's id")], note: Note = ""
) -> None:
    """Give a callback to an agent; again: to another one."""
    _assign(TaskKind.CALLBACK, callback_id, agent, note)


@callbacks.command("done")
def callback_done(callback_id: Id, note: Note = "") -> None:
    """The caller has been called back; the number may ask again."""
    _close(TaskKind.CALLBACK, callback_id, TaskState.DONE, note)


@callbacks.command("cancel")
def cancel_callback(callback_id: Id, note: Note = "") -> None:
    """Nobody will call back, and the place in line is given up; the number may ask again."""
    _close(TaskKind.CALLBACK, callback_id, TaskState.CANCELLED, note)


# --- both -------------------------------------------------------------------------------------------
def _list(kind: TaskKind, group: str, *, closed: bool, wide: bool, as_json: bool) -> None:
    env = context.environment()
    with context.records(env) as store:
        found = TaskStore(store.engine).tasks(kind, group=group or None, closed=closed)
    if not found:
        context.check_group(env, group)
    live = _in_line(env) if kind is TaskKind.CALLBACK else {}
    if as_json:
        shown = [plain(task, live.get(task.entry_id)) for task in found]
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    elif found:
        context.show(_table(kind, found, context.timezone(env), live), wide=wide)
    else:
        context.console.print("nothing is open" if not closed else "there are none")


def _in_line(env: Environment) -> dict[str, dict[str, Any]]:
    """The callbacks that a running controller works off by itself now, by the id of their entry in line."""
    try:
        answer = asyncio.run(Leader(env).request(do="callbacks"))
    except (OperatorError, RequestRefused):
        return {}
    found: dict[str, dict[str, Any]] = answer["callbacks"]
    return found


def plain(task: Task, live: dict[str, Any] | None = None) -> dict[str, Any]:
    """A task as JSON, times in UTC; `live`: how a callback stands in line."""
    history = [
        {"at": c.at.isoformat(), "who": c.who, "state": c.state, "agent": c.agent, "note": c.note}
        for c in task.history
    ]
    shown: dict[str, Any] = {"id": task.id, "call": task.call_id, "at": task.at.isoformat()}
    shown |= {"group": task.group, "number": task.number, "state": task.state, "agent": task.agent}
    if task.kind is TaskKind.VOICEMAIL:
        shown |= {"sound": task.sound, "duration_s": task.duration_s}
    else:
        shown |= {"language": task.language, "line": live}
        shown |= {"due_at": None if task.due_at is None else task.due_at.isoformat()}
    return {**shown, "history": history}


def _table(
    kind: TaskKind, found: Iterable[Task], tz: ZoneInfo, in_line: Mapping[str, Mapping[str, Any]]
) -> Table:
    table = Table(title=f"Times in {tz.key}")
    table.add_column("Id", no_wrap=True)  # to be copied whole
    table.add_column("Left", min_width=10)
    last = "Length" if kind is TaskKind.VOICEMAIL else "Language"
    for heading in ("Group", "Number", "Name", "State", "Agent", last):
        table.add_column(heading, overflow="fold")
    for task in found:
        detail = duration(task.duration_s) if kind is TaskKind.VOICEMAIL else task.language
        live = in_line.get(task.entry_id, {})
        state, agent = live.get("state", task.state), live.get("agent") or task.agent or ""
        cells = (task.group or "", task.number, task.caller_name, state, agent, detail)
        when = f"{task.at.astimezone(tz):%Y-%m-%d %H:%M}"
        table.add_row(*(Text(printable(cell)) for cell in (task.id, when, *cells)))
    return table


def _show(env: Environment, task: Task, sound: str = "") -> None:
    tz = context.timezone(env)

    def say(text: str) -> None:
        context.console.print(printable(text), markup=False, soft_wrap=True)

    caller = f"{task.number} ({task.caller_name})" if task.caller_name else task.number
    say(f"{task.kind.capitalize()} {task.id} of call {task.call_id}: {caller} for {task.group}, {task.state}")
    when = f"{task.at.astimezone(tz):%Y-%m-%d %H:%M:%S} ({tz.key})"
    if task.kind is TaskKind.VOICEMAIL:
        say(f"{when}, {duration(task.duration_s)} long: {sound}")
    else:
        say(f"{when}, to be spoken to in {task.language}")
        if task.due_at is not None:
            by = f" by {task.for_agent}" if task.for_agent else ""
            say(f"promised for {task.due_at.astimezone(tz):%Y-%m-%d %H:%M}{by}")
    for change in task.history:
        to = f" to {change.agent}" if change.agent else ""
        note = f": {change.note}" if change.note else ""
        say(f"{change.at.astimezone(tz):%Y-%m-%d %H:%M:%S}  {change.state}{to} by {change.who}{note}")


def _assign(kind: TaskKind, task_id: str, agent: str, note: str) -> None:
    env = context.environment()
    agents = context.centre_in_use(env).plan.agents
    if agent not in agents:
        raise OperatorError(f"there is no agent {agent!r}; ids: {', '.join(agents)}")
    now = datetime.now(context.timezone(env))
    _change(env, kind, task_id, TaskChange(now, context.user(), TaskState.ASSIGNED, agent, note))
    _tell_controller(env, kind)


def _close(kind: TaskKind, task_id: str, state: TaskState, note: str) -> None:
    env = context.environment()
    now = datetime.now(context.timezone(env))
    _change(env, kind, task_id, TaskChange(now, context.user(), state, None, note))
    _tell_controller(env, kind)


def _tell_controller(env: Environment, kind: TaskKind) -> None:
    """Where one runs, it is to know which numbers may ask for a callback now."""
    if kind is TaskKind.CALLBACK:
        with contextlib.suppress(OperatorError, RequestRefused):
            asyncio.run(Leader(env).request(do="callbacks-changed"))


def _change(env: Environment, kind: TaskKind, task_id: str, change: TaskChange) -> None:
    """A callback that people take over leaves the line, or nothing changes.

    Raises RequestRefused while the customer is being called back.
    """

    def leave_line(task: Task) -> None:
        with contextlib.suppress(
            OperatorError
        ):  # where no controller runs, the next one sees it at its start
            asyncio.run(Leader(env).request(do="callback-withdraw", entry=task.entry_id))

    confirm = leave_line if kind is TaskKind.CALLBACK else None
    with context.records(env) as store:
        task = TaskStore(store.engine).change(kind, task_id, change, confirm)
    to = f" to {task.agent}" if change.state is TaskState.ASSIGNED else ""
    context.console.print(f"{kind} {task.id}: {task.state}{to}", markup=False, soft_wrap=True)
