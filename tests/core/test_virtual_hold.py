"""Who hangs up and is called back waits as long as who stays: the place in line is the same.

Without anybody giving up, and with nothing lost by dialling, the order in which agents serve is that of
the arrivals in either case, so every single wait is the same, and with it the mean.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from statistics import mean

import pytest

from acd.core import callback_events, events, outside_events
from acd.core.callback_facts import AgentJoined
from acd.core.commands import CallBack, Command, Offer
from acd.core.engine import Engine
from acd.core.facts import Answered, CallKind
from acd.core.plan import Plan
from acd.core.work_rules import NO_WRAP_UP
from tests.core.centre import BACK, PLAN

STAYS_S = 30.0  # so long, then the caller wants to be called back
AGENTS = {"back": ("anna", "ben"), "ahead": ("chen", "dora")}


class Day:
    """Callers at random moments, agents who always answer; everything is the same for the same seed."""

    def __init__(self, group: str, share: float, seed: int) -> None:
        self.chance, self.group, self.share = random.Random(seed), group, share
        groups = {group: replace(BACK[group], wrap_up=NO_WRAP_UP)}
        self.engine = Engine(Plan(agents=PLAN.agents, groups=groups))
        self.now, self.order = 1000.0, count()
        self.due: list[tuple[float, int, Callable[[], None]]] = []
        self.talks_s = [self.chance.expovariate(1 / 60) for _ in range(300)]
        self.waits_s: dict[str, float] = {}
        self.came: dict[str, float] = {}
        self.callbacks = self.dialled = 0

    def run(self) -> float:
        """The mean wait in seconds."""
        for number, agent in enumerate(AGENTS[self.group]):
            phone = PLAN.agents[agent].extension
            self.feed(events.PhoneChanged(phone, reachable=True, in_use=False))
            self.feed(events.AgentLoggedIn(agent, phone))
            self.feed(events.AgentWentReady(agent))
            assert number < 2
        moment = self.now
        for number in range(300):
            moment += self.chance.expovariate(1 / 33)
            wants = self.chance.random() < self.share
            self.at(moment, partial(self.arrives, f"c{number}", wants=wants))
        while self.due:
            self.now, _, happens = heapq.heappop(self.due)
            happens()
        assert len(self.waits_s) == 300, "somebody was lost"
        return mean(self.waits_s.values())

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self.due, (moment, next(self.order), happens))

    def feed(self, event: events.Event) -> None:
        for command in self.engine.handle(event, self.now):
            self.carry_out(command)

    def arrives(self, call_id: str, *, wants: bool) -> None:
        self.came[call_id] = self.now
        self.feed(events.CallArrived(call_id, CallKind.INBOUND, "+4930", "", "8000"))
        self.feed(events.CallQueued(call_id, self.group))
        if wants:
            self.at(self.now + STAYS_S, lambda: self.hangs_up(call_id))

    def hangs_up(self, call_id: str) -> None:
        call = self.engine.floor.calls.get(call_id)
        if call is None or call_id in self.waits_s:
            return  # was served in time
        self.feed(events.CallLeftLine(call_id))
        self.feed(callback_events.CallbackPlaced(f"k{call_id}", call_id, self.group, "+4930", "en"))
        self.feed(events.CallEnded(call_id))
        self.callbacks += 1

    def carry_out(self, command: Command) -> None:
        match command:
            case Offer(call_id):
                self.feed(events.OfferAnswered(call_id))
                self.begin(call_id)
            case CallBack(call_id, number):
                self.dialled += 1
                shown = ("+4930", number, "+4930")
                self.feed(outside_events.OutsideDialed(call_id, number, "main", "flow:", *shown))
                self.feed(callback_events.CallbackReached(call_id))
                self.feed(outside_events.OutsideAnswered(call_id))
                self.begin(call_id)

    def begin(self, call_id: str) -> None:
        call = self.engine.floor.calls[call_id]
        if not any(isinstance(f, Answered) for f in call.facts) or isinstance(call.facts[-1], AgentJoined):
            return
        caller = call_id.removeprefix("k")
        if caller not in self.waits_s:
            talk_s = self.talks_s[len(self.waits_s)]
            self.waits_s[caller] = self.now - self.came[caller]
            self.at(self.now + talk_s, lambda: self.feed(events.CallEnded(call_id)))


@pytest.mark.parametrize("group", ["back", "ahead"])
def test_the_mean_wait_is_that_of_a_line_in_which_all_stay(group: str) -> None:
    stay, half = Day(group, 0.0, seed=7), Day(group, 0.5, seed=7)
    mean_s = stay.run()
    assert half.run() == pytest.approx(mean_s, abs=1e-6)
    assert half.waits_s == pytest.approx(stay.waits_s, abs=1e-6)  # each of them, too
    assert mean_s > 60
    assert half.callbacks > 50
    assert half.dialled == half.callbacks
