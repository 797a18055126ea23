"""Writing and reading the archive: a tar file, packed by gzip, with the digest of each file in the last one.

Nothing is kept in memory but a block; only of the versions, whose files are often the same, names are.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from acd.backup.about import About, about_of
from acd.backup.pace import BLOCK, Pace
from acd.errors import OperatorError

ABOUT, SUMS = "about.json", "SHA256SUMS"
ROOTS = ("config", "ivr_flows", "versions", "home", "journal", "recordings")
FILES = (ABOUT, "records.sqlite3", "records.pgdump", "secrets.yml", "secrets.yml.sealed", "recordings.sha256")
LEVEL = 3  # of gzip: three times as fast as its own choice, and a twentieth larger
_ABOUT_MAX = 1 << 20
_NAME_MAX = 1_000
_DAMAGED = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)
_SUM = re.compile(rb"([0-9a-f]{64})  (.+)\n")


class Place(Protocol):
    """Where the files of an archive go while it is read."""

    def about(self, about: About) -> None:
        """Comes first. Raises OperatorError where the rest is not wanted."""

    def file(self, name: str, mode: int) -> BinaryIO | None:
        """Where its bytes go; None: they are only looked at."""

    def link(self, name: str, to: str) -> None:
        """The same file as one that has come before."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What was read: files and their bytes, before they were packed."""

    about: About
    files: int
    bytes: int


class ArchiveWriter:
    """Usable as a context manager: it is whole when that ends without an exception."""

    def __init__(self, file: IO[bytes], pace: Pace) -> None:
        self._pace = pace
        self._gzip = gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=LEVEL)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w|")  # noqa: SIM115 - closed at the end
        self._sums = tempfile.TemporaryFile()  # noqa: SIM115 - likewise
        self._linked: dict[tuple[int, int], tuple[str, str]] = {}

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        with self._sums:
            if kind is None:
                self._add_sums()
                self._tar.close()
                self._gzip.close()

    def add_bytes(self, name: str, data: bytes, mode: int = 0o600) -> None:
        """A small file."""
        self._add(name, io.BytesIO(data), len(data), mode)

    def add_file(self, name: str, path: Path, *, linked: bool = False) -> str:
        """A file as long as it is now, whoever may still write to it; its digest.

        With `linked`, files that are one on the disk are one here. Raises OSError, OperatorError.
        """
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            key = (status.st_dev, status.st_ino)
            if linked and key in self._linked:
                to, digest = self._linked[key]
                self._add_link(name, to, digest)
                return digest
            digest = self._add(name, file, status.st_size, status.st_mode & 0o777)
            if linked and status.st_nlink > 1:
                self._linked[key] = (name, digest)
            return digest

    def _add(self, name: str, file: BinaryIO, size: int, mode: int) -> str:
        _check_name(name)
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, mode
        hashed = _Hashed(file, size, lambda count: self._pace.moved(name, count))
        self._tar.addfile(member, hashed)
        _forget(self._tar)
        self._sums.write(f"{hashed.digest}  {name}\n".encode())
        return hashed.digest

    def _add_link(self, name: str, to: str, digest: str) -> None:
        _check_name(name)
        member = tarfile.TarInfo(name)
        member.type, member.linkname = tarfile.LNKTYPE, to
        self._tar.addfile(member)
        _forget(self._tar)
        self._sums.write(f"{digest}  {name}\n".encode())

    def _add_sums(self) -> None:
        member = tarfile.TarInfo(SUMS)
        member.size, member.mode = self._sums.tell(), 0o600
        self._sums.seek(0)
        self._tar.addfile(member, self._sums)


def _forget(tar: tarfile.TarFile) -> None:
    """Of all that has gone through it tarfile keeps a description; there may be a million."""
    tar.members.clear()  # type: ignore[attr-defined]


class _Hashed:
    """So many bytes of a file, hashed as they are read."""

    def __init__(self, file: BinaryIO, size: int, moved: Callable[[int], None]) -> None:
        self._file, self._left, self._moved = file, size, moved
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def read(self, count: int = BLOCK, /) -> bytes:
        data = self._file.read(min(count, self._left))
        if not data and self._left:
            raise OperatorError(
                f"{getattr(self._file, 'name', 'a file')} has become shorter meanwhile: try again"
            )
        self._left -= len(data)
        self._hash.update(data)
        self._moved(len(data))
        return data


