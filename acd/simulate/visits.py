"""What became of a caller in a group: from the facts of the call, as reports see it (`acd.records`).

A visit begins when the caller is queued; its wait ends with an agent's answer, the caller's hang-up, or the
way back into the flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from acd.core.calls import Call
from acd.core.facts import (
    AgentLeft,
    Answered,
    Customer,
    Ended,
    Fact,
    Kept,
    LeftLine,
    Offered,
    Queued,
    Transferred,
    WrapUpEnded,
    WrapUpStarted,
)

_TALK_OVER = frozenset({Ended, AgentLeft, Transferred})


class Outcome(Enum):
    """How a visit ended, or that it did not."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    LEFT = "left"
    WAITING = "waiting"
    CLOSED = "closed"  # came outside of the opening hours


class CallbackOutcome(Enum):
    """What became of the offer of a callback."""

    DECLINED = "declined"
    OPEN = "open"
    DONE = "done"
    FAILED = "failed"  # not reached, as often as it was tried, or not in time
    BY_HAND = "by_hand"  # people have to do it


@dataclass(slots=True)
class OfferedCallback:
    """A callback that a caller was offered; `wait_s`: from then to the talk with an agent, if it came to one.

    `group`: in whose line the caller was.
    """

    group: str
    segment: str
    offered_at: float
    outcome: CallbackOutcome = CallbackOutcome.OPEN
    dials: int = 0
    wait_s: float = 0.0


@dataclass(slots=True)
class Visit:
    """`handle_s` (talk, hold, wrap-up) is None as long as the work goes on; `segment`: the caller's class.

    `kept_for`: the agent for whom alone the caller waited at first. `number`: the caller's.
    """

    call_id: str
    group: str
    segment: str
    queued_at: float
    outcome: Outcome = Outcome.WAITING
    wait_s: float = 0.0
    agent: str = ""
    handle_s: float | None = None
    customer: Customer | None = None
    reasons: tuple[str, ...] = ()
    kept_for: str = ""
    number: str = ""


def visits_of(call: Call) -> list[Visit]:
    """One for each time that the caller came into a line."""
    facts = call.facts
    begins = [place for place, fact in enumerate(facts) if type(fact) is Queued]
    if len(begins) == 1:  # nearly always
        return [_visit(call, facts[begins[0] :])]
    ends = [*begins[1:], len(facts)]
    return [_visit(call, facts[begin:end]) for begin, end in zip(begins, ends, strict=True)]


def _visit(call: Call, facts: Sequence[Fact]) -> Visit:
    queued = facts[0]
    assert isinstance(queued, Queued), call.id
    segment = "" if call.customer is None else call.customer.segment
    visit = Visit(
        call.id, queued.group, segment, queued.at, customer=call.customer, number=call.caller_number
    )
    for place, fact in enumerate(facts):
        kind = type(fact)
        if kind is Offered:
            visit.reasons = fact.reasons  # type: ignore[attr-defined]
        elif kind is Answered:
            visit.outcome, visit.wait_s = Outcome.ANSWERED, fact.at - queued.at
            visit.agent = fact.agent  # type: ignore[attr-defined]
            visit.handle_s = _handle_s(facts[place:])
            return visit
        elif kind is Kept:
            visit.kept_for = fact.agent  # type: ignore[attr-defined]
        elif kind is LeftLine or kind is Ended:
            visit.outcome = Outcome.LEFT if kind is LeftLine else Outcome.ABANDONED
            visit.wait_s = fact.at - queued.at
            return visit
    return visit


def _handle_s(facts: Sequence[Fact]) -> float | None:
    """From the answer on: the talk and the work after it."""
    answered_at, seconds, at_work = facts[0].at, None, 0
    for fact in facts:
        kind = type(fact)
        if seconds is None:
            if kind in _TALK_OVER:
                seconds = fact.at - answered_at
        elif kind is WrapUpStarted:
            seconds, at_work = seconds - fact.at, at_work + 1
        elif kind is WrapUpEnded:
            seconds, at_work = seconds + fact.at, at_work - 1
    return None if at_work else seconds
