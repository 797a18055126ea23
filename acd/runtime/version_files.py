"""The versions of configuration and flows: a folder for each that was active, with the files of then.

    versions/3/version.json    who made it active, when, from what, and what the flows' tests said
    versions/3/config/…        the centre's own files in config/ (acd.settings.config_files)
    versions/3/ivr_flows/…     all of ivr_flows/, sounds included

A version is whole or not there: it is put together in a folder of another name, which is renamed last.
Files that are as in the version before are the same file (a hard link), so that sounds cost nothing.
"""

from __future__ import annotations

import fcntl
import filecmp
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import structlog

from acd.errors import OperatorError
from acd.settings.config_files import config_files
from acd.settings.shared_folder import READ_BY_ALL, make_shared_folder

log = structlog.get_logger(__name__)

KEPT = 50
NOT_KEPT = 0
"""The number of flows that are in use and could not be kept as a version."""
CONFIG, FLOWS = "config", "ivr_flows"
_RUNNING = "running"
_STAGED = ".new-"


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """A version that was made active; `number` is `NOT_KEPT` where it is not on disk.

    `version` is the hash of its files, as in `FlowSet.version`. `source`: 'start', 'reload' or
    'rollback to N'. `tests`: what the flows' own tests said. `on_disk`: the hash of what was on disk at a
    rollback: as long as it is there untouched, it was left on purpose.
    """

    number: int
    version: str
    at: datetime
    who: str
    source: str
    tests: str
    on_disk: str = ""


@dataclass(frozen=True, slots=True)
class Staged:
    """Files to begin with. `folder`: of a copy, which may become a version; None: they are the originals."""

    version: str
    config_dir: Path
    flows_dir: Path
    folder: Path | None = None

    @staticmethod
    def copied(folder: Path, version: str) -> Staged:
        """A copy of both folders."""
        return Staged(version, folder / CONFIG, folder / FLOWS, folder)


