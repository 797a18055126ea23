"""How a group's calls are routed: who may serve, how that widens, what happens while they wait."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from acd.core import policy
from acd.core.formula import Formula, FormulaError
from acd.core.requirement import Requirement
from acd.settings.problems import shown
from acd.settings.schema.checking import (
    Options,
    checked,
    expected,
    mistake,
    not_empty,
    seconds,
    text_of,
    whole,
)
from acd.settings.schema.values import (
    Id,
    Language,
    Priority,
    PublicNumber,
    Speech,
    YesNo,
)

_REQUIREMENT = "skills such as 'english >= 5 and (billing or vip)' or {english: 5}"


def skill_requirement(value: object) -> Requirement:
    """From its text or a mapping. Raises ValueError."""
    if isinstance(value, dict):
        return _listed_skills(value)
    text = text_of(_REQUIREMENT, value)
    if not text.strip():
        raise expected(_REQUIREMENT, value)
    try:
        return Requirement.parse(text)
    except FormulaError as error:
        raise mistake(f"'{shown(text)}' is no requirement: {error}") from None


def _listed_skills(value: dict[Any, Any]) -> Requirement:
    if not value:
        raise mistake("expected at least one skill")
    for skill, least in value.items():
        if not isinstance(least, int) or isinstance(least, bool) or not 1 <= least <= 10:
            raise expected(f"a whole number from 1 to 10 for '{shown(str(skill))}'", least)
    try:
        return Requirement.of(value)
    except FormulaError:
        raise expected(_REQUIREMENT, value) from None


def _condition(value: object) -> Formula:
    what = "a condition such as 'waited_s >= 60 and agents_ready == 0'"
    text = text_of(what, value)
    if not text.strip():
        raise expected(what, value)
    try:
        return policy.condition(text)
    except FormulaError as error:
        raise mistake(f"'{shown(text)}' is no condition: {error}") from None


SkillRequirement = Annotated[Requirement, checked(
    skill_requirement, type=["string", "object"],
    description="Skills with least proficiency: 'english >= 5 and (billing or vip)'.")]  # fmt: skip
Condition = Annotated[Formula, checked(
    _condition, type="string",
    description="Over " + ", ".join(policy.NAMES) + ": 'waited_s >= 60 and agents_ready == 0'.")]  # fmt: skip


class RingEntry(Options):
    """Who may also serve a call that has waited `after_s`: by skills, or everybody of other groups, or both.

    `drop_call_requirement`: what a flow or the customer asked for beside the group no longer counts.
    """

    after_s: Annotated[float, seconds(1, 86_400)]
    requires: SkillRequirement | None = None
    add_groups: list[Id] = Field(default_factory=list)
    drop_call_requirement: YesNo = False

    @model_validator(mode="after")
    def _says_who(self) -> RingEntry:
        if self.requires is None and not self.add_groups and not self.drop_call_requirement:
            raise mistake("say who else may serve: `requires`, `add_groups` or `drop_call_requirement`")
        return self


class LastAgentEntry(Options):
    """Customers wait up to `wait_s` for the agent they talked to within the last `days`."""

    days: Annotated[int, whole(1, 365)] = 7
    wait_s: Annotated[float, seconds(0, 3600)] = 20.0


class ToFlow(Options):
    """Into another flow, from its start."""

    flow: Id


class ToNumber(Options):
    """To a number outside, as the flows may dial it."""

    number: PublicNumber


def _leads_to(value: Any) -> str:
    if isinstance(value, dict):
        return "(number)" if "number" in value else "(flow)"
    return "(exit)"


WayOut = Annotated[
    Annotated[Id, Tag("(exit)")] | Annotated[ToFlow, Tag("(flow)")] | Annotated[ToNumber, Tag("(number)")],
    Discriminator(_leads_to),
]
"""An exit that the caller's flow names, or where to whatever the flow has planned."""


def exit_of(way: str | ToFlow | ToNumber) -> str:
    """As the engine knows it."""
    match way:
        case ToFlow(flow=flow):
            return f"{policy.TO_FLOW}{flow}"
        case ToNumber(number=number):
            return f"{policy.TO_NUMBER}{number}"
    return way


class OperationEntry(Options):
    """One thing that a step does."""

    priority: Priority | None = None
    raise_priority: Annotated[int, whole(-100, 100)] | None = None
    requires: SkillRequirement | None = None
    ring: Annotated[int, whole(1, 20)] | None = None
    announce: Id | None = None
    group: Id | None = None
    leave: WayOut | None = None

    @model_validator(mode="after")
    def _is_one(self) -> OperationEntry:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            names = ", ".join(type(self).model_fields)
            raise mistake(f"expected exactly one of {names}; each gets an entry of its own in the list")
        return self

    def operation(self) -> policy.Operation:
        """For the engine."""
        if self.priority is not None:
            return policy.SetPriority(self.priority)
        if self.raise_priority is not None:
            return policy.RaisePriority(self.raise_priority)
        if self.requires is not None:
            return policy.SetRequirement(self.requires)
        if self.ring is not None:
            return policy.WidenTo(self.ring)
        if self.announce is not None:
            return policy.Announce(self.announce)
        if self.group is not None:
            return policy.MoveTo(self.group)
        assert self.leave is not None
        return policy.LeaveBy(exit_of(self.leave))


class StepEntry(Options):
    """When the condition holds for a waiting caller: everything in `do`, once, or again after `every_s`."""

    when: Condition
    do: Annotated[list[OperationEntry], not_empty("operation")]
    every_s: Annotated[float, seconds(5, 86_400)] | None = None

    def step(self) -> policy.PolicyStep:
        """For the engine."""
        return policy.PolicyStep(self.when, tuple(entry.operation() for entry in self.do), self.every_s)


Announcements = dict[Id, dict[Language, Speech]]
"""Name → language → text, for the `announce` of policy steps."""
