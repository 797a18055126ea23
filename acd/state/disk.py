"""The mirror of live state on disk: an append-only file of `key → value` lines, each with its time.

A line, or all those that come `together`, is written with one `write` call, so it survives a killed
process; what a crash of the whole machine may lose is the last moments. The last line of a key counts; a
key without a value is gone.
When most lines are outdated the file is written anew beside the old one and put in its place: of a large
centre by a thread, since that takes as long as some calls may not wait.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import structlog

from acd.errors import OperatorError
from acd.state.kept import Kept

log = structlog.get_logger(__name__)

LIVE_FILE = "live.jsonl"
COMPACT_AFTER_BYTES = 8_000_000
KEYS_AT_ONCE = 1_000
"""So many are written anew in between; more by a thread."""
RETRY_AFTER_S = 5.0
SMALLEST_STEP_S = 1e-6  # what a double still tells apart in this century


class DiskMirror:
    """Implements `acd.core.ports.Mirror`. One process at a time.

    `failing`: the disk takes nothing at the moment; everything is written again once it does.
    `changed_at`: when the state was changed last, in Unix seconds, for a comparison with another copy
    of it; it only grows. 0: never. `fence`: the number of the leader who changed it, where there are
    several controllers, whose clocks may differ.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / LIVE_FILE
        self._values: dict[str, Mapping[str, Any]] = {}
        self._file: BinaryIO | None = None
        self._lock: BinaryIO | None = None
        self._size = 0
        self._retry_at = 0.0
        self._together = _Together(self)
        self._gathered: dict[str, bool] | None = None  # key → whether it has a value
        self._fresh: _Fresh | None = None  # is being written
        self.failing = False
        self.changed_at = 0.0
        self.fence = 0

    def open(self) -> None:
        """Read what is kept and begin to write. Raises OperatorError while another process does so.

        A disk that takes nothing is `failing` from the start.
        """
        try:
            self._take_lock()
        except OSError as error:
            self._fail(error)
        kept = read_kept(self._path)
        self._values, self.changed_at, self.fence = dict(kept.values), kept.changed_at, kept.fence
        self.write_anew()

    def _take_lock(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = (self._folder / "lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise OperatorError(f"another controller keeps its live state in {self._folder}") from None

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep; replaces."""
        self._values[key] = value
        self._note(key, has_value=True)

    def drop(self, key: str) -> None:
        """No longer needed; not being there is fine."""
        if self._values.pop(key, None) is not None:
            self._note(key, has_value=False)

    def together(self) -> AbstractContextManager[None]:
        """What is kept and dropped within goes to disk at its end: each key once, all in one write."""
        return self._together

    def begin_gathering(self) -> None:
        """See `together`."""
        if self._gathered is None:
            self._gathered = {}

    def end_gathering(self) -> None:
        """See `together`."""
        gathered, self._gathered = self._gathered, None
        if gathered:
            self._append(gathered)

    def load(self) -> Mapping[str, Mapping[str, Any]]:
        """What is kept now."""
        return dict(self._values)

    def replace(self, kept: Kept) -> None:
        """Keep exactly this, in the place of all that was kept."""
        self._values, self.changed_at, self.fence = dict(kept.values), kept.changed_at, kept.fence
        self.write_anew()

    def write_anew(self) -> bool:
        """Without the lines that are outdated; whether the disk has taken it."""
        try:
            self._compact()
        except OSError as error:
            self._fail(error)
            return False
        return True

    def close(self) -> None:
        """No more writing."""
        self._give_up_fresh()
        for file in (self._file, self._lock):
            if file is not None:
                file.close()

    def _note(self, key: str, *, has_value: bool) -> None:
        if self._gathered is None:
            self._append({key: has_value})
        else:
            self._gathered[key] = has_value

    def _append(self, keys: Mapping[str, bool]) -> None:
        """A line for each key; a disk that is full or gone must not stop calls from being routed."""
        self.changed_at = max(time.time(), self.changed_at + SMALLEST_STEP_S)
        if self.failing and time.monotonic() < self._retry_at:
            return  # it is in memory, and goes to disk with the next whole writing
        try:
            if self.failing:
                self._compact()
                self.failing = False
                log.info("live state is on disk again")
                return
            lines = b"".join(map(self._line_of, keys.items()))
            if self._file is None or self._file.write(lines) != len(lines):
                raise OSError(errno.ENOSPC, "only a part of the lines was written")
            self._size += len(lines)
            if self._fresh is not None:
                self._fresh.later.append(lines)
                self._take_fresh()
            elif self._size > COMPACT_AFTER_BYTES:
                self._write_fresh()
        except OSError as error:
            self._fail(error)

    def _line_of(self, item: tuple[str, bool]) -> bytes:
        key, has_value = item
        if has_value:
            return _line({"t": self.changed_at, "k": key, "v": self._values[key]})
        return _line({"t": self.changed_at, "k": key})

    def _fail(self, error: OSError) -> None:
        self._retry_at = time.monotonic() + RETRY_AFTER_S
        if not self.failing:
            self.failing = True
            log.error("live state cannot be kept on disk, a restart now would lose it", reason=str(error))

    def _compact(self) -> None:
        self._give_up_fresh()
        fresh = _Fresh(self._path.with_suffix(".new"), self._values, self.changed_at, self.fence)
        fresh.write()
        self._put_in_place(fresh)

    def _write_fresh(self) -> None:
        if len(self._values) <= KEYS_AT_ONCE:
            self._compact()
            return
        # Values are never changed, only exchanged: a copy of what holds them is enough.
        values = dict(self._values)
        self._fresh = _Fresh(self._path.with_suffix(".new"), values, self.changed_at, self.fence)
        self._fresh.begin()

    def _take_fresh(self) -> None:
        """Where the thread is through: what came meanwhile is added, and the file takes its place."""
        fresh = self._fresh
        if fresh is None or not fresh.is_done:
            return
        self._fresh = None
        if fresh.error is not None:
            raise fresh.error
        fresh.add(b"".join(fresh.later))
        self._put_in_place(fresh)

    def _put_in_place(self, fresh: _Fresh) -> None:
        fresh.path.replace(self._path)
        if self._file is not None:
            self._file.close()
        self._file = self._path.open("ab", buffering=0)
        self._size = 0

    def _give_up_fresh(self) -> None:
        fresh, self._fresh = self._fresh, None
        if fresh is not None:
            fresh.give_up()


class _Fresh:
    """A file with these values, and only these. `later`: lines that the old one got meanwhile."""

    def __init__(self, path: Path, values: Mapping[str, Mapping[str, Any]], at: float, fence: int) -> None:
        self.path = path
        self._values, self._at, self._fence = values, at, fence
        self.later: list[bytes] = []
        self.error: OSError | None = None
        self._given_up = False
        self._thread: threading.Thread | None = None

    def write(self) -> None:
        """Raises OSError."""
        with self.path.open("wb") as file:
            for key, value in self._values.items():
                if self._given_up:
                    return
                file.write(_line({"k": key, "v": value}))
            file.write(_line({"t": self._at, "f": self._fence}))
            file.flush()
            os.fsync(file.fileno())
        self.path.chmod(0o600)

    def begin(self) -> None:
        """In a thread."""
        self._thread = threading.Thread(target=self._try, name="live-state", daemon=True)
        self._thread.start()

    def _try(self) -> None:
        try:
            self.write()
        except OSError as error:
            self.error = error

    @property
    def is_done(self) -> bool:
        """Whether the thread has ended."""
        return self._thread is not None and not self._thread.is_alive()

    def add(self, lines: bytes) -> None:
        """At its end. Raises OSError."""
        with self.path.open("ab", buffering=0) as file:
            if file.write(lines) != len(lines):
                raise OSError(errno.ENOSPC, "only a part of the lines was written")

    def give_up(self) -> None:
        """Nobody wants it any more."""
        self._given_up = True
        if self._thread is not None:
            self._thread.join()


class _Together(AbstractContextManager[None]):
    """Made once: there is one for each event."""

    def __init__(self, mirror: DiskMirror) -> None:
        self._mirror = mirror

    def __enter__(self) -> None:
        self._mirror.begin_gathering()

    def __exit__(self, *_: object) -> None:
        self._mirror.end_gathering()


def _line(entry: Mapping[str, Any]) -> bytes:
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)


def read_kept(path: Path) -> Kept:
    """The file's last word on each key, and its time; a line cut short or damaged is passed over.

    It may be another controller's, which may be writing it. Raises OSError, but not where there is none.
    """
    values: dict[str, Mapping[str, Any]] = {}
    changed_at, fence = 0.0, 0
    if not path.exists():
        return Kept(values, changed_at)
    with path.open("rb") as file:
        for line in file:
            try:
                entry = orjson.loads(line)
            except ValueError:
                continue
            if not isinstance(entry, dict):
                continue
            if isinstance(entry.get("t"), float):
                changed_at = max(changed_at, entry["t"])
            if isinstance(entry.get("f"), int):
                fence = max(fence, entry["f"])
            if not isinstance(entry.get("k"), str):
                continue
            if "v" in entry:
                values[entry["k"]] = entry["v"]
            else:
                values.pop(entry["k"], None)
    return Kept(values, changed_at, fence)
