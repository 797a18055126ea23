"""Test cases of flows: who calls when, what they do, what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from acd.core.requirement import Requirement
from acd.ivr.talk import GroupView
from acd.ivr.values import Value

HANG_UP = "hangup"
ScriptedOutcome: TypeAlias = str | float | Mapping[str, Value]
"""`agent`, `timeout`, `key 1`, `not_found`, `failed`, …; seconds of a recording; values of a look-up."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a case expects; what is None or empty is not looked at.

    `heard` are parts of what is heard, in this order; `steps` are steps passed, in this order. `requires` is
    what the last line was asked for, beside its group; `prefer` the agent by each of his or her names, '' for
    nobody.
    """

    heard: tuple[str, ...] = ()
    not_heard: tuple[str, ...] = ()
    variables: Mapping[str, Value] = field(default_factory=dict)
    ends: str | None = None
    language: str | None = None
    steps: tuple[str, ...] = ()
    priority: int | None = None
    scores: Mapping[str, int] = field(default_factory=dict)
    requires: Requirement | None = None
    prefer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a flow.

    `keys` has one entry for each pause of the caller; keys that one question does not take are
    type-ahead for the next. `outcomes` is by step (or `flow/step`): each time the step is reached the
    next one, then the last one again. `place` is 'file:line'.
    """

    name: str
    flow: str
    at: datetime
    expected: Expected
    place: str = ""
    caller: Mapping[str, Value] = field(default_factory=dict)
    dialed: str = ""
    customer: Mapping[str, Value] | None = None
    groups: Mapping[str, GroupView] = field(default_factory=dict)
    announcements: frozenset[str] = frozenset()
    arguments: Mapping[str, Value] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    outcomes: Mapping[str, tuple[ScriptedOutcome, ...]] = field(default_factory=dict)
