"""Reads a YAML file into plain data and remembers the line of every value.

Only plain YAML is accepted. Aliases and tags are refused, and size, depth and number of values
are limited, so that no file can make the program slow or do anything but be read. Scalars that
YAML takes for something else than they look like (yes, 0777, 1:30, 2026-01-01) become an
`Ambiguous`, which no option accepts.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Collection, Iterator, KeysView
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import Reader

from acd.settings.problems import Place, Problem, shown, shown_file, shown_path, undefined

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML was built without libyaml: slower, same answers
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

LARGEST_FILE_BYTES = 1_000_000
MOST_VALUES = 50_000
MOST_PROBLEMS = 200
DEEPEST_LEVEL = 20

_WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_DECIMAL_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_READ_AS = {
    "bool": "true or false",
    "int": "a number in another notation",
    "float": "a number in another notation",
    "timestamp": "a date",
    "merge": "an instruction to merge",
    "value": "a default value",
}


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A scalar that YAML reads differently from what a person sees. `read_as` says how."""

    text: str
    read_as: str


@dataclass(slots=True)
class Document:
    """A file's data, the line of each place in it, and the problems met so far.

    `data` is None and `readable` False when the file could not be read at all. Of a file with
    very many problems only the first are kept, and a line that says so. `digest` tells one content
    from another.
    """

    file: str
    stem: str
    data: Any = None
    readable: bool = True
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    digest: str = ""

    def report(self, place: Place, message: str, *, warning: bool = False) -> None:
        """Notes a problem at this place; its line is that of the nearest enclosing place that exists."""
        self.report_line(self.line_of(place), message, place, warning=warning)

    def line_of(self, place: Place) -> int:
        """The line of this place, or of the nearest enclosing place that exists."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def report_line(self, line: int, message: str, place: Place = (), *, warning: bool = False) -> None:
        """Notes a problem on this line."""
        if self.is_full:
            return
        path = shown_path(place) if place else shown(self.stem)
        self.problems.append(Problem(self.file, line, path, message, warning))
        if self.is_full:
            message = f"the file has {MOST_PROBLEMS} problems or more; only the first are shown"
            self.problems.append(Problem(self.file, 1, shown(self.stem), message))

    def report_undefined(self, place: Place, kind: str, name: str, known: Collection[str]) -> None:
        """Notes a reference to something that does not exist, with the nearest name that does."""
        if not self.is_full:  # the search for the nearest name takes time
            self.report(place, undefined(kind, name, known))

    @property
    def has_errors(self) -> bool:
        """Whether anything but warnings has been noted."""
        return any(not problem.warning for problem in self.problems)

    @property
    def is_full(self) -> bool:
        """Whether further problems are dropped."""
        return len(self.problems) >= MOST_PROBLEMS

    def names(self, section: str) -> KeysView[str] | None:
        """The names in a section as they are written, faulty entries included.

        None if there is no such section to be read: then nothing can be said about references to it.
        """
        entries = self.data.get(section) if isinstance(self.data, dict) else None
        return entries.keys() if isinstance(entries, dict) else None


def read_document(path: Path, most_values: int = MOST_VALUES) -> Document:
    """Reads one file. Never raises for what the file holds: that becomes `problems`."""
    document = Document(shown_file(path), path.stem)
    text = read_text(document, path, LARGEST_FILE_BYTES)
    if text is None or not _is_plain(document, text, most_values):
        document.readable = False
        return document
    node = yaml.compose(text, Loader=Loader)
    document.lines[()] = 1
    document.data = None if node is None else _convert(document, node, ())
    return document


def read_text(document: Document, path: Path, largest_bytes: int) -> str | None:
    """The file as text, or None after the reason was noted in the document."""
    try:
        status = path.stat()
        # Opening a pipe or a device could wait for ever.
        if not stat.S_ISREG(status.st_mode):
            document.report_line(1, "expected a regular file, found something else of this name")
            return None
        with path.open("rb") as file:
            content = file.read(largest_bytes + 1)
    except FileNotFoundError:
        document.report_line(1, "the file is missing")
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        document.report_line(1, f"cannot read the file: {reason}")
        return None
    if len(content) > largest_bytes:
        document.report_line(1, f"the file is too large: the limit is {largest_bytes // 1000} kB")
        return None
    document.digest = hashlib.sha256(content).hexdigest()
    return _decoded(document, content)


def _decoded(document: Document, content: bytes) -> str | None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        document.report_line(line, "the file is not UTF-8 text; save it with the encoding UTF-8")
        return None
    strange = Reader.NON_PRINTABLE.search(text)
    if strange is not None:
        line = text.count("\n", 0, strange.start()) + 1
        document.report_line(line, f"the character U+{ord(strange.group()):04X} is not allowed here")
        return None
    return text


def plain_events(text: str) -> Iterator[yaml.Event]:
    """What the parser meets, in its order, with its place in the text. Raises YAMLError."""
    return yaml.parse(text, Loader=Loader)


def _is_plain(document: Document, text: str, most_values: int) -> bool:
    """Whether the text is one YAML document within the limits; notes the reason if not.

    Looks at the parser's events before anything is built from them, so that a hostile file
    costs no more than its own size.
    """
    depth = values = documents = 0
    try:
        for event in plain_events(text):
            documents += isinstance(event, yaml.DocumentStartEvent)
            values += isinstance(event, yaml.NodeEvent)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            refusal = _refusal(event, documents, depth)
            if values > most_values:
                refusal = f"the file has too many values: the limit is {most_values}"
            if refusal is not None:
                mark = event.start_mark
                document.report_line(mark.line + 1 if mark else 1, refusal)
                return False
    except yaml.MarkedYAMLError as error:
        where = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        line, tip = where.line + 1 if where else 1, _tip(message, text, where)
        document.report_line(line, f"invalid YAML: {shown(message, longest=200)}{tip}")
        return False
    except yaml.YAMLError as error:
        document.report_line(1, f"invalid YAML: {shown(str(error), longest=200)}")
        return False
    return True


def _tip(message: str, text: str, where: yaml.Mark | None) -> str:
    """What most probably happened, for the mistakes that YAML's own words do not explain."""
    if "scanning an alias" in message:
        return "; a text that begins with * must be in quotes"
    if "cannot start any token" in message and where is not None:
        line = "".join(text.splitlines()[where.line : where.line + 1])
        found = line[where.column : where.column + 1]
        return "; indent with spaces, not with tabs" if found == "\t" else "; put the text in quotes"
    if "parsing a block" in message:
        return "; check the indentation (what belongs together begins in the same column) and the quotes"
    if "mapping values are not allowed" in message:
        return "; put a text with a colon in quotes, or check the indentation"
    return ""


