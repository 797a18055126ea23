"""Callbacks on record, in the form that simulations take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from acd.core.callback_facts import CallbackPlaced, CallbackTried
from acd.core.facts import Answered, CallbackWanted, CallKind, Fact, LeftLine
from acd.records.record import CallRecord
from acd.simulate.scenario import CallbackHabits
from acd.simulate.visits import CallbackOutcome, OfferedCallback


def wants_callback(facts: Sequence[Fact]) -> bool | None:
    """None where the caller was not asked."""
    if any(isinstance(fact, CallbackWanted) for fact in facts):
        return True
    return False if any(_offers_callback(fact) for fact in facts) else None


def _offers_callback(fact: Fact) -> bool:
    return isinstance(fact, LeftLine) and fact.exit in CallbackHabits().exits


def offers_of(records: Iterable[CallRecord], begin: float) -> Iterator[OfferedCallback]:
    """What became of each that was offered, or asked for."""
    tried = {fact.of_call: r for r in records for fact in r.facts if isinstance(fact, CallbackPlaced)}
    for record in records:
        if record.kind is not CallKind.INBOUND:
            continue
        for fact in record.facts:
            if isinstance(fact, CallbackWanted):
                offered = OfferedCallback(fact.group, record.customer_segment or "", fact.at - begin)
                yield _become(offered, tried.get(record.call_id))
            elif isinstance(fact, LeftLine) and _offers_callback(fact) and not _wanted_from(record, fact.at):
                at, segment = fact.at - begin, record.customer_segment or ""
                yield OfferedCallback(fact.group, segment, at, CallbackOutcome.DECLINED)


def _wanted_from(record: CallRecord, at: float) -> bool:
    return any(isinstance(fact, CallbackWanted) and fact.at >= at for fact in record.facts)


def _become(offered: OfferedCallback, entry: CallRecord | None) -> OfferedCallback:
    """`entry` None: it did not stand in line, or does still."""
    if entry is None:
        return replace(offered, outcome=CallbackOutcome.BY_HAND)
    answered_at = next((fact.at for fact in entry.facts if isinstance(fact, Answered)), None)
    placed_at = next(fact.at for fact in entry.facts if isinstance(fact, CallbackPlaced))
    dials = sum(isinstance(fact, CallbackTried) for fact in entry.facts) + (answered_at is not None)
    if answered_at is None:
        return replace(offered, outcome=CallbackOutcome.FAILED, dials=dials)
    return replace(offered, outcome=CallbackOutcome.DONE, dials=dials, wait_s=answered_at - placed_at)


def habits_of(offered: Sequence[OfferedCallback]) -> CallbackHabits:
    """How often customers answered, and wanted one at all; what is usual where nothing is on record."""
    usual = CallbackHabits()
    wanted = sum(one.outcome is not CallbackOutcome.DECLINED for one in offered)
    done = sum(one.outcome is CallbackOutcome.DONE for one in offered)
    dials = sum(one.dials for one in offered)
    return replace(
        usual,
        accept=wanted / len(offered) if offered else usual.accept,
        reached=done / dials if dials else usual.reached,
    )
