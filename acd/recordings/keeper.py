"""What is done with recordings in the background: they go on record, are compressed, and stored elsewhere.

One file at a time, and none while the machine is busy: calls come first. All of it can be interrupted at any
moment and is taken up where it was: a file under way has another name, and a row says only what is done.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from acd.errors import OperatorError
from acd.recordings.bucket import Bucket
from acd.recordings.encode import CannotEncode, encode, make_peaks
from acd.recordings.files import (
    LEFT_AFTER_S,
    RAW,
    Folder,
    call_in,
    path_of,
    peaks_path,
    remove_files,
    sha256_of,
    sound_of,
)
from acd.recordings.of_call import Told, told_of, within
from acd.recordings.schema import recordings
from acd.recordings.store import Recording, Recordings, Storage
from acd.records.store import RecordStore
from acd.settings.model import RecordChannels, RecordFormat, RecordingSettings, S3Settings
from acd.sole import CannotLock, sole

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 5.0
AGAIN_AFTER_S = 30.0
LOOK_AT_ALL_EVERY = timedelta(hours=6)
UNKNOWN_FOR = timedelta(days=2)
"""So long a file may lie there before its call is on record; then `acd recordings check` names it."""
AT_ONCE = 50
UPLOAD_AGAIN_S = 60.0
LOCK = ".keeper.lock"


def machine_is_busy() -> bool:
    """Whether more wants to run than there are processors."""
    return os.getloadavg()[0] > (os.cpu_count() or 1)


class Keeper:
    """`settings` are those in use now. `run` it in a process that is not the controller."""

    def __init__(
        self,
        folder: Path,
        store: RecordStore,
        settings: Callable[[], Awaitable[RecordingSettings]],
        bucket: Callable[[S3Settings | None], Bucket | None] = lambda _settings: None,
        busy: Callable[[], bool] = machine_is_busy,
    ) -> None:
        self._dir = folder
        self._folder = Folder(folder)
        self._store = store
        self._settings = settings
        self._busy = busy
        self._bucket_of = bucket
        self._away_until = 0.0
        self._all_looked_at: datetime | None = None
        self._failed: set[str] = set()  # names that this process need not try again
        self._damaged: set[str] = set()  # names whose files are not what they were
        self._unwanted: list[str] = []  # what the store has of recordings that were deleted meanwhile

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            pause_s = LOOK_EVERY_S
            try:
                with self._alone() as is_alone:
                    while is_alone:
                        await self.look()
                        await asyncio.sleep(LOOK_EVERY_S)
            except (SQLAlchemyError, OperatorError, CannotLock) as error:
                log.warning("recordings wait", reason=f"{type(error).__name__}: {error}"[:200])
                pause_s = AGAIN_AFTER_S
            except Exception:  # a fault of ours: no reason to end everybody's page
                log.exception("the keeper of recordings has failed and begins again")
                pause_s = AGAIN_AFTER_S
            await asyncio.sleep(pause_s)

    async def look(self) -> None:
        """All that there is to do now. Raises SQLAlchemyError, OperatorError."""
        now = datetime.now(UTC)
        settings = await self._settings()
        if self._all_looked_at is None or now - self._all_looked_at > LOOK_AT_ALL_EVERY:
            self._folder, self._all_looked_at = Folder(self._dir), now
            await self._sweep(settings.s3, now)
        for day in await asyncio.to_thread(self._folder.changed_days):
            await self._look_at(day, now)
        await self._compress(settings)
        await self._upload(settings)

    # --- on record ----------------------------------------------------------------------------
    async def _look_at(self, day: str, now: datetime) -> None:
        found = await asyncio.to_thread(self._folder.sounds, day)
        known = await asyncio.to_thread(self._rows.known, found.keys())
        for name in sorted(found.keys() & known):
            if len(found[name]) > 1:
                await self._tidy(name)
        for name in sorted(found.keys() - known):
            if RecordFormat.WAV not in found[name] or await self._put_on_record(name):
                continue
            if now.date() - datetime.fromisoformat(day).date() <= UNKNOWN_FOR:
                self._folder.look_again(day)

    async def _put_on_record(self, name: str) -> bool:
        """Whether its call was on record, and the file could be read."""
        told = await asyncio.to_thread(self._told, name)
        if told is None:
            return False
        file = path_of(self._dir, name, RecordFormat.WAV)
        try:
            recording = await asyncio.to_thread(_row, told, file)
        except (OSError, ValueError) as error:
            log.error("a recording cannot be read", name=name, reason=str(error))
            return False
        try:
            await make_peaks(file, peaks_path(self._dir, name))
        except CannotEncode as error:
            log.error("a recording has no picture of its wave", name=name, reason=str(error))
        with contextlib.suppress(IntegrityError):  # somebody else was faster
            await asyncio.to_thread(self._rows.add, recording)
        return True

    def _told(self, name: str) -> Told | None:
        record = self._store.call(call_in(name))
        return next((told for told in told_of(record) if told.name == name), None) if record else None

    # --- compressed ---------------------------------------------------------------------------
    async def _compress(self, settings: RecordingSettings) -> None:
        mixed = settings.channels is RecordChannels.MIXED
        limit = AT_ONCE + len(self._failed)
        for row in await asyncio.to_thread(self._rows.to_encode, settings.format, mixed, limit):
            if self._busy():
                return
            if row.name not in self._failed:
                await self._encode(row, settings.format, mixed)

    async def _encode(self, row: Recording, form: RecordFormat, mixed: bool) -> None:
        source, target = path_of(self._dir, row.name, row.format), path_of(self._dir, row.name, form)
        try:
            made = await encode(source, target, mixed)
        except CannotEncode as error:
            log.error("a recording stays as it is", name=row.name, reason=str(error))
            self._failed.add(row.name)
            return
        size = target.stat().st_size
        digest = await asyncio.to_thread(sha256_of, target)
        if not await asyncio.to_thread(self._rows.encoded, row.name, form, made.channels, size, digest):
            await asyncio.to_thread(remove_files, self._dir, [row.name])  # it was deleted meanwhile
        elif source != target:
            source.unlink(missing_ok=True)

    async def _tidy(self, name: str) -> None:
        """A crash has left the wav file beside what was made of it, which is on record and sound."""
        row = await asyncio.to_thread(self._rows.get, name)
        if row is None or row.format is RecordFormat.WAV or row.storage is not Storage.DISK:
            return
        kept = path_of(self._dir, name, row.format)
        if await asyncio.to_thread(sha256_of, kept) == row.sha256:
            path_of(self._dir, name, RecordFormat.WAV).unlink(missing_ok=True)

    # --- elsewhere ----------------------------------------------------------------------------
    async def _upload(self, settings: RecordingSettings) -> None:
        """Where the store is away files stay here, and are tried again a little later."""
        if settings.s3 is None or time.monotonic() < self._away_until:
            return
        try:
            bucket = self._bucket_of(settings.s3)
            if bucket is not None:
                await self._remove_unwanted(bucket)
                await self._upload_all(bucket, settings.format, settings.s3)
        except OperatorError as error:
            log.error("recordings stay on the disk", reason=str(error))
            self._away_until = time.monotonic() + UPLOAD_AGAIN_S

    async def _upload_all(self, bucket: Bucket, form: RecordFormat, settings: S3Settings) -> None:
        """Page by page: those that cannot be stored do not stand before the others."""
        last: tuple[datetime, str] | None = None
        while rows := await asyncio.to_thread(self._rows.to_upload, form, last, AT_ONCE):
            for row in rows:
                await self._upload_one(bucket, row, settings)
            last = (rows[-1].started_at, rows[-1].name)

    async def _upload_one(self, bucket: Bucket, row: Recording, settings: S3Settings) -> None:
        file = path_of(self._dir, row.name, row.format)
        if row.name in self._damaged or not file.is_file():
            return  # `acd recordings check` names it
        try:
            digest = await asyncio.to_thread(sha256_of, file)
            fault = "" if digest == row.sha256 else "the file differs from what is on record"
        except OSError as error:
            fault = str(error)
        if fault:
            log.error("a recording stays on the disk", name=row.name, reason=fault)
            self._damaged.add(row.name)
            return
        await bucket.put(f"{row.name}.{row.format}", file, row.sha256)
        if not await asyncio.to_thread(self._rows.stored, row.name, Storage.S3):
            self._unwanted.append(f"{row.name}.{row.format}")
            await self._remove_unwanted(bucket)
        elif not settings.keep_local_days:
            file.unlink(missing_ok=True)

    async def _remove_unwanted(self, bucket: Bucket) -> None:
        while self._unwanted:
            await bucket.delete(self._unwanted[-1])
            self._unwanted.pop()

    # --- removed ------------------------------------------------------------------------------
    async def _sweep(self, settings: S3Settings | None, now: datetime) -> None:
        """Files of deleted recordings, what nothing goes on with, and what the store has for long enough."""
        newest = (now - timedelta(days=settings.keep_local_days)).strftime("%Y-%m-%d") if settings else ""
        for day in await asyncio.to_thread(self._folder.days):
            await asyncio.to_thread(self._sweep_day, day, now, day < newest)

    def _sweep_day(self, day: str, now: datetime, has_store: bool) -> None:
        for file in self._folder.left_over(day, now.timestamp() - LEFT_AFTER_S):
            if file.suffix != RAW:  # raw sides are all that there is of a talk
                file.unlink(missing_ok=True)
        sounds, gone = self._folder.names(day), recordings.c.deleted_at.is_not(None)
        remove_files(self._dir, [row.name for row in self._rows.named(sounds, gone)])
        stored = recordings.c.storage == Storage.S3.value
        for row in self._rows.named(sounds, ~gone, stored) if has_store else ():
            path_of(self._dir, row.name, row.format).unlink(missing_ok=True)

    # --- who does it --------------------------------------------------------------------------
    @property
    def _rows(self) -> Recordings:
        return Recordings(self._store.engine)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Of several web processes on this folder one does the work."""
        if not self._dir.is_dir():
            yield False
            return
        with sole(self._dir / LOCK) as is_alone:
            yield is_alone


def _row(told: Told, file: Path) -> Recording:
    sound = sound_of(file)
    return Recording(
        name=told.name,
        call_id=told.call_id,
        position=told.position,
        kind=told.kind,
        group_id=told.group,
        started_at=told.started_at,
        duration_s=round(sound.duration_s, 3),
        channels=sound.channels,
        format=RecordFormat.WAV,
        bytes=file.stat().st_size,
        sha256=sha256_of(file),
        storage=Storage.DISK,
        consent=told.consent,
        pauses=tuple(within(told.pauses, sound.duration_s)),
    )
