"""Where on the disk something can still be found of a person."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_BLOCK = 1 << 20
_NOT_OF_PEOPLE = ("sounds",)
"""Folders of the home with what callers hear."""


def files_with(needles: Sequence[bytes], places: Iterable[Path]) -> list[Path]:
    """Files at and below these places that have one of the needles in them. Those that cannot be read too."""
    return [file for place in places for file in _files(place) if has(file, needles)]


def has(file: Path, needles: Sequence[bytes]) -> bool:
    """Whether it has one of them in it, or cannot be read."""
    if not needles:
        return False
    longest = max(map(len, needles))
    before = b""
    try:
        with file.open("rb") as opened:
            while block := opened.read(_BLOCK):
                text = before + block
                if any(needle in text for needle in needles):
                    return True
                before = text[-longest:]
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    for folder, folders, names in os.walk(place):
        if Path(folder) == place:
            folders[:] = [name for name in folders if name not in _NOT_OF_PEOPLE]
        for name in sorted(names):
            file = Path(folder) / name
            if file.is_file() and not file.is_symlink():
                yield file
