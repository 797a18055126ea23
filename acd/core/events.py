"""What the engine hears, in the past tense. From Asterisk, from flows, from agents.

Requests of agents (`AgentLoggedIn` … `WrapUpDone`) and supervisors may be refused: `handle` then raises
RequestRefused and nothing has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from acd.core import callback_events
from acd.core.callback_events import CallbackEvent
from acd.core.calls import WaitSoFar
from acd.core.facts import (
    CallbackWanted,
    CallerLimited,
    CallKind,
    ConsentSaid,
    Customer,
    EndedBy,
    LanguageChosen,
    LeftBy,
    OfferFailure,
    RecordingStep,
    Scored,
    SoundKept,
    StepTaken,
)
from acd.core.outside_events import OutsideEvent
from acd.core.plan import Plan
from acd.core.requirement import ANYBODY, Requirement

FlowNote: TypeAlias = (
    StepTaken | LanguageChosen | Scored | SoundKept | ConsentSaid | CallbackWanted | CallerLimited
)
"""What a flow has to tell of its caller. The engine stamps it: `at` may be anything."""


# --- the caller -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CallArrived:
    """A call reached us: dialled by `origin_agent` on a phone of ours, or brought by `trunk`.

    `at`: when, if known to be earlier than now: nobody was there to hear of it. `node`: the Asterisk that has
    it, where there are several.
    """

    call_id: str
    kind: CallKind
    caller_number: str
    caller_name: str
    dialed_number: str
    customer: Customer | None = None
    origin_agent: str | None = None
    trunk: str | None = None
    at: float | None = None
    node: str = ""


@dataclass(frozen=True, slots=True)
class CallOnNode:
    """A callback's channel is made at this node."""

    call_id: str
    node: str


@dataclass(frozen=True, slots=True)
class FlowStarted:
    """A flow took the caller."""

    call_id: str
    flow: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class FlowNoted:
    """Something of a caller's way through a flow. The end of a recording is taken after the call's, too."""

    call_id: str
    note: FlowNote


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """The caller's words are being recorded into a file of this name.

    FlowNoted(SoundKept) or RecordingDropped must follow: until then the call is not finished, however
    it ends, so that a message outlives a caller who hangs up.
    """

    call_id: str
    name: str


@dataclass(frozen=True, slots=True)
class RecordingDropped:
    """Nothing worth keeping was recorded."""

    call_id: str


@dataclass(frozen=True, slots=True)
class CallQueued:
    """The caller is to wait for a skill group.

    `exits` are the ways out by which the flow can go on: values of LeftBy, and names of its own that the
    group's policy may use. By `no_agents` the engine takes the caller out of the line when nobody is logged
    in who could serve (now or later), by `full` when the line is at its limit, by `closed` when the group
    closes; after `max_wait_s` in any case. It says so by the command LeaveLine.

    `requirement`: what the call asks for beside its group; with `alone` instead of it. `prefer`: the agent
    for whom the call waits alone for up to `prefer_wait_s`, as long as that agent is at work. `last_agent`
    talked with the customer `last_agent_at`; what follows is the group's policy. The wait
    counts from `waiting_since`, where that is given; `resumes` is then the call in which the same caller had
    waited in this line and hung up, if it was another one. `so_far`: what time has done to that wait; what
    it has added to the priority is added to `priority`.
    """

    call_id: str
    group: str
    priority: int = 0
    max_wait_s: float | None = None
    exits: frozenset[str] = frozenset()
    requirement: Requirement = ANYBODY
    alone: bool = False
    prefer: str | None = None
    prefer_wait_s: float = 0.0
    last_agent: str | None = None
    last_agent_at: float = 0.0
    resumes: str | None = None
    waiting_since: float | None = None
    so_far: WaitSoFar | None = None


@dataclass(frozen=True, slots=True)
class GroupClosed:
    """The group's day is over: who still waits and has a way out takes it. Who comes later waits on.

    `at`: since when, if known to be earlier than now.
    """

    group: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class HourBegan:
    """It is this hour (0 to 23) where the centre is."""

    hour: int


