"""A day of a centre, drawn by a seed: callers, phones that fail, people who vanish, cuts, restarts, clocks.

The day says what happens in the sentences of `tests/core/scenario.py`, so a day that goes wrong is a scenario
at once. It keeps the truth of the telephone (who is connected with whom) apart from what the engine is told.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from acd.core import commands
from acd.core.agents import AgentState
from acd.core.calls import CallState
from acd.core.engine import Engine
from acd.core.plan import Plan
from acd.errors import RequestRefused
from tests.core.scenario import START
from tests.scenarios.centres import drawn, plan_from
from tests.scenarios.played import Watched

LENGTH_S = 180.0
EVENING_S = 4 * 3600.0
TICK_S = 0.25  # whole ones only, so that times are exact in a text
FAILURES = ("declined", "busy", "unavailable")


@dataclass(slots=True)
class Caller:
    """The truth of one call. `rings` counts; `phone` rings or talks, '' for none."""

    group: str
    origin: str = ""
    phone: str = ""
    talks: bool = False
    rings: int = 0


class Day:
    """`run` may be called once; `lines` is the day as a scenario, whatever became of it."""

    def __init__(self, seed: int, make_engine: Callable[[Plan], Engine] = Engine) -> None:
        self._chance = Random(f"day {seed}")
        self.centre = drawn(Random(f"centre {seed}"))
        self._plan = plan_from(self.centre)
        self.is_calm = seed % 4 == 0
        self.has_ageing = bool(self._plan.ageing)
        self.player = Watched(self._plan, make_engine)
        self.lines: list[str] = []
        self.longest_wait_s = 0.0
        self._callers: dict[str, Caller] = {}
        self._arrived = 0
        self._agenda: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._entries = 0
        self._is_cut = False
        self._is_evening = False
        self._gone_phones: set[str] = set()
        self._phones = {agent.id: agent.extension for agent in self._plan.agents.values()}
        groups = list(self._plan.groups)
        load = self._chance.uniform(0.4, 0.6) if self.is_calm else self._chance.uniform(0.6, 1.3)
        self._gap_s = 40.0 / (load * len(self._phones))
        self._groups = groups

    # --- the run ------------------------------------------------------------------------------
    def run(self) -> None:
        """Raises AssertionError when something does not hold."""
        for agent in self._phones:
            self._in(self._chance.choice([0, 0, 5, 60]), self._come, agent)
        self._in(1, self._next_arrival)
        for _ in range(16):
            self._in(self._chance.uniform(0, LENGTH_S), self._people)
        if not self.is_calm:
            for _ in range(self._chance.randint(2, 5)):
                fault = self._chance.choice(
                    [self._cut, self._cut, self._killed, self._frozen, self._clock_back]
                )
                self._in(self._chance.uniform(20, LENGTH_S), fault)
        self._in(LENGTH_S, self._evening)
        while self._agenda or self._engine.next_deadline() is not None:
            self._step()
        assert not self._engine.floor.calls, f"still here at the end: {list(self._engine.floor.calls)}"

    def _step(self) -> None:
        at = self._agenda[0][0] if self._agenda else math.inf
        deadline = self._engine.next_deadline()
        if deadline is not None and deadline <= max(at, self._books.now):
            self._react(self.player.meet_deadline())
            return
        _, _, action, arguments = heapq.heappop(self._agenda)
        self._books.now = max(at, self._books.now)
        assert at < START + EVENING_S, f"waits for ever: {list(self._engine.floor.calls)}"
        action(*arguments)

    @property
    def _books(self) -> Any:
        return self.player.books

    @property
    def _engine(self) -> Any:
        return self.player.books.engine

    def _in(self, delay_s: float, action: Callable[..., None], *arguments: Any) -> None:
        self._entries += 1
        at = math.ceil((self._books.now + delay_s) / TICK_S) * TICK_S
        heapq.heappush(self._agenda, (at, self._entries, action, arguments))

    def _say(self, sentence: str) -> None:
        minutes, seconds = divmod(self._books.now - START, 60)
        self.lines.append(f"{int(minutes):02}:{seconds:05.2f}  {sentence}")
        try:
            done = self.player.do(sentence)
        except RequestRefused:
            done = []
        self._books.check()
        self._react(done)

    def _heard(self, sentence: str) -> None:
        """What AMI says, and nobody hears while it is cut."""
        if not self._is_cut:
            self._say(sentence)

    # --- callers ------------------------------------------------------------------------------
    def _next_arrival(self) -> None:
        if self._is_evening:
            return
        for _ in range(self._chance.choice([1, 1, 1, 1, 2, 3])):
            self._arrive()
        self._in(self._chance.expovariate(1 / self._gap_s), self._next_arrival)

    def _arrive(self) -> None:
        self._arrived += 1
        call_id, group = f"c{self._arrived}", self._chance.choice(self._groups)
        busy = [a.id for a in self._engine.floor.agents.values() if a.state is AgentState.READY]
        if busy and not self.is_calm and self._chance.random() < 0.05:
            agent = self._chance.choice(busy)
            self._callers[call_id] = Caller(group, agent)
            self._say(f"{agent} dials {call_id}")
            patience_s = 60.0
        else:
            self._callers[call_id] = Caller(group)
            self._say(f"{call_id} arrives")
            patience_s = self._chance.choice([5.0, 30.0, 90.0, math.inf, math.inf])
        if self._chance.random() < 0.1:
            self._say(f"{call_id} is for {self._chance.choice(list(self._phones))}")
        else:
            wishes, is_hopeful = self._wishes(group)
            self._say(f"{call_id} queues for {group}{wishes}")
            if not is_hopeful:
                patience_s = min(patience_s, 120.0)
        if patience_s < math.inf:
            self._in(patience_s, self._lose_patience, call_id)
        self._in(self._chance.uniform(1, 100), self._press_key, call_id)

    def _wishes(self, group: str) -> tuple[str, bool]:
        """As the scenario language says them; and whether somebody exists who can fulfil them."""
        chance, agents = self._chance, list(self._phones)
        wishes = [
            (0.3, "priority 5"),
            (0.2, f"at most {chance.choice([0, 20, 60])} s"),
            (0.3, f"ways out {chance.choice(['full', 'no_agents', 'callback full', 'closed'])}"),
            (0.15, f"asking for {chance.choice(['english', 'vip >= 5', 'support or sales'])}"),
            (0.15, f"preferring {chance.choice(agents)} for {chance.choice([5, 30])} s"),
            (0.2, f"last with {chance.choice(agents)} {chance.choice([2, 20])} days ago"),
        ]
        chosen = [wish for share, wish in wishes if chance.random() < share]
        if chance.random() < 0.05:
            chosen = ["asking only for support >= 5"]
        policy = self._plan.groups[group]
        hopeful = not any("asking" in wish for wish in chosen) and not policy.steps
        hopeful = hopeful and any(policy.requirement.admits(a.skills) for a in self._plan.agents.values())
        return "".join(f", {wish}" for wish in chosen), hopeful

    def _lose_patience(self, call_id: str) -> None:
        caller = self._callers.get(call_id)
        if caller is not None and not caller.talks:
            self._gone(call_id, f"{call_id} hangs up")

    def _press_key(self, call_id: str) -> None:
        if call_id in self._callers and self._chance.random() < 0.05:
            self._say(f"{call_id} leaves the line by key")
            self._in(TICK_S, self._in_hand, call_id)

    def _in_hand(self, call_id: str) -> None:
        """What a flow does with one who comes back: another line, or the end."""
        caller, call = self._callers.get(call_id), self._engine.floor.calls.get(call_id)
        if caller is None or call is None or caller.talks or caller.phone:
            return
        if caller.origin:
            self._gone(call_id, f"{call_id} is hung up by us")
            return
        if call.state is not CallState.IVR:
            return
        if self._chance.random() < 0.3 and not self._is_evening:
            caller.group = self._chance.choice(self._groups)
            self._say(f"{call_id} queues for {caller.group}")
            self._in(90, self._lose_patience, call_id)
        else:
            self._gone(call_id, f"{call_id} is hung up by us")

    def _gone(self, call_id: str, sentence: str) -> None:
        """The channel is gone, whether anybody hears of it or not."""
        caller = self._callers.pop(call_id)
        self._heard(sentence)
        if caller.phone:
            self._in(TICK_S, self._hang_up_phone, caller.phone)

    # --- commands -----------------------------------------------------------------------------
    def _react(self, done: list[commands.Command]) -> None:
        for command in done:
            match command:
                case commands.Offer(call_id, _, phone, ring_timeout_s):
                    call = self._engine.floor.calls[call_id]
                    if call.waiting_since is not None:
                        self.longest_wait_s = max(self.longest_wait_s, self._books.now - call.waiting_since)
                    self._ring(call_id, phone, ring_timeout_s)
                case commands.CancelOffer(call_id):
                    if call_id in self._callers:
                        self._in(
                            TICK_S, self._ring_ends, call_id, self._callers[call_id].rings, "unreachable"
                        )
                case commands.RefuseDirect(call_id):
                    self._in(0, self._refused, call_id)
                case commands.LeaveLine(call_id) | commands.ContinueCall(call_id):
                    self._in(0, self._in_hand, call_id)
                case _:
                    pass

    def _refused(self, call_id: str) -> None:
        caller, call = self._callers.get(call_id), self._engine.floor.calls.get(call_id)
        if caller is None or call is None or call.state is not CallState.IVR:
            return
        if caller.origin:
            self._gone(call_id, f"{call_id} is hung up by us")
        else:
            self._say(f"{call_id} is taken back")
            self._say(f"{call_id} queues for {caller.group}")
            self._in(120, self._lose_patience, call_id)

    # --- phones -------------------------------------------------------------------------------
    def _ring(self, call_id: str, phone: str, ring_timeout_s: float) -> None:
        caller, chance = self._callers.get(call_id), self._chance
        if caller is None:  # hung up while nobody heard of it
            self._in(1, self._end_unheard, call_id)
            return
        caller.rings += 1
        caller.phone = phone
        ring = (call_id, caller.rings)
        fate = 1.0 if self._is_evening or self.is_calm else chance.random()
        if phone in self._gone_phones or fate < 0.04:
            return  # the phone is dead: it never says that it rings
        self._in(TICK_S, self._ring_begins, *ring)
        if fate < 0.1:
            self._in(ring_timeout_s, self._ring_ends, *ring, "no_answer")
        elif fate < 0.18:
            self._in(chance.uniform(0.5, 5), self._ring_ends, *ring, chance.choice(FAILURES))
        elif fate < 0.2:
            pass  # rings for ever, or the end of the ring got lost: the engine must ask again
        else:
            self._in(chance.uniform(0.5, 8), self._answer, *ring)

    def _end_unheard(self, call_id: str) -> None:
        if call_id in self._engine.floor.calls and not self._is_cut:
            self._say(f"{call_id} hangs up")

    def _rings_still(self, call_id: str, ring: int) -> Caller | None:
        caller = self._callers.get(call_id)
        return (
            caller
            if caller is not None and caller.rings == ring and caller.phone and not caller.talks
            else None
        )

    def _ring_begins(self, call_id: str, ring: int) -> None:
        if caller := self._rings_still(call_id, ring):
            self._heard(f"{caller.phone} is in use")
            self._heard(f"{call_id} rings")

    def _ring_ends(self, call_id: str, ring: int, failure: str) -> None:
        if caller := self._rings_still(call_id, ring):
            phone, caller.phone = caller.phone, ""
            self._say(f"{call_id} asks again" if self._is_cut else f"{call_id} is not taken: {failure}")
            self._in(TICK_S, self._hang_up_phone, phone)

    def _answer(self, call_id: str, ring: int) -> None:
        caller = self._rings_still(call_id, ring)
        if caller is None:
            return
        caller.talks = True
        self._heard(f"{call_id} is answered")
        talk_s = self._chance.uniform(2, 60)
        self._in(talk_s, self._talk_ends, call_id, ring)
        if self._chance.random() < 0.2:
            self._in(talk_s * 0.3, self._hold, call_id, ring, "held")
            self._in(talk_s * 0.6, self._hold, call_id, ring, "resumed")

    def _hold(self, call_id: str, ring: int, how: str) -> None:
        caller = self._callers.get(call_id)
        if caller is not None and caller.talks and caller.rings == ring:
            self._heard(f"{call_id} is {how}")

    def _talk_ends(self, call_id: str, ring: int) -> None:
        caller = self._callers.get(call_id)
        if caller is None or not caller.talks or caller.rings != ring:
            return
        way = self._chance.random()
        if way < 0.6:
            self._gone(call_id, f"{call_id} hangs up")
            return
        phone, caller.phone, caller.talks = caller.phone, "", False
        self._in(TICK_S, self._hang_up_phone, phone)
        if way < 0.75 and not self._is_cut and not self._is_evening and not caller.origin:
            caller.group = self._chance.choice(self._groups)
            self._say(f"{call_id} is sent to 8001")
            self._say(f"{call_id} queues for {caller.group}")
            self._in(120, self._lose_patience, call_id)
        else:
            self._say(f"{call_id} asks again" if self._is_cut else f"{call_id} loses its agent")
            self._in(TICK_S, self._in_hand, call_id)

    def _hang_up_phone(self, phone: str) -> None:
        if phone not in self._gone_phones and not any(c.phone == phone for c in self._callers.values()):
            self._heard(f"{phone} is idle")

    # --- people -------------------------------------------------------------------------------
    def _come(self, agent: str) -> None:
        self._gone_phones.discard(self._phones[agent])
        self._tell_phone(self._phones[agent])
        self._say(f"{agent} logs in on {self._phones[agent]}")
        self._say(f"{agent} goes ready")

    def _tell_phone(self, phone: str) -> None:
        in_use = any(caller.phone == phone for caller in self._callers.values())
        state = "gone" if phone in self._gone_phones else "in use" if in_use else "idle"
        self._heard(f"{phone} is {state}")

    def _people(self) -> None:
        """Somebody does something else than taking calls."""
        agent = self._chance.choice(list(self._phones))
        at_work = self._engine.floor.agents[agent]
        if at_work.state is AgentState.LOGGED_OUT:
            self._come(agent)
            return
        doings = [
            "goes not ready: lunch",
            "wants wrap-up",
            "extends the wrap-up",
            "ends the wrap-up",
            "takes it back",
        ]
        if not self.is_calm:
            doings += ["logs out", "logs out", "logs out", "vanishes", "vanishes"]
        doing = self._chance.choice(doings)
        if doing == "vanishes":
            self._gone_phones.add(self._phones[agent])
            self._tell_phone(self._phones[agent])
        else:
            self._say(f"{agent} {doing}")
        self._in(self._chance.uniform(5, 90), self._come, agent)

    def _look_around(self) -> None:
        """Every half minute: who forgot about being ready again, or a wrap-up, is reminded."""
        for agent in list(self._engine.floor.agents.values()):
            if agent.state in (AgentState.NOT_READY, AgentState.LOGGED_OUT):
                self._come(agent.id)
            elif agent.state is AgentState.WRAP_UP:
                self._say(f"{agent.id} ends the wrap-up")
        if self._callers or self._engine.floor.calls:
            self._in(30, self._look_around)

    def _evening(self) -> None:
        """Nobody calls any more and everything works: whoever still waits must be served."""
        self._is_evening = True
        for group in self._groups:
            if self._chance.random() < 0.2:
                self._say(f"{group} closes")
        self._in(60, self._look_around)

    # --- faults -------------------------------------------------------------------------------
    def _cut(self) -> None:
        if not self._is_cut:
            self._say("asterisk is away")
            self._is_cut = True
            self._in(self._chance.uniform(1, 40), self._back)

    def _killed(self) -> None:
        if not self._is_cut:
            self._say("we are killed and start again")
            self._is_cut = True
            for call_id, caller in self._callers.items():
                if not caller.phone:
                    self._in(self._chance.uniform(0.5, 4), self._ask_again, call_id)
            self._in(5, self._back)

    def _ask_again(self, call_id: str) -> None:
        caller = self._callers.get(call_id)
        if caller is not None and not caller.phone:
            self._say(f"{call_id} asks again")
            self._in(TICK_S, self._in_hand, call_id)

    def _back(self) -> None:
        """AMI is there again: what is there is told, then offers are made again."""
        self._is_cut = False
        for phone in self._phones.values():
            self._tell_phone(phone)
        self._say(f"still there: {' '.join(self._callers)}")
        for call_id, caller in list(self._callers.items()):
            if caller.talks:
                self._say(f"{call_id} is found talking on {caller.phone}")
        self._say("the floor is known")

    def _frozen(self) -> None:
        self._say(f"we stand still for {self._chance.choice([1, 8, 40])} s")

    def _clock_back(self) -> None:
        self._say(f"the clock goes back {self._chance.choice([1, 60, 3600])} s")
        self._tell_phone(self._phones[self._chance.choice(list(self._phones))])
