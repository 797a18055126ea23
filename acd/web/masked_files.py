"""Files of the configuration as pages show them: the values of HTTP headers, which are often keys, are dots,
and so is a password that stands where only its variable should.

`{env: NAME}` stays, since it says only where a key is kept. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from acd.settings.document import plain_events
from acd.web.values import MASK

_DEPTH_OF = {"headers": 1, "credential": 2}
"""By key: at which depth its value stands, see `_Open`."""
_OF_ENVIRONMENT = "env"
_KEY = re.compile(rf"\b({'|'.join(_DEPTH_OF)})[\"']?\s*:")
_IN_PATH = re.compile(rf"\b({'|'.join(_DEPTH_OF)})\b")
_QUOTED = re.compile("'.*'", re.DOTALL)  # what was found may have such marks in it
_LIKE_A_KEY = re.compile(r"\s*[\w-]+\s*:")


def masked_text(text: str) -> str:
    """A file; where it is no YAML, more may be masked than need be."""
    if not _KEY.search(text):
        return text
    try:
        spans = list(_spans(text))
    except yaml.YAMLError:
        return "".join(_by_lines(text))
    for start, end in reversed(spans):
        line_end = "\n" if text[start:end].endswith("\n") else ""
        text = f"{text[:start]}{MASK}{line_end}{text[end:]}"
    return text


def masked_message(path: str, message: str) -> str:
    """What is wrong there: what was found is quoted in it."""
    return _QUOTED.sub(f"'{MASK}'", message) if _IN_PATH.search(path) else message


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read. `key`: of the value that comes next; None: a key comes next.

    `depth`: 0 elsewhere, 1 the headers themselves, 2 the value of one, or within that.
    """

    is_mapping: bool
    is_value: bool
    depth: int
    key: str | None = None


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where values stand that are to be masked. Raises YAMLError."""
    around: list[_Open] = []
    for event in plain_events(text):
        if isinstance(event, yaml.CollectionEndEvent):
            if around.pop().is_value and around:
                around[-1].key = None
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        parent = around[-1] if around else _Open(False, False, 0)
        is_value = not parent.is_mapping or parent.key is not None
        if not is_value:
            parent.key = event.value if isinstance(event, yaml.ScalarEvent) else ""
        depth = _depth(parent) if is_value else parent.depth
        if isinstance(event, yaml.CollectionStartEvent):
            around.append(_Open(isinstance(event, yaml.MappingStartEvent), is_value, depth))
        elif is_value:
            says_where = parent.depth == 2 and parent.key == _OF_ENVIRONMENT
            begin, end = event.start_mark, event.end_mark
            if depth and not says_where and begin is not None and end is not None and begin.index < end.index:
                yield begin.index, end.index
            parent.key = None


def _depth(parent: _Open) -> int:
    return 2 if parent.depth else _DEPTH_OF.get(parent.key or "", 0)


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
            yield f"{line}\n"
