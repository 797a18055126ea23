"""What the writer of records is given, and where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from acd.core.callback_facts import CallbackNote
from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, CallbackOrder
from acd.records.record import CallRecord

Item: TypeAlias = CallRecord | AgentInterval | CallbackOrder | CallbackNote | Disposition


class Sink(Protocol):
    """What the writer needs of a `RecordStore`."""

    def save_calls(self, records: Sequence[CallRecord]) -> None:
        """Write calls, replacing earlier versions; called in a thread."""

    def add_calls(self, records: Sequence[CallRecord]) -> None:
        """Write calls that are not on record yet; called in a thread."""

    def save_intervals(self, intervals: Sequence[AgentInterval]) -> None:
        """Write agent states; called in a thread."""

    def add_callbacks(self, orders: Sequence[CallbackOrder]) -> None:
        """Write wishes to be called back that are not on record yet; called in a thread."""

    def note_callbacks(self, notes: Sequence[CallbackNote]) -> None:
        """Add to the histories of wishes on record what is not there yet; called in a thread."""

    def save_dispositions(self, told: Sequence[Disposition]) -> None:
        """Write what agents recorded of calls; called in a thread."""

    def look(self) -> None:
        """Ask the database for nothing in particular; called in a thread."""


def name_of(item: Item) -> str:
    """As the log names it."""
    if isinstance(item, CallRecord):
        return f"call {item.call_id}"
    if isinstance(item, CallbackOrder):
        return f"callback of call {item.call_id}"
    if isinstance(item, CallbackNote):
        return f"what became of callback {item.callback}"
    if isinstance(item, Disposition):
        return f"what {item.agent} recorded of call {item.call_id}"
    return f"state of {item.agent} since {item.since}"
