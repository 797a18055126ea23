"""What happened to a call and to an agent: the facts that every record and report is folded from.

A fact is written once and never changed. `at` is in engine seconds: Unix time, anchored when the
process starts and advanced by the monotonic clock, so that it never jumps. Records turn it into
aware UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class CallKind(StrEnum):
    """INBOUND: a customer reached us. The others are not counted in group reports.

    INTERNAL: an agent dialled one of us. OUTBOUND: an agent dialled an outside number. CALLBACK: we call
    a customer back, who is the caller in the books.
    """

    INBOUND = "inbound"
    INTERNAL = "internal"
    OUTBOUND = "outbound"
    CALLBACK = "callback"


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
    NODE = "node"  # the Asterisk that had it died; the reason names which


@dataclass(frozen=True, slots=True)
class Customer:
    """What the directory knows about the caller.

    `value`: what the customer is worth, in points of the directory's own; `requirement`: what every agent
    must know who talks with this customer (see `acd.core.requirement`); `language`: a code such as 'zh'. ''
    where there is none.
    """

    id: str
    name: str
    segment: str = ""
    language: str = ""
    value: float = 0.0
    requirement: str = ""


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
    """An IVR flow took the caller; `version` of the flows as `acd.ivr.flow.FlowSet` has it."""

    flow: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class StepTaken(Fact):
    """One step of a flow is behind the caller, who left it by `arrow` to step `to`.

    Names as in `acd.ivr.talk.StepTaken`; nothing masked is ever in `detail`.
    """

    flow: str
    version: str
    step: str
    arrow: str
    to: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LanguageChosen(Fact):
    """From here on the caller hears this language."""

    language: str


@dataclass(frozen=True, slots=True)
class Scored(Fact):
    """The caller answered a question of a survey (flow/step)."""

    survey: str
    question: str
    score: int


class SoundPurpose(StrEnum):
    """What the caller's words were recorded for."""

    VOICEMAIL = "voicemail"  # a message for a group, to be worked on
    RECORD = "record"  # part of the call


@dataclass(frozen=True, slots=True)
class SoundKept(Fact):
    """The caller's words were recorded: a file below the recordings' folder, without its ending.

    `group` is the group that a voicemail is for; '' for other recordings.
    """

    name: str
    duration_s: float
    purpose: SoundPurpose
    group: str = ""


class Consent(StrEnum):
    """What a caller said when asked whether the talk may be recorded."""

    GIVEN = "given"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class ConsentSaid(Fact):
    """The caller agreed to be recorded, or declined; the last word counts."""

    consent: Consent


def consent_of(facts: Iterable[Fact]) -> Consent | None:
    """What the caller of these facts said last of being recorded; None: nobody asked."""
    said = [fact.consent for fact in facts if isinstance(fact, ConsentSaid)]
    return said[-1] if said else None


@dataclass(frozen=True, slots=True)
class CallbackWanted(Fact):
    """The caller wants to be called back by the group at `number`."""

    group: str
    number: str
    language: str


@dataclass(frozen=True, slots=True)
class CallerLimited(Fact):
    """There were more than `calls` calls of this number, or of callers without one, in `within_s`.

    `flow`: where the caller was led; '': nowhere, the call was refused.
    """

    calls: int
    within_s: float
    flow: str = ""


@dataclass(frozen=True, slots=True)
class Queued(Fact):
    """The caller joined a group's waiting line.

    `requirement`: what the call itself asks for, beside the group; with `alone` instead of it.
    """

    group: str
    priority: int = 0
    requirement: str = ""
    alone: bool = False


class LeftBy(StrEnum):
    """Why a caller left a waiting line without an agent and went on in the flow."""

    KEY = "key"  # pressed a key that leads out
    TIMEOUT = "timeout"  # the longest wait was over
    NO_AGENTS = "no_agents"  # nobody was logged in who could serve
    FULL = "full"  # as many waited as may
    CLOSED = "closed"  # the group's day was over
    POLICY = "policy"  # a step of the group's policy; where to is said by LeftLine.exit
    REMOVED = (
        "removed"  # the group is no longer in the configuration; LeftLine.exit: the one that has its place
    )
    PERSON = "person"  # a supervisor moved the caller to another group, LeftLine.exit


