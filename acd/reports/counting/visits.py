"""Counts visits, rings and transfers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from acd.core.facts import CallKind
from acd.reports.counting.rows import RingRow, TransferRow, VisitRow
from acd.reports.counting.tally import Key, Tally
from acd.reports.measures import ABANDONED, ANSWERED, LEFT, TRANSFERRED_IN, WAITING

_OUTCOMES = frozenset({ANSWERED, ABANDONED, LEFT, WAITING})
OURS = "acd"
"""The origin of calls that the controller itself knows of."""


def count_visits(rows: Iterable[VisitRow], place: Callable[[datetime], int], key: Key) -> Tally:
    """Inbound ones, where they were offered; of others only how many there were, as `own_calls`.

    Whoever was taken over from a colleague has not been offered: such a visit counts as work alone.
    """
    tally = Tally()
    for row in rows:
        cell = tally.at((place(row.at), key(row), row.group))
        if row.kind != CallKind.INBOUND:
            cell.add("own_calls")
            continue
        if row.outcome == TRANSFERRED_IN:
            cell.add(TRANSFERRED_IN)
        else:
            cell.add("offered")
        if row.origin != OURS:
            cell.add("other_sources")
        if row.outcome in _OUTCOMES:  # one that is not makes the identity fail, and is seen
            cell.wait(row.outcome, round(row.wait_s * 1000))
        if row.outcome in (ANSWERED, TRANSFERRED_IN):
            cell.add("talk_us", round(row.talk_s * 1e6))
            cell.add("hold_us", round(row.hold_s * 1e6))
            cell.add("acw_us", round(row.wrap_up_s * 1e6))
    return tally


def count_rings(rows: Iterable[RingRow], place: Callable[[datetime], int], key: Key) -> Tally:
    """By outcome, where they began."""
    tally = Tally()
    for row in rows:
        cell = tally.at((place(row.at), key(row), row.group))
        cell.add("rings")
        cell.add(f"ring:{row.outcome}")
    return tally


def count_transfers(rows: Iterable[TransferRow], place: Callable[[datetime], int], key: Key) -> Tally:
    """By kind, where they happened; `group_transfers`: those of callers who had come through a group."""
    tally = Tally()
    for row in rows:
        cell = tally.at((place(row.at), key(row), row.group))
        cell.add(f"transfers_{row.how}")
        if row.group is not None:
            cell.add("group_transfers")
    return tally
