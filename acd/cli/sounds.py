"""The sounds of recordings for commands: where they are, and fetched where the S3 store has them."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from acd.cli import context
from acd.errors import OperatorError
from acd.recordings.bucket import bucket_of
from acd.recordings.files import file_there
from acd.recordings.store import Recording, Storage
from acd.settings.environment import Environment


@contextlib.contextmanager
def sound_file(env: Environment, name: str, row: Recording | None) -> Iterator[Path]:
    """The file of a recording; from the S3 store for as long as it is needed. Raises OperatorError."""
    if row is not None and not row.is_there:
        raise OperatorError(f"the recording was {_deletion(row)}")
    path = file_there(env.recordings_dir, name)
    if path is not None:
        yield path
        return
    bucket = None
    if row is not None and row.storage is Storage.S3:
        bucket = bucket_of(context.centre_in_use(env).recording.s3, env)
    if row is None or bucket is None:
        raise OperatorError(f"the recording is not there: {place_of(env, name, row)}")
    with tempfile.TemporaryDirectory() as folder:
        fetched = Path(folder) / f"sound.{row.format}"
        asyncio.run(bucket.fetch(f"{row.name}.{row.format}", fetched))
        yield fetched


def place_of(env: Environment, name: str, row: Recording | None) -> str:
    """In words: its file, or what became of it. `row`: as it is on record, if it is."""
    if row is not None and not row.is_there:
        return _deletion(row)
    path = file_there(env.recordings_dir, name)
    if path is None and row is not None and row.storage is Storage.S3:
        return f"{row.name}.{row.format} in the S3 store"
    return str(path or env.recordings_dir / name)


def _deletion(row: Recording) -> str:
    return f"deleted on {row.deleted_at:%Y-%m-%d} ({row.deleted_why})"
