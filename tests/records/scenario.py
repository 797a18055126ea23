"""Calls as text: facts one a line, in seconds since the call began, and records shown the same way.

0   arrived 5550100 8000
0   flow main
7   queued sales
9   offered anna
20  | arrived …           a line with a bar belongs to the consultation of …
30  attended anna c2      … the next attended transfer
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from acd.core import facts, outside_facts
from acd.core.facts import CallKind, Customer, EndedBy, Fact, LeftBy, OfferFailure, SoundPurpose
from acd.core.outside_facts import DialFailure
from acd.records.fold import utc
from acd.records.record import CallRecord

START = 1_763_805_600.0  # 2025-11-22 10:00:00 UTC


def facts_of(text: str) -> list[Fact]:
    """The facts that the lines tell."""
    result: list[Fact] = []
    consult: list[Fact] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        seconds, word, *rest = line.split()
        at = START + float(seconds)
        if word == "|":
            consult.append(_MAKERS[rest[0]](at, *rest[1:]))
        elif word == "attended":
            result.append(facts.Transferred(at, rest[0], rest[1], "attended", tuple(consult)))
            consult = []
        else:
            result.append(_MAKERS[word](at, *rest))
    assert not consult, "a consultation without its transfer"
    return result


def segments_of(record: CallRecord) -> list[str]:
    """`kind begin-end group agent outcome`, with `hold=…` where there was one."""
    return [
        f"{s.kind} {_span(s.started_at, s.ended_at)} {s.group or '-'} {s.agent or '-'} {s.outcome}"
        + (f" hold={s.hold_s:g}" if s.hold_s else "")
        for s in record.segments
    ]


def visits_of(record: CallRecord) -> list[str]:
    """`group @queued outcome agent wait=…`, with those of talk, hold and wrap that are not zero."""
    return [
        f"{v.group} @{_offset(v.queued_at):g} {v.outcome} {v.agent or '-'} wait={v.wait_s:g}"
        + (f" by={v.left_by}" if v.left_by else "")
        + (f" talk={v.talk_s:g}" if v.talk_s else "")
        + (f" hold={v.hold_s:g}" if v.hold_s else "")
        + (f" wrap={v.wrap_up_s:g}" if v.wrap_up_s else "")
        for v in record.visits
    ]


def lines(text: str) -> list[str]:
    """The lines of a table, with single spaces."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _span(begin: datetime, end: datetime | None) -> str:
    return f"{_offset(begin):g}-" + ("" if end is None else f"{_offset(end):g}")


def _offset(moment: datetime) -> float:
    return (moment - utc(START)).total_seconds()


def _arrived(at: float, caller: str, dialed: str, kind: str = "inbound", agent: str | None = None) -> Fact:
    customer = Customer("k7", "王芳", "gold") if caller == "5550100" else None
    return facts.Arrived(at, CallKind(kind), caller, "W. Fang", dialed, customer, agent)


_MAKERS: dict[str, Callable[..., Fact]] = {
    "arrived": _arrived,
    "flow": facts.FlowEntered,
    "step": lambda at, step, arrow, to="": facts.StepTaken(
        at, step.split("/")[0], "v1", step.split("/")[1], arrow.replace("_", " "), to
    ),
    "language": facts.LanguageChosen,
    "scored": lambda at, question, score: facts.Scored(at, "main/survey", question, int(score)),
    "voicemail": lambda at, name, group: facts.SoundKept(at, name, 4.5, SoundPurpose.VOICEMAIL, group),
    "recorded": lambda at, name: facts.SoundKept(at, name, 2.5, SoundPurpose.RECORD),
    "callback": lambda at, group, number: facts.CallbackWanted(at, group, number, "en"),
    "leftline": lambda at, group, how, key="": facts.LeftLine(at, group, LeftBy(how), key=key),
    "queued": facts.Queued,
    "directed": facts.Directed,
    "offered": lambda at, agent: facts.Offered(
        at, agent, "1001", (f"{agent} idle longest", "ben passed over")
    ),
    "alerted": facts.Alerted,
    "failed": lambda at, agent, failure: facts.OfferFailed(at, agent, OfferFailure(failure)),
    "answered": facts.Answered,
    "held": facts.Held,
    "resumed": facts.Resumed,
    "blind": lambda at, agent, target: facts.Transferred(at, agent, target, "blind"),
    "replaced": facts.CallerReplaced,
    "returned": facts.Returned,
    "left": facts.AgentLeft,
    "wrap": facts.WrapUpStarted,
    "wrapped": facts.WrapUpEnded,
    "fellback": facts.FellBack,
    "dialled": lambda at, agent, number: _arrived(at, "1001", number, "outbound", agent),
    "outside": lambda at, trunk, agent: outside_facts.OutsideDialed(at, "+4930123", trunk, agent, "+4930100"),
    "outside_failed": lambda at, trunk, failure: outside_facts.OutsideFailed(
        at, trunk, DialFailure(failure), "SIP 503"
    ),
    "outside_answered": outside_facts.OutsideAnswered,
    "outside_left": outside_facts.OutsideLeft,
    "ended": lambda at, by, reason="": facts.Ended(at, EndedBy(by), reason),
}
