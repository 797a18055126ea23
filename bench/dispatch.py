"""Ours against app_queue on one Asterisk, one after the other, with the same phones and callers."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from acd.crowd.leg import Leg, LegState
from bench.centre import OUR_PREFIX, QUEUE_PREFIX, BenchCentre, agent_of
from bench.crowd import Agents, Callers, Dispatch
from bench.figures import APP_QUEUE, OURS, Figures, figures
from bench.scenarios import PHONES, Kind, Line, Scenario
from tests.integration.sip.waiting import WaitedTooLong

LOWEST_PRIORITY = 19
LOOK_S = 0.05
QUIET_S = 0.5
STALLED_AFTER_S = 60.0
BURST_RINGS_S = 2.0
CALL_LIMIT_S = 20.0
BLOCKED_LIMIT_S = 10.0

Progress = Callable[[float], None]
"""Told how much of the present measurement is done, 0 to 1."""


class Side(Protocol):
    """One of the two that are compared."""

    prefix: str

    async def open(self, phones: Sequence[str]) -> None:
        """Have these phones ready for calls."""

    async def again(self, phones: Sequence[str]) -> None:
        """Have those ready again that left a call unanswered."""

    async def close(self) -> None:
        """No more calls."""


class Ours:
    """The controller runs and the agents are logged in."""

    prefix = OUR_PREFIX

    def __init__(self, centre: BenchCentre, starter: Executor) -> None:
        self._centre = centre
        self._starter = starter

    async def open(self, phones: Sequence[str]) -> None:
        """Start the controller; everybody goes ready."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._starter, self._centre.start_controller)
        await self._centre.ready(*map(agent_of, phones))

    async def again(self, phones: Sequence[str]) -> None:
        """Whoever did not answer was made not ready."""
        for agent in map(agent_of, phones):
            await self._centre.ask("ready", agent=agent)

    async def close(self) -> None:
        """Everybody logs out, the controller ends."""
        for agent in (await self._centre.ask("status"))["agents"]:
            await self._centre.ask("logout", agent=agent["id"])
        await asyncio.to_thread(self._centre.stop_controller)


class AppQueue:
    """Asterisk alone: no controller runs, so none of its work slows Asterisk down."""

    prefix = QUEUE_PREFIX

    async def open(self, phones: Sequence[str]) -> None:
        """Its members are always there."""

    async def again(self, phones: Sequence[str]) -> None:
        """Nobody was paused."""

    async def close(self) -> None:
        """Nothing to end."""


async def measure(
    chosen: Sequence[Scenario], sides: Sequence[str], progress: Callable[[str, str], Progress]
) -> dict[str, dict[str, Figures]]:
    """Every scenario on every side. `progress(scenario, side)` makes a Progress."""
    with tempfile.TemporaryDirectory(prefix="acd-bench-") as folder, giving_way() as starter:
        centre = BenchCentre(Path(folder), chosen)
        makers: dict[str, Side] = {OURS: Ours(centre, starter), APP_QUEUE: AppQueue()}
        try:
            await asyncio.get_running_loop().run_in_executor(starter, centre.start)
            await asyncio.to_thread(centre.stop_controller)
            async with Agents(centre, PHONES) as agents, Callers(centre) as callers:
                results: dict[str, dict[str, Figures]] = {}
                for scenario in chosen:
                    for name in sides:
                        run = _Run(scenario, makers[name], agents, callers, progress(scenario.name, name))
                        samples_ms = await run.samples_ms()
                        limit_ms = BLOCKED_LIMIT_S * 1000 if scenario.kind is Kind.BLOCKED else math.inf
                        results.setdefault(scenario.name, {})[name] = figures(samples_ms, limit_ms)
                return results
        finally:
            await asyncio.to_thread(centre.stop)


@contextmanager
def giving_way() -> Iterator[Executor]:
    """Let this thread, which plays the phones, run only where a processor has nothing else to do.

    Phones are other machines; here each message that Asterisk sends them would take its processor away
    just when it has work to do. Times are the kernel's, so they do not suffer. A process inherits the
    priority of the thread that starts it: those that are measured are started by the executor. Afterwards
    the thread is as before, if the system allows it (root): what is started next must not be slow.
    """
    thread = threading.get_native_id()
    before = os.getpriority(os.PRIO_PROCESS, thread)
    with ThreadPoolExecutor(1, "starter") as starter:
        starter.submit(os.getpid).result()  # its thread exists from here on, with the priority of before
        os.setpriority(os.PRIO_PROCESS, thread, LOWEST_PRIORITY)
        try:
            yield starter
        finally:
            with contextlib.suppress(PermissionError):
                os.setpriority(os.PRIO_PROCESS, thread, before)


