"""What was told in error of a call that was taken for lost with its node, which lived; docs/adr/0054."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from acd.core.facts import (
    Disposed,
    Ended,
    EndedBy,
    Fact,
    OfferFailed,
    OfferFailure,
    RecordingStep,
    Returned,
    SoundKept,
    TalkRecorded,
    WrapUpEnded,
    WrapUpExtended,
    WrapUpStarted,
)
from acd.core.placed import merged

AFTERWARDS = (WrapUpStarted, WrapUpExtended, WrapUpEnded, SoundKept, Disposed)
"""What may follow the end of a call."""


def loss_of(facts: Sequence[Fact]) -> slice | None:
    """Where the loss is with which they end, but for what may follow an end; None: they do not end with one.

    The end itself, and what ended with it at the same moment: a ring, a recording.
    """
    over = len(facts)
    while over and isinstance(facts[over - 1], AFTERWARDS):
        over -= 1
    last = facts[over - 1] if over > 1 else None
    if not isinstance(last, Ended) or last.by is not EndedBy.NODE:
        return None
    begun = over - 1
    while begun > 1 and facts[begun - 1].at == last.at and _ends_with_it(facts[begun - 1]):
        begun -= 1
    return slice(begun, over)


def _ends_with_it(fact: Fact) -> bool:
    if isinstance(fact, OfferFailed):
        return fact.failure is OfferFailure.WITHDRAWN
    return isinstance(fact, TalkRecorded) and fact.step is RecordingStep.ENDED


def without_false_losses(facts: Sequence[Fact]) -> Sequence[Fact]:
    """Without each loss that had not been, and the word that takes it back.

    What came before the loss, and was heard of after it, follows that word with its own, earlier, time;
    after-call work that began with the loss comes where it belongs by its time. A call that was found to go
    on comes back later than it was lost: nobody knows of the time between, so both stay.
    """
    if not any(isinstance(fact, Returned) for fact in facts):
        return facts
    kept, after = list[Fact](), list[Fact]()
    for fact in facts:
        if not isinstance(fact, Returned) or not _take_back(kept, after, fact.at):
            kept.append(fact)
    return merged((kept, after), attrgetter("at")) if after else kept


def _take_back(kept: list[Fact], after: list[Fact], at: float) -> bool:
    """Whether all that is to be taken back then was false: two controllers may each have told of a loss."""
    is_false = False
    while (loss := loss_of(kept)) is not None and at < kept[loss.stop - 1].at:
        after[:0] = kept[loss.stop :]
        del kept[loss.start :]
        is_false = True
    return is_false and loss is None
