"""The routing decisions in a call's history, each with its reasons. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from acd.core.facts import (
    Answered,
    Directed,
    Fact,
    FellBack,
    Kept,
    LeftLine,
    Moved,
    Offered,
    OfferFailed,
    PolicyApplied,
    Prioritised,
    Queued,
    Transferred,
    Unkept,
    Widened,
)
from acd.records.fold import utc
from acd.records.story import in_words, printable, since

_DECIDING = (
    Queued,
    Kept,
    Unkept,
    Widened,
    PolicyApplied,
    Moved,
    Prioritised,
    Directed,
    Offered,
    OfferFailed,
    Answered,
    LeftLine,
    FellBack,
    Transferred,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided (or came of it), `at` in Unix time, and why: lines for people."""

    at: float
    what: str
    reasons: tuple[str, ...] = ()


def decisions(facts: Sequence[Fact]) -> list[Decision]:
    """In order; those of a consultation before its transfer are among them. Safe to print."""
    return sorted(_decisions(facts), key=lambda decision: decision.at)


def _decisions(facts: Sequence[Fact]) -> Iterator[Decision]:
    for fact in facts:
        if isinstance(fact, Transferred):
            yield from _decisions(fact.consult)
        if isinstance(fact, _DECIDING):
            reasons = fact.reasons if isinstance(fact, Offered) else ()
            yield Decision(fact.at, printable(in_words(fact)), tuple(map(printable, reasons)))


def decision_lines(call_id: str, facts: Sequence[Fact], tz: ZoneInfo) -> list[str]:
    """A heading, then `time  +since the start  what was decided`, each followed by its reasons."""
    start = facts[0].at
    found = decisions(facts)
    lines = [f"Call {printable(call_id)}, {utc(start).astimezone(tz):%Y-%m-%d} ({tz.key})"]
    for decision in found:
        stamp = f"{utc(decision.at).astimezone(tz):%H:%M:%S}  {since(decision.at - start):>8}  "
        lines.append(stamp + decision.what)
        lines += [" " * (len(stamp) + 2) + reason for reason in decision.reasons]
    return lines if found else [*lines, "nothing was routed: the call was for no group and for no agent"]
