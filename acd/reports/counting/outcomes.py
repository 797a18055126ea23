"""Counts callers' scores, agents' dispositions, and wishes to be called back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from acd.records.tasks import TaskState
from acd.reports.counting.rows import CallbackRow, DispositionRow, ScoreRow
from acd.reports.counting.tally import Key, Tally
from acd.reports.measures import SCORE

_CALLBACK_ENDS = {
    TaskState.DONE.value: "callbacks_done",
    TaskState.FAILED.value: "callbacks_failed",
    TaskState.EXPIRED.value: "callbacks_failed",
    TaskState.CANCELLED.value: "callbacks_cancelled",
}


def count_scores(rows: Iterable[ScoreRow], place: Callable[[datetime], int], key: Key) -> Tally:
    """How often each score was given, where it was."""
    tally = Tally()
    for row in rows:
        cell = tally.at((place(row.at), key(row), row.group))
        cell.add("survey_answers")
        cell.add(f"{SCORE}{row.score}")
    return tally


def count_dispositions(rows: Iterable[DispositionRow], place: Callable[[datetime], int], key: Key) -> Tally:
    """Where they were recorded."""
    tally = Tally()
    for row in rows:
        cell = tally.at((place(row.at), key(row), row.group))
        cell.add("dispositions")
        if row.complaint:
            cell.add("complaints")
    return tally


def count_callbacks(rows: Iterable[CallbackRow], place: Callable[[datetime], int], key: Key) -> Tally:
    """Where they were asked for, by what has become of them."""
    tally = Tally()
    for row in rows:
        cell = tally.at((place(row.at), key(row), row.group))
        cell.add("callbacks")
        cell.add(callback_end(row))
    return tally


def callback_end(row: CallbackRow) -> str:
    """The name of the sum that it counts in."""
    return _CALLBACK_ENDS.get(row.state or "", "callbacks_open")
