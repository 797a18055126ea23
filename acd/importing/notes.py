"""What an import has to say: of each option what became of it, with its line in the source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from acd.settings.problems import shown

MOST_NOTES = 5000


class Kind(StrEnum):
    """How much a note matters."""

    ERROR = "error"  # nothing can be made of the source
    CHANGED = "changed"  # taken over, but it works differently here
    LEFT_OUT = "left out"  # has no counterpart, and what to use instead


@dataclass(frozen=True, slots=True)
class Source:
    """A line of a file of the source."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One sentence about one line. `option` is what is written there."""

    file: str
    line: int
    kind: Kind
    option: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind.value}: {self.option}: {self.text}"


@dataclass(slots=True)
class Notes:
    """Collects notes. Beyond MOST_NOTES only errors are kept, and `more` counts the others."""

    found: list[Note] = field(default_factory=list)
    more: int = 0
    _said: set[Note] = field(default_factory=set)

    def add(self, source: Source, kind: Kind, option: str, text: str) -> None:
        """One more, unless it is said of this line already."""
        note = Note(source.file, source.line, kind, shown(option), text)
        if note in self._said:
            return
        if len(self.found) >= MOST_NOTES and kind is not Kind.ERROR:
            self.more += 1
            return
        self._said.add(note)
        self.found.append(note)

    @property
    def errors(self) -> list[Note]:
        """Those that forbid an import."""
        return [note for note in self.found if note.kind is Kind.ERROR]

    def in_order(self) -> Iterable[Note]:
        """By file and line."""
        return sorted(self.found)
