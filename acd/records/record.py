"""The call record: what remains of a call when it is over, in aware UTC and in seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from acd.core.facts import (
    CallKind,
    EndedBy,
    Fact,
    LeftBy,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpExtended,
    WrapUpStarted,
)
from acd.core.outside_facts import OutsideAnswered, OutsideDialed, OutsideFailed


class SegmentKind(StrEnum):
    """Where the caller was. IVR, WAITING, TALKING, TRANSFER, DIALING_OUT, OUTSIDE, FALLBACK never overlap.

    RINGING lies inside the waiting, HOLD inside the talking, VOICEMAIL and SURVEY inside the IVR; WRAP_UP
    may outlast the call, and CONSULT is what an agent did elsewhere before an attended transfer. FALLBACK
    is the time with Asterisk's own queue: waiting there without an agent, talking with one.
    """

    IVR = "ivr"
    WAITING = "waiting"
    RINGING = "ringing"
    TALKING = "talking"
    CONSULT = "consult"
    WRAP_UP = "wrap_up"
    FALLBACK = "fallback"
    HOLD = "hold"
    VOICEMAIL = "voicemail"
    SURVEY = "survey"
    TRANSFER = "transfer"  # sent elsewhere by an agent, and not there yet
    DIALING_OUT = "dialing_out"  # an outside number is rung over a trunk
    OUTSIDE = "outside"  # talking with somebody outside


class SegmentOutcome(StrEnum):
    """How a segment ended."""

    OPEN = "open"  # it has not ended
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    UNREACHABLE = "unreachable"
    UNKNOWN_NUMBER = "unknown_number"
    CONGESTION = "congestion"
    WITHDRAWN = "withdrawn"
    ABANDONED = "abandoned"  # the caller hung up while waiting or ringing
    LEFT = "left"  # the caller went on to something else
    TRANSFERRED = "transferred"
    CALLER_HUNG_UP = "caller_hung_up"
    AGENT_HUNG_UP = "agent_hung_up"
    OUTSIDE_HUNG_UP = "outside_hung_up"
    SYSTEM_HUNG_UP = "system_hung_up"
    UNKNOWN = "unknown"  # it ended while the controller was away
    LOST = "lost"  # the Asterisk node that had the call died
    DONE = "done"  # wrap-up, hold, voicemail or survey finished


class VisitOutcome(StrEnum):
    """What became of a caller in a group's line. LEFT: overflow, callback, or sent away.

    TRANSFERRED_IN: an agent of the group took the caller over from a colleague after a consultation. Nobody
    waited in the line then, so that this is no offer to the group: it counts as work alone.
    """

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    LEFT = "left"
    WAITING = "waiting"
    TRANSFERRED_IN = "transferred_in"


class Source(StrEnum):
    """Who knows of a call. All but ACD are marked in lists and reports."""

    ACD = "acd"
    FALLBACK = "fallback"  # Asterisk's own queue, while no controller was there
    CDR = "cdr"  # Asterisk's record of the call, and nothing else
    QUEUE_LOG = "queue_log"  # history of another system
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a call in one place. `ended_at` is None while it goes on.

    `agent` of a call outside is the one on whose authority it was dialled. `hold_s` is the part of a talk
    that the caller spent on hold.
    """

    kind: SegmentKind
    group: str | None
    agent: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: SegmentOutcome
    hold_s: float = 0.0


@dataclass(frozen=True, slots=True)
class GroupVisit:
    """One entry into one group's waiting line; reports count these as *offered*, unless TRANSFERRED_IN.

    `wait_s` runs from entering the line to the agent's answer (ringing included, IVR excluded),
    or to leaving the line; for a caller who still waits, to the last known fact. `talk_s` has no
    hold time in it. Talk, hold and wrap-up are those of the answering agent, as far as finished.
    Whom the fallback queue connected is answered, too, without any wrap-up; what the controller
    learns of it only while they talk counts from the second of the answer. `left_by` is set for a caller
    who LEFT the line to go on in the flow.
    """

    group: str
    queued_at: datetime
    outcome: VisitOutcome
    wait_s: float
    agent: str | None = None
    talk_s: float = 0.0
    hold_s: float = 0.0
    wrap_up_s: float = 0.0
    left_by: LeftBy | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """An agent handed the caller over and was out of the call, `at` which moment.

    `group`: that of the talk which was left. `how`: 'blind' or 'attended'. `target`: the number dialled, or
    the id of the consultation. `to_group`, `to_agent`: whose line or talk the caller came into; None for a
    flow, for somebody outside, and where it is not known.
    """

    at: datetime
    agent: str
    group: str | None
    how: str
    target: str
    to_group: str | None = None
    to_agent: str | None = None


