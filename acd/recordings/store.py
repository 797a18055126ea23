"""Rows of recordings, read and written. Synchronous; raises SQLAlchemy's errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, insert, select, tuple_, update

from acd.recordings.of_call import Pause, RecordingKind
from acd.recordings.schema import recordings
from acd.settings.model import RecordFormat
from acd.sql import in_chunks


class Storage(StrEnum):
    """Where the file is kept for good; on S3 it may still lie on the disk as well."""

    DISK = "disk"
    S3 = "s3"


@dataclass(frozen=True, slots=True)
class Recording:
    """A row. `bytes` and `sha256` are those of the file as it is kept now, in its present `format`."""

    name: str
    call_id: str
    position: int
    kind: RecordingKind
    group_id: str | None
    started_at: datetime
    duration_s: float
    channels: int
    format: RecordFormat
    bytes: int
    sha256: str
    storage: Storage
    consent: str | None
    pauses: tuple[Pause, ...]
    deleted_at: datetime | None = None
    deleted_why: str | None = None

    @property
    def is_there(self) -> bool:
        """Whether nobody has deleted it."""
        return self.deleted_at is None


_ON_DISK = (recordings.c.storage == Storage.DISK.value, recordings.c.deleted_at.is_(None))


class Recordings:
    """On the engine of an open `RecordStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, recording: Recording) -> None:
        """A new row. Raises IntegrityError where there is one of that name."""
        row = {**asdict(recording), "pauses": [list(pause) for pause in recording.pauses]}
        with self._engine.begin() as connection:
            connection.execute(insert(recordings).values(**row))

    def get(self, name: str) -> Recording | None:
        """By name; None: there is none on record."""
        found = self._read(select(recordings).where(recordings.c.name == name))
        return found[0] if found else None

    def named(self, names: Collection[str], *where: ColumnElement[bool]) -> list[Recording]:
        """Those of them that are on record."""
        chunks = in_chunks(sorted(names))
        query, column = select(recordings).where(*where), recordings.c.name
        return [row for chunk in chunks for row in self._read(query.where(column.in_(chunk)))]

    def known(self, names: Collection[str]) -> set[str]:
        """Those of them that are on record."""
        column = recordings.c.name
        queries = [select(column).where(column.in_(chunk)) for chunk in in_chunks(sorted(names))]
        with self._engine.connect() as connection:
            return {name for query in queries for name in connection.scalars(query)}

    def of_calls(self, call_ids: Sequence[str]) -> list[Recording]:
        """All of these calls, in the order of the calls' ids; deleted ones as well."""
        column = recordings.c.call_id
        return [
            recording
            for chunk in in_chunks(sorted(call_ids))
            for recording in self._read(
                select(recordings).where(column.in_(chunk)).order_by(column, recordings.c.position)
            )
        ]

    def to_encode(self, form: RecordFormat, mixed: bool, limit: int) -> list[Recording]:
        """Wav files that are to become another one, of this format and so many channels; the oldest first."""
        if form is RecordFormat.WAV and not mixed:
            return []
        which = recordings.c.format == RecordFormat.WAV.value
        if form is RecordFormat.WAV:
            which &= recordings.c.channels > 1
        return self.after(None, limit, which, *_ON_DISK)

    def to_upload(self, form: RecordFormat, last: tuple[datetime, str] | None, limit: int) -> list[Recording]:
        """A page of those that are on the disk alone, and are what they shall be; as `after`."""
        is_wav = recordings.c.format == RecordFormat.WAV.value
        return self.after(last, limit, is_wav if form is RecordFormat.WAV else ~is_wav, *_ON_DISK)

    def after(
        self, last: tuple[datetime, str] | None, limit: int, *where: ColumnElement[bool]
    ) -> list[Recording]:
        """A page of all, by beginning and name, beyond the last one of the page before."""
        key = tuple_(recordings.c.started_at, recordings.c.name)
        query = select(recordings).where(*where).order_by(recordings.c.started_at, recordings.c.name)
        if last is not None:
            query = query.where(key > last)
        return self._read(query.limit(limit))

    def encoded(self, name: str, form: RecordFormat, channels: int, size: int, sha256: str) -> bool:
        """The file is another one now, of the same sound; False: it has been deleted meanwhile."""
        return self._change(name, format=form.value, channels=channels, bytes=size, sha256=sha256)

    def stored(self, name: str, storage: Storage) -> bool:
        """It is kept there now; False: it has been deleted meanwhile."""
        return self._change(name, storage=storage.value)

    def deleted(self, names: Sequence[str], at: datetime, why: str, storage: Storage | None = None) -> int:
        """There is no file any more, and the reason; how many there were.

        With `storage` those only that are kept there still.
        """
        count = 0
        for chunk in in_chunks(names):
            is_one = recordings.c.name.in_(chunk) & recordings.c.deleted_at.is_(None)
            if storage is not None:
                is_one &= recordings.c.storage == storage.value
            with self._engine.begin() as connection:
                query = update(recordings).where(is_one).values(deleted_at=at, deleted_why=why)
                count += connection.execute(query).rowcount
        return count

    def _change(self, name: str, **values: Any) -> bool:
        is_there = (recordings.c.name == name) & recordings.c.deleted_at.is_(None)
        with self._engine.begin() as connection:
            return connection.execute(update(recordings).where(is_there).values(**values)).rowcount > 0

    def _read(self, query: Select[Any]) -> list[Recording]:
        with self._engine.connect() as connection:
            return [_from_row(row) for row in connection.execute(query).mappings()]


def _from_row(row: Mapping[Any, Any]) -> Recording:
    return Recording(
        **{
            **row,
            "kind": RecordingKind(row["kind"]),
            "format": RecordFormat(row["format"]),
            "storage": Storage(row["storage"]),
            "pauses": tuple((begin, end) for begin, end in row["pauses"]),
        }
    )
