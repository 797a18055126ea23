"""Steps that put the caller into somebody's hands, or note what is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from acd.core.requirement import ANYBODY, Requirement
from acd.ivr.expressions import Expression
from acd.ivr.shapes.messages import Message


@dataclass(frozen=True, slots=True)
class QueueNews:
    """What a waiting caller is told: after `first_s`, then every `every_s`. Never delays an offer.

    `position` and `expected_wait`: say them; `comfort`: said after them, or alone.
    """

    first_s: float = 20.0
    every_s: float = 45.0
    position: bool = False
    expected_wait: bool = False
    comfort: Message = field(default_factory=Message)


@dataclass(frozen=True, slots=True)
class Queue:
    """`queue`: the caller joins the waiting line of a skill group.

    The flow goes on only by one of the exits: a key of `keys`, `max_wait_s` passed (`timeout`),
    nobody logged in who could serve (`no_agents`, also when the last one logs out), as many in line as may
    (`full`), the group's closing time (`closed`), a name of `exits` that a step of the group's policy leaves
    by, or after the agent has hung up (`after`, the survey). Where an exit is None there is none: the caller
    waits on, or the call ends after the agent.

    `requirement`: what the call asks for beside the group; with `alone` instead of what the group asks for.
    `prefer`: id or extension of the agent for whom the caller waits alone for up to `prefer_wait_s`.
    """

    group: str
    priority: Expression | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    news: QueueNews | None = None
    max_wait_s: float | None = None
    timeout: str | None = None
    no_agents: str | None = None
    after: str | None = None
    requirement: Requirement = ANYBODY
    alone: bool = False
    prefer: Expression | None = None
    prefer_wait_s: float = 20.0
    full: str | None = None
    closed: str | None = None
    exits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Callback:
    """`callback`: the caller wants to be called back by the group, at `number`.

    `failure`: the number cannot be one, or has an open callback already.
    """

    group: str
    number: Expression
    next: str
    failure: str


@dataclass(frozen=True, slots=True)
class Voicemail:
    """`voicemail`: a message, a beep, a recording that is kept for the group with the call.

    It ends with a key, with `silence_s` of silence, after `max_s`, or when the caller hangs up; all
    of these keep it. One shorter than `min_s` is not kept and leads to `next` all the same.
    """

    group: str
    message: Message
    next: str
    min_s: float = 1.0
    max_s: float = 180.0
    silence_s: float = 5.0


class TransferKind(StrEnum):
    """What a transfer's target is."""

    NUMBER = "number"  # outside, through the dial plan of flows
    AGENT = "agent"  # an agent's id
    SIP = "sip"  # a SIP address that the configuration names


@dataclass(frozen=True, slots=True)
class Transfer:
    """`transfer`: ring somebody for the caller; `failure` if nobody answers, else the call is theirs.

    `after`: where the flow goes on when they have hung up; None: the call ends.
    """

    kind: TransferKind
    target: Expression
    failure: str
    timeout_s: float = 30.0
    after: str | None = None
