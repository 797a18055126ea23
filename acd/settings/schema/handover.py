"""The steps that hand the caller over, now or later: queue, callback, voicemail, transfer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from acd.core.facts import LeftBy
from acd.ivr.expressions import Expression
from acd.settings.schema.checking import Options, checked, expected, mistake, seconds
from acd.settings.schema.dialogue import MaxS, SilenceS, nothing
from acd.settings.schema.prompts import Prompts, only_kind
from acd.settings.schema.routing import SkillRequirement
from acd.settings.schema.values import ExpressionText, Id, MenuKey, YesNo, expression

TARGET_KINDS = ("number", "agent", "sip")


def _priority(value: object) -> Expression:
    what = "a whole number from 0 to 100"
    if isinstance(value, str):
        return expression(value)
    if type(value) is not int or not 0 <= value <= 100:
        raise expected(what, value)
    return Expression.constant(value)


PriorityValue = Annotated[
    Expression,
    checked(_priority, anyOf=[{"type": "integer", "minimum": 0, "maximum": 100}, {"type": "string"}]),
]


class NewsOptions(Options):
    """What a waiting caller is told."""

    first_s: Annotated[float, seconds(1, 600)] = 20.0
    """Seconds until the first time."""
    every_s: Annotated[float, seconds(5, 600)] = 45.0
    """Seconds from one time to the next."""
    position: YesNo = False
    """Say the place in line."""
    expected_wait: YesNo = False
    """Say how long it will probably take."""
    comfort: Prompts = Field(default_factory=nothing)
    """Said after these, or alone."""


def _own_names(exits: dict[str, str]) -> dict[str, str]:
    """Names of the flow's own: the others are ways out by themselves."""
    for name in exits:
        if name in (*LeftBy, "after"):
            raise mistake(f"'{name}' has a meaning of its own: choose another name")
    return exits


class QueueOptions(Options):
    """Whose waiting line, what the caller asks for, and the ways out of the line."""

    group: Id | None = None
    """The skill group; left out where `requires` says all: then `routing.default_group` gives the rules."""
    requires: SkillRequirement | None = None
    """Skills that this caller needs, beside those of the group."""
    prefer: ExpressionText | None = None
    """An agent's id or extension: the caller waits for this agent alone for up to `prefer_wait_s`."""
    prefer_wait_s: Annotated[float, seconds(1, 3600)] = 20.0
    """How long for `prefer` alone."""
    priority: PriorityValue | None = None
    """0 to 100, or an expression; a higher one is served first."""
    keys: dict[MenuKey, Id] = Field(default_factory=dict)
    """Keys that lead out of the line, and the steps that they lead to."""
    announce: NewsOptions | None = None
    """Position, expected wait and comfort messages."""
    max_wait_s: Annotated[float, seconds(1, 7200)] | None = None
    """The longest wait; then the caller goes to `timeout`."""
    timeout: Id | None = None
    """The step after `max_wait_s`."""
    no_agents: Id | None = None
    """The step when nobody is logged in who could serve."""
    full: Id | None = None
    """The step when as many wait as may (`max_waiting` of the group)."""
    closed: Id | None = None
    """The step at the group's closing time (`hours` of the group)."""
    exits: Annotated[dict[Id, Id], AfterValidator(_own_names)] = Field(default_factory=dict)
    """Names for `leave:` in the group's policy, and the steps that they lead to."""
    after: Id | None = None
    """The step after the agent has hung up, such as a survey."""

    @model_validator(mode="after")
    def _says_whose(self) -> QueueOptions:
        if self.group is None and self.requires is None:
            raise mistake("say whose line: `group`, or the skills that the caller needs: `requires`, or both")
        if "prefer_wait_s" in self.model_fields_set and self.prefer is None:
            raise mistake("`prefer_wait_s` needs `prefer`, the agent to wait for")
        return self


class CallbackOptions(Options):
    """The caller wants to be called back by the group."""

    group: Id
    """The skill group that calls back."""
    number: ExpressionText = Field(default_factory=lambda: Expression.compile("caller.number"))
    """The number to call."""


class VoicemailOptions(Options):
    """A message that is kept for the group."""

    group: Id
    """The skill group that hears it."""
    prompt: Prompts
    """Heard before the beep."""
    min_s: Annotated[float, seconds(0, 60)] = 1.0
    """A shorter one is not kept."""
    max_s: MaxS = 180.0
    """The longest message."""
    silence_s: SilenceS = 5.0
    """So much silence ends it."""


class _TransferOptions(Options):
    """What all transfers have."""

    timeout_s: Annotated[float, seconds(1, 300)] = 30.0
    """Seconds to let it ring."""
    failure: Id = ""
    """The step when nobody answers; left out: that of the flow's `defaults`."""
    after: Id | None = None
    """The step after they have hung up; left out: the call ends."""


class NumberTransfer(_TransferOptions):
    """To a number outside."""

    number: ExpressionText
    """The number: "'+49301234'"."""


class AgentTransfer(_TransferOptions):
    """To an agent."""

    agent: ExpressionText
    """The agent's id: "'anna'"."""


class SipTransfer(_TransferOptions):
    """To a SIP address."""

    sip: ExpressionText
    """Its name under `sip_addresses` in system.yml: "'partner'"."""


def _one_target(value: Any) -> Any:
    only_kind("a transfer", value, TARGET_KINDS, (*TARGET_KINDS, *_TransferOptions.model_fields))
    return value


def _tag(value: Any) -> str:
    return next(f"({kind})" for kind in TARGET_KINDS if kind in value)


TransferTarget = Annotated[
    Annotated[NumberTransfer, Tag("(number)")]
    | Annotated[AgentTransfer, Tag("(agent)")]
    | Annotated[SipTransfer, Tag("(sip)")],
    Discriminator(_tag),
    BeforeValidator(_one_target),
]
"""Whom to ring."""
