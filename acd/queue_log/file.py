"""The file: lines are appended by a thread of its own, in whole, while others read it and move it away.

A disk that takes nothing costs nobody a call: lines wait in memory, some megabytes of them, and are written
when there is room again. What was moved away (by logrotate) is followed by a new file of the old name.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

PENDING_MAX_BYTES = 16_000_000
BLOCK_BYTES = 64 * 1024
RETRY_S = 2.0
CLOSE_LIMIT_S = 5.0
CHANGE_LIMIT_S = 0.5
"""Calls go on while a reload closes the file."""
MODE = 0o640


class LogFile:
    """Appends lines to `path`. `add` and `close` are for one thread, the writing is done in another.

    `failing`: the disk did not take the last lines. `lost`: lines that found no room in memory either.
    `may_write` is called in the thread before each writing, and does not return where another controller may
    write the file.
    """

    def __init__(self, path: Path, may_write: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self._may_write = may_write
        self.failing = False
        self.lost = 0
        self._lines: deque[bytes] = deque()
        self._pending_bytes = 0
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_ended = False
        self._file: int | None = None
        self._block = b""  # what is being written; begins with the rest of a line when one is torn
        self._is_torn = False

    def add(self, lines: list[str]) -> None:
        """They are in the file a moment later."""
        with self._lock:
            for line in lines:
                self._lines.append(line.encode("utf-8", "replace") + b"\n")
                self._pending_bytes += len(self._lines[-1])
            while self._pending_bytes > PENDING_MAX_BYTES:
                self._pending_bytes -= len(self._lines.popleft())
                self.lost += 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="queue-log", daemon=True)
            self._thread.start()
        self._work.set()

    def close(self, limit_s: float = CLOSE_LIMIT_S) -> None:
        """Write what is left, if the disk takes it; a disk that hangs is waited for no longer than so."""
        self.leave(limit_s)
        with self._lock:
            left = len(self._lines) + self._block.count(b"\n")
        if left:
            log.error("queue_log ends without its last lines", file=str(self.path), lines=left)

    def leave(self, limit_s: float) -> bool:
        """No more comes: whether all writing is over. If not, it goes on; `close` it in the end."""
        self._closing.set()
        self._work.set()
        if self._thread is None:
            return True
        self._thread.join(limit_s)
        return not self._thread.is_alive()

    def take_up(self) -> bool:
        """Whether it is at work still after `leave`, and goes on as if nothing had been."""
        with self._lock:
            if self._thread is None or self._has_ended or not self._thread.is_alive():
                return False
            self._closing.clear()
        return True

    # --- in the thread that writes ---------------------------------------------------------------
    def _run(self) -> None:
        try:
            self._write_all()
        finally:
            self._close_file()

    def _write_all(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            try:
                while self._take():
                    self._write()
            except OSError as error:
                self._failed(error)
                if not self._closing.is_set():
                    self._closing.wait(RETRY_S)
                    self._work.set()
                    continue
            if self._ends():
                return

    def _ends(self) -> bool:
        with self._lock:  # one or the other: `take_up` finds it at work, or it has ended
            self._has_ended = self._closing.is_set()
            return self._has_ended

    def _take(self) -> bool:
        """Whether there is something to be written, in `_block` from here on."""
        if self._block:
            return True
        with self._lock:
            some, size = [], 0
            while self._lines and size < BLOCK_BYTES:
                some.append(self._lines.popleft())
                size += len(some[-1])
            self._pending_bytes -= size
            self._block = b"".join(some)
        return bool(some)

    def _write(self) -> None:
        if not self._is_torn:  # the rest of a line belongs to its beginning, wherever that has been moved
            self._follow()
        if self._file is None:
            self._file = _opened(self.path)
        self._may_write()
        count = os.write(self._file, self._block)
        if count:
            self._is_torn = self._block[count - 1 : count] != b"\n"
        self._block = self._block[count:]
        if self.failing and not self._block:
            self.failing = False
            log.info("queue_log is written again", lost=self.lost)

    def _follow(self) -> None:
        """Close a file that no longer has the name."""
        if self._file is None:
            return
        mine = os.fstat(self._file)
        try:
            named = os.stat(self.path)
        except FileNotFoundError:
            named = None
        if named is None or (named.st_dev, named.st_ino) != (mine.st_dev, mine.st_ino):
            self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _failed(self, error: OSError) -> None:
        if not self.failing:
            self.failing = True
            log.error("queue_log cannot be written, calls go on", file=str(self.path), reason=error.strerror)


def _opened(path: Path) -> int:
    """To be appended to. A file that is there, made by logrotate for one, is somebody's: its mode stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
    try:
        file = os.open(path, flags | os.O_CREAT | os.O_EXCL, MODE)
    except FileExistsError:
        return os.open(path, flags)
    os.fchmod(file, MODE)  # our umask leaves nothing to the group
    return file


def mend(path: Path) -> None:
    """Cut off a last line that a sudden end has left without its own. Raises OSError."""
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            begin = max(0, size - BLOCK_BYTES)
            file.seek(begin)
            rest = file.read()
            if rest and not rest.endswith(b"\n"):
                file.truncate(begin + rest.rfind(b"\n") + 1)
    except FileNotFoundError:
        return