def read_archive(path: Path, place: Place, pace: Pace) -> Contents:
    """Reads all of it once and compares the digests; the files go to `place` meanwhile.

    Raises OperatorError for what is damaged, cut short, no back-up, or holds what no back-up does: then
    nothing that has gone to `place` may be used.
    """
    with _said(path), gzip.open(path) as unpacked, tempfile.TemporaryFile() as seen:
        return _read(unpacked, place, pace, seen)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise OperatorError(f"{path} is damaged, or was cut short: {error}") from error
    except OSError as error:
        raise OperatorError(f"{error.filename or path}: {error.strerror}") from error
    except OperatorError as error:
        raise OperatorError(f"{path}: {error}") from error


def about_archive(path: Path) -> About:
    """Only what comes first. Raises OperatorError."""
    with _said(path), gzip.open(path) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as tar:
        return _first(tar)[0]


def _read(unpacked: gzip.GzipFile, place: Place, pace: Pace, seen: IO[bytes]) -> Contents:
    digests: dict[str, str] = {}
    files = total = 0
    with tarfile.open(fileobj=unpacked, mode="r|") as tar:
        about, digest = _first(tar)
        place.about(about)
        seen.write(f"{digest}  {ABOUT}\n".encode())
        while (member := tar.next()) is not None:
            _forget(tar)
            if member.name == SUMS and member.isreg():
                _compare(tar.extractfile(member), seen)
                return Contents(about, files, total)
            if member.islnk():
                digest = _linked(member, digests)
                place.link(member.name, member.linkname)
            else:
                digest = _file(tar, member, place, pace)
                total += member.size
            if member.name.startswith("versions/"):
                digests[member.name] = digest
            files += 1
            seen.write(f"{digest}  {member.name}\n".encode())
    raise OperatorError(f"it is not whole: {SUMS} is missing at its end")


def _first(tar: tarfile.TarFile) -> tuple[About, str]:
    """And its digest."""
    member = tar.next()
    if member is None or member.name != ABOUT or not member.isreg() or member.size > _ABOUT_MAX:
        raise OperatorError(f"this is no back-up of acd: it does not begin with {ABOUT}")
    file = tar.extractfile(member)
    assert file is not None
    data = file.read()
    return about_of(data), hashlib.sha256(data).hexdigest()


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Place, pace: Pace) -> str:
    if not member.isreg():
        raise OperatorError(f"{member.name[:200]!r} in it is neither a file nor the same as one before")
    _check_name(member.name)
    source = tar.extractfile(member)
    assert source is not None
    digest = hashlib.sha256()
    target = place.file(member.name, member.mode & 0o777)
    try:
        while data := source.read(BLOCK):
            digest.update(data)
            pace.moved(member.name, len(data))
            if target is not None:
                target.write(data)
    finally:
        if target is not None:
            target.close()
    return digest.hexdigest()


def _linked(member: tarfile.TarInfo, digests: dict[str, str]) -> str:
    _check_name(member.name)
    if member.linkname not in digests or not member.name.startswith("versions/"):
        raise OperatorError(
            f"{member.name[:200]!r} in it is to be the same as a file that has not come before"
        )
    return digests[member.linkname]


def _check_name(name: str) -> None:
    """Raises OperatorError for a path that leads elsewhere, or belongs to no back-up."""
    parts = name.split("/")
    known = name in FILES if len(parts) == 1 else parts[0] in ROOTS
    plain = name.isprintable() and len(name) <= _NAME_MAX and "\\" not in name
    if not known or not plain or any(part in ("", ".", "..") for part in parts):
        raise OperatorError(f"{name[:200]!r} is no name for a file of a back-up")


def _compare(told: IO[bytes] | None, seen: IO[bytes]) -> None:
    """Line by line, in the order in which the files came."""
    assert told is not None
    seen.seek(0)
    for line in told:
        if line != seen.readline():
            match = _SUM.fullmatch(line)
            name = (match[2] if match else line).decode("utf-8", "replace")
            raise OperatorError(f"the digest of {name[:200]!r} is not the one that {SUMS} has: it is damaged")
    if seen.readline():
        raise OperatorError(f"it holds files that {SUMS} does not have: it is damaged")
