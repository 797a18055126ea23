"""Passwords are checked few at a time: each takes the processor for a while, and 19 MiB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from acd.web.refusal import away

AT_ONCE = 2
WAITING_MAX = 50


class Guesses:
    """Who comes when too many wait already is sent away, so that a flood of guesses costs others nothing."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._there = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn. Raises Refusal, 503, when too many do."""
        if self._there >= WAITING_MAX:
            raise away("busy", "too many are signing in at this moment")
        self._there += 1
        try:
            async with self._turns:
                yield
        finally:
            self._there -= 1
