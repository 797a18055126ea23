"""What a fault is done to and with: the centre, its load, and the moment at which it struck."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bench.faults.centre import FaultCentre
from bench.faults.load import LOOK_S, Load
from bench.load_centre import NUMBER
from tests.integration.sip.waiting import WaitedTooLong

KEEP_S = 0.2
WHOLE_LIMIT_S = 60.0
WHOLE_LOOK_S = 0.2
RECORD_LIMIT_S = 20.0
SPEAKS_S = 1.0
CALLER_HZ = 700.0


@dataclass(slots=True)
class Stage:
    """`short`: things stay broken only for a moment, for a run in which time counts.

    `struck_at`, Unix seconds: when the fault struck; `in_progress`: calls at that moment.
    `problems`: what was not as it should be while it was there.
    """

    centre: FaultCentre
    load: Load
    chance: random.Random
    short: bool = False
    struck_at: float = 0.0
    in_progress: int = 0
    problems: list[str] = field(default_factory=list)
    _spare: list[Callable[[], None]] = field(default_factory=list)

    def strike(self) -> None:
        """It strikes now."""
        self.struck_at = time.time()
        self.in_progress = self.load.live

    async def stays(self, long_s: float, short_s: float) -> None:
        """It stays broken for a while; a little shorter or longer by chance."""
        await asyncio.sleep((short_s if self.short else long_s) * self.chance.uniform(0.8, 1.2))

    async def keep(self) -> None:
        """For ever: what has ended is started again."""
        while True:
            await asyncio.sleep(KEEP_S)
            await asyncio.to_thread(self.centre.keep)

    async def until_whole(self) -> None:
        """Wait until one leads and the other stands by, and nothing waits to be written."""
        limit = time.monotonic() + WHOLE_LIMIT_S
        health = None
        while time.monotonic() < limit:
            if await self.centre.is_whole():
                health = await self.centre.ask_leader("health")
                if health is not None and health["live_state_in_redis"] and not health["records_away_s"]:
                    return
            await asyncio.sleep(WHOLE_LOOK_S)
        raise WaitedTooLong(f"the centre is not whole {WHOLE_LIMIT_S:g} s after a fault; it says {health}")

    async def until(self, condition: Callable[[], Awaitable[object]], limit_s: float, what: str) -> None:
        """Looked at again and again; a problem where it does not come."""
        limit = time.monotonic() + limit_s
        while not await condition():
            if time.monotonic() > limit:
                self.problems.append(f"waited {limit_s:g} s for {what}")
                return
            await asyncio.sleep(LOOK_S)

    async def record_a_talk(self, from_number: str) -> str:
        """A caller of our own speaks for a while, and the agent records it; the call's id, or ''."""
        found: list[str] = []

        async def begun() -> bool:
            status = await self.centre.ask_leader("status")
            for call in (status or {}).get("calls", ()):
                if (call["caller_number"], call["state"]) == (from_number, "talking"):
                    found[:] = [str(call["id"])]
                    return bool(await self.centre.ask_leader("record-resume", agent=call["agent"]))
            return False

        async with self.centre.customer(from_number, tone_hz=CALLER_HZ) as phone:
            call = await phone.dial(NUMBER)
            await self.until(begun, RECORD_LIMIT_S, "a talk that can be recorded")
            await asyncio.sleep(SPEAKS_S)
            await call.hang_up()
        return found[0] if found else ""

    async def until_next_offer(self, limit_s: float) -> None:
        """Wait until an agent's phone is rung again; for so long at most."""
        self.load.offered.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self.load.offered.wait()
