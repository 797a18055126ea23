"""Making a back-up, while the centre runs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from acd import __version__
from acd.backup import contents, recordings
from acd.backup.about import FORMAT, About, DatabaseKind, WhereRecordings
from acd.backup.archive import ABOUT, ArchiveWriter
from acd.backup.database import NAMES, copy_out, kind_of, schema_of
from acd.backup.pace import Pace
from acd.backup.rotation import keep_newest
from acd.backup.sealing import seal
from acd.errors import OperatorError
from acd.recordings.files import Folder
from acd.records.connecting import make_engine
from acd.settings.environment import LAST_BACKUP, Environment
from acd.sole import sole
from acd.synced import bring_to_disk

ENDING = ".tar.gz"
_UNDER_WAY = ".acd-backup-"
_LOCK = ".acd-backup.lock"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`target`: a folder, in which the archive gets a name by its time, or a file.

    `passphrase` seals the secrets; without one they are in the archive as they are. Of the archives with a
    name by their time so many are kept (`keep`; None: all): the others go once the new one is whole.
    """

    target: Path
    centre: str
    recordings: WhereRecordings = WhereRecordings.BESIDE
    journal: bool = False
    passphrase: str = ""
    keep: int | None = None


@dataclass(slots=True)
class Made:
    """`removed`: archives that were too many."""

    archive: Path
    about: About
    bytes: int = 0
    recordings: recordings.Copied = field(default_factory=recordings.Copied)
    removed: list[Path] = field(default_factory=list)


def make(env: Environment, wanted: Wanted, now: datetime, pace: Pace, variables: Mapping[str, str]) -> Made:
    """A whole archive, or none. Raises OperatorError.

    `variables` are those of the process: the names of ours among them are told in the archive.
    """
    archive = _archive(wanted.target, now)
    folder = archive.parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with sole(folder / _LOCK) as is_alone:
            if not is_alone:
                raise OperatorError(f"another back-up is being made in {folder}")
            with _staging(folder) as staging:
                made = _made(env, wanted, archive, _about(env, wanted, now, variables), staging, pace)
            if wanted.keep is not None:  # another back-up now would miss what is removed under it
                made.removed = keep_newest(folder, wanted.keep)
            return made
    except OSError as error:
        raise OperatorError(f"no back-up was made: {error.filename or folder}: {error.strerror}") from error
    except SQLAlchemyError as error:
        raise OperatorError(f"no back-up was made: the database: {getattr(error, 'orig', error)}") from error


def _archive(target: Path, now: datetime) -> Path:
    if target.name.endswith(ENDING) and not target.is_dir():
        return target
    if target.exists() and not target.is_dir():
        raise OperatorError(f"{target} is a file: name a folder, or a file that ends in {ENDING}")
    return target / f"acd-{now:%Y%m%dT%H%M%SZ}{ENDING}"


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Where things are put together; what a crash has left is removed."""
    for left in folder.glob(f"{_UNDER_WAY}*.d"):
        shutil.rmtree(left, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix=_UNDER_WAY, suffix=".d", dir=folder))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _about(env: Environment, wanted: Wanted, now: datetime, variables: Mapping[str, str]) -> About:
    has_secrets = env.secrets_file.is_file()
    return About(
        format=FORMAT,
        version=__version__,
        made_at=now.isoformat(timespec="seconds"),
        centre=wanted.centre,
        database=kind_of(env.database_url).value,
        schema=schema_of(env.database_url),
        secrets=("sealed" if wanted.passphrase else "plain") if has_secrets else "none",
        recordings=wanted.recordings.value,
        journal=wanted.journal,
        variables=sorted(name for name in variables if name.startswith("ACD_") and variables[name]),
    )


def _made(env: Environment, wanted: Wanted, archive: Path, about: About, staging: Path, pace: Pace) -> Made:
    made = Made(archive, about)
    beside = archive.parent / recordings.FOLDER
    is_beside = wanted.recordings is WhereRecordings.BESIDE
    if is_beside:  # most of them now, so that little can change between the database and the second look
        with _engine(env.database_url) as engine, Path(os.devnull).open("wb") as nobody:
            made.recordings = recordings.copy_new(env.recordings_dir, beside, engine, nobody, pace)
    database = staging / NAMES[DatabaseKind(about.database)]
    copy_out(env.database_url, database, pace)
    listing = staging / recordings.LISTING
    if is_beside:
        url = f"sqlite:///{database}" if about.database == DatabaseKind.SQLITE else env.database_url
        with _engine(url) as engine, listing.open("wb") as listed:
            later = recordings.copy_new(env.recordings_dir, beside, engine, listed, pace)
        made.recordings = recordings.together(made.recordings, later)
    fresh = staging / archive.name
    with fresh.open("wb") as file:
        with ArchiveWriter(file, pace) as writer:
            writer.add_bytes(ABOUT, about.to_json())
            if is_beside:
                writer.add_file(recordings.LISTING, listing)
            writer.add_file(database.name, database)
            _add_rest(writer, env, wanted)
        file.flush()
        os.fsync(file.fileno())
    made.bytes = fresh.stat().st_size
    fresh.replace(archive)
    bring_to_disk(archive.parent)
    (env.home / LAST_BACKUP).write_text(f"{about.made_at} {archive}\n")
    return made


def _add_rest(writer: ArchiveWriter, env: Environment, wanted: Wanted) -> None:
    if env.secrets_file.is_file():
        if wanted.passphrase:
            writer.add_bytes("secrets.yml.sealed", seal(env.secrets_file.read_bytes(), wanted.passphrase))
        else:
            writer.add_file("secrets.yml", env.secrets_file)
    for name, path in contents.small_files(env):
        writer.add_file(name, path)
    for name, path in contents.version_files(env):
        _if_there(writer, name, path, linked=True)
    for name, path in contents.journal_files(env) if wanted.journal else ():
        _if_there(writer, name, path)
    if wanted.recordings is WhereRecordings.INSIDE:
        for day in Folder(env.recordings_dir).days():
            for name, path in recordings.files_of(env.recordings_dir, day):
                _if_there(writer, f"recordings/{name}", path)


def _if_there(writer: ArchiveWriter, name: str, path: Path, *, linked: bool = False) -> None:
    """What was old, or is compressed now, may have gone since the folder was read."""
    if path.exists():
        writer.add_file(name, path, linked=linked)


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = make_engine(make_url(url))
    try:
        yield engine
    finally:
        engine.dispose()
