"""Callers by chance, agents who talk for a time; of each call it is known how it ended, and who ended it.

All phones are ours (`acd.crowd`), so what is told here is what callers and agents saw, whatever the product
believes.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Protocol, Self

from acd.crowd.leg import Leg, LegState
from bench.centre import agent_of
from bench.crowd import Agents, Callers
from bench.faults.centre import FaultCentre
from bench.load_centre import NUMBER

LOOK_S = 0.1
IMPATIENT = 0.15
ANSWER_S = (0.1, 0.6)
BACK_AFTER_S = 0.5
SURE_S = 1.0
"""A talk shorter than this, at whose begin or end a fault strikes, may be told one way or the other."""
AGENT_ENDS = 0.7
"""Of all talks; the others are ended by the caller."""
LOGGED_IN_WITHIN_S = 60.0
REGISTERED_S = 3 * 3600
"""Longer than a clock is set forward: phones that have to register again are away until they do."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Calls a second on average, agents, and how long talks and impatient callers last, from … to."""

    rate: float
    agents: int
    talk_s: tuple[float, float]
    patience_s: tuple[float, float]


@dataclass(slots=True)
class Caller:
    """Times are Unix seconds, 0.0: not yet. `left`: the caller hung up; `agent_left_at`: the agent did.

    `was_let_go`: a phone answered in the moment in which its ring was taken back, which is no talk.
    """

    number: str
    dialled_at: float
    reached_at: float = 0.0  # Asterisk answered
    left: bool = False
    ended_at: float = 0.0
    answered_at: float = 0.0
    agent_left_at: float = 0.0
    was_let_go: bool = False
    cut_off: bool = False  # on an Asterisk that died, without a word

    @property
    def is_lost(self) -> bool:
        """Ended, although neither the caller nor an agent ended it."""
        return self.ended_at > 0.0 and not self.left and not self.agent_left_at and not self.cut_off

    def leg_over(self, began: float, at: float) -> None:
        """The phone that had answered at `began` is on its own: a talk, unless the caller still waits."""
        waits = not self.ended_at and not self.agent_left_at
        if waits and self.answered_at == began and at - began < SURE_S:
            self.answered_at, self.was_let_go = 0.0, True


class Staff(Protocol):
    """The agents' phones; see `bench.crowd.Agents`."""

    on_offer: Callable[[str, Leg], None]

    async def __aenter__(self) -> Self:
        """Registered."""

    async def __aexit__(self, *_exc: object) -> None:
        """Away."""


class Trunk(Protocol):
    """Where callers come from; see `bench.crowd.Callers`."""

    async def __aenter__(self) -> Self:
        """Ready to dial."""

    async def __aexit__(self, *_exc: object) -> None:
        """Away."""

    def dial(self, number: str) -> tuple[str, Leg]:
        """A new caller: their number, and the call."""


class Loaded(Protocol):
    """The centre to which callers come."""

    phones: tuple[str, ...]

    async def ready(self, *agents: str) -> None:
        """Log in and go ready."""

    async def ask_leader(self, do: str, limit_s: float = 2.0, **fields: Any) -> dict[str, Any] | None:
        """Whoever leads; None where nobody answers."""


