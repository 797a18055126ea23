"""What the file, and those that were moved away from its name, say since a moment."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from acd.queue_log.line import BadLine, Line, read

_PACKED: Mapping[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
"""As logrotate packs what it has moved away."""


def lines_since(path: Path, since: float) -> Iterator[Line]:
    """In the order in which they were written; what is no line is passed over. Raises OSError."""
    for file in _written_since(path, since):
        try:
            with _opened(file) as content:
                if file == path:
                    content.seek(_begin(content, since))
                for raw in content:
                    line = _line(raw)
                    if line is not None and line.at >= since:
                        yield line
        except (EOFError, lzma.LZMAError, zlib.error) as error:
            raise OSError(errno.EIO, f"not packed whole: {error}", str(file)) from error


def _written_since(path: Path, since: float) -> list[Path]:
    """Oldest first: `queue_log.1`, `queue_log-20261126.gz`, …, and `queue_log`."""
    if not path.parent.is_dir():
        return []
    others = [
        file
        for file in path.parent.iterdir()
        if file.name.startswith((f"{path.name}.", f"{path.name}-"))
        and file.is_file()
        # What is being packed is there twice for a moment.
        and not (file.suffix in _PACKED and file.with_suffix("").is_file())
    ]
    found = [file for file in others if file.stat().st_mtime >= since]
    found.sort(key=lambda file: file.stat().st_mtime)
    return [*found, path] if path.is_file() else found


def _opened(file: Path) -> BinaryIO:
    unpacked = _PACKED.get(file.suffix)
    return file.open("rb") if unpacked is None else cast(BinaryIO, unpacked(file))


def _begin(content: BinaryIO, since: float) -> int:
    """A place at the beginning of a line, with nothing of interest before it: times only grow."""
    low, high = 0, content.seek(0, 2)
    while high - low > 4096:
        middle = (low + high) // 2
        content.seek(middle)
        content.readline()
        line = _line(content.readline())
        if line is not None and line.at < since - 60:
            low = middle
        else:
            high = middle
    content.seek(low)
    if low:
        content.readline()
    return content.tell()


def _line(raw: bytes) -> Line | None:
    if not raw.endswith(b"\n"):
        return None
    try:
        return read(raw[:-1].decode("utf-8", "replace"))
    except BadLine:
        return None
