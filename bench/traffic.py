"""Callers who come by chance at a rate, agents who talk for a time, and what that costs the machine."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from acd.crowd.leg import Leg, LegState
from bench.crowd import SEED, Agents, Callers
from bench.load_centre import BARE_PREFIX, NUMBER
from bench.processes import cpu_s, rss_mb
from tests.integration.sip.waiting import WaitedTooLong

SETTLE_S = 3.0
DRAIN_LIMIT_S = 20.0
WAIT_LIMIT_S = 10.0
"""It is overload when as many callers are on the line as come in a talk and this time."""
LOOK_S = 0.1


class Dialled(Protocol):
    """Which numbers callers dial."""

    def take(self) -> str:
        """The next one."""

    def give_back(self, number: str) -> None:
        """The call to it has ended."""


class OurNumber:
    """Everybody dials the same."""

    def take(self) -> str:
        """The flow's."""
        return NUMBER

    def give_back(self, number: str) -> None:
        """It takes any number of calls."""


class BareNumbers:
    """Everybody dials an idle phone."""

    def __init__(self, phones: Sequence[str]) -> None:
        self._idle = deque(BARE_PREFIX + phone for phone in phones)

    def take(self) -> str:
        """Raises WaitedTooLong when no phone is idle."""
        if not self._idle:
            raise WaitedTooLong("no phone is idle")
        return self._idle.popleft()

    def give_back(self, number: str) -> None:
        """Its phone is the last to be called again."""
        self._idle.append(number)


@dataclass(frozen=True, slots=True)
class Window:
    """What was seen from `since` to `until` (Unix seconds).

    `ended` calls; processor seconds of each process that was looked at, and of the phones; the memory of
    the last of the processes in MB, once a second.
    """

    since: float
    until: float
    ended: int
    cpu_s: tuple[float, ...]
    phones_cpu_s: float
    rss_mb: tuple[float, ...]

    @property
    def calls_per_s(self) -> float:
        """That went all the way."""
        return self.ended / (self.until - self.since)

    def cpu_ms(self, process: int) -> float:
        """Of a process, for each call."""
        return self.cpu_s[process] / self.ended * 1000 if self.ended else 0.0


class Traffic:
    """`dialled` and `talked` are callers' numbers; `ended` counts calls."""

    def __init__(self, agents: Agents, callers: Callers, cps: float, talk_s: float, numbers: Dialled) -> None:
        self.dialled: set[str] = set()
        self.talked: set[str] = set()
        self.ended = 0
        self._callers = callers
        self._cps, self._talk_s = cps, talk_s
        self._numbers = numbers
        self._chance = random.Random(SEED)
        agents.on_offer = self._offered

    async def run(self, seconds: float, pids: Sequence[int], progress: Callable[[float], None]) -> Window:
        """Calls for so long, and before it until as many end as begin. Raises WaitedTooLong on overload."""
        coming = asyncio.create_task(self._come_and_go())
        looking = asyncio.create_task(self._look(seconds, pids, progress))
        try:
            await asyncio.wait((coming, looking), return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                coming.result()  # it ends by an error alone
            return looking.result()
        finally:
            coming.cancel()
            looking.cancel()
            await asyncio.gather(coming, looking, return_exceptions=True)
            await self._drain()

    async def _come_and_go(self) -> None:
        due = time.monotonic()
        most = self._cps * (self._talk_s + WAIT_LIMIT_S) + 10
        while True:
            await asyncio.sleep(due - time.monotonic())
            if len(self._callers.live) > most:
                raise WaitedTooLong(f"{len(self._callers.live)} callers at {self._cps:g} a second")
            self._come(self._numbers.take())
            due += self._chance.expovariate(self._cps)

    def _come(self, number: str) -> None:
        def over() -> None:
            self.ended += 1
            self._numbers.give_back(number)

        own, _ = self._callers.dial(number, over)
        self.dialled.add(own)

    def _offered(self, _number: str, leg: Leg) -> None:
        leg.on_change = self._changed
        leg.ring()
        leg.answer()

    def _changed(self, leg: Leg) -> None:
        if leg.state is LegState.TALKING:
            self.talked.add(leg.caller_number)
            asyncio.get_running_loop().call_later(self._talk_s, leg.hang_up)

    async def _look(self, seconds: float, pids: Sequence[int], progress: Callable[[float], None]) -> Window:
        await asyncio.sleep(self._talk_s + SETTLE_S)
        since, ended, mine = time.time(), self.ended, time.process_time()
        before = [cpu_s(pid) for pid in pids]
        memory: list[float] = []
        while (passed := time.time() - since) < seconds:
            progress(passed / seconds)
            memory.append(rss_mb(pids[-1]))
            await asyncio.sleep(min(1.0, seconds - passed))
        progress(1.0)
        used = tuple(cpu_s(pid) - cpu for pid, cpu in zip(pids, before, strict=True))
        phones = time.process_time() - mine
        return Window(since, time.time(), self.ended - ended, used, phones, tuple(memory))

    async def _drain(self) -> None:
        limit = time.monotonic() + self._talk_s + DRAIN_LIMIT_S
        while self._callers.live:
            if time.monotonic() > limit:
                await self._callers.clear()
            await asyncio.sleep(LOOK_S)
