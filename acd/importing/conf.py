"""Reads Asterisk's configuration syntax: sections, templates, includes, comments.

`[name](template)` takes over the template's lines, `[name](!)` is a template itself, `[name](+)` adds to a
section. `;` begins a comment, `;--` one that ends at `--;`. Files that are included must be below the
folder of the first one. Whatever is wrong becomes a note; the file may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from acd.importing.notes import Kind, Notes, Source
from acd.settings.document import Document, read_text
from acd.settings.files import leads_inside
from acd.settings.problems import shown, shown_file

LARGEST_FILE_BYTES = 1_000_000
LONGEST_LINE = 1024
MOST_LINES = 20_000
MOST_FILES = 50
DEEPEST_INCLUDE = 5
MOST_SECTIONS = 1000
MOST_ENTRIES = 20_000

_HEADER = re.compile(r"\[(?P<name>[^\]]*)\]\s*(?:\((?P<options>[^)]*)\))?\s*")
_ENTRY = re.compile(r"(?P<key>[^=]*?)\s*(?P<sign>=>|\+=|=)\s*(?P<value>.*)")
_INCLUDE = re.compile(r"#(?P<word>\w+)\s*(?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class Entry:
    """`key = value`; keys are in lower case."""

    key: str
    value: str
    source: Source


@dataclass(slots=True)
class Section:
    """A section with the lines of its templates before its own."""

    name: str
    source: Source
    is_template: bool = False
    entries: list[Entry] = field(default_factory=list)

    def last(self, key: str) -> Entry | None:
        """The entry that counts where a key is written several times."""
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)

    def all(self, key: str) -> list[Entry]:
        """Every entry of this key."""
        return [entry for entry in self.entries if entry.key == key]


def read_conf(path: Path, notes: Notes) -> dict[str, Section]:
    """The sections by name, templates among them; what is wrong is in `notes`."""
    reader = _Reader(path, notes)
    reader.read(path, 0)
    return reader.sections


class _Reader:
    def __init__(self, first: Path, notes: Notes) -> None:
        self._root = first.parent.resolve()
        self._notes = notes
        self._files = 0
        self._lines = 0
        self._entries = 0
        self._section: Section | None = None
        self.sections: dict[str, Section] = {}

    def read(self, path: Path, depth: int) -> None:
        """One file, and those that it includes."""
        self._files += 1
        document = Document(shown_file(path), path.stem)
        text = read_text(document, path, LARGEST_FILE_BYTES)
        if text is None:
            problem = document.problems[0]
            self._notes.add(Source(problem.file, problem.line), Kind.ERROR, path.name, problem.message)
            return
        for number, line in _meant(text):
            self._lines += 1
            source = Source(document.file, number)
            if self._lines > MOST_LINES or len(line) > LONGEST_LINE:
                limit = f"{MOST_LINES} lines in all, of {LONGEST_LINE} characters"
                self._notes.add(source, Kind.ERROR, shown(line), f"too long: the limit is {limit}")
                return
            if not self._take(line, source, path, depth):
                return

    def _take(self, line: str, source: Source, path: Path, depth: int) -> bool:
        """Whether to read on."""
        if line.startswith("["):
            return self._header(line, source)
        if line.startswith("#"):
            return self._directive(line, source, path, depth)
        match = _ENTRY.fullmatch(line)
        if match is None or not match["key"]:
            self._notes.add(source, Kind.ERROR, line, "expected `option = value`, `[section]` or a comment")
        elif self._section is None:
            self._notes.add(source, Kind.ERROR, line, "stands before the first [section]")
        else:
            return self._entry(Entry(match["key"].lower(), match["value"], source))
        return True

    def _entry(self, *entries: Entry) -> bool:
        assert self._section is not None
        self._entries += len(entries)
        if self._entries > MOST_ENTRIES:
            text = f"too many options, templates included: the limit is {MOST_ENTRIES}"
            self._notes.add(self._section.source, Kind.ERROR, self._section.name, text)
            return False
        self._section.entries += entries
        return True

    def _header(self, line: str, source: Source) -> bool:
        match = _HEADER.fullmatch(line)
        if match is None or not match["name"].strip():
            self._notes.add(source, Kind.ERROR, line, "expected [name], [name](template) or [name](!)")
            self._section = None
            return True
        name = match["name"].strip()
        words = [word.strip() for word in (match["options"] or "").split(",") if word.strip()]
        known = self.sections.get(name)
        if known is None or "+" not in words:
            if known is not None:
                text = f"written twice, the first on line {known.source.line}; the two are put together"
                self._notes.add(source, Kind.CHANGED, f"[{name}]", text)
            elif len(self.sections) >= MOST_SECTIONS:
                text = f"too many sections: the limit is {MOST_SECTIONS}"
                self._notes.add(source, Kind.ERROR, f"[{name}]", text)
                return False
            known = self.sections.setdefault(name, Section(name, source, "!" in words))
        self._section = known
        return all(self._inherit(name, word, source) for word in words if word not in ("!", "+"))

    def _inherit(self, name: str, template: str, source: Source) -> bool:
        found = self.sections.get(template)
        if found is None or template == name:
            text = f"there is no section [{shown(template)}] before this one"
            self._notes.add(source, Kind.ERROR, f"[{name}]({template})", text)
            return True
        return self._entry(*found.entries)

    def _directive(self, line: str, source: Source, path: Path, depth: int) -> bool:
        match = _INCLUDE.fullmatch(line)
        word = match["word"] if match is not None else ""
        if match is None or word not in ("include", "tryinclude"):
            text = "programs are not run and nothing else is followed; put its lines into the file"
            self._notes.add(source, Kind.ERROR, line, text)
            return True
        name = match["rest"].strip().strip('"<>')
        for file in self._included(name, source, path, must_be=word == "include"):
            if depth >= DEEPEST_INCLUDE or self._files >= MOST_FILES:
                text = f"the limit is {MOST_FILES} files, {DEEPEST_INCLUDE} inside each other"
                self._notes.add(source, Kind.ERROR, line, text)
                return False
            self.read(file, depth + 1)
        return True

    def _included(self, name: str, source: Source, path: Path, *, must_be: bool) -> list[Path]:
        outside = f"is outside the folder of {shown(path.name)}; copy it there and name it without a path"
        if not name or name.startswith(("/", "~")) or ".." in Path(name).parts or "**" in name:
            self._notes.add(source, Kind.ERROR, f"#include {name}", outside)
            return []
        try:
            found = sorted(self._root.glob(name))[: MOST_FILES + 1]
        except (ValueError, OSError, NotImplementedError):
            found = []
        if not found and must_be:
            self._notes.add(source, Kind.ERROR, f"#include {name}", "there is no such file")
        inside = [file for file in found if leads_inside(file, self._root)]
        if len(inside) < len(found):
            self._notes.add(source, Kind.ERROR, f"#include {name}", outside)
        return inside


def _meant(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, without comments, with their numbers."""
    in_comment = False
    for number, whole in enumerate(text.splitlines(), 1):
        line, in_comment = _without_comment(whole, in_comment)
        if line := line.strip():
            yield number, line


def _without_comment(line: str, in_comment: bool) -> tuple[str, bool]:
    kept = ""
    at = 0
    while at < len(line):
        if in_comment:
            end = line.find("--;", at)
            if end < 0:
                return kept, True
            at, in_comment = end + 3, False
        elif line.startswith("\\;", at):
            kept, at = kept + ";", at + 2
        elif line.startswith(";--", at) and not line.startswith(";---", at):
            at, in_comment = at + 3, True
        elif line[at] == ";":
            return kept, False
        else:
            kept, at = kept + line[at], at + 1
    return kept, in_comment
