"""From a call's facts to its record. Pure: the same facts always give the same record.

Facts are taken in order. A time that steps back (the machine's clock was set between two runs)
counts as no time passed. A call that still goes on folds too: its open segments have no end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

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
    LeftLine,
    Moved,
    NotKept,
    Offered,
    OfferFailed,
    OfferFailure,
    PolicyApplied,
    Prioritised,
    Queued,
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
    WrapUpEnded,
    WrapUpExtended,
    WrapUpStarted,
)
from acd.core.last_agents import customer_key
from acd.core.losses import AFTERWARDS, without_false_losses
from acd.core.outside_facts import (
    DialFailure,
    OutsideAlerted,
    OutsideAnswered,
    OutsideDialed,
    OutsideFailed,
    OutsideLeft,
    OutsideRefused,
)
from acd.records.record import (
    CallRecord,
    GroupVisit,
    Segment,
    SegmentOutcome,
    Source,
    Transfer,
    VisitOutcome,
)
from acd.records.stretch import Handover, Stretch, Visit
from acd.records.track import Track

_OFFER_OUTCOMES = {
    OfferFailure.NO_ANSWER: SegmentOutcome.NO_ANSWER,
    OfferFailure.DECLINED: SegmentOutcome.DECLINED,
    OfferFailure.BUSY: SegmentOutcome.BUSY,
    OfferFailure.UNAVAILABLE: SegmentOutcome.UNAVAILABLE,
    OfferFailure.UNREACHABLE: SegmentOutcome.UNREACHABLE,
    OfferFailure.WITHDRAWN: SegmentOutcome.WITHDRAWN,
}
_DIAL_OUTCOMES = {
    DialFailure.BUSY: SegmentOutcome.BUSY,
    DialFailure.NO_ANSWER: SegmentOutcome.NO_ANSWER,
    DialFailure.DECLINED: SegmentOutcome.DECLINED,
    DialFailure.UNKNOWN_NUMBER: SegmentOutcome.UNKNOWN_NUMBER,
    DialFailure.CONGESTION: SegmentOutcome.CONGESTION,
    DialFailure.UNREACHABLE: SegmentOutcome.UNREACHABLE,
    DialFailure.WITHDRAWN: SegmentOutcome.WITHDRAWN,
}
_NOBODY = Arrived(0.0, CallKind.INBOUND, "", "", "")


def fold(call_id: str, facts: Sequence[Fact], source: Source = Source.ACD) -> CallRecord:
    """The record of the call that these facts, in order, tell of. Never raises.

    `source`: who knows of the call.
    """
    track = Track()
    started = facts[0].at if facts else 0.0
    last, ended = _walk(track, facts, started)
    arrived = next((fact for fact in facts if isinstance(fact, Arrived)), _NOBODY)
    customer = arrived.customer
    stretches = sorted(track.stretches, key=lambda stretch: stretch.started)
    return CallRecord(
        call_id=call_id,
        kind=arrived.kind,
        caller_number=arrived.caller_number,
        caller_name=arrived.caller_name,
        dialed_number=arrived.dialed_number,
        customer_id=customer.id if customer else None,
        customer_name=customer.name if customer else None,
        customer_segment=customer.segment if customer else None,
        origin_agent=arrived.origin_agent,
        started_at=utc(started),
        answered_at=_utc_or_none(track.answered),
        ended_at=_utc_or_none(ended[0]) if ended else None,
        ended_by=ended[1].by if ended else None,
        segments=tuple(_segment(stretch) for stretch in stretches),
        visits=tuple(_visit(visit, last) for visit in track.visits),
        facts=tuple(facts),
        flow_id=next((fact.flow for fact in facts if isinstance(fact, FlowEntered)), None),
        trunk=arrived.trunk,
        language=next((fact.language for fact in reversed(facts) if isinstance(fact, LanguageChosen)), None),
        source=source,
        contact_key=customer_key(customer.id if customer else None, arrived.caller_number),
        transfers=tuple(_transfer(handover) for handover in track.handovers),
    )


@lru_cache(4096)  # a stretch begins where the one before ends
def utc(at: float) -> datetime:
    """Engine seconds as aware UTC, to the microsecond."""
    return datetime.fromtimestamp(at, UTC)


def _utc_or_none(at: float | None) -> datetime | None:
    return None if at is None else utc(at)


def _walk(
    track: Track, facts: Sequence[Fact], start: float, limit: float = float("inf")
) -> tuple[float, tuple[float, Ended] | None]:
    """Lead the track through the facts, no later than `limit`; the last time and the end, if any."""
    last = min(start, limit)
    ended: tuple[float, Ended] | None = None
    for fact in without_false_losses(facts):
        if ended and not isinstance(fact, AFTERWARDS):
            # Where the node was taken for dead, and was not, it goes on: maybe told by a controller that did
            # not know of it any more, whose first fact is of when the call came.
            if ended[1].by is not EndedBy.NODE or (isinstance(fact, Ended) and fact.by is EndedBy.NODE):
                continue
            ended = None
        last = min(max(last, fact.at), limit)
        STEPS[type(fact)](track, fact, last)
        if isinstance(fact, Ended):
            ended = (last, fact)
    return last, ended


def _segment(stretch: Stretch) -> Segment:
    return Segment(
        kind=stretch.kind,
        group=stretch.group,
        agent=stretch.agent,
        started_at=utc(stretch.started),
        ended_at=_utc_or_none(stretch.ended),
        outcome=stretch.outcome,
        hold_s=_seconds(stretch.hold_s),
    )


def _visit(visit: Visit, last: float) -> GroupVisit:
    waiting = visit.outcome is VisitOutcome.WAITING
    return GroupVisit(
        group=visit.group,
        queued_at=utc(visit.queued_at),
        outcome=visit.outcome,
        wait_s=_seconds(last - visit.queued_at if waiting else visit.wait_s),
        agent=visit.agent,
        talk_s=_seconds(visit.talk_s),
        hold_s=_seconds(visit.hold_s),
        wrap_up_s=_seconds(visit.wrap_up_s),
        left_by=visit.left_by,
    )


def _transfer(handover: Handover) -> Transfer:
    return Transfer(
        at=utc(handover.at),
        agent=handover.agent,
        group=handover.group,
        how=handover.how,
        target=handover.target,
        to_group=handover.to_group,
        to_agent=handover.to_agent,
    )


def _seconds(duration_s: float) -> float:
    """Whole milliseconds: Unix seconds as floats carry noise behind the sixth decimal."""
    return round(duration_s, 3)


def _transferred(track: Track, fact: Transferred, at: float) -> None:
    if fact.how != "attended":
        track.transfer(at, fact.agent, fact.how, fact.target)
        return
    consult = Track()
    start = fact.consult[0].at if fact.consult else at
    _walk(consult, fact.consult, start, limit=at)
    track.take_over(at, fact.agent, fact.target, consult)


def _sound_kept(track: Track, fact: SoundKept, at: float) -> None:
    if fact.purpose is SoundPurpose.VOICEMAIL:
        track.leave_message(at, fact.duration_s, fact.group or None)


# What each fact does to the caller's place; Any because each entry takes its own kind of fact.
STEPS: Mapping[type[Fact], Callable[[Track, Any, float], None]] = {
    Arrived: lambda track, fact, _: track.begin(fact.kind),
    FlowEntered: lambda track, _, at: track.listen(at),
    StepTaken: lambda track, _, at: track.go_on(at),
    LanguageChosen: lambda *_: None,
    ConsentSaid: lambda *_: None,
    Scored: lambda track, _, at: track.score(at),
    SoundKept: _sound_kept,
    CallbackWanted: lambda *_: None,
    LeftLine: lambda track, fact, at: track.leave_line(at, fact.how),
    Widened: lambda *_: None,
    Kept: lambda *_: None,
    Unkept: lambda *_: None,
    NotKept: lambda *_: None,
    WaitTakenUp: lambda *_: None,
    PolicyApplied: lambda *_: None,
    Moved: lambda *_: None,
    Prioritised: lambda *_: None,
    Disposed: lambda *_: None,
    Queued: lambda track, fact, at: track.wait(at, fact.group),
    Directed: lambda track, fact, at: track.wait(at, None, fact.agent),
    Offered: lambda track, fact, at: track.ring(at, fact.agent),
    Alerted: lambda *_: None,
    OfferFailed: lambda track, fact, at: track.stop_ring(at, fact.agent, _OFFER_OUTCOMES[fact.failure]),
    Answered: lambda track, fact, at: track.talk(at, fact.agent),
    Held: lambda track, _, at: track.hold(at),
    Resumed: lambda track, _, at: track.resume(at),
    TalkRecorded: lambda *_: None,
    Transferred: _transferred,
    CallerReplaced: lambda *_: None,
    Returned: lambda track, _, at: track.leave(at, SegmentOutcome.LEFT),
    AgentLeft: lambda track, fact, at: track.leave_agent(at, fact.agent, SegmentOutcome.AGENT_HUNG_UP),
    WrapUpStarted: lambda track, fact, at: track.start_wrap_up(at, fact.agent),
    WrapUpExtended: lambda *_: None,
    WrapUpEnded: lambda track, fact, at: track.end_wrap_up(at, fact.agent),
    FellBack: lambda track, fact, at: track.fall_back(at, fact.agent),
    Ended: lambda track, fact, at: track.end(at, fact.by),
    OutsideDialed: lambda track, fact, at: track.dial_out(at, fact.agent),
    OutsideAlerted: lambda *_: None,
    OutsideFailed: lambda track, fact, at: track.stop_dial_out(at, _DIAL_OUTCOMES[fact.failure]),
    OutsideAnswered: lambda track, _, at: track.talk_outside(at),
    OutsideLeft: lambda track, _, at: track.leave_outside(at),
    OutsideRefused: lambda *_: None,
    CallerLimited: lambda *_: None,
    CallbackPlaced: lambda *_: None,
    AgentReserved: lambda *_: None,
    AgentJoined: lambda track, fact, at: track.stop_ring(at, fact.agent, SegmentOutcome.ANSWERED),
    CallbackTried: lambda track, _, at: track.stop_dial_out(at, SegmentOutcome.WITHDRAWN),
}
