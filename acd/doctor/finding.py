"""What a look has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How bad it is; the worst decides the code of the command."""

    OK = 0
    WARN = 1
    FAIL = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """`part`: what was looked at; `told`: what was found; `todo`: what to do, where it is not well."""

    part: str
    level: Level
    told: str
    todo: str = ""


def ok(part: str, told: str) -> Finding:
    """It is as it should be."""
    return Finding(part, Level.OK, told)


def warn(part: str, told: str, todo: str) -> Finding:
    """Calls go on; somebody should see to it."""
    return Finding(part, Level.WARN, told, todo)


def fail(part: str, told: str, todo: str) -> Finding:
    """Calls, or data, suffer."""
    return Finding(part, Level.FAIL, told, todo)