@dataclass(frozen=True, slots=True)
class CallLeftLine:
    """The waiting caller went back to the flow by `key`. Too late for one whose agent is rung or talks."""

    call_id: str
    how: LeftBy = LeftBy.KEY
    key: str = ""


@dataclass(frozen=True, slots=True)
class CallDirected:
    """The caller is to be put through to one agent now, or to be refused.

    `ring_timeout_s`: how long the phone rings; None: as for all direct calls.
    """

    call_id: str
    agent: str
    ring_timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class CallerReturned:
    """The caller's channel asks again what next, and not because an offer ended (a restart)."""

    call_id: str


@dataclass(frozen=True, slots=True)
class CallerAway:
    """The caller's channel has left us before it was told what next, and is not known to be gone.

    Nobody can be rung for it until it asks again.
    """

    call_id: str


@dataclass(frozen=True, slots=True)
class FallbackServed:
    """Asterisk's fallback queue had the caller; `agent` if it also connected one.

    `at`: when, if known to be earlier than now. `over`: the agent has hung up, the caller is still there.
    """

    call_id: str
    agent: str | None = None
    at: float | None = None
    over: bool = False


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The caller's channel is gone. `at`: when, if known to be earlier than now."""

    call_id: str
    by: EndedBy = EndedBy.CALLER
    reason: str = ""
    at: float | None = None


# --- offers and conversations -----------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class OfferAlerting:
    """This phone says that it rings; None: the one that was offered the call.

    News of another phone than that is old: two rings of a call can follow each other closely. `at`: when, if
    known to be earlier than now.
    """

    call_id: str
    phone: str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class OfferAnswered:
    """The agent took the call on this phone; None: on the one it was offered to. `at`: when, if not now."""

    call_id: str
    phone: str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class OfferEnded:
    """The dial ended without a conversation; the caller's channel asks again."""

    call_id: str
    failure: OfferFailure


@dataclass(frozen=True, slots=True)
class AgentHungUp:
    """The conversation is over, the caller is still there and asks what next. `at`: when, if not now."""

    call_id: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class AgentDisconnected:
    """This phone hung up: its agent is out of the conversation, whoever else may be in it.

    The caller's channel says so as well, some milliseconds later: `AgentHungUp`. `at`: when, if known to be
    earlier than now.
    """

    call_id: str
    phone: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class CallHeld:
    """The agent put the other side on hold, on this phone; None: on the agent's, whichever that is."""

    call_id: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class CallResumed:
    """The hold ended; `phone` as in CallHeld."""

    call_id: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingChanged:
    """The recording of the talk; the fields are those of `facts.TalkRecorded`. It ends with the call."""

    call_id: str
    step: RecordingStep
    name: str = ""
    agent: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CallBlindTransferred:
    """The agent sent the caller to another number; where it leads is said by a later event."""

    call_id: str
    target: str


@dataclass(frozen=True, slots=True)
class CallAttendedTransferred:
    """The agent joined the caller with the consultation and left both."""

    call_id: str
    consult_id: str


@dataclass(frozen=True, slots=True)
class OwnCallsJoined:
    """An agent who had dialled both calls joined their other ends and left.

    Whom `other_id` had come to, on `phone`, takes the caller's place in `call_id`, wherever that call
    is; `other_id` is over.
    """

    call_id: str
    other_id: str
    phone: str


@dataclass(frozen=True, slots=True)
class CallTakenBack:
    """Where the caller was to go, nobody could take the call; a CallQueued follows."""

    call_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConversationFound:
    """After an absence of ours: this caller is talking on that phone. `at`: since when, if known."""

    call_id: str
    phone: str
    at: float | None = None


# --- phones and agents ------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PhoneChanged:
    """What is known of a phone: whether it can be reached, whether it has a channel.

    `missing`: the nodes that cannot ring it although they can be reached themselves.
    """

    phone: str
    reachable: bool
    in_use: bool
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AgentLoggedIn:
    """The agent starts work on a phone."""

    agent: str
    phone: str


@dataclass(frozen=True, slots=True)
class AgentLoggedOut:
    """The agent goes home; during a call it takes effect when the work ends."""

    agent: str


@dataclass(frozen=True, slots=True)
class AgentWentReady:
    """The agent wants calls. `forced`: somebody says so who need not wait for the wrap-up's result."""

    agent: str
    forced: bool = False


