"""Recordings, deleted: file, picture of the wave, and the copy in the store; the row says when and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from acd.errors import OperatorError
from acd.recordings.bucket import Bucket
from acd.recordings.files import remove_files
from acd.recordings.store import Recording, Recordings, Storage


class Why(StrEnum):
    """Why a recording was deleted; pages have words for it."""

    RETENTION = "retention"  # it was kept as long as config/retention.yml says
    FORGOTTEN = "forgotten"  # at the wish of whom it was of


def delete_on_disk(folder: Path, rows: Recordings, found: Sequence[Recording], why: Why) -> int:
    """Those of them that are kept on this disk; how many.

    A file goes before its row says so: the next time makes good what ends this in between. It goes once more
    afterwards: until then another process may have made a new one of it. Raises OSError.
    """
    here = [row.name for row in found if row.is_there and row.storage is Storage.DISK]
    remove_files(folder, here)
    count = rows.deleted(here, datetime.now(UTC), why.value, Storage.DISK)
    remove_files(folder, here)
    return count


def delete_in_store(
    folder: Path, rows: Recordings, found: Sequence[Recording], why: Why, bucket: Callable[[], Bucket | None]
) -> int:
    """Those of them that are kept in the store now, and what is on this disk of them; how many.

    Raises OperatorError where there is no store, or it is away: then all of them stay on record.
    """
    now = rows.named([row.name for row in found if row.is_there])  # one may have come there only just now
    there = [row for row in now if row.is_there and row.storage is Storage.S3]
    if not there:
        return 0
    asyncio.run(_delete_there(store_of(bucket), [f"{row.name}.{row.format}" for row in there]))
    names = [row.name for row in there]
    remove_files(folder, names)
    return rows.deleted(names, datetime.now(UTC), why.value)


def store_of(bucket: Callable[[], Bucket | None]) -> Bucket:
    """The store that recordings are in. Raises OperatorError where the configuration names none."""
    store = bucket()
    if store is None:
        raise OperatorError(
            "recordings are in an S3 store that the configuration no longer names: set recordings > s3 in"
            " system.yml as it was, reload, and try again"
        )
    return store


async def _delete_there(store: Bucket, names: Sequence[str]) -> None:
    for name in names:
        await store.delete(name)
