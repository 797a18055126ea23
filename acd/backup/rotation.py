"""How many archives are kept: the oldest go, and with them recordings that no other names."""

from __future__ import annotations

import gzip
import re
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from acd.backup import recordings
from acd.errors import OperatorError

NAME = re.compile(r"acd-\d{8}T\d{6}Z\.tar\.gz")


def keep_newest(folder: Path, count: int) -> list[Path]:
    """Remove all archives with a name by their time but the newest so many; those that went.

    While nobody makes another one there. Raises OperatorError where an archive that is kept cannot be read:
    then no recording is removed.
    """
    found = archives(folder)
    gone = found[:-count]
    for archive in gone:
        archive.unlink(missing_ok=True)
    if gone and (beside := folder / recordings.FOLDER).is_dir():
        recordings.remove_unnamed(beside, (_listing(archive) for archive in _all_archives(folder)))
    return gone


def archives(folder: Path) -> list[Path]:
    """Those with a name by their time, oldest first."""
    return sorted(file for file in folder.iterdir() if NAME.fullmatch(file.name) and file.is_file())


def _all_archives(folder: Path) -> Iterable[Path]:
    """With those that somebody has named; not what is under way."""
    return sorted(file for file in folder.glob("*.tar.gz") if file.is_file())


def _listing(archive: Path) -> Iterator[bytes]:
    """The lines of the recordings beside it: the second file in it, or none."""
    try:
        with gzip.open(archive) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as tar:
            tar.next()
            member = tar.next()
            if member is None or member.name != recordings.LISTING:
                return
            file = tar.extractfile(member)
            assert file is not None
            yield from file
    except (tarfile.TarError, OSError, EOFError) as error:
        raise OperatorError(
            f"{archive} cannot be read ({error}), so no recordings beside it were removed:"
            " mend it, or move it away"
        ) from error
