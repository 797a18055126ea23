"""One mistake in the configuration: where it is and what to do, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

Place = tuple[str | int, ...]
"""Where a value stands in a document: the keys, and the indexes of list items, that lead to it."""

_LONGEST_SHOWN = 60
_MOST_COMPARED = 1000


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A mistake. `line` counts from 1; `path` reads like 'groups > sales > wrap_up_s'.

    A `warning` is for what may be meant: it keeps nobody from starting.
    """

    file: str
    line: int
    path: str
    message: str
    warning: bool = False

    def __str__(self) -> str:
        severity = "warning: " if self.warning else ""
        return f"{self.file}:{self.line}: {severity}{self.path}: {self.message}"


def shown_file(path: Path) -> str:
    """The file's name as the operator would type it: relative to the current directory if below it."""
    try:
        return shown(str(path.absolute().relative_to(Path.cwd())), longest=4096)
    except (ValueError, OSError):
        return shown(str(path), longest=4096)


def shown(text: str, *, longest: int = _LONGEST_SHOWN) -> str:
    """Text from a file, safe to print: cut if long, without characters that upset a terminal."""
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shown_path(place: Place) -> str:
    """'groups > sales > music'; list items count from 1."""
    return " > ".join(f"item {part + 1}" if isinstance(part, int) else shown(part) for part in place)


def did_you_mean(name: str, known: Iterable[str], *, separator: str) -> str:
    """The nearest known name as the end of a sentence, or nothing if none is near."""
    # difflib takes its time: no name of ours is this long, and no centre has so many of a kind.
    some = [
        str(each) for each in islice(known, _MOST_COMPARED)
    ]  # a member of an enumeration as it is written
    near = difflib.get_close_matches(name[:_LONGEST_SHOWN], some, n=1)
    return f"{separator} did you mean {near[0]!r}?" if near else ""


def undefined(kind: str, name: str, known: Iterable[str], where: str = "") -> str:
    """The sentence for a reference to something that does not exist; `where` it should: ' in FILE'."""
    return f"no {kind} '{shown(name)}' is defined{where}" + did_you_mean(name, known, separator=";")


def not_among(kind: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that somebody typed: the nearest one, and all that there are."""
    names = sorted(known)
    listed = f"; there are: {', '.join(names)}" if names else "; there is none"
    return undefined(kind, name, names) + listed
