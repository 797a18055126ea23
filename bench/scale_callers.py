"""The callers and agents of a centre of any size, as the engine is told of them, in real time.

A call: some seconds in a menu, the line, the ring, the talk, the wrap-up. All durations are exponential, so a
busy centre can be set up at once and is in its steady state from the first moment: how long something has
gone on says nothing of how long it still will.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from acd.core import events
from acd.core.commands import DialOut, Offer
from acd.core.events import Event
from acd.core.facts import CallKind, EndedBy
from acd.core.floor import Floor
from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.ports import Refusal
from acd.core.requirement import Requirement
from acd.core.work_rules import WrapUpMode, WrapUpRule
from acd.errors import RequestRefused

AGENTS_A_GROUP = 50
SKILLS_OF_AN_AGENT = 4
AGENTS_A_PROFILE = 10
MENU_S, ALERT_S, PATIENCE_S = 5.0, 0.05, 120.0
RING_SHARE, WRAP_UP_SHARE = 1 / 60, 1 / 8
"""Of the handling time: 4 s and 30 s of 240."""
TURN_EVERY = 50
"""So many events while the centre is set up, and others may have the loop."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """`handling_s`: ring, talk and wrap-up of a call; `occupancy`: the share of agents who are busy."""

    agents: int
    handling_s: float = 240.0
    occupancy: float = 0.85

    @property
    def calls_per_s(self) -> float:
        """As many as keep so many agents busy."""
        return self.agents * self.occupancy / self.handling_s

    @property
    def ring_s(self) -> float:
        """On average, as below."""
        return self.handling_s * RING_SHARE

    @property
    def wrap_up_s(self) -> float:
        """After-call work."""
        return self.handling_s * WRAP_UP_SHARE

    @property
    def talk_s(self) -> float:
        """What is left."""
        return self.handling_s - self.ring_s - self.wrap_up_s


def plan_of(agents: int) -> Plan:
    """A group for every 50 agents, each asking for a skill; each agent can serve four neighbouring groups."""
    groups = max(1, agents // AGENTS_A_GROUP)
    chance = random.Random(5)
    rule = WrapUpRule(WrapUpMode.UNTIL_RELEASED)
    policies = {
        f"g{n}": GroupPolicy(f"g{n}", f"Group {n}", Requirement.parse(f"s{n} >= 3"), wrap_up=rule)
        for n in range(groups)
    }
    skills = []
    for n in range(max(1, agents // AGENTS_A_PROFILE)):
        first = n * groups * AGENTS_A_PROFILE // agents
        own = [(first + step) % groups for step in range(SKILLS_OF_AN_AGENT)]
        skills.append({f"s{s}": chance.randint(3, 10) for s in own})
    profiles = {
        f"a{n}": AgentProfile(
            f"a{n}", f"Agent {n}", f"{10_000 + n}", skills[n // AGENTS_A_PROFILE % len(skills)]
        )
        for n in range(agents)
    }
    return Plan(profiles, policies)


class Callers:
    """Tells the engine what happens, and is its switch: a phone that is to ring rings.

    `late_ms`: of each offer, from the moment when what allowed it was due until the phone was told to ring,
    by the clock; `decided_ms`: what the decision took since the event was told, in processor time.
    `ended`: calls that are over; `told`: events.
    """

    def __init__(
        self,
        plan: Plan,
        floor: Floor,
        tell: Callable[[Event], None],
        clock: Callable[[], float],
        seed: int = 6,
    ) -> None:
        self._plan, self._floor, self._tell_engine, self._clock = plan, floor, tell, clock
        self._time = clock
        self._is_setting_up = False
        self._chance = random.Random(seed)
        self._groups = list(plan.groups)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._traffic = Traffic(len(plan.agents))
        self._number = self._things = 0
        self._phones: dict[str, str] = {}  # call → the phone that rings or talks
        self._event_at = 0.0
        self.late_ms: list[float] = []
        self.decided_ms: list[float] = []
        self._told_at = 0.0
        self.ended = self.told = 0

    # --- the switch ---------------------------------------------------------------------------
    def offer(self, offer: Offer) -> None:
        """See `Switch`: the phone rings a moment later."""
        self.decided_ms.append((time.thread_time() - self._told_at) * 1000)
        self.late_ms.append((self._clock() - self._event_at) * 1000)
        call_id, phone = offer.call_id, offer.phone
        self._phones[call_id] = phone
        if not self._is_setting_up:
            self._in(ALERT_S, lambda: self._alert(call_id, phone))

    def hold_in_line(self, call_id: str, _group: str, _music: str) -> None:
        """See `Switch`: who waits loses patience some day."""
        self._in(self._about(PATIENCE_S), lambda: self._give_up(call_id))

    def dial_out(self, command: DialOut) -> None:
        """See `Switch`: nobody dials here, nor below."""

    def dial_address(self, call_id: str, target: str, timeout_s: float, group: str) -> None:
        """See `Switch`."""

    def cancel_offer(self, call_id: str) -> None:
        """See `Switch`."""

    def ask_again(self, call_id: str) -> None:
        """See `Switch`."""

    def hang_up(self, call_id: str, refusal: Refusal) -> None:
        """See `Switch`."""

    def is_there(self, call_id: str) -> bool:
        """See `Switch`."""
        return call_id in self._floor.calls

    def forget(self, call_id: str) -> None:
        """See `Switch`."""

    # --- what happens -------------------------------------------------------------------------
    async def set_up(self, tell: Callable[[Event], None]) -> None:
        """Everybody is at work, and as many as the occupancy says are busy. `tell`: the engine meanwhile.

        However long that takes: what follows counts from its end.
        """
        usual, self._tell_engine, self._time = self._tell_engine, tell, lambda: 0.0
        self._is_setting_up = True
        for count, agent in enumerate(self._plan.agents.values()):
            self._tell(events.PhoneChanged(agent.extension, reachable=True, in_use=False))
            self._tell(events.AgentLoggedIn(agent.id, agent.extension))
            self._tell(events.AgentWentReady(agent.id))
            await self._turn(count)
        busy = round(len(self._plan.agents) * self._traffic.occupancy)
        for count in range(busy):
            call_id = self._arrive()
            self._queue(call_id)
            await self._turn(count)
            if (phone := self._phones.get(call_id)) is None:
                continue
            self._alert(call_id, phone)
            self._answer(call_id, phone)
            if self._chance.random() < WRAP_UP_SHARE:
                self._end(call_id, phone)  # the end that is to come finds nobody
        self._tell_engine, self._time, self._is_setting_up = usual, self._clock, False
        now = self._clock()
        self._due = [(now + after, n, do) for after, n, do in self._due]
        self.late_ms.clear()
        self.decided_ms.clear()
        self.ended = self.told = 0

    async def _turn(self, count: int) -> None:
        if count % TURN_EVERY == 0:
            await asyncio.sleep(0)

    def change_to(self, traffic: Traffic) -> None:
        """Another rate, at once in its steady state: what goes on ends by so much sooner, or later."""
        factor, now = traffic.handling_s / self._traffic.handling_s, self._clock()
        self._due = [(now + max(0.0, at - now) * factor, n, do) for at, n, do in self._due]
        heapq.heapify(self._due)
        self._traffic = traffic

    async def run(self) -> None:
        """Callers come by chance, until cancelled."""
        self._in(0.0, self._next_caller)
        while True:
            now = self._clock()
            for _ in range(TURN_EVERY):
                if not self._due or self._due[0][0] > now:
                    break
                at, _, do = heapq.heappop(self._due)
                self._event_at = at
                do()
            wait_s = max(0.0, self._due[0][0] - self._clock()) if self._due else 1.0
            await asyncio.sleep(wait_s)

    def _next_caller(self) -> None:
        self._at(self._event_at + self._about(1 / self._traffic.calls_per_s), self._next_caller)
        call_id = self._arrive()
        self._in(self._about(MENU_S), lambda: self._queue(call_id))

    def _arrive(self) -> str:
        self._number += 1
        call_id = f"c{self._number}"
        self._tell(events.CallArrived(call_id, CallKind.INBOUND, f"+4930{self._number:07}", "Ada", "8000"))
        self._tell(events.FlowStarted(call_id, "main", "1"))
        return call_id

    def _queue(self, call_id: str) -> None:
        self._tell(
            events.CallQueued(call_id, self._chance.choice(self._groups), self._chance.choice((0, 0, 5)))
        )

    def _alert(self, call_id: str, phone: str) -> None:
        self._tell(events.PhoneChanged(phone, reachable=True, in_use=True))
        self._tell(events.OfferAlerting(call_id, phone))
        if not self._is_setting_up:
            self._in(self._about(self._traffic.ring_s), lambda: self._answer(call_id, phone))

    def _answer(self, call_id: str, phone: str) -> None:
        if self._phones.get(call_id) == phone and call_id in self._floor.calls:
            self._tell(events.OfferAnswered(call_id, phone))
            self._in(self._about(self._traffic.talk_s), lambda: self._end(call_id, phone))

    def _end(self, call_id: str, phone: str) -> None:
        if self._phones.pop(call_id, None) is None:
            return
        self._tell(events.AgentDisconnected(call_id, phone))
        self._tell(events.PhoneChanged(phone, reachable=True, in_use=False))
        self._tell(events.CallEnded(call_id, EndedBy.AGENT))
        self.ended += 1
        if (agent := self._floor.agent_on(phone)) is not None:
            name = agent.id
            self._in(self._about(self._traffic.wrap_up_s), lambda: self._ready_again(name))

    def _ready_again(self, agent: str) -> None:
        try:
            self._tell(events.WrapUpDone(agent))
        except RequestRefused:
            return  # it is over already

    def _give_up(self, call_id: str) -> None:
        call = self._floor.calls.get(call_id)
        if call is not None and call_id not in self._phones:
            self._tell(events.CallEnded(call_id))
            self.ended += 1

    def _tell(self, event: Event) -> None:
        self.told += 1
        self._told_at = time.thread_time()
        self._tell_engine(event)

    def _about(self, mean_s: float) -> float:
        return self._chance.expovariate(1 / mean_s)

    def _in(self, seconds: float, do: Callable[[], None]) -> None:
        self._at(self._time() + seconds, do)

    def _at(self, at: float, do: Callable[[], None]) -> None:
        self._things += 1
        heapq.heappush(self._due, (at, self._things, do))


def faster(traffic: Traffic, times: float) -> Traffic:
    """The same agents with calls that are so many times shorter, and so many times as many."""
    return replace(traffic, handling_s=traffic.handling_s / times)
