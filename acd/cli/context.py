"""What every command needs: the checkout, the environment, the configuration, printing."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acd.cli.console import new_console
from acd.errors import OperatorError, SettingsError
from acd.settings.environment import Environment

# Commands that only ask the running controller have no use for the configuration, which takes longer to
# import than all the rest: it is imported where it is read.
if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.console import RenderableType

    from acd.records.store import RecordStore
    from acd.runtime.version_files import Staged
    from acd.settings.model import Centre
    from acd.settings.secrets import Secrets

CHECKOUT = Path(__file__).resolve().parents[2]

PIPE_WIDTH = 100
WIDE = 240

# Into a pipe or file there is no screen to fit; who reads it later has one of this width.
console = new_console(width=None if sys.stdout.isatty() else PIPE_WIDTH)

Wide = Annotated[bool, typer.Option("--wide", help="every column, in lines as long as they have to be")]


def width(*, wide: bool) -> int | None:
    """How wide a table may be; None: as it likes."""
    return None if wide else console.width


def show(table: RenderableType, *, wide: bool) -> None:
    """Print a table, fitted to the screen or not."""
    (new_console(width=max(WIDE, console.width)) if wide else console).print(table)


def environment() -> Environment:
    """From the ACD_… variables."""
    return Environment.from_env(os.environ, CHECKOUT)


def records(env: Environment, *, create: bool = False) -> RecordStore:
    """What is on record, to be opened: that raises OperatorError where no database is there yet.

    With `create` one is made.
    """
    from acd.records.store import RecordStore

    return RecordStore(env.database_url, create=create)


def centre(env: Environment) -> Centre:
    """The checked configuration. Raises SettingsError."""
    from acd.settings.load import load_centre

    return load_centre(env.config_dir, env.flows_dir)


def centre_in_use(env: Environment) -> Centre:
    """The configuration, also while somebody edits it: where it is faulty, the one that was used last.

    Raises SettingsError where there is none.
    """
    try:
        return centre(env)
    except SettingsError:
        if (last := centre_used_last(env)) is None:
            raise
        return last


def centre_used_last(env: Environment) -> Centre | None:
    """What the controller runs with, or ran with; None where it has never run."""
    from acd.settings.load import load_centre

    kept = _used_last(env)
    return None if kept is None else load_centre(kept.config_dir, kept.flows_dir)


def check_group(env: Environment, group: str) -> None:
    """Raises OperatorError if nothing is on record for the group because there is none of this name."""
    from acd.settings.problems import not_among

    if group and group not in (groups := centre_in_use(env).plan.groups):
        raise OperatorError(not_among("group", group, groups))


def timezone(env: Environment) -> ZoneInfo:
    """The centre's zone, in which times are read and shown; where system.yml is faulty, the one used last.

    Raises SettingsError where there is none.
    """
    from acd.settings.timezone import timezone_of

    try:
        return timezone_of(env.config_dir)
    except SettingsError:
        if (kept := _used_last(env)) is None:
            raise
        return timezone_of(kept.config_dir)


def _used_last(env: Environment) -> Staged | None:
    from acd.runtime.version_files import VersionFiles

    files = VersionFiles(env.versions_dir)
    last = files.last()
    return None if last is None else files.kept(last)


def user() -> str:
    """Who types: the name of the user of this machine, behind `sudo` if it is used."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"


def passwords(env: Environment, of: Centre) -> Secrets:
    """The generated passwords, new ones for new phones."""
    from acd.settings.secrets import load_or_create_secrets

    secrets = load_or_create_secrets(env.secrets_file, of.phones)
    for note in secrets.notes:
        console.print(f"note: {note}", style="yellow", markup=False, soft_wrap=True)
    return secrets


def asterisk_command(*arguments: str) -> list[str]:
    """The command that runs, or talks to, our own Asterisk."""
    return [str(CHECKOUT / "asterisk" / "run"), *arguments]


def asterisk_environment(env: Environment) -> Mapping[str, str]:
    """ACD_HOME spelled out, for a child that must agree with us; of several nodes, which."""
    return {**os.environ, "ACD_HOME": str(env.home), "ACD_ASTERISK_NODE": env.node}


def asterisk_console(env: Environment, command: str) -> str:
    """One console command to our running Asterisk. Raises OperatorError when none runs."""
    done = subprocess.run(
        asterisk_command("-rx", command),
        env=dict(asterisk_environment(env)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise OperatorError(f"Asterisk did not take {shlex.quote(command)}: is it running?")
    return done.stdout
