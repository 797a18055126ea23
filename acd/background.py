"""Work that is begun and that nobody waits for: it is kept until it ends, and a failure of it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Background:
    """The tasks of one owner. `failure` is what the log says of one that fails.

    Errors of the kinds `expected` are part of the business, and told for whoever debugs only.
    """

    def __init__(self, failure: str, expected: tuple[type[BaseException], ...] = ()) -> None:
        self._failure = failure
        self._expected = expected
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let it run beside everything else."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, self._expected):
            log.debug(self._failure, reason=str(error))
        else:
            log.error(self._failure, exc_info=error)

    async def ended(self) -> None:
        """Wait until all of it has; raises what a part of it raises."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Nothing of it goes on."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
