"""Files of the configuration as pages show them: the values of HTTP headers, which are often keys, are dots,
and so is a password that stands where only its variable should, and what comments there, or anywhere in the
same file behind a colon, may have left of one.

`{env: NAME}` stays, since it says only where a key is kept. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import yaml

from acd.settings.document import plain_events
from acd.web.values import MASK

_DEPTH_OF = {"headers": 1, "credential": 2}
"""By key: at which depth its value stands, see `_Open`."""
_OF_ENVIRONMENT = "env"
_MERGE = "<<"
_PASSES_MAX = 4
"""Where anchors lead to more anchors than that, all are masked."""
_NAMES = "|".join(_DEPTH_OF)
_MAY_BE_THERE = re.compile(rf"{_NAMES}|\\")  # a key may be written with escapes
# Where the file is no YAML, what has an anchor, or a key with escapes or behind ?, may be one of them.
_KEY = re.compile(rf"\b({_NAMES})[\"']?\s*:|\"[^\"\\]*\\[^\"]*\"\s*:|:\s+&|^\s*\?\s")
_COMMENT = re.compile(r"(?:^|(?<=\s))#[ \t]*([^\n\r\x85\u2028\u2029]*)", re.MULTILINE)
_SAID = re.compile(r"[:=](?!//)\s*(?=\S)")
_IN_PATH = re.compile(rf"\b({_NAMES})\b")
_QUOTED = re.compile("'.*'", re.DOTALL)  # what was found may have such marks in it
Span = tuple[int, int]
_LIKE_A_KEY = re.compile(r"\s*[\w-]+\s*:")


def masked_text(text: str) -> str:
    """A file; where it is no YAML, more may be masked than need be."""
    if not _MAY_BE_THERE.search(text):
        return text
    try:
        spans = _spans(text)
    except yaml.YAMLError:
        return "".join(_by_lines(text))
    shown, at = [], 0
    for start, end in spans:
        if start >= at:
            shown += [text[at:start], MASK, "\n" if text[start:end].endswith("\n") else ""]
        at = max(at, end)
    return "".join([*shown, text[at:]])


def masked_message(path: str, message: str) -> str:
    """What is wrong there: what was found is quoted in it."""
    return _QUOTED.sub(f"'{MASK}'", message) if _IN_PATH.search(path) else message


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read. `key`: of the value that comes next; None: a key comes next.

    `depth`: 0 elsewhere, 1 the headers themselves, 2 the value of one, more within that. `key_begin`: where
    the last key stands.
    """

    is_mapping: bool
    is_value: bool
    depth: int
    key: str | None = None
    key_begin: int = 0


class _Reading:
    """One way through a file's events. `anchors`: the depth of nodes that are used elsewhere, by anchor."""

    def __init__(self, anchors: Mapping[str, int]) -> None:
        self.anchors = dict(anchors)
        self.values: list[Span] = []
        """Where values stand that are to be masked."""
        self.scalars: list[Span] = []
        """Where anything stands that a # in it is no comment of."""
        self.sections: list[Span] = []
        """From a key to the end of its value, which is masked, or has something in it that is."""
        self._around: list[_Open] = []
        self._named: dict[str, str] = {}

    def take(self, event: yaml.Event) -> None:
        """The next one."""
        around = self._around
        if isinstance(event, yaml.CollectionEndEvent):
            over = around.pop()
            if over.is_value and around:
                self._end_value(around[-1], over.depth, event)
        elif isinstance(event, yaml.NodeEvent):
            self._node(event, around[-1] if around else _Open(False, False, 0))

    def _node(self, event: yaml.NodeEvent, parent: _Open) -> None:
        is_value = not parent.is_mapping or parent.key is not None
        if not is_value:
            parent.key, parent.key_begin = self._text(event), _span(event)[0]
        depth = _depth(parent) if is_value else parent.depth
        anchor = event.anchor or ""
        if isinstance(event, yaml.AliasEvent):
            if depth:
                self.anchors[anchor] = min(depth, self.anchors.get(anchor, depth))
        elif anchor in self.anchors:
            depth = min(depth or self.anchors[anchor], self.anchors[anchor])
        if isinstance(event, yaml.CollectionStartEvent):
            self._around.append(_Open(isinstance(event, yaml.MappingStartEvent), is_value, depth))
            return
        if isinstance(event, yaml.ScalarEvent):
            self.scalars.append(_span(event))
            if anchor:
                self._named[anchor] = event.value
        if is_value:
            says_where = parent.depth == 2 and parent.key == _OF_ENVIRONMENT
            begin, end = _span(event)
            if isinstance(event, yaml.ScalarEvent) and depth and not says_where and begin < end:
                self.values.append((begin, end))
            self._end_value(parent, depth, event)

    def _end_value(self, parent: _Open, depth: int, event: yaml.Event) -> None:
        if depth:
            begin, end = _span(event)
            self.sections.append((parent.key_begin if parent.is_mapping else begin, end))
        parent.key = None

    def _text(self, key: yaml.NodeEvent) -> str:
        if isinstance(key, yaml.AliasEvent):
            return self._named.get(str(key.anchor), "")
        return key.value if isinstance(key, yaml.ScalarEvent) else ""


