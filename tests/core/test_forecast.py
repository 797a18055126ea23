"""What is expected of those who come later, of reserves, and before anything is known."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from acd.core import events
from acd.core.arrivals import LASTS_S, LEANS_S, Arrivals
from acd.core.commands import AgentChanged, CallChanged
from acd.core.engine import Engine
from acd.core.expected_wait import Habit, Service, WaitRange, expected_wait
from acd.core.facts import CallKind
from acd.core.forecast import Forecast
from acd.core.paces import Paces
from acd.core.plan import Plan
from acd.core.requirement import Requirement
from tests.core.centre import PLAN, RESERVE, RULES

HABIT = Habit(180.0)


class Centre:
    """An engine whose paces are learnt, with everybody ready at 0."""

    def __init__(self, plan: Plan) -> None:
        self.engine, self.now = Engine(plan), 0.0
        self.paces = Paces(self.engine.floor)
        self.forecast = Forecast(self.engine.floor, self.paces)
        for agent in plan.agents.values():
            self.tell(events.PhoneChanged(agent.extension, reachable=True, in_use=False))
            self.tell(events.AgentLoggedIn(agent.id, agent.extension))
            self.tell(events.AgentWentReady(agent.id))

    def tell(self, event: events.Event) -> None:
        floor = self.engine.floor
        for command in self.engine.handle(event, self.now):
            match command:
                case CallChanged(call_id):
                    self.paces.call_changed(floor.calls[call_id])
                case AgentChanged(agent):
                    self.paces.agent_changed(floor.agents[agent])

    def caller(self, call_id: str, group: str, priority: int = 0) -> None:
        self.tell(events.CallArrived(call_id, CallKind.INBOUND, "+4930", "", "8001"))
        self.tell(events.CallQueued(call_id, group, priority))
        self.tell(events.OfferAnswered(call_id))

    def of(self, call_id: str) -> WaitRange:
        found = self.forecast.of_call(self.engine.floor.calls[call_id], self.now)
        assert found is not None
        return found


def test_arrivals_are_forgotten() -> None:
    arrivals = Arrivals()
    assert list(arrivals.per_s(0.0)) == []
    for second in range(0, 7200, 30):
        arrivals.came("sales", 5, float(second))
    ((group, priority, per_s),) = arrivals.per_s(7200.0)
    assert (group, priority) == ("sales", 5)
    assert per_s == pytest.approx(1 / 30 * LASTS_S / (LASTS_S + LEANS_S), rel=0.05)
    ((_, _, later),) = arrivals.per_s(7200.0 + LASTS_S)
    assert later == pytest.approx(per_s / math.e, rel=0.05)


@pytest.mark.parametrize("places", [1, 10, 50, 200])
def test_who_is_overtaken_waits_as_in_busy_periods(places: int) -> None:
    """With half of the departures for others each step takes twice as long."""
    calm, busy = (expected_wait(places, 0, Service(10, 0.05, 1.0, lost), HABIT) for lost in (0.0, 0.025))
    assert busy.p50_s >= calm.p50_s * (1.0 if places == 1 else 1.6)
    assert busy.p90_s > 2 * calm.p90_s
    if places == 200:
        assert busy.p50_s == pytest.approx(2 * calm.p50_s, rel=0.03)
    flood = expected_wait(places, 0, Service(10, 0.05, 1.0, 5.0), HABIT)
    assert math.isfinite(flood.p90_s)


def test_who_gives_up_and_who_overtakes_beyond_the_exact_steps() -> None:
    """The integral goes on where the sum ends."""
    habit = replace(HABIT, give_ups_per_s=0.0005)
    waits = [expected_wait(n, 0, Service(10, 0.05, 1.0, 0.02), habit).p50_s for n in (49, 50, 51, 52, 53)]
    steps = [later - sooner for sooner, later in pairwise(waits)]
    assert max(steps) < 1.2 * min(steps)


def test_a_higher_priority_that_comes_often() -> None:
    def low(priority: int) -> WaitRange:
        centre = Centre(PLAN)
        for number in range(40):
            centre.caller(f"c{number}", "experts", priority)
            centre.now += 90
            centre.tell(events.CallEnded(f"c{number}"))
        for call_id in ("one", "other", "low"):
            centre.caller(call_id, "experts")
        return centre.of("low")

    assert low(9).p50_s > 1.2 * low(0).p50_s > 30
    assert low(9).p90_s > 1.5 * low(0).p90_s


def test_a_reserve_that_is_not_whole_takes_the_next_agents() -> None:
    """Two groups keep one of those for support, the same one, from the plain calls."""
    waits = {}
    groups = {name: replace(group, reserve=0) for name, group in RESERVE.groups.items()}
    for name, plan in {"reserve": RESERVE, "none": replace(RESERVE, groups=groups)}.items():
        centre = Centre(plan)
        for number in range(len(plan.agents) + 1):
            centre.caller(f"c{number}", "plain")
        waiting = next(c.id for c in centre.engine.floor.calls.values() if c.state.value == "waiting")
        waits[name] = centre.of(waiting).p50_s
    assert waits["reserve"] > 1.3 * waits["none"] > 0


def test_the_handle_time_of_the_configuration() -> None:
    groups = {name: replace(group, aht_s=600.0) for name, group in PLAN.groups.items()}
    slow, usual = (Paces(Engine(plan).floor) for plan in (replace(PLAN, groups=groups), PLAN))
    assert slow.habit("sales", 0.0).handle_time_s == 600.0
    assert usual.habit("sales", 0.0).handle_time_s == 180.0


def test_ready_agents_whom_a_caller_may_not_have_yet() -> None:
    """Anna and Ben talk; Chen, who is ready, is in a later ring. Or nobody has what is asked for."""
    wide = replace(RULES.groups["wide"], last_agent=None)
    centre = Centre(replace(RULES, groups={"wide": wide}))
    for call_id in ("c1", "c2"):
        centre.caller(call_id, "wide")
    assert centre.engine.floor.router.is_free("chen")
    assert centre.forecast.of_next("wide", centre.now).p50_s > 0
    centre.tell(events.CallArrived("c3", CallKind.INBOUND, "+4930", "", "8001"))
    centre.tell(events.CallQueued("c3", "wide"))
    assert centre.of("c3").p50_s > 0

    centre = Centre(PLAN)
    centre.tell(events.CallArrived("c1", CallKind.INBOUND, "+4930", "", "8001"))
    centre.tell(events.CallQueued("c1", "sales", requirement=Requirement.parse("sales >= 9")))
    assert centre.of("c1").p50_s > 0


def test_an_outer_ring_counts_where_nobody_of_the_inner_one_is_at_work() -> None:
    centre = Centre(RULES)
    for agent in ("anna", "ben"):
        centre.tell(events.AgentLoggedOut(agent))
    assert centre.forecast.of_next("wide", centre.now).p50_s == 0
