"""What an import does not count, with file, line and reason. Nothing is left out silently."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

from acd.errors import OperatorError
from acd.settings.problems import shown

LONGEST_TEXT = 200
FIRST_SHOWN = 20


class Place(NamedTuple):
    """A line of a source, by the name that people know it by; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Impossible(ValueError):
    """What is written there cannot be. `kind`: the same in few words, without numbers, to be counted by."""

    def __init__(self, kind: str, reason: str = "") -> None:
        super().__init__(reason or kind)
        self.kind = kind


@dataclass(slots=True)
class Refusals:
    """Lists lines in a file as they come, and counts them by kind. `open` it first; an empty list is no file.

    `refused` lines are faults of the source. `unused` ones are sound, but say nothing that can be counted.
    Without a `path` the first `FIRST_SHOWN` are in `first`, to be told at once.
    """

    path: Path | None
    refused: Counter[str] = field(default_factory=Counter)
    unused: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)
    _out: TextIO | None = None

    def open(self) -> None:
        """Begin the list, before anything is done that it may be needed for. Raises OperatorError."""
        if self.path is None:
            return
        try:  # callers' numbers are in it
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise self._unwritten(error) from error
        self._out = os.fdopen(opened, "w", encoding="utf-8")

    def refuse(self, place: Place, fault: Impossible, text: str = "") -> None:
        """One more line that is not counted because it is wrong, or belongs to what is."""
        self.refused[fault.kind] += 1
        self._list(place, "refused", str(fault), text)

    def leave_out(self, place: Place, kind: str, text: str = "") -> None:
        """One more line that is right, and of no use here."""
        self.unused[kind] += 1
        self._list(place, "not used", kind, text)

    def close(self) -> None:
        """The list is whole. Raises OperatorError."""
        if self._out is None or self.path is None:
            return
        out, self._out = self._out, None
        try:
            out.close()
        except OSError as error:
            raise self._unwritten(error) from error
        if not self.refused and not self.unused and self.path.is_file():  # it may be /dev/null
            self.path.unlink()

    def _list(self, place: Place, what: str, why: str, text: str) -> None:
        if self._out is None and len(self.first) >= FIRST_SHOWN:
            return
        quoted = f": {shown(text, longest=LONGEST_TEXT)}" if text else ""
        line = f"{place}: {what}: {why}{quoted}"
        if self._out is None:
            self.first.append(line)
            return
        try:
            self._out.write(f"{line}\n")
        except OSError as error:
            raise self._unwritten(error) from error

    def _unwritten(self, error: OSError) -> OperatorError:
        return OperatorError(
            f"{self.path}: the list of lines that are not counted cannot be written: {error.strerror};"
            " say with --problems where it can, and import again: calls that are on record stay once"
        )
