"""The forms of the routing's lines: the pages have words for those in one file, in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import acd

LINES = Path(acd.__file__).parent / "web/ui/tests/reason_lines.json"
_PLACES: Mapping[str, str] = {
    r"\b(?:anna|ben|chen|dora|[abc]\d+)\b(?=[,:]|$)": "anna",
    r"(?<= with the skills of )\w+|(?<= kept for )\w+": "sales",
    r"(?<= at node )\w+": "b",
    r"\((?!reserve\))[^()]+\)": "(lunch)",
    r"(?<= first by )[a-z ]+$": "a rule",
    r"\d+(?:\.\d+)?": "0",
}


def form(line: str) -> str:
    """The line without what differs from call to call."""
    for place, filling in _PLACES.items():
        line = re.sub(place, filling, line)
    return line


def unknown_to_pages(lines: Iterable[str]) -> list[str]:
    """Those that the pages would show in English."""
    known = {form(line) for line in json.loads(LINES.read_text(encoding="utf-8"))}
    return [line for line in lines if form(line) not in known]
