"""Customers who want the agent of the last time, or one by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.core.facts import Customer, Kept, NotKept
from acd.core.last_agents import Talk
from acd.core.plan import LastAgent, Plan
from acd.simulate.chance import Constant, Exponential
from acd.simulate.run import simulate
from acd.simulate.scenario import CallerClass, GroupTraffic, KnownCall, Listed, Poisson, Returning, Scenario
from acd.simulate.visits import visits_of
from tests.core.centre import PLAN
from tests.simulate.test_world import HOUR, Witness, listed, only, run, with_policy

AGAIN = with_policy("sales", last_agent=LastAgent(days=7, wait_s=30))
C7 = Customer("C-7", "Ann")


def agents(witness: Witness) -> list[str]:
    """Who talked with the callers, in the order of their coming."""
    return [visits_of(call)[0].agent for call in sorted(witness.calls.values(), key=lambda c: c.facts[0].at)]


@pytest.mark.parametrize(
    "known",
    [
        {"customer": C7},
        {"customer_id": "C-7"},
        {"number": "+49301"},
    ],
    ids=["on record", "in a file", "by the number"],
)
def test_the_same_customer_again(known: dict[str, object]) -> None:
    calls = [KnownCall(10.0, **known), KnownCall(500.0), KnownCall(1000.0, **known)]  # type: ignore[arg-type]
    scenario = only("sales", listed(*calls))
    assert agents(run(scenario, AGAIN)) == ["anna", "ben", "anna"]
    assert agents(run(scenario)) == ["anna", "ben", "chen"]  # the longest idle one


def test_talks_of_the_days_before() -> None:
    scenario = only("sales", listed(KnownCall(10.0, customer=C7)))
    with_past = replace(scenario, talks=[Talk("id:C-7", "ben", -3 * 24 * HOUR)])
    assert agents(run(with_past, AGAIN)) == ["ben"]
    long_ago = replace(scenario, talks=[Talk("id:C-7", "ben", -8 * 24 * HOUR)])
    assert agents(run(long_ago, AGAIN)) == ["anna"]


def returning(share: float, plan: Plan = AGAIN) -> tuple[float | None, int]:
    """Which share got the agent they waited for, and how many waited for one."""
    traffic = GroupTraffic(
        Poisson.even(40), Exponential(100), Exponential(90), returning=Returning(share, 14.0)
    )
    result = simulate(plan, Scenario({"sales": traffic}, 40 * HOUR))
    return result.groups["sales"].by_name["same_agent"].value, result.groups["sales"].counts.kept


def test_returning_customers() -> None:
    same, kept = returning(0.5)
    # Half of 1600 return, and of these half within the seven days that the group looks back.
    assert kept == pytest.approx(400, abs=80)
    assert same is not None
    assert 0.6 < same < 0.9  # some of them are busy for too long
    assert returning(0.0) == (None, 0)
    assert returning(0.5, PLAN) == (None, 0)  # a group that does not ask


def test_an_agent_by_name() -> None:
    classes = (CallerClass("fans", 1.0, prefer="chen", prefer_wait_s=25.0),)
    traffic = GroupTraffic(Listed([KnownCall(10.0), KnownCall(20.0)]), Constant(300.0), classes=classes)
    witness = run(only("sales", traffic))
    assert agents(witness) == ["chen", "anna"]
    kept = [fact for call in witness.calls.values() for fact in call.facts if isinstance(fact, Kept)]
    assert [(fact.agent, fact.wait_s, fact.why) for fact in kept] == [("chen", 25.0, "preferred")] * 2
    assert [visits_of(call)[0].wait_s for call in witness.calls.values()] == [2.0, 27.0]
    known = listed(KnownCall(10.0, prefer="dora", prefer_wait_s=5.0), KnownCall(20.0, prefer="zoe"))
    missed = [f for c in run(only("sales", known)).calls.values() for f in c.facts if isinstance(f, NotKept)]
    assert [fact.agent for fact in missed] == ["zoe"]
