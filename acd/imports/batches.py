"""Calls and states on their way into the records, so many at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from acd.core.facts import AgentInterval
from acd.imports.intake import Call

BATCH = 1000
"""Calls, or states of agents, of one transaction."""


class Batches:
    """Gathers calls and states, and has them written, so many at a time.

    `beside`: by a thread, one batch while the next is gathered. It pays where a server does the work; in a
    file it is done here, and two threads would only take Python's lock from each other, row by row. To be
    used in `with`; its end waits for the last batch.
    """

    def __init__(self, write: Callable[[list[Call], list[AgentInterval]], None], *, beside: bool) -> None:
        self._write = write
        self._thread = ThreadPoolExecutor(1, "import") if beside else None
        self._writing: Future[None] | None = None
        self._calls: list[Call] = []
        self._states: list[AgentInterval] = []

    def __enter__(self) -> Batches:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
                self._wait()
        finally:
            if self._thread is not None:
                self._thread.shutdown(wait=True)

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
        if self._thread is None:
            self._write(calls, states)
            return
        self._wait()
        self._writing = self._thread.submit(self._write, calls, states)

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()
