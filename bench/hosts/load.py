"""Callers and agents' phones at both hosts, and each ring that a phone has seen."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

from acd.crowd.leg import Leg, LegState
from acd.crowd.phone import Phone
from bench.faults.load import Load, Pace
from bench.hosts.centre import HostsCentre
from bench.hosts.network import CALLERS, HOSTS, REST

REGISTERED_S = 3600
BUSY = 486


@dataclass(frozen=True, slots=True)
class Ring:
    """A call that came to an agent's phone, from this node. `busy`: the phone rang or talked already."""

    phone: str
    node: str
    caller: str
    leg: Leg
    busy: Ring | None

    @property
    def at(self) -> float:
        """Unix seconds."""
        return self.leg.at["invite"]

    @property
    def talk(self) -> tuple[float, float] | None:
        """From … to, Unix seconds; None: there was none."""
        begin, end = self.leg.at.get("talking"), self.leg.at.get("ended", float("inf"))
        return None if begin is None else (begin, end)


class PhonesAtBoth:
    """Each agent's phone is at both nodes, as Kamailio would have it, and takes one call at a time."""

    def __init__(self, centre: HostsCentre) -> None:
        self.on_offer: Callable[[str, Leg], None] = lambda _number, leg: leg.refuse(480)
        self.rings: list[Ring] = []
        self._centre = centre
        self._phones: dict[str, list[Phone]] = {node: [] for node in HOSTS}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with self._stack:
            for node, number in itertools.product(HOSTS, self._centre.phones):
                server = self._centre.server_of(node)
                phone = Phone(number, self._centre.passwords[number], server=server, host=REST)
                await self._stack.enter_async_context(phone)
                phone.on_invite = lambda leg, node=node: self._rung(leg, node)  # type: ignore[misc]
                await phone.register(REGISTERED_S)
                self._phones[node].append(phone)
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()

    async def register_at(self, node: str) -> bool:
        """Again: it has forgotten them. Whether all could."""
        registering = (phone.register(REGISTERED_S) for phone in self._phones[node])
        done = await asyncio.gather(*registering, return_exceptions=True)
        return all(failure is None for failure in done)

    def end_at(self, node: str) -> None:
        """It has died: who talked through it hears nothing any more, and hangs up."""
        for ring in self.rings:
            if ring.node == node and ring.leg.state is not LegState.ENDED:
                ring.leg.hang_up()

    def _rung(self, leg: Leg, node: str) -> None:
        number = leg.phone.number
        busy = next(
            (r for r in reversed(self.rings) if r.phone == number and r.leg.state is not LegState.ENDED), None
        )
        self.rings.append(Ring(number, node, leg.caller_number, leg, busy))
        if busy is not None:
            leg.refuse(BUSY)
        else:
            self.on_offer(number, leg)


class CallersAtBoth:
    """Everybody on the trunk. `node_of`: where each caller has dialled."""

    def __init__(self, centre: HostsCentre, chance: random.Random) -> None:
        self._phones = {node: Phone("callers", server=centre.server_of(node), host=CALLERS) for node in HOSTS}
        self._chance = chance
        self._numbers = itertools.count(491_500_000_000)
        self.node_of: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        for phone in self._phones.values():
            await phone.__aenter__()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for phone in self._phones.values():
            await phone.__aexit__(None, None, None)

    def dial(self, number: str) -> tuple[str, Leg]:
        """A new caller at either node: their number, and the call."""
        node = self._chance.choice(list(HOSTS))
        own = f"+{next(self._numbers)}"
        self.node_of[own] = node
        return own, self._phones[node].dial(number, lambda _leg: None, from_number=own)


class HostsLoad(Load):
    """Callers at both nodes. `answered` is set when an agent talks."""

    def __init__(self, centre: HostsCentre, pace: Pace, seed: int) -> None:
        self.at_both = PhonesAtBoth(centre)
        self.from_both = CallersAtBoth(centre, random.Random(seed))
        self.answered = asyncio.Event()
        super().__init__(centre, pace, seed, self.from_both, self.at_both)

    def on_the_line(self) -> dict[str, str]:
        """Of each caller on the line what the phone has seen."""
        return {number: f"{leg.state.value} {leg.at}" for number, leg in self._legs.items()}

    def node_died(self, node: str) -> None:
        """Whoever was on it hears nothing any more, and hangs up in the end."""
        for number, leg in list(self._legs.items()):
            if self.from_both.node_of[number] == node:
                caller = self.callers[number]
                caller.cut_off = not caller.left and not caller.agent_left_at
                leg.hang_up()
        self.at_both.end_at(node)

    def _agent_changed(self, leg: Leg) -> None:
        if leg.state is LegState.TALKING:
            self.answered.set()
        super()._agent_changed(leg)
