"""Records that wait for the database on disk, when there are too many for memory.

Files of so many lines each, in a folder of their own. A line is written with one `write` call, and is safe
when its file has been brought to the disk; a file is deleted when all that is in it is in the database.
Records may be written twice, so a controller that is killed in between simply reads the file again. Files of
an earlier process are only read: a power cut may have torn the last line, and with it what is added there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import structlog

from acd.core.fact_json import fact_from_dict, fact_to_dict
from acd.core.facts import AgentInterval
from acd.records.fold import fold
from acd.records.record import CallRecord, Source

log = structlog.get_logger(__name__)

LINES_A_FILE = 500
Spoolable: TypeAlias = CallRecord | AgentInterval


@dataclass(frozen=True, slots=True)
class Spooled:
    """A record as it was submitted."""

    item: Spoolable
    replace: bool


class Spool:
    """One process at a time. `failing`: the disk took nothing at the last attempt."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: dict[Path, int] = {}  # the files that have not been taken yet
        self._last = 0
        self._current: Path | None = None
        self._unsynced = set[Path]()
        self.failing = False

    def open(self) -> None:
        """Find what an earlier process has left."""
        for path in sorted(self._folder.glob("*.jsonl")):
            with path.open("rb") as file:
                self._counts[path] = sum(1 for _ in file)
            self._last = int(path.stem)

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
        self._last = int(path.stem)
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
                opened = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(opened)
                finally:
                    os.close(opened)

    def _file(self) -> Path:
        """The one that is written to: the last of this process, unless it is full or taken."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._current is not None and 0 < self._counts.get(self._current, 0) < LINES_A_FILE:
            return self._current
        path = self._folder / f"{self._last + 1:09}.jsonl"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        return path

    def take(self) -> Path | None:
        """The oldest file, to be read: it is not written to any more, and not given again."""
        if (path := min(self._counts, default=None)) is not None:
            del self._counts[path]
        return path

    def read(self, path: Path) -> list[Spooled]:
        """What is in a file; a line that was cut short never counted."""
        return list(_read(path))

    def done(self, path: Path) -> None:
        """All that is in it is in the database."""
        path.unlink(missing_ok=True)


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
