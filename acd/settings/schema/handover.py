"""The steps that hand the caller over, now or later: queue, callback, voicemail, transfer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag

from acd.ivr.expressions import Expression
from acd.settings.schema.checking import Options, checked, expected, seconds
from acd.settings.schema.dialogue import MaxS, SilenceS, nothing
from acd.settings.schema.prompts import Prompts, only_kind
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


class QueueOptions(Options):
    """Whose waiting line, and the ways out of it."""

    group: Id
    """The skill group."""
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
    after: Id | None = None
    """The step after the agent has hung up, such as a survey."""


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