class Load:
    """`callers`: number → caller, of all who ever came. `offers`: when an agent's phone was rung."""

    def __init__(self, centre: Loaded, pace: Pace, seed: int, trunk: Trunk, staff: Staff) -> None:
        self.centre = centre
        self.callers: dict[str, Caller] = {}
        self.offers: list[float] = []
        self.offered = asyncio.Event()
        self._pace = pace
        self._chance = random.Random(seed)
        self._trunk = trunk
        self._agents = staff
        self._legs: dict[str, Leg] = {}
        self._coming: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def on_the_phone(self) -> AsyncIterator[None]:
        """Agents' phones are registered and all agents ready, and whoever falls out of ready comes back."""
        async with self._agents as agents, self._trunk:
            agents.on_offer = self._offered
            limit = time.monotonic() + LOGGED_IN_WITHIN_S
            await self.centre.ready(*(agent_of(phone) for phone in self.centre.phones))
            assert time.monotonic() < limit, "the agents could not log in in time"
            keeping = asyncio.create_task(self._keep_ready())
            try:
                yield
            finally:
                keeping.cancel()
                await self.stop()
                await asyncio.gather(keeping, return_exceptions=True)

    def reseed(self, seed: str) -> None:
        """From here on chance begins anew."""
        self._chance.seed(seed)

    def start(self) -> None:
        """Callers come."""
        self._coming = asyncio.create_task(self._come())

    async def stop(self) -> None:
        """Nobody comes any more."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)
            self._coming = None

    @property
    def live(self) -> int:
        """How many callers are on the line."""
        return len(self._legs)

    def waiting(self) -> list[Caller]:
        """Who is on the line, and talks to nobody."""
        return [self.callers[n] for n in self._legs if not self.callers[n].answered_at]

    def cut_off(self) -> None:
        """Whoever is on the line hears nothing any more, and hangs up in the end; nobody tells the phones."""
        for number, leg in list(self._legs.items()):
            caller = self.callers[number]
            caller.cut_off = not caller.left and not caller.agent_left_at
            leg.hang_up()

    async def drained(
        self, ask_leader: Callable[[str], Awaitable[dict[str, Any] | None]], limit_s: float
    ) -> bool:
        """Wait until all calls have ended and are on record; False where some do not within `limit_s`."""
        limit = time.monotonic() + limit_s
        while time.monotonic() < limit:
            health = await ask_leader("health")
            if not self.live and health and not health["calls"] and not health["records_waiting"]:
                return True
            await asyncio.sleep(LOOK_S)
        return False

    def give_up(self) -> list[Caller]:
        """Everybody who is still there hangs up; who that was."""
        left = [self.callers[number] for number in self._legs]
        for leg in list(self._legs.values()):
            leg.hang_up()
        return left

    # --- callers --------------------------------------------------------------------------------------
    async def _come(self) -> None:
        while True:
            await asyncio.sleep(self._chance.expovariate(self._pace.rate))
            self._dial()

    def _dial(self) -> None:
        number, leg = self._trunk.dial(NUMBER)
        caller = self.callers[number] = Caller(number, time.time())
        self._legs[number] = leg
        told = leg.on_change

        def changed(leg: Leg) -> None:
            told(leg)
            if leg.state is LegState.TALKING and not caller.reached_at:
                caller.reached_at = time.time()
            if leg.state is LegState.ENDED and not caller.ended_at:
                caller.ended_at = time.time()
                self._legs.pop(number, None)

        leg.on_change = changed
        if self._chance.random() < IMPATIENT:
            patience_s = self._chance.uniform(*self._pace.patience_s)
            asyncio.get_running_loop().call_later(patience_s, self._leave, number)

    def _leave(self, number: str) -> None:
        leg = self._legs.get(number)
        if leg is not None:
            self.callers[number].left = True
            leg.hang_up()

    # --- agents ---------------------------------------------------------------------------------------
    def _offered(self, _phone: str, leg: Leg) -> None:
        self.offers.append(time.time())
        self.offered.set()
        leg.on_change = self._agent_changed
        leg.ring()
        asyncio.get_running_loop().call_later(self._chance.uniform(*ANSWER_S), self._answer, leg)

    def _answer(self, leg: Leg) -> None:
        if leg.state is LegState.RINGING:
            leg.answer()

    def _agent_changed(self, leg: Leg) -> None:
        caller = self.callers.get(leg.caller_number)
        if leg.state is not LegState.TALKING or caller is None:
            return
        began = time.time()
        caller.answered_at = caller.answered_at or began
        leg.on_change = partial(self._talk_over, caller, began)
        talk_s = self._chance.uniform(*self._pace.talk_s)
        ends = self._agent_ends if self._chance.random() < AGENT_ENDS else self._caller_ends
        asyncio.get_running_loop().call_later(talk_s, ends, leg, caller)

    @staticmethod
    def _talk_over(caller: Caller, began: float, leg: Leg) -> None:
        if leg.state is LegState.ENDED:
            caller.leg_over(began, time.time())

    def _agent_ends(self, leg: Leg, caller: Caller) -> None:
        if leg.state is LegState.TALKING:
            if not caller.ended_at:
                caller.agent_left_at = time.time()
            leg.hang_up()

    def _caller_ends(self, leg: Leg, caller: Caller) -> None:
        if leg.state is LegState.TALKING:
            self._leave(caller.number)

    async def _keep_ready(self) -> None:
        """For ever: whoever was made not ready by a ring that came to nothing comes back."""
        while True:
            await asyncio.sleep(BACK_AFTER_S)
            told = await self.centre.ask_leader("status")
            for agent in (told or {"agents": ()})["agents"]:
                if agent["state"] == "not_ready":
                    with contextlib.suppress(KeyError):
                        await self.centre.ask_leader("ready", agent=agent["id"])


def load_of(centre: FaultCentre, pace: Pace, seed: int) -> Load:
    """At the one Asterisk of a centre."""
    return Load(centre, pace, seed, Callers(centre), Agents(centre, centre.phones, REGISTERED_S))


def gaps(moments: list[float], since: float, until: float) -> list[tuple[float, float]]:
    """The pauses between moments from `since` to `until`: (when it ended, how long it was)."""
    inside = [since, *(at for at in moments if since <= at < until)]
    return [(later, later - earlier) for earlier, later in pairwise(inside)]
