"""Counts calls, steps of flows, and what went on at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from acd.core.facts import EndedBy
from acd.records.flow_steps import HUNG_UP
from acd.reports.buckets import Buckets, microseconds
from acd.reports.counting.rows import CallRow, StepRow, StretchRow
from acd.reports.counting.tally import Key, Tally

PEAKS = {"calls": "peak_calls", "waiting": "peak_waiting", "talking": "peak_talking"}

LONGEST_CALL = timedelta(days=1)
_LONGEST_US = int(LONGEST_CALL.total_seconds() * 1e6)


def count_calls(
    rows: Iterable[CallRow], place: Callable[[datetime], int], key: Key, now: datetime, fcr_days: float
) -> Tally:
    """Inbound calls where they began; `now` and `fcr_days` say which of them a repeat can still follow."""
    tally = Tally()
    within = timedelta(days=fcr_days)
    for row in rows:
        cell = tally.at((place(row.at), key(row), None))
        for name in flags_of(row, now, within):
            cell.add(name)
    return tally


def flags_of(row: CallRow, now: datetime, fcr_within: timedelta) -> list[str]:
    """What the call counts as, by the names of sums."""
    found = ["calls"]
    if row.answered_at is not None:
        found.append("calls_answered")
        if row.contact:
            found += _contact(row, now, fcr_within)
    if row.flow is not None:
        found.append("ivr_calls")
        if row.ended_at is not None and not row.reached and row.answered_at is None:
            found.append("ivr_contained")
            found += _HOW_CONTAINED.get(row.ended_by or "", ["ivr_ended_otherwise"])
    return found


_HOW_CONTAINED = {EndedBy.CALLER.value: ["ivr_dropped"], EndedBy.SYSTEM.value: ["ivr_completed"]}


def _contact(row: CallRow, now: datetime, within: timedelta) -> list[str]:
    if row.at + within > now:
        return ["contacts_too_new"]
    if row.next_at is not None and row.next_at <= row.at + within:
        return ["contacts"]
    return ["contacts", "contacts_resolved"]


def count_steps(rows: Iterable[StepRow], place: Callable[[datetime], int], key: Key) -> Tally:
    """Steps where they were left."""
    tally = Tally()
    for row in rows:
        cell = tally.at((place(row.at), key(row), None))
        cell.add("step_visits")
        if row.arrow == HUNG_UP:
            cell.add("step_dropped")
    return tally


def count_peaks(rows: Iterable[StretchRow], buckets: Buckets) -> Tally:
    """The most at any moment of each interval, what began before it included.

    What ends in the moment in which something else begins is over by then. Nothing counts for longer than
    LONGEST_CALL, so that it is the same from whenever the rows are read.
    """
    changes: dict[str, list[tuple[int, int]]] = {kind: [] for kind in PEAKS}
    first, last = buckets.borders[0], buckets.borders[-1]
    for row in rows:
        begin = max(microseconds(row.at), first)
        over = microseconds(row.at) + _LONGEST_US
        end = min(over, last, over if row.until is None else microseconds(row.until))
        if begin < end:
            changes[row.kind] += ((begin, 1), (end, -1))
    tally = Tally()
    for kind, name in PEAKS.items():
        for bucket, most in enumerate(_most_at_once(sorted(changes[kind]), buckets)):
            tally.at((bucket, "", None)).most(name, most)
    return tally


def _most_at_once(changes: Iterable[tuple[int, int]], buckets: Buckets) -> list[int]:
    """`changes` in order, an end before a begin of the same moment."""
    most, level, bucket = [0] * len(buckets), 0, 0
    for at, change in changes:
        while (at, change) > (buckets.borders[bucket + 1], 0):
            bucket += 1
            most[bucket] = level
        level += change
        most[bucket] = max(most[bucket], level)
    return most[: bucket + 1] + [level] * (len(most) - bucket - 1)
