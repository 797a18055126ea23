"""A living centre to look at: agents who answer and callers who come, at a human pace.

Everything is on this machine: the agents register as the centre's own phones, the callers come from
a loopback address that a trunk of the configuration lets in. An agent whom somebody plays at a desktop is
theirs until the demo ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import ipaddress
import random
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from acd.crowd.audio import Audio
from acd.crowd.leg import Leg, LegState
from acd.crowd.phone import Phone
from acd.crowd.voice import murmur
from acd.errors import OperatorError, RequestRefused
from acd.runtime.leader import Leader
from acd.settings.model import Centre

CALLERS_MAX = 15
FIRST_CALLERS = 3
BETWEEN_CALLERS_S = 7.0
PATIENCE_S = (6.0, 40.0)
IMPATIENT = 0.2
CALL_S_MAX = 240.0
ANSWER_AFTER_S = (1.0, 5.0)
TALK_S = (8.0, 40.0)
UNANSWERED = 0.04
BREAK = 0.004
BETWEEN_KEYS_S = (4.0, 9.0)
LANGUAGE_KEYS, MATTER_KEYS = "12", "120"
BREAK_S = (10.0, 40.0)
PITCHES_HZ = (98.0, 117.0, 175.0, 208.0)
LOOK_S = 1.0

Chance = random.Random


class Demo:
    """Runs until it is cancelled; then its phones are gone and its agents logged out."""

    def __init__(
        self,
        centre: Centre,
        passwords: Mapping[str, str],
        server: tuple[str, int],
        leader: Leader,
        chance: Chance | None = None,
    ) -> None:
        self._centre = centre
        self._passwords = passwords
        self._server = server
        self._leader = leader
        self._chance = chance or random.Random()
        self._callers: set[Leg] = set()
        self._ringing: set[Leg] = set()
        self._back_at: dict[str, float] = {}
        self._phones: dict[str, Phone] = {}
        self._left_alone: set[str] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._known = _customer_numbers(centre)
        self._numbers = self._known + _strangers(len(self._known))

    async def run(self) -> None:
        """Raises OperatorError where the configuration gives the callers no way in."""
        source = _way_in(self._centre)
        async with AsyncExitStack() as stack:
            stack.callback(self._stop_timers)
            trunk = Phone("demo", server=self._server, host=source)
            await stack.enter_async_context(trunk)
            for number in (phone.id for phone in self._centre.phones.values() if not phone.browser):
                phone = Phone(number, self._passwords[number], server=self._server)
                await stack.enter_async_context(phone)
                phone.on_invite = self._ring
                await phone.register()
                self._phones[number] = phone
            stack.push_async_callback(self._send_home)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._lead_agents())
                group.create_task(self._send_callers(trunk))

    # --- agents -----------------------------------------------------------------------------------
    def _ring(self, leg: Leg) -> None:
        leg.on_change = self._changed
        leg.ring()
        self._ringing.add(leg)
        if self._chance.random() >= UNANSWERED:
            self._later(self._chance.uniform(*ANSWER_AFTER_S), lambda: self._answer(leg))

    def _answer(self, leg: Leg) -> None:
        if leg in self._ringing:
            self._ringing.discard(leg)
            leg.answer()
            self._later(self._chance.uniform(*TALK_S), leg.hang_up)

    async def _lead_agents(self) -> None:
        """For ever: everybody logs in, goes ready, takes a break now and then and comes back."""
        while True:
            for agent in (await self._ask("status")).get("agents", ()):
                if agent["id"] in self._left_alone or self._is_played(agent):
                    await self._leave_alone(agent)
                else:
                    await self._lead(agent["id"], agent["state"])
            await asyncio.sleep(LOOK_S)

    def _is_played(self, agent: Mapping[str, Any]) -> bool:
        """Whether a person has this agent's desktop open, or is logged in at a browser's phone."""
        phone = self._centre.phones.get(agent["phone"] or "")
        return agent["desktop"] or (phone is not None and phone.browser)

    async def _leave_alone(self, agent: Mapping[str, Any]) -> None:
        """For good, with the agent's own phone and any that is in use now: the person's may ring there."""
        self._left_alone.add(agent["id"])
        self._back_at.pop(agent["id"], None)
        for number in {agent["extension"], agent["phone"]} & self._phones.keys():
            phone = self._phones.pop(number)
            phone.on_invite = lambda leg: leg.refuse(480)
            for leg in self._ringing & set(phone.legs.values()):
                leg.hang_up()  # who talks already goes on
            with contextlib.suppress(OperatorError):  # Asterisk is away; no call is taken in any case
                await phone.register(expires_s=0)

    async def _lead(self, agent: str, state: str) -> None:
        now = time.monotonic()
        if state == "logged_out":
            await self._ask("login", agent=agent)
            self._back_at[agent] = now
        elif state == "not_ready":
            if now >= self._back_at.setdefault(agent, now + self._chance.uniform(*BREAK_S)):
                del self._back_at[agent]
                await self._ask("ready", agent=agent)
        elif state == "ready" and self._chance.random() < BREAK:
            await self._ask("not-ready", agent=agent)

    async def _send_home(self) -> None:
        """Nobody may stay ready on a phone that is about to go."""
        for agent in self._centre.plan.agents.keys() - self._left_alone:
            await self._ask("logout", agent=agent)

    async def _ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """A request; {} where it is refused or the controller is just being started again."""
        try:
            return await self._leader.request(do=do, **fields)
        except (OperatorError, RequestRefused):
            return {}

    # --- callers ----------------------------------------------------------------------------------
    async def _send_callers(self, trunk: Phone) -> None:
        """For ever: a few at once, then one after the other, never too many."""
        for _ in range(FIRST_CALLERS):
            self._call(trunk)
            await asyncio.sleep(1.0)
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / BETWEEN_CALLERS_S))
            if len(self._callers) < CALLERS_MAX:
                self._call(trunk)

    def _call(self, trunk: Phone) -> None:
        number = self._chance.choice(list(self._centre.numbers))
        own = self._chance.choice(self._numbers)
        audio = Audio(trunk.local[0])
        audio.speak(murmur(self._chance.choice(PITCHES_HZ)))
        leg = trunk.dial(number, self._changed, from_number=own, audio=audio)
        self._callers.add(leg)
        if self._centre.numbers[number].flow is not None and own not in self._known:
            self._press_keys(audio)
        patience_s = self._chance.uniform(*PATIENCE_S) if self._chance.random() < IMPATIENT else CALL_S_MAX
        self._later(patience_s, leg.hang_up)

    def _press_keys(self, audio: Audio) -> None:
        """Whoever is not known is asked for a language, and then what it is about."""
        delay_s = 0.0
        for keys in (LANGUAGE_KEYS, MATTER_KEYS):
            delay_s += self._chance.uniform(*BETWEEN_KEYS_S)
            self._later(delay_s, partial(audio.press, self._chance.choice(keys)))

    def _changed(self, leg: Leg) -> None:
        if leg.state is LegState.ENDED:
            self._callers.discard(leg)
            self._ringing.discard(leg)

    # --- time -------------------------------------------------------------------------------------
    def _later(self, delay_s: float, do: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            do()

        timer = asyncio.get_running_loop().call_later(delay_s, fire)
        self._timers.add(timer)

    def _stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()


def _way_in(centre: Centre) -> str:
    """A loopback address that is not the agents' own and that a trunk without a password lets in."""
    for trunk in centre.trunks.values():
        for text in trunk.addresses:
            network = ipaddress.ip_network(text, strict=False)
            address = network.network_address
            if (
                network.version == 4
                and address.is_loopback
                and str(address) != "127.0.0.1"
                and trunk.their_login is None
            ):
                return str(address)
    raise OperatorError(
        "--demo: config/trunks.yml has no trunk that lets callers in from a loopback address such as "
        "127.0.0.2 with 'authentication: none'"
    )


def _customer_numbers(centre: Centre) -> list[str]:
    """Callers whom the directory knows."""
    if centre.customers_file is None:
        return []
    with centre.customers_file.open(encoding="utf-8", newline="") as file:
        return [row["number"] for row in csv.DictReader(file)]


def _strangers(count: int) -> list[str]:
    """As many whom it does not know, one at least."""
    return [f"+4930{5550100 + i}" for i in range(max(1, count))]
