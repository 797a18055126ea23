"""The phones of a measurement, and the times that they see."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Self

from acd.crowd.leg import Leg, LegState
from acd.crowd.phone import Phone
from bench.scenarios import Line, Scenario
from tests.integration.centre import Centre

TALK_S = (0.2, 1.2)
"""A whole second wide, so that no poll of once a second is in step with it."""
REFILL_AFTER_S = 0.15
"""A caller who has been served is replaced after this time, so as not to disturb the next dispatch."""
SEED = 20


class Agents:
    """Registered phones. What they do with a call is `on_offer(number, leg)`."""

    def __init__(self, centre: Centre, numbers: tuple[str, ...], registered_s: int = 3600) -> None:
        self._centre = centre
        self._registered_s = registered_s
        self._numbers = numbers
        self._stack = AsyncExitStack()
        self.on_offer: Callable[[str, Leg], None] = lambda _number, leg: leg.refuse(480)

    async def __aenter__(self) -> Self:
        async with self._stack:
            for number in self._numbers:
                phone = Phone(number, self._centre.passwords[number], server=self._centre.server)
                await self._stack.enter_async_context(phone)
                phone.on_invite = lambda leg, number=number: self.on_offer(number, leg)  # type: ignore[misc]
                await phone.register(self._registered_s)
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()


class Callers:
    """Everybody on the trunk. `on_change` of `dial` hears of each step of the call."""

    def __init__(self, centre: Centre) -> None:
        self._phone = Phone("callers", server=centre.server, host="127.0.0.2")
        self._numbers = itertools.count(491_500_000_000)
        self.live: set[Leg] = set()

    async def __aenter__(self) -> Self:
        await self._phone.__aenter__()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._phone.__aexit__(None, None, None)

    def dial(self, number: str, on_end: Callable[[], None] = lambda: None) -> tuple[str, Leg]:
        """A new caller: their number, and the call."""

        def changed(leg: Leg) -> None:
            if leg.state is LegState.ENDED and leg in self.live:
                self.live.discard(leg)
                on_end()

        own = f"+{next(self._numbers)}"
        leg = self._phone.dial(number, changed, from_number=own)
        self.live.add(leg)
        return own, leg

    def answered(self) -> int:
        """How many are in a line or in a talk."""
        return sum(leg.state is LegState.TALKING for leg in self.live)

    async def clear(self) -> None:
        """Everybody hangs up."""
        for leg in list(self.live):
            leg.hang_up()
        self.live.clear()
        await asyncio.sleep(1.0)


class Dispatch:
    """Callers wait, agents talk and hang up; times from a BYE's answer to the same phone's next INVITE."""

    def __init__(self, scenario: Scenario, prefix: str, agents: Agents, callers: Callers) -> None:
        self.samples_ms: list[float] = []
        self._scenario = scenario
        self._prefix = prefix
        self._callers = callers
        self._random = random.Random(SEED)
        self._before: dict[str, Leg] = {}
        self._running = True
        self._counts_from = time.time() + scenario.warm_up_s
        agents.on_offer = self._offered

    def fill(self) -> None:
        """The callers come."""
        total = 0
        for line in self._scenario.lines:
            share = len(line.phones) // sum(line.phones == other.phones for other in self._scenario.lines)
            for _ in range(line.waiting + share):
                asyncio.get_running_loop().call_later(0.02 * total, self._come, line)
                total += 1

    def stop(self) -> None:
        """Nobody comes any more."""
        self._running = False

    def _come(self, line: Line) -> None:
        if self._running:
            loop = asyncio.get_running_loop()
            self._callers.dial(
                self._prefix + line.number,
                lambda: (loop.call_later(REFILL_AFTER_S, self._come, line), None)[1],
            )

    def _offered(self, number: str, leg: Leg) -> None:
        before = self._before.get(number)
        if before is not None and before.at.get("bye_answered", 0.0) > self._counts_from:
            self.samples_ms.append((leg.at["invite"] - before.at["bye_answered"]) * 1000)
        self._before[number] = leg
        leg.ring()
        leg.answer()
        asyncio.get_running_loop().call_later(self._random.uniform(*TALK_S), leg.hang_up)
