"""Who may work at something dear now: a few at a time, and not all of them for one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from acd.web.refusal import Refusal

AT_ONCE = 2
EACH_MAX = 4
ALL_MAX = 20


class Turns:
    """`AT_ONCE` work, the others wait for their turn: `EACH_MAX` of one asker, `ALL_MAX` in all."""

    def __init__(self) -> None:
        self._working = asyncio.Semaphore(AT_ONCE)
        self._there: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, asker: str) -> AsyncIterator[None]:
        """Raises Refusal, 429, where too many are there already."""
        if self._there[asker] >= EACH_MAX or self._there.total() >= ALL_MAX:
            text = "so many reports are being worked out that this one would wait too long"
            raise Refusal(429, "too-many-reports", text, headers={"Retry-After": "5"})
        self._there[asker] += 1
        try:
            async with self._working:
                yield
        finally:
            self._there[asker] -= 1
            if not self._there[asker]:
                del self._there[asker]
