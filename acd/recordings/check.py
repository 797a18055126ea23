"""Holds the files of recordings against their rows, and the rows against the calls."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from acd.recordings.bucket import Bucket, NotStored
from acd.recordings.files import LEFT_AFTER_S, RAW, Folder, path_of, sha256_of
from acd.recordings.store import Recording, Recordings, Storage

PAGE = 500
AT_ONCE = 4
"""Files that are read from the store at the same time."""


class Fault(StrEnum):
    """What is wrong with a recording."""

    MISSING = "missing"  # on record, and the file is not there
    DIFFERS = "differs"  # another size or checksum than on record
    WITHOUT_CALL = "without-call"  # the call of the row is not on record
    UNKNOWN = "unknown"  # a file that is not on record
    NOT_DELETED = "not-deleted"  # deleted by its row, and the file is there
    LEFT_OVER = "left-over"  # something was under way, and nothing goes on with it


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault; `text` in words."""

    name: str
    fault: Fault
    text: str


def check(
    folder: Path,
    rows: Recordings,
    calls_known: Callable[[list[str]], Collection[str]],
    *,
    checksums: bool = True,
    looked_at: Callable[[int], None] = lambda _count: None,
    bucket: Callable[[], Bucket | None] = lambda: None,
) -> Iterator[Finding]:
    """All faults, by beginning of the recordings, then the files that no row is for.

    `calls_known`: those of some calls that are on record. Files that are in the S3 store and no longer on
    this disk are read there, block by block; `bucket` gives the store. Without `checksums` files are not
    read, only measured. `looked_at` is told of how many rows at a time. Raises OSError, StoreAway,
    OperatorError where the store has no keys, SQLAlchemy's errors.
    """
    last: tuple[datetime, str] | None = None
    while page := rows.after(last, PAGE):
        known = calls_known(sorted({row.call_id for row in page if row.is_there}))
        for row in page:
            yield from _row_faults(folder, row, checksums=checksums)
            if row.is_there and row.call_id not in known:
                yield Finding(row.name, Fault.WITHOUT_CALL, f"the call {row.call_id} is not on record")
        elsewhere = [row for row in page if _is_elsewhere(folder, row, checksums=checksums)]
        if elsewhere:
            yield from _faults_there(bucket(), elsewhere, checksums=checksums)
        last = (page[-1].started_at, page[-1].name)
        looked_at(len(page))
    yield from _files_without_row(folder, rows)


def _row_faults(folder: Path, row: Recording, *, checksums: bool) -> Iterator[Finding]:
    file = path_of(folder, row.name, row.format)
    if not row.is_there:
        if file.is_file():
            yield Finding(row.name, Fault.NOT_DELETED, f"deleted ({row.deleted_why}), but {file} is there")
        return
    if not file.is_file():
        if row.storage is Storage.DISK:
            yield Finding(row.name, Fault.MISSING, f"{file} is not there")
        return
    size = file.stat().st_size
    if size != row.bytes:
        yield Finding(row.name, Fault.DIFFERS, f"{file} has {size} bytes, on record are {row.bytes}")
    elif checksums and sha256_of(file) != row.sha256:
        yield Finding(row.name, Fault.DIFFERS, f"{file} has another checksum than on record")


def _is_elsewhere(folder: Path, row: Recording, *, checksums: bool) -> bool:
    """Whether it must be looked for in the store; of deleted ones where there is time."""
    if row.storage is not Storage.S3:
        return False
    return not path_of(folder, row.name, row.format).is_file() if row.is_there else checksums


def _faults_there(bucket: Bucket | None, rows: Sequence[Recording], *, checksums: bool) -> list[Finding]:
    if bucket is None:
        text = "it is kept in S3, and config/system.yml names no store"
        return [Finding(row.name, Fault.MISSING, text) for row in rows if row.is_there]
    return asyncio.run(_looked_at_there(bucket, rows, checksums=checksums))


async def _looked_at_there(bucket: Bucket, rows: Sequence[Recording], *, checksums: bool) -> list[Finding]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(row: Recording) -> Finding | None:
        async with turns:
            return await _fault_there(bucket, row, checksums=checksums)

    found = await asyncio.gather(*map(one, rows))
    return [finding for finding in found if finding is not None]


async def _fault_there(bucket: Bucket, row: Recording, *, checksums: bool) -> Finding | None:
    name = f"{row.name}.{row.format}"
    try:
        size = await bucket.size(name)
        if not row.is_there:
            text = f"deleted ({row.deleted_why}), but the store has it"
            return Finding(row.name, Fault.NOT_DELETED, text)
        if size != row.bytes:
            text = f"{name} has {size} bytes in the store, on record are {row.bytes}"
            return Finding(row.name, Fault.DIFFERS, text)
        if checksums and await _sha256_there(bucket, name) != row.sha256:
            text = f"{name} has another checksum in the store than on record"
            return Finding(row.name, Fault.DIFFERS, text)
    except NotStored:
        return Finding(row.name, Fault.MISSING, f"the store has no {name}") if row.is_there else None
    return None


async def _sha256_there(bucket: Bucket, name: str) -> str:
    digest = hashlib.sha256()
    async for block in bucket.read(name):
        digest.update(block)
    return digest.hexdigest()


def _files_without_row(folder: Path, rows: Recordings) -> Iterator[Finding]:
    found = Folder(folder)
    for day in found.days():
        sounds = found.sounds(day)
        for name in sorted(sounds.keys() - rows.known(sounds.keys())):
            text = "a file that is not on record: its call is not, or goes on"
            yield Finding(name, Fault.UNKNOWN, text)
        for file in found.left_over(day, time.time() - LEFT_AFTER_S):
            name = f"{day}/{file.name.partition('.')[0]}"
            what = "a talk was never made a file of" if file.suffix == RAW else "was never finished"
            yield Finding(name, Fault.LEFT_OVER, f"{file}: {what}")
