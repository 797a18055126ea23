"""Recordings, deleted: file, picture of the wave, and the copy in the store; the row says when and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from acd.errors import OperatorError
from acd.recordings.bucket import Bucket
from acd.recordings.files import path_of, peaks_path
from acd.recordings.store import Recording, Recordings, Storage
from acd.settings.model import RecordFormat


class Why(StrEnum):
    """Why a recording was deleted; pages have words for it."""

    RETENTION = "retention"  # it was kept as long as config/retention.yml says
    FORGOTTEN = "forgotten"  # at the wish of whom it was of


def delete_on_disk(folder: Path, rows: Recordings, found: Sequence[Recording], why: Why) -> int:
    """Those of them that are kept on this disk; how many.

    A file goes before its row says so: the next time makes good what ends this in between. Raises OSError.
    """
    here = [row.name for row in found if row.is_there and row.storage is Storage.DISK]
    for name in here:
        unlink_sound(folder, name)
    return rows.deleted(here, datetime.now(UTC), why.value)


def delete_in_store(
    folder: Path, rows: Recordings, found: Sequence[Recording], why: Why, bucket: Callable[[], Bucket | None]
) -> int:
    """Those of them that are kept in the store, and what is on this disk of them; how many.

    Raises OperatorError where there is no store, or it is away: then all of them stay on record.
    """
    there = [row for row in found if row.is_there and row.storage is Storage.S3]
    if not there:
        return 0
    asyncio.run(_delete_there(store_of(bucket), [f"{row.name}.{row.format}" for row in there]))
    for row in there:
        unlink_sound(folder, row.name)
    return rows.deleted([row.name for row in there], datetime.now(UTC), why.value)


def store_of(bucket: Callable[[], Bucket | None]) -> Bucket:
    """The store that recordings are in. Raises OperatorError where the configuration names none."""
    store = bucket()
    if store is None:
        raise OperatorError(
            "recordings are in an S3 store that the configuration no longer names: set recordings > s3 in"
            " system.yml as it was, reload, and try again"
        )
    return store


def unlink_sound(folder: Path, name: str) -> None:
    """The files of one recording, in whichever format. Raises OSError, ValueError."""
    for form in RecordFormat:
        path_of(folder, name, form).unlink(missing_ok=True)
    peaks_path(folder, name).unlink(missing_ok=True)


async def _delete_there(store: Bucket, names: Sequence[str]) -> None:
    for name in names:
        await store.delete(name)
