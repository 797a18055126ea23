"""`acd backup`, `acd backup verify`, `acd restore`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn
from typer.core import TyperGroup

from acd.backup import recordings
from acd.backup.about import About, WhereRecordings
from acd.backup.make import ENDING, Made, Wanted, make
from acd.backup.pace import Pace
from acd.backup.restore import Asked, Restored, restore
from acd.backup.sealing import check_passphrase
from acd.backup.verify import verify
from acd.cli import context
from acd.cli.console import new_console
from acd.errors import OperatorError, SettingsError
from acd.settings.environment import Environment

_MEGABYTE = 1_000_000
_NICE = 10
_MOST_MISSING = 10


class _OrMake(TyperGroup):
    """`acd backup FOLDER` is `acd backup make FOLDER`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As in the class above."""
        known = bool(args) and (args[0] in self.commands or args[0] in ("--help", "-h"))
        return super().parse_args(ctx, args if known else ["make", *args])


app = typer.Typer(
    help="Back up all data and configuration while the centre runs; verify a back-up.", cls=_OrMake
)

PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="its first line seals secrets.yml (otherwise ACD_BACKUP_PASSPHRASE does, if set)"),
]
Beside = Annotated[
    Path | None, typer.Option("--recordings-from", help="where they are; otherwise beside the archive")
]
Rate = Annotated[float | None, typer.Option(min=0.1, help="megabytes a second that are moved at most")]


@app.command("make")
def make_backup(
    target: Annotated[Path, typer.Argument(help=f"a folder, or a file that ends in {ENDING}")] = Path(
        "backups"
    ),
    keep: Annotated[
        int | None, typer.Option(min=1, help="remove older archives in the folder but so many")
    ] = None,
    recordings_go: Annotated[
        WhereRecordings, typer.Option("--recordings", help="each once beside the archives, inside, or none")
    ] = WhereRecordings.BESIDE,
    journal: Annotated[bool, typer.Option("--journal", help="with the journal of the engine")] = False,
    rate_mb: Rate = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Back up all data and configuration while the centre runs ('acd backup FOLDER' is enough)."""
    env = context.environment()
    if keep is not None and target.name.endswith(ENDING):
        raise OperatorError("--keep counts archives in a folder: name a folder")
    os.nice(_NICE)
    passphrase = _passphrase(env, passphrase_file)
    sealed_by = check_passphrase(passphrase) if passphrase else ""
    wanted = Wanted(target, _centre(env), recordings_go, journal, sealed_by, keep)
    with _pace(rate_mb) as pace:
        made = make(env, wanted, datetime.now(UTC), pace, os.environ)
    _show_made(made)


@app.command("verify")
def verify_backup(
    archive: Annotated[Path, typer.Argument(help="the archive")],
    quick: Annotated[bool, typer.Option("--quick", help="recordings beside it are only looked for")] = False,
    recordings_from: Beside = None,
    rate_mb: Rate = None,
) -> None:
    """Whether a back-up is whole: every digest. Its code is 1 where it is not."""
    with _pace(rate_mb) as pace:
        told = verify(archive, recordings_from or archive.parent / recordings.FOLDER, pace, quick=quick)
    _show_about(told.contents.about)
    size = f"{told.contents.bytes / _MEGABYTE:,.1f} MB unpacked"
    _say(f"{told.contents.files} files, {size}: all digests are right")
    if told.recordings:
        _say(f"{told.recordings} files of recordings: {told.missing} missing, {told.damaged} damaged")
    for name in told.named:
        _say(f"  {name}")
    if told.missing or told.damaged:
        raise typer.Exit(1)


def restore_backup(
    archive: Annotated[Path, typer.Argument(help="as 'acd backup' has made it")],
    replace: Annotated[bool, typer.Option("--replace", help="put aside what is there already")] = False,
    without_config: Annotated[
        bool, typer.Option("--without-config", help="leave configuration and flows as they are here")
    ] = False,
    recordings_from: Beside = None,
    rate_mb: Rate = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Put a back-up into an empty ACD_HOME: all of it, or nothing."""
    env = context.environment()
    beside = recordings_from or archive.parent / recordings.FOLDER
    passphrase = _passphrase(env, passphrase_file)
    asked = Asked(archive, beside, replace, not without_config, passphrase)
    with _pace(rate_mb) as pace:
        told = restore(env, asked, datetime.now(UTC), pace)
    _show_about(told.about)
    _show_restored(env, told)


def _centre(env: Environment) -> str:
    """Its name, where the configuration can be read."""
    try:
        return context.centre_in_use(env).system.name
    except SettingsError:
        return ""


def _passphrase(env: Environment, file: Path | None) -> str:
    if file is None:
        return env.backup_passphrase
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file}: the passphrase cannot be read: {error}") from error


@contextmanager
def _pace(rate_mb: float | None) -> Iterator[Pace]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=new_console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def moved(what: str, count: int) -> None:
            progress.update(task, description=what[-60:].ljust(60), advance=count)

        yield Pace(None if rate_mb is None else rate_mb * _MEGABYTE, moved)


def _show_made(made: Made) -> None:
    about, kept = made.about, made.recordings
    _say(f"{made.archive}: {made.bytes / _MEGABYTE:,.1f} MB")
    if about.recordings == WhereRecordings.BESIDE:
        new = f"{kept.new} new, {kept.new_bytes / _MEGABYTE:,.1f} MB"
        _say(f"recordings beside it: {kept.files} files ({new}); {kept.deleted} removed, deleted on purpose")
    if kept.only_in_s3:
        _say(f"{kept.only_in_s3} files of recordings are in the S3 store, and in no back-up")
    for name in kept.damaged[:_MOST_MISSING]:
        _say(f"damaged, see 'acd recordings check': {name}")
    for archive in made.removed:
        _say(f"removed: {archive.name}")
    if about.secrets == "plain":
        _say("The passwords in secrets.yml are in it as they are: keep it as closed as ACD_HOME.")


def _show_about(about: About) -> None:
    tables = f"tables {about.schema} in {about.database}"
    _say(f"{about.centre}, made {about.made_at} by acd {about.version}; {tables}")
    journal = ", with the journal" if about.journal else ""
    _say(f"secrets {about.secrets}, recordings {about.recordings}{journal}")


def _show_restored(env: Environment, told: Restored) -> None:
    _say(f"{told.files} files are in {env.home}, with {told.recordings} recordings that were beside them")
    if told.missing:
        some = ", ".join(told.missing[:_MOST_MISSING])
        _say(f"{len(told.missing)} recordings are missing or damaged: {some}")
    if told.left_out:
        _say(f"not the centre's configuration, and only in the archive: {', '.join(told.left_out)}")
    for path in told.aside:
        _say(f"what was there before is in {path}")
    if told.redis_aside:
        _say(f"the live state that Redis had is in {told.redis_aside}")
    if told.redis_away:
        _say(f"Whether Redis has live state of before cannot be told ({told.redis_away}).")
        _say("If it may: delete that key before the start, or calls and agents of then are taken up.")
    if told.about.variables:
        _say(f"set as they were, their values are in no back-up: {', '.join(told.about.variables)}")
    _say("Now: acd check, acd phones provision, and start the server; then acd records reconcile --repair")


def _say(text: str) -> None:
    context.console.print(text, markup=False, soft_wrap=True)