@dataclass(frozen=True, slots=True)
class LeftLine(Fact):
    """The caller left the group's waiting line and is in the flow again; `key`: the one that led out."""

    group: str
    how: LeftBy
    exit: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Widened(Fact):
    """Agents of this ring may serve, too. `why`: waited, or nobody of the inner rings is at work."""

    ring: int
    why: str


@dataclass(frozen=True, slots=True)
class Kept(Fact):
    """The caller waits for this agent alone, up to `wait_s`; `why`: preferred, last_agent."""

    agent: str
    wait_s: float
    why: str


@dataclass(frozen=True, slots=True)
class Unkept(Fact):
    """The caller no longer waits for one agent alone."""


@dataclass(frozen=True, slots=True)
class NotKept(Fact):
    """The flow wanted the caller to wait for this agent; `why` not: unknown, not at work."""

    agent: str
    why: str


@dataclass(frozen=True, slots=True)
class WaitTakenUp(Fact):
    """The caller had hung up in this line a moment ago, in `former_call`, and goes on where the wait was."""

    former_call: str
    waited_s: float


@dataclass(frozen=True, slots=True)
class PolicyApplied(Fact):
    """A step of the group's policy was taken: its number from 1, and what it did."""

    step: int
    what: str


@dataclass(frozen=True, slots=True)
class Moved(Fact):
    """A person (`by`: a user's name) has the caller wait for the group `to` and no longer for `group`."""

    by: str
    group: str
    to: str


@dataclass(frozen=True, slots=True)
class Prioritised(Fact):
    """A person gave the waiting call this priority."""

    by: str
    priority: int


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


class RecordingStep(StrEnum):
    """What became of the recording of a talk."""

    STARTED = "started"
    PAUSED = "paused"  # silence is recorded
    RESUMED = "resumed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class TalkRecorded(Fact):
    """The talk is recorded, or no longer.

    `name`: the file below the recordings' folder, without its ending; with STARTED. `agent`: who wanted it;
    '' where the rule of the group did. `reason`: in the agent's words, why it was paused.
    """

    step: RecordingStep
    name: str = ""
    agent: str = ""
    reason: str = ""


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
class WrapUpExtended(Fact):
    """The agent asked for more time for the after-call work, and got so many seconds."""

    agent: str
    by_s: float


@dataclass(frozen=True, slots=True)
class Disposed(Fact):
    """The agent recorded what came of the call: a disposition's code, and its name with those above it."""

    agent: str
    code: str
    label: str = ""


class WrapUpEnd(StrEnum):
    """What ended a wrap-up."""

    TIME = "time"  # it was over by itself
    LIMIT = "limit"  # the longest that the group allows was reached
    AGENT = "agent"  # the agent was done, or went ready
    CALL = "call"  # the agent was found in another conversation
    UNKNOWN = "unknown"  # on record from before this was kept


@dataclass(frozen=True, slots=True)
class WrapUpEnded(Fact):
    """The agent's after-call work for this call is done."""

    agent: str
    how: WrapUpEnd = WrapUpEnd.UNKNOWN


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
class CallbackOrder:
    """A wish to be called back, as it is kept: the call, when (engine seconds), who is to call whom.

    `due_at`: when an agent has promised it for; `for_agent`: who is to call, where it is to be that one.
    """

    call_id: str
    at: float
    group: str
    number: str
    language: str
    due_at: float | None = None
    for_agent: str | None = None


@dataclass(frozen=True, slots=True)
class AgentInterval:
    """One finished stretch of an agent's day in one state. `reason` is set for not ready."""

    agent: str
    state: str
    reason: str | None
    since: float
    until: float
    call_id: str | None = None
