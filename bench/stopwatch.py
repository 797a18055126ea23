"""Whose processor time it is: the time of one event loop's thread, told apart by parts of a program.

A part begins where a function of it is called (`of`), and goes along with what that function sets off: its
tasks, its timers, its connections. A part within a part is counted there alone. What no part has is the
loop's.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
LOOP = "loop"
_part: ContextVar[str] = ContextVar("part", default=LOOP)


class Stopwatch:
    """`spent_ns`: of each part so far. `in_threads` are parts of other threads, beside the loop's.

    `longest`: the milliseconds of processor time of the longest turn of the loop, by whose part it was.
    """

    def __init__(self) -> None:
        self.spent_ns: Counter[str] = Counter()
        self.in_threads: Counter[str] = Counter()
        self.longest: dict[str, float] = {}
        self._now = LOOP
        self._since = time.thread_time_ns()

    def watch_the_loop(self) -> None:
        """From here on callbacks of the event loop count for the part that set them off."""
        run = asyncio.Handle._run

        @wraps(run)
        def counted(handle: Any) -> None:
            name, began = handle._context.get(_part, LOOP), time.thread_time()
            before = self._enter(name)
            try:
                run(handle)
            finally:
                self._enter(before)
                took_ms = (time.thread_time() - began) * 1000
                self.longest[name] = max(took_ms, self.longest.get(name, 0.0))

        asyncio.Handle._run = counted  # type: ignore[method-assign,assignment]

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What is called or begun within is this part's."""
        before, token = self._enter(name), _part.set(name)
        try:
            yield
        finally:
            _part.reset(token)
            self._enter(before)

    def of(self, name: str, function: F) -> F:
        """The function, as this part's."""

        @wraps(function)
        def counted(*arguments: Any, **named: Any) -> Any:
            before, token = self._enter(name), _part.set(name)
            try:
                return function(*arguments, **named)
            finally:
                _part.reset(token)
                self._enter(before)

        return counted  # type: ignore[return-value]

    def in_thread(self, name: str, function: F) -> F:
        """The function, which is called in another thread."""

        @wraps(function)
        def counted(*arguments: Any, **named: Any) -> Any:
            began = time.thread_time_ns()
            try:
                return function(*arguments, **named)
            finally:
                self.in_threads[name] += time.thread_time_ns() - began

        return counted  # type: ignore[return-value]

    def read_ms(self) -> dict[str, float]:
        """Milliseconds so far, by part."""
        self._enter(self._now)
        return {name: ns / 1e6 for name, ns in (self.spent_ns + self.in_threads).items()}

    def _enter(self, name: str) -> str:
        now = time.thread_time_ns()
        before = self._now
        self.spent_ns[before] += now - self._since
        self._since, self._now = now, name
        return before
