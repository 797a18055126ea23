"""Calls and states on their way into the records, so many at once."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence

from acd.core.facts import AgentInterval
from acd.imports.intake import Call, Head, Intake
from acd.imports.writer_process import WriterProcess

BATCH = 1000
"""Calls, or states of agents, of one transaction."""
FEW = 5
"""So many batches are written here: a process of its own takes as long to start."""
AT_ONCE = 2
"""Batches that the other process has been given and has not answered."""


class Batches:
    """Gathers calls and states, and has them written, so many at a time.

    Many are written by a process of its own, one batch while the next is gathered, folded and made ready,
    which takes about as long. To be used in `with`; its end waits for the last batch.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._few = FEW
        self._writer: WriterProcess | None = None
        self._under_way: deque[Sequence[Head]] = deque()
        self._calls: list[Call] = []
        self._states: list[AgentInterval] = []

    def __enter__(self) -> Batches:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
                self._count(at_most=0)
        finally:
            if self._writer is not None:
                self._writer.close()

    def add(self, call: Call) -> None:
        """One more. Raises what the writing of an earlier batch raised."""
        self._calls.append(call)
        if len(self._calls) >= BATCH:
            self._flush()

    def add_states(self, states: list[AgentInterval]) -> None:
        """Some more. Raises what the writing of an earlier batch raised."""
        self._states += states
        if len(self._states) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        calls, self._calls = self._calls, []
        states, self._states = self._states, []
        if not calls and not states:
            return
        if self._few > 0 or self._intake.engine is None or not _has_processors():
            self._few -= 1
            self._intake.add(calls, states)
            return
        if self._writer is None:
            self._writer = WriterProcess(self._intake.engine.url)
        batch, heads = self._intake.ready(calls, states)
        self._writer.send(batch)
        self._under_way.append(heads)
        self._count(at_most=AT_ONCE - 1)

    def _count(self, at_most: int) -> None:
        """Take answers until so many are under way."""
        while self._writer is not None and len(self._under_way) > at_most:
            written = self._writer.answer()
            self._intake.count(written, self._under_way.popleft())


def _has_processors() -> bool:
    return len(os.sched_getaffinity(0)) > 1
