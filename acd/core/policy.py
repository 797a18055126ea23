"""A group's policy over time: an ordered list of steps, each a condition and what is done when it holds.

A step is taken once for each wait, or again and again with `every_s` between. Conditions are formulas (see
`formula.py`) over what `NAMES` lists. A condition that looks at nothing but `waited_s` is tried at the very
moments at which it can become true (`waited_s > 30`: an instant later than 30 s); any other one also
every `CHECK_S` seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from acd.core.formula import Formula, FormulaError, parse
from acd.core.requirement import Requirement

CHECK_S = 1.0
INSTANT_S = 1e-6
"""Waits are told apart by no less."""
_AT, _AFTER = (">=", "<"), (">", "<=")

NAMES: Mapping[str, type[float] | type[str]] = {
    "waited_s": float,  # since the caller began to wait
    "position": float,  # in the line, 1 is the head
    "calls_waiting": float,
    "agents_ready": float,  # who could serve the group
    "agents_logged_in": float,
    "expected_wait_s": float,  # until served, from now
    "hour": float,  # 0 to 23, where the centre is
    "priority": float,
    "ring": float,  # 0 is the inner one
    "customer_value": float,  # as the directory says, 0 where it says nothing
    "segment": str,  # of the customer, '' for somebody unknown
}


@dataclass(frozen=True, slots=True)
class SetPriority:
    """To this priority."""

    priority: int


@dataclass(frozen=True, slots=True)
class RaisePriority:
    """By so much; may be negative."""

    by: int


@dataclass(frozen=True, slots=True)
class SetRequirement:
    """The call asks for this, beside the group's requirement."""

    requirement: Requirement


@dataclass(frozen=True, slots=True)
class WidenTo:
    """At least this ring."""

    ring: int


@dataclass(frozen=True, slots=True)
class MoveTo:
    """Into the line of another group, with the time waited so far."""

    group: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Let the caller hear the announcement of this name; the offer of an agent ends it at once."""

    name: str


TO_FLOW, TO_NUMBER = "flow:", "number:"


@dataclass(frozen=True, slots=True)
class LeaveBy:
    """Out of the line by this exit of the flow; nothing where the caller's flow has no such exit.

    What begins with TO_FLOW or TO_NUMBER leads any caller into that flow, or to that number outside,
    whether or not the flow before had planned it; once for each call, for it may come back from there.
    """

    exit: str


Operation: TypeAlias = SetPriority | RaisePriority | SetRequirement | WidenTo | MoveTo | Announce | LeaveBy


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """When `condition` holds: all `operations` in order; again after `every_s`, if that is given."""

    condition: Formula
    operations: tuple[Operation, ...]
    every_s: float | None = None

    @property
    def is_timed(self) -> bool:
        """Whether nothing but the time waited is looked at."""
        return self.condition.names <= {"waited_s"}

    def earliest_s(self, last: float | None) -> float | None:
        """The wait from which on it may be taken, if it was last taken at `last`; None: not again."""
        if last is None:
            return 0.0
        return None if self.every_s is None else round(last + self.every_s, 6)

    def moments_s(self) -> tuple[float, ...]:
        """The waits at which the condition may change: with `>` and `<=` that is just after the number."""
        compared = [(c.sign, float(c.value)) for c in self.condition.compared if c.name == "waited_s"]
        at = [value for sign, value in compared if sign not in _AFTER]
        return (*at, *(round(value + INSTANT_S, 6) for sign, value in compared if sign not in _AT))


def leads_out(exit_: str) -> bool:
    """Whether an exit leads to a flow or to a number by itself."""
    return exit_.startswith((TO_FLOW, TO_NUMBER))


def condition(text: str) -> Formula:
    """Parse; raises FormulaError also for names that do not exist and for numbers compared with texts."""
    formula = parse(text)
    for compared in formula.compared:
        kind = NAMES.get(compared.name)
        if kind is None:
            raise FormulaError(f"there is no {compared.name!r}; there are: {', '.join(NAMES)}", 1)
        if isinstance(compared.value, str) != (kind is str) and (compared.sign, compared.value) != (
            "!=",
            0.0,
        ):
            wanted = "a 'text'" if kind is str else "a number"
            raise FormulaError(f"{compared.name} is compared with {wanted}, not {compared.value!r}", 1)
    return formula


def next_check_s(steps: tuple[PolicyStep, ...], runs: Mapping[str, float], waited_s: float) -> float | None:
    """The wait at which a step may have to be taken next; None: never again. `runs`: see `Call.step_runs`."""
    due: list[float] = []
    for number, step in enumerate(steps):
        earliest = step.earliest_s(runs.get(str(number)))
        if earliest is None:
            continue
        due += [max(earliest, moment) for moment in step.moments_s() if moment > waited_s]
        if earliest > waited_s:
            due.append(earliest)
        elif not step.is_timed:
            due.append(waited_s + CHECK_S)
    return min(due, default=None)