@dataclass(frozen=True, slots=True)
class AgentWentNotReady:
    """The agent wants no calls; during a call it takes effect when the work ends."""

    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class PendingRevoked:
    """The agent no longer wants what was to follow the present work; what was before follows again."""

    agent: str


@dataclass(frozen=True, slots=True)
class WrapUpWanted:
    """The agent wants after-call work to follow this talk, where that is for the agent to choose."""

    agent: str


@dataclass(frozen=True, slots=True)
class WrapUpExtended:
    """The agent needs more time for the after-call work."""

    agent: str


@dataclass(frozen=True, slots=True)
class WrapUpDone:
    """The agent is through with the after-call work before its time is up; during a talk: wants none.

    `forced`: see `AgentWentReady`.
    """

    agent: str
    forced: bool = False


@dataclass(frozen=True, slots=True)
class CallDisposed:
    """The agent has recorded what came of a call; the same may be told again. See `facts.Disposed`."""

    call_id: str
    agent: str
    code: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class CallMoved:
    """A person wants a waiting call to wait for another group. May be refused."""

    call_id: str
    group: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class CallPrioritised:
    """A person gives a waiting call another priority. May be refused."""

    call_id: str
    priority: int
    by: str = ""


@dataclass(frozen=True, slots=True)
class DesktopOpened:
    """The agent has a desktop open, after having had none; the same may be told again."""

    agent: str


@dataclass(frozen=True, slots=True)
class DesktopClosed:
    """The agent has no desktop open any more: closed, or out of reach."""

    agent: str


@dataclass(frozen=True, slots=True)
class DayBegan:
    """At the centre it is this date (ISO, 2026-12-24) from now on; the same one may be told again."""

    day: str


# --- ourselves --------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PlanChanged:
    """From here on this plan holds, for those who wait and work, too; see `replan.py`."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class DispatchSuspended:
    """We do not know the floor (Asterisk away, just started): no new offers."""


@dataclass(frozen=True, slots=True)
class DispatchResumed:
    """The floor is known again."""


@dataclass(frozen=True, slots=True)
class NodeSuspended:
    """Of several nodes this one is not known: its calls are not offered, those of others are."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeResumed:
    """The node's calls and phones are known again."""

    node: str


@dataclass(frozen=True, slots=True)
class FloorSeen:
    """After an absence: the calls that still exist. `ended_at`: when others ended, where known.

    `ended_by_agent`: those others whose talk the agent has ended. `node`: only that one was looked at;
    `lost`: its Asterisk has died, and all its other calls with it.
    """

    alive: frozenset[str]
    ended_at: Mapping[str, float] = field(default_factory=dict)
    ended_by_agent: frozenset[str] = frozenset()
    node: str | None = None
    lost: bool = False


Event: TypeAlias = (
    CallArrived
    | CallOnNode
    | FlowStarted
    | FlowNoted
    | RecordingStarted
    | RecordingDropped
    | CallQueued
    | GroupClosed
    | HourBegan
    | CallLeftLine
    | CallDirected
    | CallerReturned
    | CallerAway
    | FallbackServed
    | CallEnded
    | OfferAlerting
    | OfferAnswered
    | OfferEnded
    | AgentHungUp
    | AgentDisconnected
    | CallHeld
    | CallResumed
    | RecordingChanged
    | CallBlindTransferred
    | CallAttendedTransferred
    | OwnCallsJoined
    | CallTakenBack
    | ConversationFound
    | PhoneChanged
    | AgentLoggedIn
    | AgentLoggedOut
    | AgentWentReady
    | AgentWentNotReady
    | PendingRevoked
    | WrapUpWanted
    | WrapUpExtended
    | WrapUpDone
    | CallDisposed
    | CallMoved
    | CallPrioritised
    | DesktopOpened
    | DesktopClosed
    | DayBegan
    | DispatchSuspended
    | DispatchResumed
    | NodeSuspended
    | NodeResumed
    | FloorSeen
    | PlanChanged
    | OutsideEvent
    | callback_events.CallbackPlaced
    | callback_events.CallbackHours
    | CallbackEvent
)