class VersionFiles:
    """The versions below `folder`. One process writes, any may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self) -> list[VersionEntry]:
        """Oldest first. The last one is active, or was when the controller ended."""
        if not self._folder.is_dir():
            return []
        numbers = sorted(int(f.name) for f in self._folder.iterdir() if f.name.isascii() and f.name.isdigit())
        return [entry for number in numbers if (entry := self._entry(number)) is not None]

    def last(self) -> VersionEntry | None:
        """The newest one."""
        entries = self.entries()
        return entries[-1] if entries else None

    def kept(self, entry: VersionEntry) -> Staged:
        """Where its files are."""
        return Staged.copied(self._folder / str(entry.number), entry.version)

    def next(self, staged: Staged) -> Staged:
        """Where the files of a copy will be once it is kept."""
        return Staged.copied(self._folder / str(self._next_number()), staged.version)

    def stage(self, config_dir: Path, flows_dir: Path) -> Staged:
        """Copy both folders. Raises OperatorError for files that cannot be read or a disk that is full."""
        last = self.last()
        like = self._folder / str(last.number) if last is not None else None
        staged = self._folder / f"{_STAGED}{os.getpid()}-{os.urandom(4).hex()}"
        try:
            # Asterisk plays from here, perhaps as another user.
            make_shared_folder(self._folder, READ_BY_ALL, staged.name)
            for name, source in ((CONFIG, config_dir), (FLOWS, flows_dir)):
                _copy(name, source, staged / name, like / name if like else None)
            return Staged.copied(staged, content_hash(staged / CONFIG, staged / FLOWS))
        except OSError as error:
            shutil.rmtree(staged, ignore_errors=True)
            raise OperatorError(f"a copy of the flows cannot be kept: {error}") from error

    @staticmethod
    def originals(config_dir: Path, flows_dir: Path) -> Staged:
        """The files themselves, where no copy can be had. Raises OperatorError where one cannot be read."""
        try:
            return Staged(content_hash(config_dir, flows_dir), config_dir, flows_dir)
        except OSError as error:
            raise OperatorError(f"{error.filename}: cannot be read: {error.strerror}") from error

    def drop(self, staged: Staged) -> None:
        """It does not become a version."""
        if staged.folder is not None:
            shutil.rmtree(staged.folder, ignore_errors=True)

    def entry_to_be(
        self, staged: Staged, who: str, source: str, tests: str, on_disk: str = ""
    ) -> VersionEntry:
        """What a copy will be, once it is kept."""
        return VersionEntry(
            self._next_number(), staged.version, datetime.now(UTC), who, source, tests, on_disk
        )

    def keep(self, staged: Staged, entry: VersionEntry) -> None:
        """Make a copy this version, the newest. Raises OperatorError where it cannot be written."""
        assert staged.folder is not None
        data = {**asdict(entry), "at": entry.at.isoformat()}
        try:
            (staged.folder / "version.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
            target = self._folder / str(entry.number)
            if target.exists():  # one whose version.json cannot be read
                target.rename(self._folder / f"{_STAGED}unreadable-{entry.number}-{os.urandom(4).hex()}")
            staged.folder.rename(target)
        except OSError as error:
            raise OperatorError(f"the new version cannot be kept: {error}") from error

    def take_back(self, staged: Staged, entry: VersionEntry) -> None:
        """What `keep` has made a version is the copy again. Raises OperatorError where that cannot be."""
        assert staged.folder is not None
        try:
            (self._folder / str(entry.number)).rename(staged.folder)
        except OSError as error:
            raise OperatorError(f"version {entry.number} cannot be taken back: {error}") from error

    def prune(self, in_use: frozenset[str]) -> list[int]:
        """Remove all but the newest `KEPT`, and never one that is in use; their numbers."""
        removed = []
        for entry in self.entries()[:-KEPT]:
            if entry.version not in in_use:
                shutil.rmtree(self._folder / str(entry.number), ignore_errors=True)
                removed.append(entry.number)
        return removed

    # --- whether the last run ended well -----------------------------------------------------------
    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else may write meanwhile. Raises OperatorError where somebody else does."""
        lock = self._lock_file()
        if lock is None:
            yield
            return
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OperatorError(f"another controller is running here (it uses {self._folder})") from None
            yield

    def _lock_file(self) -> BinaryIO | None:
        """None where nobody can write anyway, which must not keep the centre closed."""
        try:
            make_shared_folder(self._folder, READ_BY_ALL)
            return (self._folder / "lock").open("wb")
        except OSError as error:
            log.error("the folder of versions takes nothing", folder=str(self._folder), reason=str(error))
            return None

    def begin_run(self) -> None:
        """From now on, until `end_run`, a controller uses the newest version."""
        try:
            (self._folder / _RUNNING).touch()
        except OSError as error:
            log.error("a sudden end of this run would not be noticed at the next start", reason=str(error))
        for left in self._folder.glob(f"{_STAGED}*"):
            shutil.rmtree(left, ignore_errors=True)

    def end_run(self) -> None:
        """The controller ended as it should: the next start is somebody's wish."""
        try:
            (self._folder / _RUNNING).unlink(missing_ok=True)
        except OSError as error:
            log.error("this run will look as if it had ended suddenly", reason=str(error))

    @property
    def was_cut_off(self) -> bool:
        """Whether the last run ended without `end_run`."""
        return (self._folder / _RUNNING).exists()

    def _next_number(self) -> int:
        last = self.last()
        return last.number + 1 if last is not None else 1

    def _entry(self, number: int) -> VersionEntry | None:
        try:
            data = json.loads((self._folder / str(number) / "version.json").read_text(encoding="utf-8"))
            return VersionEntry(**{**data, "number": number, "at": datetime.fromisoformat(data["at"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.warning("a version cannot be read and is passed over", number=number, reason=str(error))
            return None


def content_hash(config_dir: Path, flows_dir: Path) -> str:
    """Tells one state of configuration and flows from another."""
    digest = hashlib.sha256()
    for name, folder in ((CONFIG, config_dir), (FLOWS, flows_dir)):
        for path in _FILES[name](folder):
            relative = path.relative_to(folder).as_posix()
            digest.update(f"{folder.name}/{relative}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def files_of(staged: Staged) -> Iterator[tuple[str, Path]]:
    """Every file of both folders by its name, as `config/agents.yml`, in order."""
    for folder, name in ((staged.config_dir, CONFIG), (staged.flows_dir, FLOWS)):
        for path in _FILES[name](folder):
            yield f"{name}/{path.relative_to(folder).as_posix()}", path


def changed_files(old: Staged, new: Staged) -> list[str]:
    """The names of the files that are not the same in both, as `config/agents.yml`."""
    changed = []
    for before, now, name in (
        (old.config_dir, new.config_dir, CONFIG),
        (old.flows_dir, new.flows_dir, FLOWS),
    ):
        paths = {p.relative_to(folder) for folder in (before, now) for p in _FILES[name](folder)}
        changed += [f"{name}/{p.as_posix()}" for p in sorted(paths) if not _same(before / p, now / p)]
    return changed


def _copy(name: str, source: Path, target: Path, like: Path | None) -> None:
    make_shared_folder(target, READ_BY_ALL)
    for path in _FILES[name](source):
        relative = path.relative_to(source)
        new = target / relative
        make_shared_folder(target, READ_BY_ALL, relative.parent)
        shutil.copyfile(path, new)
        if like is not None and _same(new, like / relative):
            new.unlink()
            os.link(like / relative, new)
        else:
            new.chmod(0o644)


def _same(one: Path, other: Path) -> bool:
    if not (one.is_file() and other.is_file()):
        return False
    return one.samefile(other) or filecmp.cmp(one, other, shallow=False)


def _files(folder: Path) -> Iterator[Path]:
    """Every regular file, hidden ones and linked folders left out, in a fixed order."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent) / name
            if not name.startswith(".") and path.is_file():
                yield path


_FILES: dict[str, Callable[[Path], Iterator[Path]]] = {CONFIG: config_files, FLOWS: _files}
"""The files of each of the two folders."""
