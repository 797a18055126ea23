"""Recordings for the pages: their files and the pictures of their waves; who listens, once for each time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web
from aiohttp.web import FileResponse

from acd.recordings.encode import CannotEncode, decoded, make_peaks
from acd.recordings.files import MEDIA, path_of, peaks_path
from acd.recordings.store import Recording
from acd.web.refusal import Refusal, away

LISTENING_S = 600.0
LISTENINGS_MAX = 10_000


@dataclass(slots=True)
class RecordingDesk:
    """`folder` has the files."""

    folder: Path
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
        """Nobody has deleted it, and the file is not there."""
        return row.is_there and not path_of(self.folder, row.name, row.format).is_file()

    async def serve(self, row: Recording, *, as_file: bool) -> web.StreamResponse:
        """The sound; parts of it where a player asks for them. Raises Refusal, 404 and 410."""
        file = self._there(row)
        headers = {"Content-Type": MEDIA[row.format], "Cache-Control": "no-store"}
        if as_file:
            headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
        return FileResponse(file, headers=headers)

    async def peaks(self, row: Recording) -> bytes:
        """As `acd.recordings.peaks.Peaks` in JSON; kept, or made now. Raises Refusal."""
        kept = peaks_path(self.folder, row.name)
        async with self._drawing:  # to look at every sample is work: one at a time
            if not kept.is_file():
                await self._draw(self._there(row), kept, row)
        return await asyncio.to_thread(kept.read_bytes)

    async def _draw(self, file: Path, kept: Path, row: Recording) -> None:
        with TemporaryDirectory() as folder:
            plain = Path(folder) / "sound.wav"
            try:
                await decoded(file, plain, row.format)
                await make_peaks(plain if plain.exists() else file, kept)
            except (CannotEncode, OSError, ValueError) as error:
                raise away("no-peaks", f"the wave cannot be drawn: {error}") from error

    def _there(self, row: Recording) -> Path:
        """Raises Refusal where the file is not: deleted by rule or wish, or lost."""
        if not row.is_there:
            raise Refusal(410, "recording-deleted", f"the recording was deleted: {row.deleted_why}")
        file = path_of(self.folder, row.name, row.format)
        if not file.is_file():
            raise Refusal(404, "recording-missing", f"the file of recording {row.name} is not there")
        return file
