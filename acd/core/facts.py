"""What happened to a call and to an agent: the facts that every record and report is folded from.

A fact is written once and never changed. `at` is in engine seconds: Unix time, anchored when the
process starts and advanced by the monotonic clock, so that it never jumps. Records turn it into
aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CallKind(StrEnum):
    """INBOUND: a customer reached us. The others are not counted in group reports.

    INTERNAL: an agent dialled one of us. OUTBOUND: an agent dialled an outside number.
    """

    INBOUND = "inbound"
    INTERNAL = "internal"
    OUTBOUND = "outbound"


class OfferFailure(StrEnum):
    """Why an agent who was offered a call did not get it."""

    NO_ANSWER = "no_answer"  # the phone rang out
    DECLINED = "declined"  # the agent pressed reject (603), or the phone forwards its calls
    BUSY = "busy"  # 486: on another call for the moment
    UNAVAILABLE = "unavailable"  # 480: do not disturb, or the phone's own timeout
    UNREACHABLE = "unreachable"  # unregistered, silent, 404, 488, 503
    WITHDRAWN = "withdrawn"  # the caller left while it rang, or we called it off


class EndedBy(StrEnum):
    """Who ended the call."""

    CALLER = "caller"
    AGENT = "agent"
    OUTSIDE = "outside"  # whom we had called outside hung up
    SYSTEM = "system"  # the flow hung up, or a destination refused the call
    UNKNOWN = "unknown"  # it ended while the controller was away


@dataclass(frozen=True, slots=True)
class Customer:
    """What the directory knows about the caller."""

    id: str
    name: str
    segment: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """Base of all; `at` in engine seconds."""

    at: float


@dataclass(frozen=True, slots=True)
class Arrived(Fact):
    """The call reached us.

    `origin_agent` is the agent who dialled, for calls from our own phones; `trunk` the one that brought a
    call from outside.
    """

    kind: CallKind
    caller_number: str
    caller_name: str
    dialed_number: str
    customer: Customer | None = None
    origin_agent: str | None = None
    trunk: str | None = None


@dataclass(frozen=True, slots=True)
class FlowEntered(Fact):
    """An IVR flow took the caller."""

    flow: str


@dataclass(frozen=True, slots=True)
class Queued(Fact):
    """The caller joined a group's waiting line."""

    group: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Directed(Fact):
    """The call is for one named agent."""

    agent: str


@dataclass(frozen=True, slots=True)
class Offered(Fact):
    """An agent was chosen; their phone is being rung. `reasons`: lines that say why this agent."""

    agent: str
    phone: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alerted(Fact):
    """The agent's phone said that it rings."""

    agent: str


@dataclass(frozen=True, slots=True)
class OfferFailed(Fact):
    """The agent did not get the call."""

    agent: str
    failure: OfferFailure


@dataclass(frozen=True, slots=True)
class Answered(Fact):
    """Caller and agent are talking."""

    agent: str


@dataclass(frozen=True, slots=True)
class Held(Fact):
    """The agent put the caller on hold."""


@dataclass(frozen=True, slots=True)
class Resumed(Fact):
    """The hold ended."""


@dataclass(frozen=True, slots=True)
class Transferred(Fact):
    """The agent handed the caller over and is out of the call.

    `how` is 'blind' or 'attended'; `target` is the number dialled, or for an attended
    transfer the call id of the consultation, whose own facts are in `consult`: the caller
    takes over the place that the consultation had (in the menu, in the line, with the agent).
    """

    agent: str
    target: str
    how: str
    consult: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class CallerReplaced(Fact):
    """The agent who had dialled this call left it to a colleague, who is its caller from here on.

    `agent` is the colleague, `other_call` the call in which the two had talked; it ended then.
    """

    agent: str
    other_call: str


@dataclass(frozen=True, slots=True)
class Returned(Fact):
    """The caller is back in hand (a transfer's target could not take the call)."""

    reason: str


@dataclass(frozen=True, slots=True)
class AgentLeft(Fact):
    """The agent hung up; the caller is still with us."""

    agent: str


@dataclass(frozen=True, slots=True)
class WrapUpStarted(Fact):
    """The agent's after-call work for this call began."""

    agent: str


@dataclass(frozen=True, slots=True)
class WrapUpEnded(Fact):
    """The agent's after-call work for this call is done."""

    agent: str


@dataclass(frozen=True, slots=True)
class FellBack(Fact):
    """Asterisk's own fallback queue had the caller while no controller could.

    With `agent`, the two are talking from here on.
    """

    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Ended(Fact):
    """The caller is gone; nothing but wrap-up follows."""

    by: EndedBy
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgentInterval:
    """One finished stretch of an agent's day in one state. `reason` is set for not ready."""

    agent: str
    state: str
    reason: str | None
    since: float
    until: float
    call_id: str | None = None
