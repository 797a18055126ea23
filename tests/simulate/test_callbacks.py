"""Callers who are offered a callback: places kept, dials, no answers, tries, and the figures of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from acd.core.callback_facts import CallbackTried
from acd.core.plan import CallbackFirst, CallbackRule, Plan
from acd.core.policy import LeaveBy, PolicyStep, condition
from acd.ivr.hours import Calendar, weekly_hours
from acd.simulate.chance import Constant, Exponential
from acd.simulate.opening import ALWAYS_OPEN, Opening
from acd.simulate.plot import plot
from acd.simulate.run import simulate
from acd.simulate.scenario import CallbackHabits, GroupTraffic, KnownCall, Listed, Poisson, Scenario
from acd.simulate.show import to_json
from acd.simulate.visits import CallbackOutcome, Outcome, visits_of
from acd.simulate.world import World
from tests.simulate.test_world import HOUR, Witness, only, with_policy

STEP = PolicyStep(condition("waited_s >= 30"), (LeaveBy("callback"),))
RULE = CallbackRule(CallbackFirst.AGENT, retries=1, retry_after_s=600, expire_after_s=3000)
ALWAYS = CallbackHabits(accept=1.0, reached=1.0, answer=Constant(5.0))


def calls_back(rule: CallbackRule | None = RULE) -> Plan:
    """The experts, anna and ben, offer a callback after half a minute."""
    return with_policy("experts", steps=(STEP,), callbacks=rule)


def run(
    habits: CallbackHabits,
    plan: Plan,
    callers: int = 3,
    lines: int | None = None,
    opening: Opening = ALWAYS_OPEN,
) -> Witness:
    """Callers who come one a second, from 0 on, and talk for ten minutes."""
    calls = [KnownCall(float(number)) for number in range(callers)]
    traffic = GroupTraffic(Listed(calls), Constant(600.0), exits=frozenset({"callback"}), callbacks=habits)
    witness = Witness()
    World(plan, only("experts", traffic, lines=lines, length_s=2 * HOUR), witness, opening).run()
    return witness


@pytest.mark.parametrize("first", list(CallbackFirst))
def test_a_place_is_kept(first: CallbackFirst) -> None:
    witness = run(ALWAYS, calls_back(replace(RULE, first=first)))
    (offered,) = witness.callbacks
    assert (offered.outcome, offered.offered_at, offered.dials) == (CallbackOutcome.DONE, 32.0, 1)
    # Anna is free at 602; two seconds until a phone of ours is answered, five for the customer's.
    assert offered.wait_s == 602 - 32 + 2 + 5
    (visit,) = visits_of(witness.calls["experts-3"])
    assert (visit.outcome, visit.wait_s) == (Outcome.LEFT, 30.0)
    talks = [i for i in witness.intervals if i.state == "talking" and i.agent == "anna"]
    assert talks[-1].until == 609 + 600


def test_a_customer_who_does_not_answer() -> None:
    witness = run(replace(ALWAYS, reached=0.0), calls_back())
    (offered,) = witness.callbacks
    assert (offered.outcome, offered.dials) == (CallbackOutcome.FAILED, 2)
    slow = run(replace(ALWAYS, answer=Constant(45.0)), calls_back())  # longer than the phone rings
    assert [o.outcome for o in slow.callbacks] == [CallbackOutcome.FAILED]
    once = run(ALWAYS, calls_back(replace(RULE, expire_after_s=300)))
    assert [(o.outcome, o.dials) for o in once.callbacks] == [(CallbackOutcome.FAILED, 0)]


def test_who_wants_none_waits_on_behind_the_others() -> None:
    witness = run(replace(ALWAYS, accept=0.0), calls_back())
    assert [o.outcome for o in witness.callbacks] == [CallbackOutcome.DECLINED]
    left, answered = visits_of(witness.calls["experts-3"])
    assert (left.outcome, left.queued_at, answered.outcome) == (Outcome.LEFT, 2.0, Outcome.ANSWERED)
    assert answered.wait_s == 602 - 32 + 2


def test_callbacks_by_hand_and_callers_who_are_not_asked() -> None:
    assert [o.outcome for o in run(ALWAYS, calls_back(None)).callbacks] == [CallbackOutcome.BY_HAND]
    other = replace(ALWAYS, exits=frozenset({"voicemail"}))
    assert run(other, calls_back()).callbacks == []


def test_no_line_is_free() -> None:
    witness = run(ALWAYS, calls_back(), callers=4, lines=3)
    assert len(witness.away) == 1
    waits = sorted(o.wait_s for o in witness.callbacks)
    assert waits == [577.0]


def test_the_hours_of_calling_back() -> None:
    late = Calendar("late", ZoneInfo("UTC"), weekly_hours({day: [(60, 120)] for day in range(7)}))
    plan, opening = calls_back(replace(RULE, expire_after_s=9000)), Opening({}, {"experts": late})
    witness = run(ALWAYS, plan, opening=opening)
    (offered,) = witness.callbacks
    assert offered.wait_s == HOUR - 32 + 2 + 5


def test_figures(tmp_path: Path) -> None:
    habits = CallbackHabits(accept=0.6, reached=0.7)
    traffic = GroupTraffic(
        Poisson.even(40), Exponential(150), exits=frozenset({"callback"}), callbacks=habits
    )
    scenario = Scenario({"experts": traffic}, 30 * HOUR, 0.0)
    plan = calls_back(replace(RULE, expire_after_s=20_000))
    result = simulate(plan, scenario)
    of = result.groups["experts"]
    counts = of.counts
    assert counts.callbacks_offered > 200
    assert of.by_name["callbacks_accepted"].value == pytest.approx(0.6, abs=0.06)
    # Tried twice, 0.7 each time.
    assert of.by_name["callbacks_done"].value == pytest.approx(1 - 0.3**2, abs=0.06)
    assert of.by_name["callback_dials"].value == pytest.approx(1.3, abs=0.1)
    assert counts.callbacks_failed + counts.callbacks_done <= counts.callbacks_accepted
    assert len(result.callback_waits) == counts.callbacks_done
    assert of.by_name["callback_wait_s"].value == pytest.approx(
        sum(result.callback_waits) / len(result.callback_waits)
    )
    found = to_json(result, scenario)["groups"]["experts"]
    assert found["counts"]["callbacks_done"] == counts.callbacks_done
    assert found["callbacks_accepted"]["half_width"] > 0
    plot(result, tmp_path / "a.svg")
    picture = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert len(picture.findall(".//*[@id='axes_4']")) == 1  # one more than without callbacks


def test_tries_are_the_engines() -> None:
    witness = Witness()
    calls = [KnownCall(float(number)) for number in range(3)]
    traffic = GroupTraffic(Listed(calls), Constant(600.0), exits=frozenset({"callback"}),
                           callbacks=replace(ALWAYS, reached=0.0))  # fmt: skip
    world = World(calls_back(), only("experts", traffic, length_s=700.0), witness)
    world.run()
    (entry,) = [c for c in world.engine.floor.calls.values() if c.id.endswith("/callback")]
    tried = [fact for fact in entry.facts if isinstance(fact, CallbackTried)]
    assert [(fact.number, fact.why, fact.next_at - fact.at) for fact in tried] == [(1, "no answer", 600)]
    assert [o.outcome for o in witness.callbacks] == [CallbackOutcome.OPEN]
