"""The virtual world around the engine: chance that repeats, callers, phones, shifts, accounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from acd.core import commands, events
from acd.core.calls import Call
from acd.core.engine import Engine
from acd.core.facts import AgentInterval, Alerted, Answered, CallKind, Offered, OfferFailed, OfferFailure
from acd.core.plan import Plan
from acd.core.policy import Announce, MoveTo, PolicyStep, condition
from acd.core.service_level import ServiceLevelFormula
from acd.core.work_rules import WorkLimits, WrapUpMode, WrapUpRule
from acd.records.fold import fold
from acd.records.period import Period
from acd.records.record import CallVisit
from acd.reports.known import Known
from acd.reports.today import report_of_day
from acd.simulate.callers import Caller, callers
from acd.simulate.chance import Constant, Exponential, Lognormal, stream
from acd.simulate.crew import duties
from acd.simulate.figures import result_of
from acd.simulate.ledger import Ledger
from acd.simulate.run import simulate
from acd.simulate.scenario import (
    CallerClass,
    GroupTraffic,
    Habits,
    KnownCall,
    Listed,
    Poisson,
    Scenario,
    Shift,
    Turn,
)
from acd.simulate.visits import OfferedCallback, Outcome, visits_of
from acd.simulate.world import World
from tests.core.centre import PLAN

HOUR = 3600.0
BUSY = Scenario(
    traffic={
        "sales": GroupTraffic(
            Poisson.even(60),
            Lognormal(120, 0.8),
            Exponential(60),
            (CallerClass("vip", 0.2, 10), CallerClass("plain", 0.8, 0)),
        ),
        "support": GroupTraffic(Poisson.even(30), Exponential(150), Exponential(90), max_wait_s=100),
    },
    length_s=20 * HOUR,
    habits=Habits(Exponential(4), unanswered=0.05),
)


@dataclass
class Witness:
    """Keeps everything."""

    calls: dict[str, Call] = field(default_factory=dict)
    intervals: list[AgentInterval] = field(default_factory=list)
    away: list[Caller] = field(default_factory=list)
    callbacks: list[OfferedCallback] = field(default_factory=list)

    def blocked(self, caller: Caller) -> None:
        self.away.append(caller)

    def turned_away(self, caller: Caller) -> None:
        self.away.append(caller)

    def callback_over(self, offered: OfferedCallback) -> None:
        self.callbacks.append(offered)

    def call_over(self, call: Call) -> None:
        self.calls[call.id] = call

    def interval_over(self, interval: AgentInterval) -> None:
        self.intervals.append(interval)

    def decisions(self) -> list[tuple[str, float, str]]:
        """Which call was offered to whom, when."""
        offers = ((c.id, f) for c in self.calls.values() for f in c.facts if isinstance(f, Offered))
        return sorted((call_id, fact.at, fact.agent) for call_id, fact in offers)


def run(scenario: Scenario, plan: Plan = PLAN) -> Witness:
    """To the end."""
    witness = Witness()
    World(plan, scenario, witness).run()
    return witness


def listed(*calls: KnownCall, talk_s: float = 100.0, max_wait_s: float | None = None) -> GroupTraffic:
    """Callers of one group whose times are known."""
    return GroupTraffic(Listed(calls), Constant(talk_s), max_wait_s=max_wait_s)


def only(group: str, traffic: GroupTraffic, **rest: object) -> Scenario:
    """One group has callers, phones are answered after 2 s."""
    base = Scenario({group: traffic}, length_s=HOUR, habits=Habits(Constant(2.0)))
    return replace(base, **rest)  # type: ignore[arg-type]


def test_the_same_seed_makes_the_same_decisions() -> None:
    first = run(BUSY)
    assert len(first.decisions()) > 1000
    assert run(BUSY).decisions() == first.decisions()
    assert [c.facts for c in run(BUSY).calls.values()] == [c.facts for c in first.calls.values()]
    assert run(replace(BUSY, seed=2)).decisions() != first.decisions()


def test_two_configurations_see_the_same_callers() -> None:
    slower = replace(
        PLAN, groups={**PLAN.groups, "sales": replace(PLAN.groups["sales"], wrap_up=WrapUpRule.timed(60))}
    )
    one, other = run(BUSY), run(BUSY, slower)
    assert one.decisions() != other.decisions()
    assert one.calls.keys() == other.calls.keys()
    for call_id, call in one.calls.items():
        assert call.facts[:2] == other.calls[call_id].facts[:2]  # arrival, customer, priority
    talks = [
        {call_id: _talk_s(call) for call_id, call in run.calls.items() if _talk_s(call)}
        for run in (one, other)
    ]
    both = talks[0].keys() & talks[1].keys()
    assert len(both) > 500
    assert all(talks[0][call_id] == pytest.approx(talks[1][call_id]) for call_id in both)


def _talk_s(call: Call) -> float:
    answered = next((f.at for f in call.facts if isinstance(f, Answered)), None)
    return 0.0 if answered is None or not call.finished else _ended(call) - answered


def _ended(call: Call) -> float:
    return next(fact.at for fact in call.facts if type(fact).__name__ == "Ended")


def test_a_change_of_one_purpose_leaves_the_others_alone() -> None:
    def of(scenario: Scenario) -> list[Caller]:
        return list(callers(scenario, "sales"))

    traffic = {"sales": replace(BUSY.traffic["sales"], patience=Exponential(5))}
    before, after = of(BUSY), of(replace(BUSY, traffic=traffic))
    assert [c.patience_s for c in before] != [c.patience_s for c in after]
    assert [(c.at, c.talk_s, c.luck, c.segment) for c in before] == [
        (c.at, c.talk_s, c.luck, c.segment) for c in after
    ]


def test_rates_by_time_of_day() -> None:
    rates = Poisson(((8 * HOUR, 100.0), (12 * HOUR, 400.0), (18 * HOUR, 0.0)))
    scenario = replace(BUSY, traffic={"sales": GroupTraffic(rates, Constant(1))}, length_s=480 * HOUR)
    by_hour = [0] * 24
    for caller in callers(replace(scenario, opens_s=6 * HOUR), "sales"):
        by_hour[int((caller.at / HOUR + 6) % 24)] += 1
    assert sum(by_hour[:8]) + sum(by_hour[18:]) == 0
    assert all(1800 < count < 2200 for count in by_hour[8:12])
    assert all(7600 < count < 8400 for count in by_hour[12:18])
    assert rates.mean_per_hour == pytest.approx((4 * 100 + 6 * 400) / 24)


def test_figures_are_those_of_reports() -> None:
    scenario = replace(BUSY, traffic={g: replace(t, max_wait_s=None) for g, t in BUSY.traffic.items()})
    witness, ledger = run(scenario), Ledger(PLAN.groups, scenario)
    for call in witness.calls.values():
        ledger.call_over(call)
    formula = ServiceLevelFormula.OFFERED_MINUS_SHORT
    result = result_of(ledger, formula)
    visits = [
        CallVisit(call.id, CallKind.INBOUND, visit)
        for call in witness.calls.values()
        for visit in fold(call.id, call.facts).visits
    ]
    always = Period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    told = report_of_day(visits, Known(PLAN.groups), always, formula)
    groups = [SimpleNamespace(**group) for group in (*told["groups"], told["total"])]
    for expected in [g for g in groups if g.group in (*BUSY.traffic, None)]:
        found = result.groups[expected.group] if expected.group else result.total
        counts = found.counts
        assert counts.offered == expected.offered > 500
        assert counts.answered == expected.answered
        assert counts.abandoned == expected.abandoned + expected.short_abandoned
        assert counts.short_abandoned == expected.short_abandoned > 0
        for name in ("service_level", "abandon_rate", "asa_s"):
            assert found.by_name[name].value == pytest.approx(getattr(expected, name), abs=1e-3), (
                name
            )  # records keep ms
        assert found.by_name["aht_s"].value == pytest.approx(expected.aht_s, rel=0.01)


def test_every_caller_is_accounted_for() -> None:
    result = simulate(PLAN, replace(BUSY, lines=6, warm_up_s=HOUR))
    counts = result.total.counts
    waiting = counts.offered - counts.answered - counts.abandoned - counts.left
    assert 0 <= waiting <= 6
    assert min(counts.blocked, counts.answered, counts.abandoned, counts.left) > 0
    came = [c for group in BUSY.traffic for c in callers(BUSY, group) if c.at >= HOUR]
    assert counts.offered + counts.blocked == len(came)


def test_what_nobody_looks_at_is_not_told() -> None:
    world = World(PLAN, Scenario({}, HOUR), Ledger(PLAN.groups, Scenario({}, HOUR)))
    login = events.AgentLoggedIn("anna", "1001")
    world.engine.handle(events.PhoneChanged("1001", reachable=True, in_use=False), 0.0)
    assert world.engine.handle(login, 0.0) == []
    world.learn()  # whoever forecasts waits looks at each change
    assert world.engine.handle(events.AgentWentReady("anna"), 0.0) == [commands.AgentChanged("anna")]


def test_why_an_agent_was_chosen_is_told_where_somebody_reads_it() -> None:
    engine = Engine(PLAN)
    engine.floor.explains = False
    for event in (
        events.PhoneChanged("1001", reachable=True, in_use=False),
        events.AgentLoggedIn("anna", "1001"),
        events.AgentWentReady("anna"),
        events.CallArrived("c1", CallKind.INBOUND, "", "", ""),
        events.CallQueued("c1", "sales"),
    ):
        engine.handle(event, 0.0)
    (offered,) = [fact for fact in engine.floor.calls["c1"].facts if isinstance(fact, Offered)]
    assert (offered.agent, offered.reasons) == ("anna", ())


def test_a_command_that_is_not_known_raises() -> None:
    world = World(PLAN, BUSY, Witness())
    with pytest.raises(NotImplementedError, match="RefuseDirect"):
        world._do([commands.RefuseDirect("c1", "anna", OfferFailure.BUSY)])


def test_an_answered_call() -> None:
    witness = run(only("sales", listed(KnownCall(10.0))))
    call = witness.calls["sales-1"]
    assert [f.at for f in call.facts if isinstance(f, (Offered, Alerted, Answered))] == [10, 10, 12]
    (visit,) = visits_of(call)
    assert (visit.outcome, visit.wait_s, visit.agent, visit.handle_s) == (Outcome.ANSWERED, 2, "anna", 110)


def test_a_ring_that_nobody_answers() -> None:
    habits = Habits(Constant(2.0), unanswered=0.5, back_after_s=30)
    calls = [KnownCall(100.0 * n) for n in range(35)]
    witness = run(only("sales", listed(*calls, talk_s=5.0), habits=habits))
    rings = [f for c in witness.calls.values() for f in c.facts if isinstance(f, OfferFailed)]
    assert 15 < len(rings) < 80
    assert {f.failure for f in rings} == {OfferFailure.NO_ANSWER}
    away = [i for i in witness.intervals if i.reason == "rona"]
    assert len(away) == len(rings)
    assert {round(i.until - i.since, 6) for i in away} == {30.0}


def test_whoever_is_out_of_patience_hangs_up_while_it_rings_too() -> None:
    witness = run(only("experts", listed(KnownCall(0.5, patience_s=1.0), KnownCall(5.0, patience_s=2.5))))
    fates = [visits_of(call)[0] for call in witness.calls.values()]
    assert [(v.outcome, v.wait_s) for v in fates] == [(Outcome.ABANDONED, 1.0), (Outcome.ANSWERED, 2.0)]


def test_whoever_has_waited_longest_allowed_leaves() -> None:
    calls = [KnownCall(float(n)) for n in range(5)]
    witness = run(only("experts", listed(*calls, talk_s=2 * HOUR, max_wait_s=40.0)))
    fates = sorted(visits_of(call)[0].outcome.value for call in witness.calls.values())
    assert fates == ["answered", "answered", "left", "left", "left"]


def with_policy(group: str, **rules: Any) -> Plan:
    """The centre with other rules for one group."""
    return replace(PLAN, groups={**PLAN.groups, group: replace(PLAN.groups[group], **rules)})


def test_a_policy_that_moves_callers() -> None:
    step = PolicyStep(condition("waited_s >= 30"), (Announce("sorry"), MoveTo("support")))
    plan = with_policy("experts", steps=(step,))
    calls = [KnownCall(float(n)) for n in range(4)]
    witness = run(only("experts", listed(*calls, talk_s=2 * HOUR)), plan)
    visits = {call_id: visits_of(call) for call_id, call in witness.calls.items()}
    assert [v.group for v in visits["experts-3"]] == ["experts", "support"]
    left, answered = visits["experts-3"]
    assert (left.outcome, left.wait_s) == (Outcome.LEFT, 30.0)
    assert (answered.queued_at, answered.wait_s, answered.agent) == (32.0, 2.0, "chen")
    folded = fold("experts-3", witness.calls["experts-3"].facts).visits
    assert [(v.group, v.outcome.value, v.wait_s) for v in folded] == [
        (v.group, v.outcome.value, v.wait_s) for v in visits["experts-3"]
    ]


def test_a_full_line() -> None:
    plan = with_policy("experts", max_waiting=1)
    traffic = listed(*(KnownCall(float(n)) for n in range(5)), talk_s=2 * HOUR)
    fates = [
        [visits_of(call)[0].outcome for call in run(only("experts", traffic_), plan).calls.values()].count(
            Outcome.LEFT
        )
        for traffic_ in (traffic, replace(traffic, exits=frozenset({"full"})))
    ]
    assert fates == [0, 2]


def test_a_wrap_up_that_the_agent_ends() -> None:
    plan = with_policy("experts", wrap_up=WrapUpRule(WrapUpMode.UNTIL_RELEASED))
    habits = Habits(Constant(2.0), work=Constant(25.0))
    witness = run(only("experts", listed(*map(KnownCall, (0.0, 1.0, 2.0))), habits=habits), plan)
    handled = [visits_of(call)[0] for call in witness.calls.values()]
    assert [visit.handle_s for visit in handled] == [125.0] * 3
    # The third caller is offered to whoever has done with the first one's work.
    assert sorted(visit.wait_s for visit in handled) == [2.0, 2.0, 127.0]


def test_limits_of_work() -> None:
    limits = WorkLimits(max_calls_per_day=3, max_consecutive_calls=2, rest_s=600.0)
    ben = replace(PLAN.agents["ben"], limits=limits)
    plan = replace(PLAN, agents={**PLAN.agents, "ben": ben})
    calls = [KnownCall(HOUR * 23 + 300.0 * n) for n in range(24)]
    shifts = [Shift(["ben"], 22 * HOUR, 30 * HOUR)]
    scenario = only("experts", listed(*calls, talk_s=200.0), length_s=26 * HOUR, shifts=shifts)
    witness = run(scenario, plan)
    answered = sorted(f.at for c in witness.calls.values() for f in c.facts if isinstance(f, Answered))
    days = [int(at // (24 * HOUR)) for at in answered]
    assert days.count(0) == 3
    assert days.count(1) == 3
    assert {i.reason for i in witness.intervals if i.state == "not_ready"} >= {"rest", "day-limit"}


def test_policies_know_the_hour() -> None:
    step = PolicyStep(condition("hour == 9"), (MoveTo("support"),))
    traffic = listed(*(KnownCall(HOUR / 2 * n) for n in range(6)), talk_s=1.0)
    scenario = only("experts", traffic, length_s=3 * HOUR, opens_s=8 * HOUR, shifts=[Shift(["dora"])])
    witness = run(scenario, with_policy("experts", steps=(step,)))
    moved = {call_id: visits_of(call)[-1] for call_id, call in witness.calls.items()}
    assert [moved[f"experts-{n}"].group for n in range(1, 7)] == ["support"] * 4 + ["experts"] * 2
    assert [moved[f"experts-{n}"].queued_at for n in (1, 2, 3, 4)] == pytest.approx(
        [HOUR, HOUR, HOUR, 1.5 * HOUR], abs=1.0
    )


def test_a_class_of_callers_may_ask_for_skills() -> None:
    classes = (CallerClass("picky", 0.5, requirement="support >= 1"), CallerClass("plain", 0.5))
    traffic = GroupTraffic(Poisson.even(30), Constant(30), classes=classes)
    witness = run(only("sales", traffic, length_s=10 * HOUR))
    agents: dict[str, set[str]] = {}
    for call in witness.calls.values():
        visit = visits_of(call)[0]
        agents.setdefault(visit.segment, set()).add(visit.agent)
    assert agents["picky"] == {"chen"}
    assert agents["plain"] >= {"anna", "ben", "chen"}


def test_shifts_and_breaks() -> None:
    shift = Shift(["anna"], begin_s=9 * HOUR, end_s=17 * HOUR, breaks=[(12 * HOUR, 12.5 * HOUR)])
    night = Shift(["ben"], begin_s=22 * HOUR, end_s=30 * HOUR)
    calls = [KnownCall(float(at)) for at in range(0, int(48 * HOUR), 600)]
    traffic = GroupTraffic(Listed(calls), Constant(60.0), Constant(20.0))
    witness = run(only("experts", traffic, length_s=48 * HOUR, shifts=[shift, night]))
    for call in witness.calls.values():
        hour = call.facts[0].at / HOUR % 24
        (visit,) = visits_of(call)
        day = 9 <= hour < 17 and not 12 <= hour < 12.5
        agent = "anna" if day else "ben" if hour >= 22 or hour < 6 else ""
        assert visit.agent == agent, hour
    pauses = [i for i in witness.intervals if i.reason == "lunch"]
    assert [(i.since / HOUR, i.until / HOUR) for i in pauses] == [(12, 12.5), (36, 36.5)]


def test_a_break_in_which_the_simulation_begins() -> None:
    shift = Shift(["anna"], begin_s=8 * HOUR, end_s=16 * HOUR, breaks=[(12 * HOUR, 12.5 * HOUR)])
    scenario = Scenario({}, 24 * HOUR, opens_s=12 * HOUR + 600, shifts=[shift])
    assert [(duty.at, duty.turn) for duty in duties(scenario, ["anna"])][:3] == [
        (0.0, Turn.COME),
        (0.0, Turn.PAUSE),
        (1200.0, Turn.RETURN),
    ]


def test_shrinkage_takes_others_each_day() -> None:
    agents = [f"a{n}" for n in range(10)]
    scenario = Scenario(
        {}, length_s=20 * 24 * HOUR, habits=Habits(shrinkage=0.3), shifts=[Shift(agents, 8 * HOUR, 16 * HOUR)]
    )
    came: dict[int, set[str]] = {}
    for duty in duties(scenario, agents):
        if duty.turn is Turn.COME:
            came.setdefault(int(duty.at // (24 * HOUR)), set()).add(duty.agent)
    assert {len(of_day) for of_day in came.values()} == {7}
    assert len({frozenset(of_day) for of_day in came.values()}) > 5


def _distributions() -> Iterator[tuple[Exponential | Lognormal, float]]:
    yield Exponential(180.0), 1.0
    yield Lognormal(180.0, 0.5), 0.5


@pytest.mark.parametrize(("duration", "cv"), list(_distributions()), ids=str)
def test_distributions_have_the_mean_that_they_say(duration: Exponential | Lognormal, cv: float) -> None:
    chance = stream(1, "test")
    values = [duration.draw(chance) for _ in range(20_000)]
    mean = sum(values) / len(values)
    deviation = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
    assert mean == pytest.approx(180, rel=4 * cv / 20_000**0.5)
    assert deviation / mean == pytest.approx(cv, rel=0.05)


def test_a_group_without_callers_has_no_figures_to_show() -> None:
    result = simulate(PLAN, only("sales", listed(KnownCall(1.0))))
    assert result.groups["support"].by_name["service_level"].value is None
    assert result.groups["support"].by_name["service_level"].half_width is None