class _Run:
    """One scenario on one side."""

    def __init__(
        self, scenario: Scenario, side: Side, agents: Agents, callers: Callers, progress: Progress
    ) -> None:
        self._scenario = scenario
        self._side = side
        self._agents = agents
        self._callers = callers
        self._progress = progress

    async def samples_ms(self) -> list[float]:
        """All of them; as many as the scenario asks for at least."""
        kinds = {
            Kind.DISPATCH: self._dispatch,
            Kind.NO_ANSWER: self._no_answer,
            Kind.BURST: self._bursts,
            Kind.BLOCKED: self._blocked,
        }
        await self._side.open(self._scenario.phones)
        try:
            return await kinds[self._scenario.kind]()
        finally:
            await self._callers.clear()
            await self._side.close()

    async def _dispatch(self) -> list[float]:
        dispatch = Dispatch(self._scenario, self._side.prefix, self._agents, self._callers)
        dispatch.fill()
        wanted, seen, since = self._scenario.samples, 0, time.monotonic()
        while len(dispatch.samples_ms) < wanted:
            await asyncio.sleep(LOOK_S)
            self._progress(len(dispatch.samples_ms) / wanted)
            if len(dispatch.samples_ms) > seen:
                seen, since = len(dispatch.samples_ms), time.monotonic()
            elif time.monotonic() - since > STALLED_AFTER_S:
                raise WaitedTooLong(f"{self._scenario.name}: nobody was offered a call any more")
        dispatch.stop()
        return dispatch.samples_ms

    async def _no_answer(self) -> list[float]:
        samples = []
        (line,) = self._scenario.lines
        for done in range(self._scenario.samples):
            samples.append(await self._one_no_answer(line))
            self._progress((done + 1) / self._scenario.samples)
        return samples

    async def _one_no_answer(self, line: Line) -> float:
        rung: list[Leg] = []

        def offered(_number: str, leg: Leg) -> None:
            rung.append(leg)
            leg.ring()
            if len(rung) > 1:
                leg.answer()
                asyncio.get_running_loop().call_later(0.3, leg.hang_up)

        self._agents.on_offer = offered
        over = asyncio.Event()
        self._callers.dial(self._side.prefix + line.number, over.set)
        async with asyncio.timeout(CALL_LIMIT_S):
            await over.wait()
        await asyncio.sleep(QUIET_S)
        await self._side.again([leg.phone.number for leg in rung[:1]])
        return (rung[1].at["invite"] - rung[0].at["cancel"]) * 1000

    async def _bursts(self) -> list[float]:
        samples: list[float] = []
        for done in range(self._scenario.samples):
            samples += await self._one_burst()
            self._progress((done + 1) / self._scenario.samples)
        return samples

    async def _one_burst(self) -> list[float]:
        (line,) = self._scenario.lines
        rung: dict[str, Leg] = {}

        def offered(_number: str, leg: Leg) -> None:
            rung.setdefault(leg.caller_number, leg)
            leg.ring()

        self._agents.on_offer = offered
        dialled = [self._callers.dial(self._side.prefix + line.number) for _ in line.phones]
        await self._until(lambda: len(rung) == len(dialled), "every phone to ring")
        await asyncio.sleep(QUIET_S)
        for leg in rung.values():
            leg.answer()
        await self._until(lambda: all(leg.state is LegState.TALKING for leg in rung.values()), "the answers")
        await asyncio.sleep(QUIET_S)
        for leg in rung.values():
            leg.hang_up()
        await self._until(lambda: not self._callers.live, "the end of the burst")
        await asyncio.sleep(QUIET_S)
        return [(rung[own].at["invite"] - leg.at["invite"]) * 1000 for own, leg in dialled]

    async def _blocked(self) -> list[float]:
        samples = []
        for done in range(self._scenario.samples):
            samples.append(await self._one_blocked())
            self._progress((done + 1) / self._scenario.samples)
        return samples

    async def _one_blocked(self) -> float:
        """BLOCKED_LIMIT_S, in ms, where the second caller is not offered within that."""
        line, limited = self._scenario.lines
        rung: dict[str, Leg] = {}

        def offered(_number: str, leg: Leg) -> None:
            rung[leg.caller_number] = leg
            leg.ring()
            leg.answer()

        self._agents.on_offer = offered
        busy, _ = self._callers.dial(self._side.prefix + limited.number)
        await self._until(lambda: busy in rung and rung[busy].state is LegState.TALKING, "the first talk")
        head, waiting = self._callers.dial(self._side.prefix + limited.number)
        await self._until(lambda: waiting.state is LegState.TALKING, "the head to stand in line")
        await asyncio.sleep(QUIET_S)
        second, leg = self._callers.dial(self._side.prefix + line.number)
        with contextlib.suppress(WaitedTooLong):
            await self._until(lambda: second in rung, "the second caller's ring", BLOCKED_LIMIT_S)
        served = rung.get(second)
        if head in rung:
            raise WaitedTooLong(f"{self._scenario.name}: the head was offered an agent that it may not have")
        await asyncio.sleep(QUIET_S)
        for other in (served, waiting, leg, rung[busy]):
            if other is not None:
                other.hang_up()
        await self._until(lambda: not self._callers.live, "the end of the calls")
        await asyncio.sleep(QUIET_S)
        took_s = served.at["invite"] - leg.at["invite"] if served is not None else BLOCKED_LIMIT_S
        return min(took_s, BLOCKED_LIMIT_S) * 1000

    async def _until(self, condition: Callable[[], bool], what: str, limit_s: float = CALL_LIMIT_S) -> None:
        limit = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > limit:
                raise WaitedTooLong(f"{self._scenario.name}: waited {limit_s:.0f} s for {what}")
            await asyncio.sleep(LOOK_S)
