"""Files to import: plain or gzip, or standard input, as lines; counted and digested while they are read."""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from acd.errors import OperatorError
from acd.imports.refusals import Impossible, Place, Refusals
from acd.settings.problems import shown_file

STDIN = "-"
LONGEST_LINE = 64 * 1024
_GZIP = b"\x1f\x8b"
_UNREADABLE = (OSError, EOFError, zlib.error)
"""The last two: what was packed is cut off, or damaged."""

OnBytes = Callable[[int], None]
"""Told how many bytes of all files are read."""


@dataclass(slots=True)
class Read:
    """One file that was read: its lines, and the digest of its bytes as they are on the disk."""

    file: str
    lines: int = 0
    sha256: str = ""


class _Watched(io.RawIOBase):
    """Passes bytes on, and tells of them."""

    def __init__(self, source: BinaryIO, on_bytes: OnBytes) -> None:
        super().__init__()
        self._source = source
        self._on_bytes = on_bytes
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self.digest.update(data)
        self._on_bytes(len(data))
        return len(data)


@dataclass(slots=True)
class Files:
    """Sources in the order in which they are to be read. `on_bytes` is told of each piece's length."""

    names: Sequence[str]
    refusals: Refusals
    on_bytes: OnBytes = lambda _count: None
    read: list[Read] = field(default_factory=list)

    @property
    def size(self) -> int | None:
        """Bytes in all; None where nobody knows. Raises OperatorError for a file that is not there."""
        if STDIN in self.names:
            return None
        try:
            return sum(Path(name).stat().st_size for name in self.names)
        except OSError as error:
            raise OperatorError(f"{error.filename}: cannot be read: {error.strerror}") from error

    def lines(self) -> Iterator[tuple[Place, bytes]]:
        """All lines with their ends, and where they are. Raises OperatorError."""
        for name in self.names:
            told = Read("standard input" if name == STDIN else str(Path(name).absolute()))
            self.read.append(told)
            with self.opened(name) as (content, watched):
                try:
                    yield from self._lines_of(told, content, name)
                except _UNREADABLE as error:
                    raise OperatorError(
                        f"{_shown(name)}: cannot be read behind line {told.lines}: {error}"
                    ) from error
                told.sha256 = watched.digest.hexdigest()

    def opened(self, name: str) -> _Opened:
        """The content of one, as it is when unpacked; to be used in `with`. Raises OperatorError."""
        return _Opened(name, self.on_bytes)

    def _lines_of(self, told: Read, content: BinaryIO, name: str) -> Iterator[tuple[Place, bytes]]:
        file = _shown(name)
        while raw := content.readline(LONGEST_LINE):
            told.lines += 1
            place = Place(file, told.lines)
            if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
                self.refusals.refuse(place, Impossible("too long", f"longer than {LONGEST_LINE} bytes"))
                while raw and not raw.endswith(b"\n"):
                    raw = content.readline(LONGEST_LINE)
                continue
            if b"\0" in raw:  # a file that a power cut has torn; no database takes it
                self.refusals.refuse(
                    place, Impossible("zero bytes", "has zero bytes in it: the file is damaged")
                )
                continue
            yield place, raw


class _Opened:
    def __init__(self, name: str, on_bytes: OnBytes) -> None:
        self._name = name
        self._on_bytes = on_bytes
        self._closing: list[Any] = []

    def __enter__(self) -> tuple[BinaryIO, _Watched]:
        if self._name == STDIN:
            source = sys.stdin.buffer
        else:
            try:
                source = cast(Any, Path(self._name).open("rb"))
            except OSError as error:
                raise OperatorError(f"{_shown(self._name)}: cannot be read: {error.strerror}") from error
            self._closing.append(source)
        watched = _Watched(source, self._on_bytes)
        content = io.BufferedReader(watched, 1 << 16)
        if content.peek(2)[:2] == _GZIP:
            return cast(BinaryIO, gzip.GzipFile(fileobj=content)), watched
        return cast(BinaryIO, content), watched

    def __exit__(self, *_: object) -> None:
        for each in self._closing:
            each.close()


def by_first_time(names: Sequence[str], time_of: Callable[[bytes], int | None]) -> list[str]:
    """The files in the order of their first lines, so that calls from one to the next are whole.

    `time_of`: of a line; None where it has none. Raises OperatorError.
    """
    first: dict[str, int] = {}
    for name in names:
        if name == STDIN:
            continue
        with _Opened(name, lambda _count: None) as (content, _):
            try:
                times = (time_of(content.readline(LONGEST_LINE)) for _ in range(100))
                first[name] = next((time for time in times if time is not None), 0)
            except _UNREADABLE as error:
                raise OperatorError(f"{_shown(name)}: cannot be read: {error}") from error
    return sorted(dict.fromkeys(names), key=lambda name: first.get(name, sys.maxsize))


def _shown(name: str) -> str:
    return "standard input" if name == STDIN else shown_file(Path(name))
