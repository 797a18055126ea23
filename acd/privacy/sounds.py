"""Recordings, deleted: file, picture of the wave, and the copy in the store; the row says when and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from acd.recordings.bucket import Bucket
from acd.recordings.files import path_of, peaks_path
from acd.recordings.store import Recording, Recordings, Storage
from acd.settings.model import RecordFormat


class Why(StrEnum):
    """Why a recording was deleted; pages have words for it."""

    RETENTION = "retention"  # it was kept as long as config/retention.yml says
    FORGOTTEN = "forgotten"  # at the wish of whom it was of


def delete_sounds(
    folder: Path, rows: Recordings, found: Sequence[Recording], why: Why, bucket: Callable[[], Bucket | None]
) -> int:
    """How many. Where the store is away those that are there stay as they are, and it raises StoreAway.

    A file goes before its row says so: the next time makes good what ends this in between. Raises OSError.
    """
    here = [row for row in found if row.is_there and row.storage is Storage.DISK]
    there = [row for row in found if row.is_there and row.storage is Storage.S3]
    for row in here:
        unlink_sound(folder, row.name)
    count = rows.deleted([row.name for row in here], datetime.now(UTC), why.value)
    if there and (store := bucket()) is not None:
        asyncio.run(_delete_there(store, [f"{row.name}.{row.format}" for row in there]))
        for row in there:
            unlink_sound(folder, row.name)
        count += rows.deleted([row.name for row in there], datetime.now(UTC), why.value)
    return count


def unlink_sound(folder: Path, name: str) -> None:
    """The files of one recording, in whichever format. Raises OSError, ValueError."""
    for form in RecordFormat:
        path_of(folder, name, form).unlink(missing_ok=True)
    peaks_path(folder, name).unlink(missing_ok=True)


async def _delete_there(store: Bucket, names: Sequence[str]) -> None:
    for name in names:
        await store.delete(name)
