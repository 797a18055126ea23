"""Records on disk of controllers that are gone: whoever leads takes them over into its own spool.

Files are renamed, one by one, while their folder is locked: each is in one spool or in the other, whenever
this process ends. A spool that is locked belongs to a controller that lives, and is left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from acd.records.spool import Spool, lines_of, locked
from acd.synced import bring_to_disk

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 30.0
SOON_S = 0.5
"""So long a leader that begins waits for the first look: callers wait with it."""
FOLDERS = ("spool", "controllers/*/spool")
"""Within ACD_HOME: of a controller that was the only one, and of each of several."""
_FAILED = "records that a controller has left on disk cannot be taken over"


class LeftSpools:
    """`own` gets what is found below `home`; `on_found` is called when there was something."""

    def __init__(self, own: Spool, home: Path, on_found: Callable[[], None]) -> None:
        self._own = own
        self._home = home
        self._on_found = on_found
        self._first: asyncio.Task[int] | None = None

    async def soon(self, within_s: float = SOON_S) -> None:
        """Begin the first look, and wait for so long at most: `run` goes on with it.

        What is asked for meanwhile is without the rest, and put right when that is stored.
        """
        self._first = asyncio.create_task(self.take_over())
        await asyncio.wait({self._first}, timeout=within_s)

    async def run(self) -> None:
        """For ever: the lock of a machine that died may be given up late, and one that stands by may die."""
        if self._first is not None:
            await self._first
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.take_over()

    async def take_over(self) -> int:
        """Once; how many records came."""
        records, waiting = 0, self._own.waiting
        try:
            self._own.open()
            for folder, paths in (await asyncio.to_thread(self._found)).items():
                places = dict(zip(paths, self._own.places_for(len(paths)), strict=False))
                came = await asyncio.to_thread(_moved, folder, places)
                self._own.came(came)
                records += sum(came.values())
                if came:
                    text = "records that a controller has left on disk are taken over"
                    log.warning(text, folder=str(folder), records=sum(came.values()))
        except OSError as error:
            log.error(_FAILED, reason=str(error))
        if records or self._own.waiting > waiting:
            self._on_found()
        return records

    def _found(self) -> Mapping[Path, Sequence[Path]]:
        """Files by spool, the oldest first; blocks."""
        folders = sorted(folder for pattern in FOLDERS for folder in self._home.glob(pattern))
        files = {folder: sorted(folder.glob("*.jsonl")) for folder in folders if folder != self._own.folder}
        return {folder: paths for folder, paths in files.items() if paths}


def _moved(folder: Path, places: Mapping[Path, Path]) -> Mapping[Path, int]:
    """The new places of those that could be had, with their numbers of lines; blocks."""
    moved: dict[Path, int] = {}
    try:
        lock = locked(folder)
        if lock is None:
            return moved
        with lock:
            for path, place in places.items():
                try:
                    lines = lines_of(path)
                    path.rename(place)
                except OSError as error:  # the others are had all the same
                    log.error(_FAILED, file=str(path), reason=str(error))
                    continue
                moved[place] = lines
            for touched in {folder, *(place.parent for place in moved)}:
                bring_to_disk(touched)
    except OSError as error:  # another leader was here first, or a disk takes nothing: the next look goes on
        log.error(_FAILED, folder=str(folder), reason=str(error))
    return moved
