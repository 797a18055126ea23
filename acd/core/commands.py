"""What the engine wants done, in the imperative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from acd.core.callback_facts import CallbackNote
from acd.core.calls import Call
from acd.core.facts import AgentInterval, LeftBy, OfferFailure


@dataclass(frozen=True, slots=True)
class HoldInLine:
    """Let the caller hear the group's music until there is an agent."""

    call_id: str
    group: str


@dataclass(frozen=True, slots=True)
class LeaveLine:
    """The caller is out of the line by time or for want of agents, and in hand: go on with the flow.

    By REMOVED the group is gone, and nothing but a flow may take its callers: `exit`, '' where none may.
    """

    call_id: str
    how: LeftBy
    exit: str = ""


@dataclass(frozen=True, slots=True)
class AnnounceInLine:
    """Let the waiting caller hear an announcement of the group's policy, by its name."""

    call_id: str
    group: str
    announcement: str


@dataclass(frozen=True, slots=True)
class Leg:
    """A channel that has to be made, since there is none to dial from: a callback's.

    `id` is to be the channel's uniqueid: a second one of this id cannot be made while the first is there.
    `number` and `name` are the customer's.
    """

    id: str
    number: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring an agent's phone for the caller.

    `music`: what the caller hears; '' means ringing. `group`: the group that the caller waits for or
    came through; '' for none. `leg`: for a callback whose agent is rung first.
    """

    call_id: str
    agent: str
    phone: str
    ring_timeout_s: float
    music: str
    group: str = ""
    leg: Leg | None = None


@dataclass(frozen=True, slots=True)
class DialOut:
    """Dial an outside number for the caller.

    `number` is the one dialled; `digits`, the same, and `shown`, our number to be shown there, are written
    as the trunk's provider wants them. `group`: the group that the caller came through; '' for none.
    `leg`: for a callback whose customer is dialled first.
    """

    call_id: str
    trunk: str
    number: str
    digits: str
    shown: str
    ring_timeout_s: float
    group: str = ""
    leg: Leg | None = None


@dataclass(frozen=True, slots=True)
class CallBack:
    """It is this callback's turn, and its agent is there: dial the customer, or say why not."""

    call_id: str
    number: str
    ring_timeout_s: float


@dataclass(frozen=True, slots=True)
class NoteCallback:
    """Add to the history of a wish to be called back."""

    note: CallbackNote


@dataclass(frozen=True, slots=True)
class CancelOffer:
    """Stop ringing, here or outside."""

    call_id: str


@dataclass(frozen=True, slots=True)
class RefuseDirect:
    """The named agent cannot take the call; decide where else the caller goes."""

    call_id: str
    agent: str
    failure: OfferFailure


@dataclass(frozen=True, slots=True)
class ContinueCall:
    """The agent hung up, the caller is in hand: survey, goodbye or hang up."""

    call_id: str


@dataclass(frozen=True, slots=True)
class StoreCall:
    """The call has ended. When its wrap-up is over, too, it comes again, `finished`, and is forgotten."""

    call: Call


@dataclass(frozen=True, slots=True)
class StoreInterval:
    """An agent left a state."""

    interval: AgentInterval


@dataclass(frozen=True, slots=True)
class CallChanged:
    """Mirror this call."""

    call_id: str


@dataclass(frozen=True, slots=True)
class CallMerged:
    """The call has become part of another and has no record of its own."""

    call_id: str


@dataclass(frozen=True, slots=True)
class LostCallChanged:
    """Mirror this call among those that ended with their node, and may be found again."""

    call_id: str


@dataclass(frozen=True, slots=True)
class LostCallForgotten:
    """The call is not among those any more."""

    call_id: str


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """Mirror this agent."""

    agent: str


@dataclass(frozen=True, slots=True)
class AgentForgotten:
    """The agent is no longer in the plan, and has gone home."""

    agent: str


Command: TypeAlias = (
    HoldInLine
    | LeaveLine
    | AnnounceInLine
    | Offer
    | DialOut
    | CallBack
    | NoteCallback
    | CancelOffer
    | RefuseDirect
    | ContinueCall
    | StoreCall
    | StoreInterval
    | CallChanged
    | CallMerged
    | LostCallChanged
    | LostCallForgotten
    | AgentChanged
    | AgentForgotten
)
