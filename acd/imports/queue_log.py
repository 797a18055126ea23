"""`acd import queue_log`: files of it into the records, in batches, with little memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from acd.core.facts import AgentInterval
from acd.imports.files import Files
from acd.imports.intake import Call, Intake
from acd.imports.queue_history import LOOK_EVERY, QueueHistory
from acd.queue_log.line import BadLine, read

BATCH = 1000
"""Calls, or states of agents, of one transaction."""


def time_of(raw: bytes) -> int | None:
    """That of a line; None for what is no line."""
    try:
        return read(raw.decode("utf-8", "replace").rstrip("\r\n")).at
    except BadLine:
        return None


def run(
    files: Files,
    history: QueueHistory,
    intake: Intake,
    encoding: str,
    on_batch: Callable[[], None] = lambda: None,
) -> None:
    """All lines of the files. Raises OperatorError, and SQLAlchemy's errors.

    `on_batch` is called when a batch is safe: what is interrupted is done again, and finds it on record.
    """
    calls: list[Call] = []
    states: list[AgentInterval] = []
    for count, (place, raw) in enumerate(files.lines(), start=1):
        history.feed(raw, place, encoding)
        if count % LOOK_EVERY == 0:
            calls += history.over()
            states += history.intervals()
            if len(calls) >= BATCH or len(states) >= BATCH:
                intake.add(calls, states)
                calls, states = [], []
                on_batch()
    for rest in itertools.chain(history.rest()):
        calls.append(rest)
        if len(calls) >= BATCH:
            intake.add(calls, [])
            calls = []
    intake.add(calls, [*states, *history.intervals()])
    on_batch()
