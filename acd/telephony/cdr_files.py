"""Where Asterisk's account of calls lies: the file that it writes, and those that were rotated away.

Rows are written when a caller's channel is gone, so a file is in the order in which calls ended, though the
rows of a long call's first talks are as old as those talks.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import structlog

log = structlog.get_logger(__name__)

LINE_MAX = 8192
BLOCK_BYTES = 256 * 1024
_SLACK_S = 60.0  # what is written at the end of a call is a moment younger than that end
_ROTATED = re.compile(r"[.-][0-9][0-9T.-]*(?P<packed>\.gz|\.bz2|\.xz)?")
_UNPACK: Mapping[str, Callable[[Path], IO[bytes]]] = {
    ".gz": gzip.GzipFile,  # type: ignore[dict-item]
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}


@dataclass(frozen=True, slots=True)
class Place:
    """How far the files have been read: a file's number on its disk, and so many bytes of it; `at`: when."""

    file: int
    offset: int
    at: float

    def to_dict(self) -> dict[str, Any]:
        """To be kept."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Place:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError for what is none."""
        return cls(int(kept["file"]), int(kept["offset"]), float(kept["at"]))


def files(path: Path) -> list[Path]:
    """The file and those that it was before, as logrotate names them; newest first."""
    found = []
    for other in path.parent.glob(f"{path.name}*"):
        if other == path or _ROTATED.fullmatch(other.name.removeprefix(path.name)):
            try:
                found.append((other == path, other.stat().st_mtime, other))
            except FileNotFoundError:  # rotated in this moment
                continue
    return [other for _, _, other in sorted(found, reverse=True)]


def lines_since(path: Path, since: float, ends_at: Callable[[str], float | None]) -> Iterator[str]:
    """The lines of calls that ended at `since`, Unix seconds, or later, and some from before; oldest first.

    `ends_at` tells of a line when its leg ended; None: it is no row. However long the files are, only what is
    wanted of them is read, and a block more.
    """
    for file in reversed(files(path)):
        try:
            if file.stat().st_mtime < since - _SLACK_S:
                continue
            if _packing(file):
                yield from _lines(file, 0)
            else:
                yield from _lines(file, _begin(file, since - _SLACK_S, ends_at))
        except FileNotFoundError:  # rotated in this moment: it is read by its new name at the next look
            continue
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            log.error("a file of Asterisk's account cannot be read", file=file.name, reason=str(error))


def lines_from(
    path: Path, place: Place, now: float, ends_at: Callable[[str], float | None]
) -> tuple[Iterator[str], Place]:
    """The lines behind `place`, and the place behind them; one that is not whole yet is left for later.

    Where the file of then is not to be found any more, or was emptied: those since then.
    """
    there = [file for file in files(path) if not _packing(file)]
    numbers = [_number(file) for file in there]
    new_place = end_of(path, now)
    if place.file not in numbers:
        return lines_since(path, place.at, ends_at), new_place
    index = numbers.index(place.file)
    if there[index].stat().st_size < place.offset:
        return lines_since(path, place.at, ends_at), new_place

    def lines() -> Iterator[str]:
        for at in range(index, -1, -1):
            last = new_place.offset if numbers[at] == new_place.file else None
            yield from _lines(there[at], place.offset if at == index else 0, last)

    return lines(), new_place


def end_of(path: Path, now: float) -> Place:
    """The place behind the last whole line."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            begin = max(0, size - LINE_MAX)
            file.seek(begin)
            tail = file.read(size - begin)
            return Place(_number(path), begin + tail.rfind(b"\n") + 1, now)
    except FileNotFoundError:
        return Place(0, 0, now)


def _number(file: Path) -> int:
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return 0


def _packing(file: Path) -> str:
    return file.suffix if file.suffix in _UNPACK else ""


def _lines(file: Path, begin: int, end: int | None = None) -> Iterator[str]:
    """Line by line: a torn one must cost only itself."""
    packing = _packing(file)
    with _UNPACK[packing](file) if packing else file.open("rb") as stream:
        stream.seek(begin)
        at = begin
        for line in stream:
            at += len(line)
            if end is not None and at > end:
                return
            if len(line) <= LINE_MAX:
                yield line.decode("utf-8", "replace").rstrip("\n")


def _begin(file: Path, since: float, ends_at: Callable[[str], float | None]) -> int:
    """From where on rows are wanted: by halving; each block has some row that is as old as itself."""
    size = file.stat().st_size
    low, high = 0, (size + BLOCK_BYTES - 1) // BLOCK_BYTES
    with file.open("rb") as stream:
        while low < high:  # all before `low` are too old, `high` and later are wanted
            middle = (low + high) // 2
            stream.seek(middle * BLOCK_BYTES)
            told = (
                ends_at(line.decode("utf-8", "replace")) for line in stream.read(BLOCK_BYTES).split(b"\n")
            )
            if any(at is not None and at >= since for at in told):
                high = middle
            else:
                low = middle + 1
    return max(0, low - 1) * BLOCK_BYTES  # a line may lie in two blocks
