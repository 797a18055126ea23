"""Records that wait for the database on disk, when there are too many for memory.

Files of so many lines each, in a folder of their own. A line is written with one `write` call, and is safe
when its file has been brought to the disk; a file is deleted when all that is in it is in the database.
Records may be written twice, so a controller that is killed in between simply reads the file again. Files of
an earlier process are only read: a power cut may have torn the last line, and with it what is added there.
Whoever uses the folder has a lock on it, so that nobody takes files over from one who lives (`left_spools`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

import orjson
import structlog

from acd.core.fact_json import fact_from_dict, fact_to_dict
from acd.core.facts import AgentInterval
from acd.records.fold import fold
from acd.records.record import CallRecord, Source
from acd.sole import alone
from acd.synced import bring_to_disk

log = structlog.get_logger(__name__)

LINES_A_FILE = 500
LOCK_FILE = "lock"
Spoolable: TypeAlias = CallRecord | AgentInterval


@dataclass(frozen=True, slots=True)
class Spooled:
    """A record as it was submitted."""

    item: Spoolable
    replace: bool


class Spool:
    """One process at a time. `failing`: the disk took nothing at the last attempt."""

    def __init__(self, folder: Path, lines_a_file: int = LINES_A_FILE) -> None:
        self._folder = folder
        self._lines_a_file = lines_a_file
        self._counts: dict[Path, int] = {}  # the files that have not been taken yet
        self._taken: dict[Path, int] = {}  # and those that have, until all of it is in the database
        self._unread: list[Path] = []  # of these, what could not be read
        self._last = 0
        self._current: Path | None = None
        self._unsynced = set[Path]()
        self._lock: IO[str] | None = None
        self._is_open = False
        self.failing = False

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._folder

    def open(self) -> None:
        """Find what an earlier process has left; nothing as long as another one has the folder: ask again."""
        if self._is_open or (self._folder.is_dir() and not self._is_ours()):
            return
        found = sorted(self._folder.glob("*.jsonl"))
        paths = [path for path in found if path.stem.isdecimal()]
        if others := [path.name for path in found if path not in paths]:
            log.error("files of the spool have names that it does not give, they are left", files=others)
        self._last = max([self._last, *(int(path.stem) for path in paths)])  # also of what cannot be read
        for path in paths:
            try:
                self._counts[path] = lines_of(path)
            except OSError as error:
                log.error("a file of the spool cannot be read, it is left", file=str(path), reason=str(error))
        self._is_open = True

    def close(self) -> None:
        """Another process may have the folder. Harmless when it was never used."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def _is_ours(self) -> bool:
        """Nobody else has the folder. Where nothing can be locked nobody takes anything over either."""
        if self._lock is None:
            with suppress(OSError):
                self._lock = locked(self._folder)
                return self._lock is not None
        return True

    @property
    def waiting(self) -> int:
        """How many records wait here."""
        return sum(self._counts.values())

    def add(self, item: Spoolable, *, replace: bool) -> bool:
        """Keep it here; whether it is written. Safe when what `to_sync` gives has been synced."""
        try:
            line = orjson.dumps({"replace": replace, **_data(item)}, option=orjson.OPT_APPEND_NEWLINE)
        except TypeError:  # a text that is none: the writer mends it
            return False
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not self._is_ours():
                raise OSError("another process has the folder")
            path = self._file()
            with path.open("ab", buffering=0) as file:
                before = file.tell()
                if file.write(line) != len(line):
                    file.truncate(before)
                    raise OSError("only a part of the line was written")
        except OSError as error:
            if not self.failing:
                self.failing = True
                log.error("the disk takes no records, they wait in memory", reason=str(error))
            return False
        self.failing = False
        self._counts[path] = self._counts.get(path, 0) + 1
        self._last = max(self._last, int(path.stem))
        self._current = path
        self._unsynced.add(path)
        return True

    def to_sync(self) -> frozenset[Path]:
        """The files that were written to since the last time this was asked."""
        paths, self._unsynced = frozenset(self._unsynced), set()
        return paths

    def sync(self, paths: Iterable[Path]) -> None:
        """Bring files to the disk; for a thread. Raises OSError."""
        for path in (*paths, self._folder):
            with suppress(FileNotFoundError):  # all that was in it is in the database
                bring_to_disk(path)

    def _file(self) -> Path:
        """The one that is written to: the last of this process, unless it is full or taken."""
        if self._current is not None and 0 < self._counts.get(self._current, 0) < self._lines_a_file:
            return self._current
        path = self._folder / f"{self._last + 1:09}.jsonl"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        return path

    def places_for(self, count: int) -> list[Path]:
        """Names of so many files that are to come from elsewhere; none where this one has no lock.

        Raises OSError.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.open()
        if not self._is_open or not self._is_ours() or self._lock is None:
            return []
        first = self._last + 1
        self._last += count
        return [self._folder / f"{number:09}.jsonl" for number in range(first, first + count)]

    def came(self, files: Mapping[Path, int]) -> None:
        """They are at the places that were named for them, with so many lines."""
        self._counts.update(files)

    def take(self) -> Path | None:
        """The oldest file, to be read: it is not written to any more, and not given again."""
        if (path := min(self._counts, default=None)) is not None:
            self._taken[path] = self._counts.pop(path)
        return path

    def put_off(self, path: Path) -> None:
        """It cannot be read now: the others are taken first."""
        self._unread.append(path)

    def offer_again(self) -> bool:
        """What was put off is to be taken again; whether there is any."""
        unread, self._unread = self._unread, []
        self._counts.update((path, self._taken.pop(path)) for path in unread)
        return bool(unread)

    def read(self, path: Path) -> list[Spooled]:
        """What is in a file; a line that was cut short never counted. Raises OSError."""
        with suppress(FileNotFoundError):  # this one had no lock, and another process has taken it over
            return list(_read(path))
        return []

    def done(self, path: Path) -> None:
        """All that is in it is in the database."""
        self._taken.pop(path, None)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:  # the next start writes it once more, which changes nothing
            log.error("a file of the spool cannot be deleted", file=str(path), reason=str(error))


def locked(folder: Path) -> IO[str] | None:
    """The lock on a spool, until it is closed; None while another process has it. Raises OSError."""
    return alone(folder / LOCK_FILE)


def lines_of(path: Path) -> int:
    """How many records are in a file. Raises OSError."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _read(path: Path) -> Iterator[Spooled]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                data = orjson.loads(line)
                yield Spooled(_item(data), bool(data["replace"]))
            except (ValueError, KeyError, TypeError) as error:
                log.error("a line of the spool cannot be read", line=f"{path}:{number}", reason=str(error))


def _data(item: Spoolable) -> dict[str, Any]:
    if isinstance(item, AgentInterval):
        return {"interval": asdict(item)}
    return {
        "call": item.call_id,
        "source": item.source.value,
        "facts": [fact_to_dict(fact) for fact in item.facts],
    }


def _item(data: dict[str, Any]) -> Spoolable:
    if "interval" in data:
        return AgentInterval(**data["interval"])
    facts = [fact_from_dict(fact) for fact in data["facts"]]
    return fold(data["call"], facts, Source(data["source"]))
