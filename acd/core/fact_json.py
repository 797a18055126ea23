"""Facts as JSON: for the mirror of live state and for the record store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
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
    Customer,
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
    DialFailure,
    OutsideAlerted,
    OutsideAnswered,
    OutsideDialed,
    OutsideFailed,
    OutsideLeft,
    OutsideRefused,
)

FACT_TYPES: Mapping[str, type[Fact]] = {
    t.__name__: t
    for t in (
        Arrived, FlowEntered, StepTaken, LanguageChosen, Scored, SoundKept, ConsentSaid,
        CallbackWanted, Queued, LeftLine, Widened, Kept, Unkept, NotKept, WaitTakenUp, PolicyApplied,
        Moved, Prioritised, Disposed, CallerLimited,
        Directed, Offered, Alerted, OfferFailed, Answered, Held, Resumed, Transferred, CallerReplaced,
        TalkRecorded,
        Returned, AgentLeft, WrapUpStarted, WrapUpExtended, WrapUpEnded, FellBack, Ended, OutsideDialed,
        OutsideAlerted, OutsideFailed, OutsideAnswered, OutsideLeft, OutsideRefused,
        CallbackPlaced, AgentReserved, AgentJoined, CallbackTried,
    )
}  # fmt: skip


# Fields that facts on record may lack, since they came later. Left out while they say nothing: so a fact that
# is told again is the same as the one on record.
_CAME_LATER = {"LeftLine": ("key",)}
_FIELDS = {name: tuple(f.name for f in fields(kind)) for name, kind in FACT_TYPES.items()}


def fact_to_dict(fact: Fact) -> dict[str, Any]:
    """Plain JSON-ready form, with the type's name under 'fact'."""
    # Not asdict(): it copies deeply, and this runs for every fact at every change of a call.
    data: dict[str, Any] = {name: getattr(fact, name) for name in _FIELDS[type(fact).__name__]}
    for name in _CAME_LATER.get(type(fact).__name__, ()):
        if not data[name]:
            del data[name]
    if isinstance(fact, Arrived) and fact.customer is not None:
        data["customer"] = asdict(fact.customer)
    elif isinstance(fact, Transferred):
        data["consult"] = [fact_to_dict(f) for f in fact.consult]
    return {"fact": type(fact).__name__, **data}


def fact_from_dict(data: Mapping[str, Any]) -> Fact:
    """The inverse of `fact_to_dict`. Raises KeyError or TypeError on a foreign shape."""
    values = dict(data)
    kind = FACT_TYPES[values.pop("fact")]
    if kind is Arrived:
        values["kind"] = CallKind(values["kind"])
        if values.get("customer") is not None:
            values["customer"] = Customer(**values["customer"])
    elif kind in (Offered, AgentReserved):
        values["reasons"] = tuple(values["reasons"])
    elif kind is OfferFailed:
        values["failure"] = OfferFailure(values["failure"])
    elif kind is OutsideFailed:
        values["failure"] = DialFailure(values["failure"])
    elif kind is Transferred:
        values["consult"] = tuple(fact_from_dict(f) for f in values["consult"])
    elif kind is LeftLine:
        values["how"] = LeftBy(values["how"])
    elif kind is SoundKept:
        values["purpose"] = SoundPurpose(values["purpose"])
    elif kind is WrapUpEnded:
        values["how"] = WrapUpEnd(values.get("how", WrapUpEnd.UNKNOWN))
    elif kind is TalkRecorded:
        values["step"] = RecordingStep(values["step"])
    elif kind is Ended:
        values["by"] = EndedBy(values["by"])
    return kind(**values)