def _refusal(event: yaml.Event, documents: int, depth: int) -> str | None:
    if isinstance(event, yaml.AliasEvent):
        return "YAML aliases (*name) are not supported; write the value out, or quote a text with *"
    if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
        return "YAML anchors (&name) are not supported; remove it, or quote a text that begins with &"
    if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
        return "YAML tags (!name) are not supported; remove it, or quote a text that begins with !"
    if documents > 1:
        return "expected one YAML document, found a second one after '---'"
    if depth > DEEPEST_LEVEL:
        return f"nested too deeply: the limit is {DEEPEST_LEVEL} levels"
    return None


def _convert(document: Document, node: Node, place: Place) -> Any:
    if isinstance(node, ScalarNode):
        return _scalar(node)
    if isinstance(node, SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            document.lines[(*place, index)] = item.start_mark.line + 1
            items.append(_convert(document, item, (*place, index)))
        return items
    assert isinstance(node, MappingNode)
    return _mapping(document, node, place)


def _mapping(document: Document, node: MappingNode, place: Place) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            document.report_line(line, "expected a name before the colon, got a list or mapping", place)
            continue
        key, here = key_node.value, (*place, key_node.value)
        if key in entries:
            first = document.lines[here]
            document.report_line(line, f"'{shown(key)}' is written twice; the first is on line {first}", here)
            continue
        document.lines[here] = line
        if not _is_name(key_node):
            tip = f'put it in quotes: "{shown(key)}"' if key else "give it a name"
            document.report(here, f"the name before a colon must be text; {tip}")
        entries[key] = _convert(document, value_node, here)
    return entries


def _is_name(node: ScalarNode) -> bool:
    """Names are always text, so a date, or a word like yes, is what it looks like there."""
    kind = node.tag.rpartition(":")[2]
    plain_date = kind == "timestamp" and _DATE.fullmatch(node.value) is not None
    return plain_date or kind == "bool" or isinstance(_scalar(node), str)


def _scalar(node: ScalarNode) -> Any:
    text: str = node.value
    if node.style not in (None, ""):  # quoted, or a text block
        return text
    kind = node.tag.rpartition(":")[2]
    match kind:
        case "str":
            return text
        case "null":
            return None
        case "bool" if text in ("true", "false"):
            return text == "true"
        case "int" if _WHOLE_NUMBER.fullmatch(text):
            return int(text)
        case "float" if _DECIMAL_NUMBER.fullmatch(text):
            return float(text)
    return Ambiguous(text, _READ_AS.get(kind, f"a {kind}"))
