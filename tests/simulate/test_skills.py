"""A little flexibility goes a long way: two skills for each agent do nearly as well as all skills for all.

Wallace and Whitt, A staffing algorithm for call centers with skill-based routing (2005), section 3: six kinds
of call of 14 Erlang each, 90 agents, 30 waiting places, exponential handle times of mean 10 minutes.
"""

from __future__ import annotations

from itertools import combinations

import pytest

from acd.simulate.figures import Result
from acd.simulate.run import simulate
from tests.simulate.centres import LONG, assert_agrees, centre_of, scenario, traffic
from tests.simulate.formulas import erlang_with_places

KINDS = [f"kind{n}" for n in range(6)]
AGENTS, LINES, HANDLE_S, RATE = 90, 120, 600.0, 8.4 / 60
CALLS = 50_000 if LONG else 10_000


def result_of(skills_each: int) -> Result:
    """Every set of so many skills has the same number of agents."""
    sets = list(combinations(KINDS, skills_each))
    plan = centre_of([sets[n % len(sets)] for n in range(AGENTS)], KINDS, within_s=30.0)
    of = {kind: traffic(RATE / len(KINDS), HANDLE_S) for kind in KINDS}
    return simulate(plan, scenario(of, CALLS, RATE, lines=LINES, seed=6))


@pytest.fixture(scope="module")
def results() -> dict[int, Result]:
    """By the number of skills that each agent has."""
    return {skills_each: result_of(skills_each) for skills_each in (1, 2, 6)}


@pytest.mark.parametrize(("name", "share"), [("asa_s", 0.9), ("blocked", 0.9), ("service_level", 0.75)])
def test_two_skills_capture_most_of_the_gain(results: dict[int, Result], name: str, share: float) -> None:
    alone, pair, everything = (results[n].total.by_name[name].value for n in (1, 2, 6))
    assert alone is not None
    assert pair is not None
    assert everything is not None
    assert (alone - pair) / (alone - everything) > share


def test_full_cross_training_is_one_large_group(results: dict[int, Result]) -> None:
    exact = erlang_with_places(RATE, HANDLE_S, AGENTS, LINES, 30.0)
    assert_agrees(results[6].total.by_name["asa_s"], exact.wait_s)
    assert_agrees(results[6].total.by_name["service_level"], exact.in_time)
