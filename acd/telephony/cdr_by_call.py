"""Many lines of Asterisk's account, put together by call: on disk, where those of a month have room.

Rows of one call may lie far apart, so that nothing can be said of a call before all lines are read.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from acd.errors import OperatorError
from acd.sql import in_chunks
from acd.telephony.cdr import CallSeen, calls_of, read

_AT_ONCE = 1_000


class CallsByCall:
    """The calls of these lines. The file has no name, and is gone when this is closed; a context manager.

    Raises OperatorError where the disk for temporary files takes no more, also later on.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        with _told_where():
            self._file = sqlite3.connect("")  # in memory as long as it is small
            try:
                self._fill(lines)
            except BaseException:
                self._file.close()
                raise

    def _fill(self, lines: Iterable[str]) -> None:
        self._file.execute("CREATE TABLE legs (call_id TEXT, start REAL, line TEXT)")
        legs = _legs(lines)
        while some := list(islice(legs, _AT_ONCE)):
            self._file.executemany("INSERT INTO legs VALUES (?, ?, ?)", some)
        self._file.execute("CREATE INDEX legs_by_call ON legs (call_id)")

    def batches(self, size: int) -> Iterator[Mapping[str, CallSeen]]:
        """All calls, at most so many at once, about in the order in which they began."""
        order = "SELECT call_id FROM legs GROUP BY call_id ORDER BY min(start), call_id"
        with _told_where(), closing(self._file.execute(order)) as ids:
            while some := ids.fetchmany(size):
                yield calls_of(self._lines([call_id for (call_id,) in some]))

    def have(self, call_ids: Collection[str]) -> frozenset[str]:
        """Those of the ids of which there is any line."""
        with _told_where():
            return frozenset(
                call_id
                for ids in in_chunks(list(call_ids))
                for (call_id,) in self._file.execute(
                    f"SELECT DISTINCT call_id FROM legs WHERE call_id IN ({_marks(ids)})",  # noqa: S608
                    ids,
                )
            )

    def close(self) -> None:
        """It is needed no more."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lines(self, call_ids: list[str]) -> Iterator[str]:
        for ids in in_chunks(call_ids):
            query = f"SELECT line FROM legs WHERE call_id IN ({_marks(ids)}) ORDER BY rowid"  # noqa: S608
            for (line,) in self._file.execute(query, ids):
                yield line


@contextmanager
def _told_where() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OperatorError(
            f"lines of Asterisk's account cannot be put together in {_temporary_folder()}: {error}; make room"
            " there, name another folder in TMPDIR, or ask for fewer days"
        ) from error


def _temporary_folder() -> str:
    """Where SQLite has files without a name: the first of these that it may write to."""
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"))
    folders = [folder for folder in (*named, "/var/tmp", "/usr/tmp", "/tmp") if folder]  # noqa: S108
    usable = (each for each in folders if Path(each).is_dir() and os.access(each, os.W_OK | os.X_OK))
    return next(usable, ".")


def _legs(lines: Iterable[str]) -> Iterator[tuple[str, float, str]]:
    for line in lines:
        if (row := read(line)) is not None:
            yield row["call_id"], float(row["start"]), line


def _marks(ids: Collection[str]) -> str:
    return ", ".join("?" * len(ids))
