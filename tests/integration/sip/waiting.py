"""Waiting for something to happen, without sleeping: a bell that whoever changes something rings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
LOOK_S = 0.5
STOOD_STILL_S = 0.25
"""A wake that comes so much too late: this process had no processor, nor perhaps what it waits for."""


class WaitedTooLong(AssertionError):
    """What a test waited for did not happen within its limit."""


class Bell:
    """Wakes everybody who waits for a condition, so that they look again."""

    def __init__(self) -> None:
        self._sleepers: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Something has changed: every waiting condition is tried again."""
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        self._sleepers.clear()

    async def until(self, condition: Callable[[], Found | None], limit_s: float, what: str) -> Found:
        """Wait until `condition` gives something true and return it.

        Raises WaitedTooLong, naming `what`, after `limit_s` seconds, of which those in which this process
        stood still are none: what came meanwhile has not been read yet.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limit_s
        while True:
            found = condition()
            if found:
                return found
            began = loop.time()
            if began >= deadline:
                raise WaitedTooLong(f"waited {limit_s:g} s for {what}")
            look_s = min(LOOK_S, deadline - began)
            sleeper: asyncio.Future[None] = loop.create_future()
            self._sleepers.add(sleeper)
            try:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(sleeper, look_s)
            finally:
                self._sleepers.discard(sleeper)
            took_s = loop.time() - began
            deadline += took_s if took_s > look_s + STOOD_STILL_S else 0.0
