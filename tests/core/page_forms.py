"""Forms of the lines that decisions and waits are told in: the pages have words for those in two files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import acd
from acd.core.why import WhyWaiting

TESTS = Path(acd.__file__).parent / "web/ui/tests"
_PLACES: Mapping[str, str] = {
    r"\b(?:anna|ben|chen|dora|[abc]\d+)\b(?=[,:]| alone|$)": "anna",
    r"(?<= with the skills of )\w+|(?<= kept for )\w+|(?<= room in )\w+|(?<=customers of )\w+": "sales",
    r"(?<=to group )\w+|(?<=announce )\w+|(?<=leave by )\w+|(?<=ring )\d+|(?<=requires ).+?(?=;|$)": "it",
    r"(?<= node )\w+|(?<= call )\w+|(?<= exit ')[^']+": "b",
    r"\((?!reserve\)|has )[^()]+\)": "(lunch)",
    r"(?:[^;]+ )?\(has [^()]+\)": "0 skills (has 0)",
    r"(?<= first by )[a-z ]+$": "a rule",
    r"[+-]?\d+(?:\.\d+)?": "0",
    r"^(?:logged out|not ready|ready|ringing|talking|wrap up)$": "ready",
}


def form(line: str) -> str:
    """The line without what differs from call to call."""
    for place, filling in _PLACES.items():
        line = re.sub(place, filling, line)
    return line


def unknown_to_pages(lines: Iterable[str]) -> list[str]:
    """Reasons of a decision that the pages would show in English."""
    return _unknown(lines, _kept("reason_lines.json"))


def lines_unknown_to_pages(report: WhyWaiting) -> list[str]:
    """The same of what is told of a call that waits."""
    kept = _kept("waiting_lines.json")
    agents = report.agents
    told: Mapping[str, Iterable[str]] = {
        "need": [agent.needs for agent in agents.able],
        "ahead": [other.by for other in report.ahead],
        "hindrance": [line for step in report.steps for line in step.hindered.split("; ") if line],
        "does": [line for step in report.steps for line in step.does.split("; ")],
        "lacks": [line for agent in agents.unable for line in agent.lacks],
        "rest": [*agents.more_able, *agents.more_unable],
    }
    return [line for kind, lines in told.items() for line in _unknown(lines, kept[kind])]


def _kept(name: str) -> Any:
    return json.loads((TESTS / name).read_text(encoding="utf-8"))


def _unknown(lines: Iterable[str], kept: Iterable[str]) -> list[str]:
    known = {form(line) for line in kept}
    return [line for line in lines if form(line) not in known]
