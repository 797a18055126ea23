"""Whether a back-up is whole: every file's digest, those of the recordings beside it included."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from acd.backup import recordings
from acd.backup.archive import Contents, read_archive
from acd.backup.pace import BLOCK, Pace
from acd.backup.staging import Looked

MOST_NAMED = 20


@dataclass(slots=True)
class Verified:
    """`contents`: of the archive, which is whole. Of recordings beside it: how many, and what is not well.

    A recording that was deleted on purpose since is missing as well.
    """

    contents: Contents
    recordings: int = 0
    missing: int = 0
    damaged: int = 0
    named: list[str] = field(default_factory=list)


def verify(archive: Path, beside: Path, pace: Pace, *, quick: bool = False) -> Verified:
    """Raises OperatorError for an archive that is not whole. With `quick` recordings are only looked for."""
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / recordings.LISTING
        told = Verified(read_archive(archive, Looked(listing), pace))
        for digest, name in listed(listing):
            told.recordings += 1
            file = beside / name
            if not file.is_file():
                told.missing += 1
            elif not quick and _digest(file, pace) != digest:
                told.damaged += 1
            else:
                continue
            if len(told.named) < MOST_NAMED:
                told.named.append(name)
    return told


def listed(listing: Path) -> Iterator[tuple[str, str]]:
    """Digest and name of each recording beside an archive; none where there is no listing."""
    if listing.is_file():
        with listing.open(encoding="utf-8") as lines:
            for line in lines:
                yield line[:64], line[66:].rstrip("\n")


def _digest(file: Path, pace: Pace) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while data := opened.read(BLOCK):
            digest.update(data)
            pace.moved(file.name, len(data))
    return digest.hexdigest()
