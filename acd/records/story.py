"""One call as people read it, line by line. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from acd.core.callback_facts import AgentJoined, AgentReserved, CallbackPlaced, CallbackTried
from acd.core.facts import (
    AgentLeft,
    Alerted,
    Answered,
    Arrived,
    CallbackWanted,
    CallerLimited,
    CallerReplaced,
    CallKind,
    Consent,
    ConsentSaid,
    Directed,
    Disposed,
    Ended,
    EndedBy,
    Fact,
    FellBack,
    FlowEntered,
    Held,
    Kept,
    LanguageChosen,
    LeftBy,
    LeftLine,
    Moved,
    NotKept,
    Offered,
    OfferFailed,
    OfferFailure,
    PolicyApplied,
    Prioritised,
    Queued,
    RecordingStep,
    Resumed,
    Returned,
    Scored,
    SoundKept,
    SoundPurpose,
    StepTaken,
    TalkRecorded,
    Transferred,
    Unkept,
    WaitTakenUp,
    Widened,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpExtended,
    WrapUpStarted,
)
from acd.core.outside_facts import (
    FLOW,
    DialFailure,
    OutsideAlerted,
    OutsideAnswered,
    OutsideDialed,
    OutsideFailed,
    OutsideLeft,
    OutsideRefused,
)
from acd.records.fold import utc
from acd.records.record import CallRecord, GroupVisit, VisitOutcome
from acd.records.report import duration

FAILURES = {
    OfferFailure.NO_ANSWER: "did not answer",
    OfferFailure.DECLINED: "declined",
    OfferFailure.BUSY: "was busy",
    OfferFailure.UNAVAILABLE: "was unavailable (do not disturb)",
    OfferFailure.UNREACHABLE: "was unreachable",
    OfferFailure.WITHDRAWN: "was no longer offered the call",
}
_DIAL_FAILURES = {
    DialFailure.BUSY: "is busy",
    DialFailure.NO_ANSWER: "does not answer",
    DialFailure.DECLINED: "declined",
    DialFailure.UNKNOWN_NUMBER: "is unknown there",
    DialFailure.CONGESTION: "cannot be reached: the trunk refuses",
    DialFailure.UNREACHABLE: "cannot be reached: the trunk does not answer",
    DialFailure.WITHDRAWN: "is no longer dialled",
}
_ENDS = {
    EndedBy.CALLER: "the caller hung up",
    EndedBy.AGENT: "the agent hung up",
    EndedBy.OUTSIDE: "the one outside hung up",
    EndedBy.SYSTEM: "the system ended the call",
    EndedBy.UNKNOWN: "the call ended while the controller was away",
    EndedBy.NODE: "lost: the Asterisk node that had the call died",
}

_LEFT = {
    LeftBy.KEY: "pressed a key",
    LeftBy.TIMEOUT: "the longest wait was over",
    LeftBy.NO_AGENTS: "nobody was logged in",
    LeftBy.FULL: "as many waited as may",
    LeftBy.CLOSED: "the group closed",
    LeftBy.POLICY: "by the group's policy",
    LeftBy.REMOVED: "the group was removed",
    LeftBy.PERSON: "by a supervisor",
}
_CONSENT = {
    Consent.GIVEN: "agreed to be recorded",
    Consent.DECLINED: "declined to be recorded",
}
KEPT = {"preferred": "asked for", "last_agent": "they talked last time"}
_WRAP_UP_ENDS = {
    WrapUpEnd.TIME: ": its time was over",
    WrapUpEnd.LIMIT: ": the longest time was over",
    WrapUpEnd.AGENT: "",
    WrapUpEnd.CALL: ": another call came",
    WrapUpEnd.UNKNOWN: "",
}


def call_story(record: CallRecord, tz: ZoneInfo) -> list[str]:
    """The call's story: a heading, then `time  +since the start  what happened`, then its visits.

    An offer is followed by the reasons of the routing decision, and a transfer by the story of the
    consultation before it, both indented.
    """
    start = record.started_at.timestamp()
    zone = f"{record.started_at.astimezone(tz):%Y-%m-%d} ({tz.key})"
    lines = [f"Call {printable(record.call_id)}, {record.kind.value}, {zone}"]
    lines += _facts(record.facts, start, tz, "")
    lines += [_visit(visit) for visit in record.visits]
    return lines


def _facts(facts: Sequence[Fact], start: float, tz: ZoneInfo, indent: str) -> Iterator[str]:
    for fact in facts:
        clock = f"{utc(fact.at).astimezone(tz):%H:%M:%S}"
        stamp = f"{indent}{clock}  {since(fact.at - start):>8}  "
        yield stamp + printable(in_words(fact))
        if isinstance(fact, Offered | AgentReserved):
            yield from (" " * len(stamp) + "  " + printable(reason) for reason in fact.reasons)
        elif isinstance(fact, Transferred):
            yield from _facts(fact.consult, start, tz, indent + "    ")


def since(seconds: float) -> str:
    """Seconds as +m:ss.t; a consultation may be older than the call."""
    sign = "-" if seconds <= -0.1 else "+"  # no tenth of a second is no minus
    minutes, rest = divmod(abs(seconds), 60)
    return f"{sign}{int(minutes)}:{int(rest):02}.{int(rest * 10) % 10}"


def in_words(fact: Fact) -> str:
    """What happened, in one sentence."""
    return _TEXTS[type(fact)](fact)


def _visit(visit: GroupVisit) -> str:
    if visit.outcome is VisitOutcome.TRANSFERRED_IN:
        text = f"{printable(visit.group)}: taken over from a colleague"
    else:
        text = f"{printable(visit.group)}: {visit.outcome.value} after {duration(visit.wait_s)}"
    if visit.left_by is not None:
        text += f" ({_LEFT[visit.left_by]})"
    if visit.agent is not None:
        text += (
            f" by {printable(visit.agent)}, talk {duration(visit.talk_s)}, hold {duration(visit.hold_s)},"
            f" wrap-up {duration(visit.wrap_up_s)}"
        )
    return text


def _arrived(fact: Arrived) -> str:
    if fact.kind is CallKind.CALLBACK:
        return f"callback of {caller_in_words(fact.caller_number, fact.caller_name)}"
    if fact.kind is not CallKind.INBOUND:
        who = fact.origin_agent or caller_in_words(fact.caller_number, fact.caller_name)
        return f"{who} dialled {fact.dialed_number}"
    text = f"call from {caller_in_words(fact.caller_number, fact.caller_name)}"
    if fact.dialed_number:  # histories of other systems may not tell it
        text += f" to {fact.dialed_number}"
    text += f" through {fact.trunk}" if fact.trunk else ""
    customer = fact.customer
    if customer is None:
        return text
    return f"{text}: customer {customer.name}{f' ({customer.segment})' if customer.segment else ''}"


def _transferred(fact: Transferred) -> str:
    if fact.how == "attended":
        return f"{fact.agent} handed the caller over after a consultation ({fact.target}):"
    return f"{fact.agent} sent the caller to {fact.target}"


def _recorded(fact: TalkRecorded) -> str:
    by = f" by {fact.agent}" if fact.agent else ""
    if fact.step is RecordingStep.STARTED:
        return f"recording started{by}: {fact.name}"
    why = f": {printable(fact.reason)}" if fact.reason else ""
    return f"recording {fact.step.value}{by}{why}"


def _outside_dialed(fact: OutsideDialed) -> str:
    by = f" for {_authority(fact.agent)}" if fact.agent else ""
    return f"{fact.number} is dialled over {fact.trunk}{by}, which is shown {fact.caller_id}"


def _authority(agent: str) -> str:
    return "the flow" if agent == FLOW else agent


def _outside_failed(fact: OutsideFailed) -> str:
    return f"{fact.trunk}: the number {_DIAL_FAILURES[fact.failure]}" + (
        f" ({fact.cause})" if fact.cause else ""
    )


def _ended(fact: Ended) -> str:
    return _ENDS[fact.by] + (f": {fact.reason}" if fact.reason else "")


def _fell_back(fact: FellBack) -> str:
    if fact.agent is None:
        return "the fallback queue had the caller"
    return f"the fallback queue connected the caller with {fact.agent}"


def _queued(fact: Queued) -> str:
    text = f"waits for {fact.group}" + (f" with priority {fact.priority}" if fact.priority else "")
    return text + (f", asks for {fact.requirement}" if fact.requirement else "")


def _kept(fact: Kept) -> str:
    why = KEPT.get(fact.why, fact.why)
    return f"waits for {fact.agent} alone, up to {duration(fact.wait_s)} ({why})"


def _left_line(fact: LeftLine) -> str:
    return f"left the line of {fact.group}: {_LEFT[fact.how]}" + (f" ({fact.exit})" if fact.exit else "")


def _step_taken(fact: StepTaken) -> str:
    way = f"{fact.flow}/{fact.step}: {fact.arrow}" + (f" to {fact.to}" if fact.to else "")
    return way + (f" ({fact.detail})" if fact.detail else "")


def _sound_kept(fact: SoundKept) -> str:
    length = f"{fact.duration_s:.0f} s, {fact.name}"
    if fact.purpose is SoundPurpose.VOICEMAIL:
        return f"left a voicemail for {fact.group} ({length})"
    return f"was recorded ({length})"


def caller_in_words(number: str, name: str) -> str:
    """`+4930123 (W. Fang)`, safe to print."""
    shown = number or "an unknown number"
    return printable(f"{shown} ({name})" if name else shown)


def printable(text: str) -> str:
    """Without control characters: a caller chooses their own display name."""
    return "".join(c if c.isprintable() else "�" for c in text)


# Any because each entry takes its own kind of fact.
_TEXTS: Mapping[type[Fact], Callable[[Any], str]] = {
    Arrived: _arrived,
    FlowEntered: lambda fact: f"flow {fact.flow}",
    StepTaken: _step_taken,
    ConsentSaid: lambda fact: _CONSENT[fact.consent],
    LanguageChosen: lambda fact: f"the language is {fact.language} from here on",
    Scored: lambda fact: f"answered {fact.question!r} of {fact.survey} with {fact.score}",
    SoundKept: _sound_kept,
    CallbackPlaced: lambda fact: f"keeps the place of call {fact.of_call}",
    AgentReserved: lambda fact: f"{fact.agent} is kept for the customer, who is dialled first",
    AgentJoined: lambda fact: f"{fact.agent} is on the line",
    CallbackTried: lambda fact: f"not reached ({fact.why}), try {fact.number}",
    CallbackWanted: lambda fact: f"wants to be called back by {fact.group} at {fact.number}",
    Queued: _queued,
    LeftLine: _left_line,
    Widened: lambda fact: f"ring {fact.ring}, {fact.why}",
    Kept: _kept,
    Unkept: lambda _: "no longer waits for one agent alone",
    NotKept: lambda fact: f"the flow prefers agent {printable(fact.agent)!r}, who is {fact.why}",
    WaitTakenUp: lambda fact: (
        f"goes on with the wait of call {fact.former_call}: {duration(fact.waited_s)} so far"
    ),
    PolicyApplied: lambda fact: f"step {fact.step} of the group's policy: {fact.what}",
    Moved: lambda fact: f"{fact.by or 'somebody'} moved the caller from {fact.group} to {fact.to}",
    Prioritised: lambda fact: f"{fact.by or 'somebody'} set the priority to {fact.priority}",
    Disposed: lambda fact: f"{fact.agent} recorded: {fact.label or fact.code}",
    Directed: lambda fact: f"waits for agent {fact.agent}",
    Offered: lambda fact: f"offered to {fact.agent} on {fact.phone}",
    Alerted: lambda fact: f"{fact.agent}'s phone rings",
    OfferFailed: lambda fact: f"{fact.agent} {FAILURES[fact.failure]}",
    Answered: lambda fact: f"{fact.agent} answered",
    Held: lambda _: "on hold",
    Resumed: lambda _: "off hold",
    TalkRecorded: _recorded,
    Transferred: _transferred,
    CallerReplaced: lambda fact: f"{fact.agent} took the caller's place, from call {fact.other_call}",
    Returned: lambda fact: f"back with us: {fact.reason}",
    AgentLeft: lambda fact: f"{fact.agent} hung up, the caller is still there",
    WrapUpStarted: lambda fact: f"{fact.agent} began wrap-up",
    WrapUpExtended: lambda fact: f"{fact.agent} extended the wrap-up by {fact.by_s:g} s",
    WrapUpEnded: lambda fact: f"{fact.agent} finished wrap-up{_WRAP_UP_ENDS[fact.how]}",
    FellBack: _fell_back,
    Ended: _ended,
    OutsideDialed: _outside_dialed,
    OutsideAlerted: lambda _: "it rings there",
    OutsideFailed: _outside_failed,
    OutsideAnswered: lambda _: "answered outside",
    OutsideLeft: lambda _: "the one outside hung up, the caller is still there",
    CallerLimited: lambda fact: (
        f"more than {fact.calls} calls of this number in {fact.within_s:g} s: "
        + (f"led to {fact.flow}" if fact.flow else "refused")
    ),
    OutsideRefused: lambda fact: f"{fact.number} is not dialled for {fact.agent or 'anybody'}: {fact.reason}",
}
