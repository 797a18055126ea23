"""Requests that wait for Asterisk: one at a time for each who asks, and until the engine has heard of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from acd.background import Background
from acd.errors import RequestRefused, TelephonyError

LIMIT_S = 3.0


class Turns:
    """`heard` is called whenever the engine has heard something; `late` is what nobody waits for any more."""

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._news = asyncio.Event()
        self.late = Background("an order came to nothing", (RequestRefused, TelephonyError, TimeoutError))

    async def alone(
        self, who: str, work: Awaitable[None], *, more_s: float = 0.0, late_s: float = 0.0
    ) -> None:
        """Do it, unless a request of the same one is still being carried out; within LIMIT_S and `more_s`.

        With `late_s` the work itself goes on for so much longer when nobody waits any more. Raises
        RequestRefused: `busy`, `not-confirmed`, `not-done`, or what the work raises.
        """
        if who in self._busy:
            if asyncio.iscoroutine(work):
                work.close()
            raise RequestRefused("busy", f"{who}'s last request is still being carried out")
        limit_s = LIMIT_S + more_s
        self._busy.add(who)
        if late_s:
            work = asyncio.shield(self.late.begin(_in_time(work, limit_s + late_s)))
        try:
            async with asyncio.timeout(limit_s):
                await work
        except TimeoutError:
            text = f"Asterisk has not confirmed it within {limit_s:.0f} s"
            raise RequestRefused("not-confirmed", text) from None
        except TelephonyError as error:
            raise RequestRefused("not-done", f"Asterisk could not do it: {error}") from error
        finally:
            self._busy.discard(who)

    def heard(self) -> None:
        """Whoever waits for the engine looks again."""
        self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Until the engine has heard of it."""
        while not holds():
            self._news.clear()
            await self._news.wait()

    async def stop(self) -> None:
        """What is late does not go on."""
        await self.late.stop()


async def _in_time(work: Awaitable[None], limit_s: float) -> None:
    async with asyncio.timeout(limit_s):
        await work
