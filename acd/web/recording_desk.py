"""Recordings for the pages: their files and the pictures of their waves; who listens, once for each time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from aiohttp import web
from aiohttp.web import FileResponse

from acd.recordings.bucket import Bucket, NotStored, StoreAway
from acd.recordings.encode import CannotEncode, decoded, make_peaks
from acd.recordings.files import MEDIA, path_of, peaks_path
from acd.recordings.store import Recording, Storage
from acd.web.refusal import Refusal, away
from acd.web.taken import taken

log = structlog.get_logger(__name__)

LISTENING_S = 600.0
LISTENINGS_MAX = 10_000


@dataclass(slots=True)
class RecordingDesk:
    """`folder` has the files; `bucket` is the store that has those which are there no longer, if any."""

    folder: Path
    bucket: Callable[[], Awaitable[Bucket | None]]
    _listened: dict[tuple[str, str], float] = field(default_factory=dict)
    _drawing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begins_to_listen(self, who: str, name: str) -> bool:
        """Whether this is a new listening: a player asks for many parts of a file, again when one seeks."""
        now = time.monotonic()
        last = self._listened.pop((who, name), None)
        self._listened[who, name] = now
        if len(self._listened) > LISTENINGS_MAX:
            del self._listened[next(iter(self._listened))]
        return last is None or now - last > LISTENING_S

    def is_missing(self, row: Recording) -> bool:
        """Nobody has deleted it, and the file is not on this disk, where it is kept."""
        on_disk = row.is_there and row.storage is Storage.DISK
        return on_disk and not path_of(self.folder, row.name, row.format).is_file()

    async def serve(
        self, row: Recording, request: web.Request, begin: Callable[[], None], *, as_file: bool = False
    ) -> web.StreamResponse:
        """The sound; parts of it where a player asks for them. Raises Refusal, 404, 410, 416, 503.

        `begin` is called once, before the first byte is sent: who hears it may be gone before the last one.
        """
        file = self._place(row)
        headers = {"Content-Type": MEDIA[row.format], "Cache-Control": "no-store"}
        if as_file:
            headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
        if await asyncio.to_thread(file.is_file):
            begin()
            return FileResponse(file, headers=headers)
        return await self._from_store(row, request, begin, headers)

    async def _from_store(
        self, row: Recording, request: web.Request, begin: Callable[[], None], headers: dict[str, str]
    ) -> web.StreamResponse:
        try:
            asked = request.http_range
        except ValueError:
            asked = slice(None)
        start, end, _ = asked.indices(row.bytes)
        if asked.start is not None and asked.start >= row.bytes:
            raise Refusal(416, "no-such-part", "the file has no such part")
        parts = (await self._bucket(row)).read(f"{row.name}.{row.format}", start, end)
        try:
            first = await anext(parts, b"")
        except NotStored:
            raise self._missing(row) from None
        except StoreAway as error:
            log.error("a recording cannot be heard", recording=row.name, reason=str(error))
            raise away("recordings-away", str(error)) from error
        is_part = (asked.start, asked.stop) != (None, None)  # also where all of it was asked for as a part
        headers |= {"Accept-Ranges": "bytes", "Content-Length": str(end - start)}
        if is_part:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{row.bytes}"
        begin()
        answer = web.StreamResponse(status=206 if is_part else 200, headers=headers)
        await answer.prepare(request)
        await taken(request, answer.write(first))
        async for block in parts:
            await taken(request, answer.write(block))
        await taken(request, answer.write_eof())
        return answer

    async def _bucket(self, row: Recording) -> Bucket:
        bucket = await self.bucket() if row.storage is Storage.S3 else None
        if bucket is None:
            raise self._missing(row)
        return bucket

    async def peaks(self, row: Recording) -> bytes:
        """As `acd.recordings.peaks.Peaks` in JSON; kept, or made now. Raises Refusal."""
        kept = peaks_path(self.folder, row.name)
        async with self._drawing:  # to look at every sample is work: one at a time
            if not kept.is_file():
                await self._draw(self._place(row), kept, row)
        return await asyncio.to_thread(kept.read_bytes)

    async def _draw(self, file: Path, kept: Path, row: Recording) -> None:
        with TemporaryDirectory() as folder:
            plain = Path(folder) / "sound.wav"
            try:
                if not await asyncio.to_thread(file.is_file):
                    file, bucket = Path(folder) / f"kept.{row.format}", await self._bucket(row)
                    await bucket.fetch(f"{row.name}.{row.format}", file)
                await decoded(file, plain, row.format)
                await make_peaks(plain if plain.exists() else file, kept)
            except NotStored:
                raise self._missing(row) from None
            except (CannotEncode, StoreAway, OSError, ValueError) as error:
                if isinstance(error, StoreAway):
                    log.error("a recording cannot be drawn", recording=row.name, reason=str(error))
                raise away("no-peaks", f"the wave cannot be drawn: {error}") from error

    def _place(self, row: Recording) -> Path:
        """Where it is on this disk, or was. Raises Refusal where it was deleted, by rule or wish."""
        if not row.is_there:
            raise Refusal(410, "recording-deleted", f"the recording was deleted: {row.deleted_why}")
        return path_of(self.folder, row.name, row.format)

    def _missing(self, row: Recording) -> Refusal:
        return Refusal(404, "recording-missing", f"the file of recording {row.name} is not there")