def _span(event: yaml.Event) -> Span:
    begin, end = event.start_mark, event.end_mark
    return (begin.index, end.index) if begin is not None and end is not None else (0, 0)


def _depth(parent: _Open) -> int:
    """Of a value; what is merged into a mapping is as deep as that."""
    if parent.depth and parent.is_mapping:
        return parent.depth + (parent.key != _MERGE)
    return parent.depth or _DEPTH_OF.get(parent.key or "", 0)


def _spans(text: str) -> list[Span]:
    """What is to be masked, by its place. Raises YAMLError."""
    events = list(plain_events(text))
    anchors: dict[str, int] = {}
    for _ in range(_PASSES_MAX):  # what has an anchor may lead to others
        reading = _read(events, anchors)
        if reading.anchors == anchors:
            break
        anchors = reading.anchors
    else:
        names = {event.anchor for event in events if isinstance(event, yaml.NodeEvent) and event.anchor}
        reading = _read(events, dict.fromkeys(names, 1))
    return sorted([*reading.values, *_comments(text, reading)])


def _read(events: list[yaml.Event], anchors: Mapping[str, int]) -> _Reading:
    reading = _Reading(anchors)
    for event in events:
        reading.take(event)
    return reading


def _comments(text: str, reading: _Reading) -> Iterator[Span]:
    """Those within and beside what is masked, and of others what stands behind a colon: a key of before."""
    lines = _Places(_lines(text, begin, end) for begin, end in reading.sections)
    scalars = _Places(reading.scalars)
    for found in _COMMENT.finditer(text):
        begin, end = found.span(1)
        if scalars.have(found.start()) or begin == end:
            continue
        if lines.have(begin):
            yield begin, end
        elif (said := _SAID.search(text, begin, end)) is not None:
            yield said.end(), end


def _lines(text: str, begin: int, end: int) -> Span:
    """The whole lines; a block ends where the next key begins, which is on another."""
    last = text.rfind("\n", 0, end) + 1
    if begin < last and not text[last:end].strip():
        end = last - 1
    line_end = text.find("\n", end)
    return text.rfind("\n", 0, begin) + 1, line_end if line_end >= 0 else len(text)


class _Places:
    """Stretches of a text, asked for ever later places."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = sorted(spans)
        self._next = 0
        self._end = 0

    def have(self, at: int) -> bool:
        """Whether it is in one of them."""
        while self._next < len(self._spans) and self._spans[self._next][0] <= at:
            self._end = max(self._end, self._spans[self._next][1])
            self._next += 1
        return at < self._end


def _by_lines(text: str) -> Iterator[str]:
    """Line by line: what stands behind such a key, and below it up to another that is no further to the right
    and in no bracket."""
    block: int | None = None
    brackets = 0
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if block is not None and brackets <= 0 and indent <= block and _LIKE_A_KEY.match(line):
            block = None
        found = _KEY.search(line)
        if block is None:
            brackets = 0
        if block is not None or found is not None:
            brackets += len(re.findall(r"[\[{]", line)) - len(re.findall(r"[\]}]", line))
        if block is not None:
            name, colon, value = line.partition(":")
            said = f"{name}:" if colon else " " * indent
            yield f"{said} {MASK}\n" if value.strip() or (line.strip() and not colon) else f"{said}\n"
        elif found is not None:
            block = indent
            yield f"{line[: found.end()]}{f' {MASK}' if line[found.end() :].strip() else ''}\n"
        else:
            comment = _COMMENT.search(line)
            old = _SAID.search(line, comment.start(1)) if comment is not None else None
            yield f"{line}\n" if old is None else f"{line[: old.end()]}{MASK}\n"
