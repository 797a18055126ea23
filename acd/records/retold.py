"""Facts of a call as they were, where one was told in error: its node was taken for dead, and lived."""

from __future__ import annotations

from collections.abc import Sequence

from acd.core.facts import Ended, EndedBy, Fact, Returned


def without_false_losses(facts: Sequence[Fact]) -> Sequence[Fact]:
    """Without each loss that had not been, and the word that takes it back.

    What came before the loss, and was heard of after it, follows that word with its own, earlier, time. A
    call that was found to go on comes back later than it was lost: nobody knows of the time between, so both
    stay.
    """
    if not any(isinstance(fact, Returned) for fact in facts):
        return facts
    kept: list[Fact] = []
    for fact in facts:
        last = kept[-1] if kept else None
        is_loss = isinstance(last, Ended) and last.by is EndedBy.NODE
        if is_loss and last is not None and isinstance(fact, Returned) and fact.at < last.at:
            kept.pop()
        else:
            kept.append(fact)
    return kept
