"""Recordings beside the archives: each file once, so that a back-up copies what is new since the last.

The folder `recordings` beside the archives has them under the names that they have at home. A file goes from
there when its recording was deleted on purpose, or when no archive that is kept names it any more; never
because it is missing at home.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, select

from acd.backup.pace import BLOCK, Pace
from acd.recordings.files import NEW, RAW, Folder
from acd.recordings.schema import recordings
from acd.recordings.store import Storage

FOLDER, LISTING = "recordings", "recordings.sha256"


@dataclass(slots=True)
class Copied:
    """Files that are in the back-up, those of them that are new, and those that went: deleted on purpose.

    `only_in_s3`: recordings that are kept in the store, and in no back-up. `damaged`: names of files that are
    not what the database says.
    """

    files: int = 0
    new: int = 0
    new_bytes: int = 0
    deleted: int = 0
    only_in_s3: int = 0
    damaged: list[str] = field(default_factory=list)


def together(first: Copied, second: Copied) -> Copied:
    """Of two looks, one after the other: what is there is what the second has found."""
    return replace(
        second,
        new=first.new + second.new,
        new_bytes=first.new_bytes + second.new_bytes,
        deleted=first.deleted + second.deleted,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    digest: str
    bytes: int
    format: str
    storage: str
    is_deleted: bool


def files_of(folder: Path, day: str) -> Iterator[tuple[str, Path]]:
    """Finished files of a day by the name below the folder; not what is under way."""
    for name, file in files_of_day(folder, day):
        plain = file.is_file() and not file.is_symlink() and file.name.isprintable()
        if plain and NEW not in file.name and file.suffix != RAW and not file.name.startswith("."):
            yield name, file


def copy_new(source: Path, target: Path, engine: Engine, listing: IO[bytes], pace: Pace) -> Copied:
    """Bring the folder beside the archives up to date, and write what belongs to this back-up into `listing`.

    `engine` is that of the database in the back-up: its rows say which file of a recording is wanted, also
    where another has taken its place at home since. Raises OSError, SQLAlchemy's errors.
    """
    told = Copied()
    for day in Folder(source).days():
        rows, listed = _rows(engine, day), dict[str, str]()
        for name, file in files_of(source, day):
            row = rows.get(_recording(name))
            if row is not None and row.is_deleted:
                continue
            if row is not None and row.storage == Storage.S3.value:
                told.only_in_s3 += 1
                continue
            known = row.digest if row is not None and file.suffix == f".{row.format}" else None
            if (digest := _bring(file, target / name, known, told, pace)) is None:
                continue
            listed[name] = digest
            if known is not None and digest != known:
                told.damaged.append(name)
        listed |= _of_before(target, rows, listed)
        told.files += len(listed)
        listing.writelines(f"{digest}  {name}\n".encode() for name, digest in sorted(listed.items()))
    told.deleted = _remove_deleted(target, engine)
    return told


def _of_before(target: Path, rows: dict[str, _Row], listed: dict[str, str]) -> dict[str, str]:
    """What the database names and home has no more: compressed since, and brought by an earlier look."""
    wanted = {
        f"{name}.{row.format}": row.digest
        for name, row in rows.items()
        if not row.is_deleted and row.storage != Storage.S3.value
    }
    return {n: digest for n, digest in wanted.items() if n not in listed and (target / n).is_file()}


def _bring(file: Path, there: Path, known: str | None, told: Copied, pace: Pace) -> str | None:
    """Its digest; None: it has gone meanwhile. One that is there is not read where the digest is known."""
    try:
        status = file.stat()
        if there.is_file():
            old = there.stat()
            if (old.st_size, int(old.st_mtime)) == (status.st_size, int(status.st_mtime)):
                return known or _digest(there)
        there.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest, size = copy(file, there, pace)
    except FileNotFoundError:
        return None
    told.new += 1
    told.new_bytes += size
    return digest


def copy(file: Path, there: Path, pace: Pace) -> tuple[str, int]:
    """Whole, or not there; its digest and bytes. Raises OSError."""
    digest, fresh, size = hashlib.sha256(), there.with_name(f"{there.name}{NEW}"), 0
    with file.open("rb") as source, fresh.open("wb") as target:
        while data := source.read(BLOCK):
            digest.update(data)
            target.write(data)
            size += len(data)
            pace.moved(file.name, len(data))
        target.flush()
        os.fsync(target.fileno())
    shutil.copystat(file, fresh)
    fresh.replace(there)
    return digest.hexdigest(), size


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _remove_deleted(target: Path, engine: Engine) -> int:
    """What somebody has deleted, or was kept for its time, may not outlive that here."""
    removed = 0
    for day in Folder(target).days():
        deleted = {name for name, row in _rows(engine, day).items() if row.is_deleted}
        for name, file in list(files_of_day(target, day)) if deleted else []:
            if _recording(name) in deleted:
                file.unlink(missing_ok=True)
                removed += 1
    return removed


def remove_unnamed(target: Path, listings: Iterable[Iterable[bytes]]) -> int:
    """Files that none of the archives that are kept names, by their listings; how many went."""
    removed = 0
    with closing(sqlite3.connect("")) as named:  # a file of its own: there may be millions
        named.execute("CREATE TABLE named (name TEXT PRIMARY KEY) WITHOUT ROWID")
        for listing in listings:
            names = ((line[66:].decode("utf-8", "replace").rstrip("\n"),) for line in listing)
            named.executemany("INSERT OR IGNORE INTO named VALUES (?)", names)
        for day in Folder(target).days():
            found = named.execute("SELECT name FROM named WHERE name > ? AND name < ?", _range(day))
            wanted = {name for (name,) in found}
            for name, file in list(files_of_day(target, day)):
                if name not in wanted:
                    file.unlink(missing_ok=True)
                    removed += 1
            if not any((target / day).iterdir()):
                (target / day).rmdir()
    return removed


def _range(day: str) -> tuple[str, str]:
    """Names of this day lie between; 0 is what follows / in ASCII."""
    return f"{day}/", f"{day}0"


def files_of_day(folder: Path, day: str) -> Iterator[tuple[str, Path]]:
    """All that there are, by name."""
    for file in sorted((folder / day).iterdir()):
        yield f"{day}/{file.name}", file


def _recording(name: str) -> str:
    """The recording that a file belongs to: '2026-11-26/c1-talk.peaks.json' to '2026-11-26/c1-talk'."""
    day, _, file = name.partition("/")
    return f"{day}/{file.partition('.')[0]}"


def _rows(engine: Engine, day: str) -> dict[str, _Row]:
    c = recordings.c
    query = select(c.name, c.sha256, c.bytes, c.format, c.storage, c.deleted_at)
    low, high = _range(day)
    if engine.dialect.name == "postgresql":  # which may sort as people do
        query = query.where(c.name.startswith(low, autoescape=True))
    else:
        query = query.where(c.name > low, c.name < high)
    with engine.connect() as connection:
        found = connection.execute(query).all()
    return {r.name: _Row(r.sha256, r.bytes, r.format, r.storage, r.deleted_at is not None) for r in found}