@dataclass(frozen=True, slots=True)
class CallVisit:
    """A visit together with the call that it belongs to."""

    call_id: str
    kind: CallKind
    visit: GroupVisit


@dataclass(frozen=True, slots=True)
class OutsideDial:
    """One attempt to reach an outside number over one trunk.

    `result`: 'answered', a `DialFailure`, or 'open' where nothing more is known. `cause`: in the words of
    the trunk, such as 'SIP 486 Busy Here'.
    """

    number: str
    trunk: str
    caller_id: str
    agent: str
    result: str
    cause: str = ""


@dataclass(frozen=True, slots=True)
class WrapUp:
    """One agent's after-call work. `ended` is None while it goes on; `extended`: how often it was."""

    agent: str
    length_s: float = 0.0
    extended: int = 0
    ended: WrapUpEnd | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call and all that happened in it.

    `answered_at` is the first answer by an agent, or by somebody outside; the IVR does not count.
    `ended_at` and `ended_by` are None while the call goes on. `flow_id`: the first flow; `language`: the last
    that was chosen; `contact_key`: tells whether two calls are of one customer, '' where that is not known.
    `anonymised`: it has been made nobody's.
    """

    call_id: str
    kind: CallKind
    caller_number: str
    caller_name: str
    dialed_number: str
    customer_id: str | None
    customer_name: str | None
    customer_segment: str | None
    origin_agent: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    ended_by: EndedBy | None
    segments: tuple[Segment, ...]
    visits: tuple[GroupVisit, ...]
    facts: tuple[Fact, ...]
    flow_id: str | None = None
    trunk: str | None = None
    language: str | None = None
    source: Source = Source.ACD
    contact_key: str = ""
    transfers: tuple[Transfer, ...] = ()
    anonymised: bool = False

    def call_visits(self) -> tuple[CallVisit, ...]:
        """The visits as the reports take them."""
        return tuple(CallVisit(self.call_id, self.kind, visit) for visit in self.visits)

    def outside_dials(self) -> tuple[OutsideDial, ...]:
        """The attempts to reach outside numbers, in order."""
        dials: list[OutsideDial] = []
        for fact in self.facts:
            match fact:
                case OutsideDialed(_, number, trunk, agent, caller_id):
                    dials.append(OutsideDial(number, trunk, caller_id, agent, "open"))
                case OutsideFailed(_, _, failure, cause) if dials:
                    dials[-1] = replace(dials[-1], result=failure.value, cause=cause)
                case OutsideAnswered() if dials:
                    dials[-1] = replace(dials[-1], result="answered")
        return tuple(dials)

    def wrap_ups(self) -> tuple[WrapUp, ...]:
        """The after-call works, in the order in which they began; `length_s` once one has ended."""
        works: list[WrapUp] = []
        open_since: dict[str, tuple[int, float]] = {}  # agent → place in `works`, begin
        for fact in self.facts:
            match fact:
                case WrapUpStarted(at, agent):
                    open_since[agent] = (len(works), at)
                    works.append(WrapUp(agent))
                case WrapUpExtended(_, agent, _) if agent in open_since:
                    place, _ = open_since[agent]
                    works[place] = replace(works[place], extended=works[place].extended + 1)
                case WrapUpEnded(at, agent, how) if agent in open_since:
                    place, since = open_since.pop(agent)
                    length_s = round(max(0.0, at - since), 3)
                    works[place] = replace(works[place], length_s=length_s, ended=how)
        return tuple(works)
