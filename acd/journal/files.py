"""The journal's files: one is appended to, older ones are kept for some days and up to some size.

Lines are handed to a thread, which writes them a moment later, together; the first one, which has all state,
it also puts into words. A disk that is full, or slower than
the calls, ends the file, and nothing else; a new one is begun a minute later.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

import structlog

from acd.settings.model import JournalSettings

log = structlog.get_logger(__name__)

GATHER_S = 0.1
RETRY_AFTER_S = 60.0
LONGEST_FILE_S = 86_400.0
PENDING_MAX_BYTES = 32_000_000
CLOSE_LIMIT_S = 5.0
PRUNE_EVERY_S = 3600.0
FILES_MIN = 10
"""The room that the settings allow is for at least so many files, of which the oldest goes first."""


class _New(NamedTuple):
    """Begins a file; `first` makes its first line."""

    path: Path
    first: Callable[[], bytes]


class JournalFiles:
    """Implements `acd.journal.engine.Journal`. Used in one thread; writes in another one of its own.

    `failing`: the last file could not be written to its end.
    """

    def __init__(self, folder: Path, settings: JournalSettings) -> None:
        self._folder = folder
        self._settings = settings
        self.is_open = False
        self.failing = False
        self._retry_at = 0.0
        self._end_at = 0.0  # of the file that is written now, in the time of `begin`
        self._file_bytes = 0
        self._added_bytes = 0
        self._written_bytes = 0
        self._lines: deque[bytes | _New] = deque()
        self._broken = False  # set by the thread
        self._closing = threading.Event()
        self._work = threading.Event()
        self._thread: threading.Thread | None = None

    # --- in the thread of the engine -------------------------------------------------------------
    def is_due(self, now: float) -> bool:
        """Whether a new file has to be begun, with a snapshot. `now` in engine seconds."""
        if self._broken:
            self._stop("the disk takes nothing")
        if self.is_open:
            return now >= self._end_at or self._file_bytes >= self._longest_file_bytes
        return self._settings.enabled and time.monotonic() >= self._retry_at

    def begin(self, now: float, first: Callable[[], bytes]) -> None:
        """A new file, named after the time. `first` makes its first line; called in the thread."""
        moment = datetime.fromtimestamp(now, UTC)
        self._lines.append(_New(self._folder / f"{moment:%Y-%m-%dT%H-%M-%S.%f}Z.jsonl", first))
        self.is_open = True
        self._end_at = now + LONGEST_FILE_S
        self._file_bytes = 0
        self._wake()

    def add(self, line: bytes) -> None:
        """The next line; it is in the file a moment later."""
        self._lines.append(line)
        self._file_bytes += len(line)
        self._added_bytes += len(line)
        if self._added_bytes - self._written_bytes > PENDING_MAX_BYTES:
            self._stop("the disk is too slow")
        self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        if not self._work.is_set():
            self._work.set()

    def abandon(self, reason: str) -> None:
        """This file cannot go on: something is missing in it from here."""
        self._stop(reason)

    def change(self, settings: JournalSettings) -> None:
        """From the next step on."""
        self._settings = settings
        self._retry_at = 0.0
        if not settings.enabled:
            self.is_open = False

    def close(self) -> None:
        """Write what is left."""
        self.is_open = False
        self._closing.set()
        self._work.set()
        if self._thread is not None:
            self._thread.join(CLOSE_LIMIT_S)

    def _stop(self, reason: str) -> None:
        """No more lines for some time; said once, until a file is written again."""
        self.is_open = self._broken = False
        self._retry_at = time.monotonic() + RETRY_AFTER_S
        if not self.failing:
            self.failing = True
            log.error("the journal is interrupted, calls are not", reason=reason)

    @property
    def _longest_file_bytes(self) -> int:
        return self._settings.max_mb * 1_000_000 // FILES_MIN

    async def run(self) -> None:
        """For ever: old files are removed in time also while no new one is begun."""
        while True:
            await asyncio.to_thread(self.prune)
            await asyncio.sleep(PRUNE_EVERY_S)

    # --- in the thread of the files ---------------------------------------------------------------
    def _run(self) -> None:
        file: BinaryIO | None = None
        while not (self._closing.is_set() and not self._lines):
            self._work.wait()
            self._work.clear()
            self._closing.wait(GATHER_S)
            for what in self._batches():
                try:
                    file = self._write(file, what)
                except OSError as error:
                    log.debug("the journal cannot be written", reason=str(error))
                    file, self._broken = None, True
                except Exception:  # a fault of ours, in putting the state into words
                    log.exception("the journal cannot say how things are")
                    file, self._broken = None, True
        if file is not None:
            file.close()

    def _batches(self) -> Iterator[bytes | _New]:
        """What there is to do now: lines of one file together."""
        batch: list[bytes] = []
        while self._lines:
            what = self._lines.popleft()
            if isinstance(what, bytes):
                batch.append(what)
                continue
            if batch:
                yield b"".join(batch)
            batch = []
            yield what
        if batch:
            yield b"".join(batch)

    def _write(self, file: BinaryIO | None, what: bytes | _New) -> BinaryIO | None:
        """The file from here on; None after a failure, until the next one is begun."""
        if isinstance(what, bytes):
            self._written_bytes += len(what)
            if file is not None:
                self._append(file, what)
            return file
        if file is not None:
            file.close()
        self.prune()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        first = what.first()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        file = os.fdopen(os.open(what.path, flags, 0o600), "wb", buffering=0)
        self._append(file, first)
        return file

    def _append(self, file: BinaryIO, lines: bytes) -> None:
        try:
            if file.write(lines) != len(lines):
                raise OSError("only a part was written")
        except OSError:
            file.close()
            raise
        if self.failing:
            self.failing = False
            log.info("the journal goes on")

    def prune(self) -> None:
        """Remove files that are too old, and the oldest while there is no room for one more."""
        found = sorted(self._folder.glob("*.jsonl"), reverse=True)
        room = self._settings.max_mb * 1_000_000 - self._longest_file_bytes
        oldest = time.time() - self._settings.keep_days * 86_400
        for path in found:
            try:
                facts = path.stat()
                room -= facts.st_size
                if room < 0 or facts.st_mtime < oldest:
                    path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("a file of the journal cannot be removed", file=path.name, reason=str(error))
