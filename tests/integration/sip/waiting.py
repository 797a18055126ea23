"""Waiting for something to happen, without sleeping: a bell that whoever changes something rings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


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

        Raises WaitedTooLong, naming `what`, after `limit_s` seconds.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + limit_s
        while True:
            found = condition()
            if found:
                return found
            sleeper: asyncio.Future[None] = loop.create_future()
            self._sleepers.add(sleeper)
            try:
                await asyncio.wait_for(sleeper, max(0.0, deadline - loop.time()))
            except TimeoutError:
                raise WaitedTooLong(f"waited {limit_s:g} s for {what}") from None
            finally:
                self._sleepers.discard(sleeper)
