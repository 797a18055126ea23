"""The expected wait as a range."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.expected_wait import (
    NO_WAIT,
    Crew,
    Habit,
    Service,
    dispersion,
    expected_wait,
    gamma_quantile,
    service,
)

H = Habit(handle_time_s=180.0)
habits = st.builds(
    Habit,
    st.floats(1.0, 10_000.0),
    st.floats(0.0, 0.25),
    st.floats(0.0, 4.0),
    st.floats(0.0, 0.1),
)


def one_line(agents: int, position: int, habit: Habit = H) -> Service:
    """What agents with this line alone give the caller at this place."""
    return service(
        "sales", {"sales": position - 1}, [Crew(agents, ("sales",), "sales")], lambda _: habit.handle_time_s
    )


@pytest.mark.parametrize(("agents", "position"), [(1, 1), (4, 1), (10, 20)])
def test_quantiles_of_a_sum_of_exponential_steps(agents: int, position: int) -> None:
    """With nothing unknown and nobody giving up it is Erlang's distribution."""
    found = expected_wait(position, 0, one_line(agents, position), H)
    chance, step_s = random.Random(5), 180.0 / agents
    waits = sorted(chance.gammavariate(position, step_s) for _ in range(100_000))
    assert found.p50_s == pytest.approx(waits[50_000], rel=0.025)
    assert found.p90_s == pytest.approx(waits[90_000], rel=0.025)


def test_those_ahead_who_give_up_shorten_the_wait() -> None:
    given_up = Habit(180.0, give_ups_per_s=1 / 240)
    found = expected_wait(30, 0, one_line(10, 30), given_up)
    chance = random.Random(6)
    waits = sorted(sum(chance.expovariate(10 / 180 + j / 240) for j in range(30)) for _ in range(20_000))
    assert found.p50_s == pytest.approx(waits[10_000], rel=0.02)
    assert found.p90_s == pytest.approx(waits[18_000], rel=0.02)


def test_a_very_long_line_is_summed_in_closed_form() -> None:
    patience = Habit(180.0, give_ups_per_s=1 / 600)
    found = expected_wait(5000, 0, one_line(50, 5000), patience)
    mean_s = math.fsum(1 / (50 / 180 + j / 600) for j in range(5000))
    assert found.p50_s == pytest.approx(mean_s, rel=0.02)


def test_a_free_agent_and_nobody_before() -> None:
    assert expected_wait(1, 1, one_line(1, 1), H) == NO_WAIT
    assert expected_wait(2, 1, one_line(3, 2), H) == expected_wait(1, 0, one_line(3, 2), H)


def test_nobody_serves_the_line() -> None:
    """As if one agent came, and it says so."""
    found = expected_wait(3, 0, one_line(0, 3), H)
    assert not found.known
    as_if = expected_wait(3, 0, one_line(1, 3), H)
    assert (found.p50_s, found.p90_s) == (as_if.p50_s, as_if.p90_s)


def test_an_agent_counts_by_the_share_of_the_lines() -> None:
    shared = [Crew(4, ("sales", "support"), "sales")]

    def wait_s(support: int) -> float:
        offered = service("sales", {"sales": 4, "support": support}, shared, lambda _: 180.0)
        return expected_wait(5, 0, offered, H).p50_s

    assert wait_s(0) == pytest.approx(expected_wait(5, 0, one_line(4, 5), H).p50_s)
    assert wait_s(5) == pytest.approx(expected_wait(10, 0, one_line(4, 10), H).p50_s)
    specialists = [*shared, Crew(4, ("sales",), "sales")]
    offered = service("sales", {"sales": 4, "support": 5}, specialists, lambda _: 180.0)
    assert offered.agents == 8
    assert offered.share == pytest.approx(0.75)


def test_agents_busy_with_long_calls_of_another_line() -> None:
    """The first to come waits for one of these calls to end, whatever the own ones take."""
    times_s = {"sales": 100.0, "support": 1000.0}
    busy = [Crew(5, ("sales", "support"), "support")]
    near = service("sales", {}, busy, times_s.__getitem__)
    assert 1 / near.departures_per_s == pytest.approx(1000 / 5)
    far = service("sales", {"sales": 499}, busy, times_s.__getitem__)
    assert 1 / far.departures_per_s == pytest.approx(100 / 5, rel=0.1)


@given(st.integers(1, 300), st.integers(0, 50), st.integers(0, 20), habits)
def test_any_range_is_one(position: int, agents: int, ready: int, habit: Habit) -> None:
    found = expected_wait(position, ready, one_line(agents, position, habit), habit)
    assert math.isfinite(found.p90_s)
    assert 0.0 <= found.p50_s <= found.p90_s
    behind = expected_wait(position + 1, ready, one_line(agents, position + 1, habit), habit)
    assert behind.p50_s >= 0.98 * found.p50_s  # the quantiles are right to within 2 %


@given(st.integers(1, 300), st.integers(1, 50), st.floats(0.0, 0.1))
def test_who_stands_behind_waits_longer(position: int, agents: int, give_ups_per_s: float) -> None:
    habit = Habit(180.0, give_ups_per_s=give_ups_per_s)
    found, behind = (expected_wait(p, 0, one_line(agents, p), habit) for p in (position, position + 1))
    assert behind.p50_s > found.p50_s
    assert behind.p90_s > found.p90_s * 0.98  # the approximation is no better than that


@given(st.integers(1, 300), st.integers(1, 50), habits)
def test_more_agents_mean_a_shorter_wait(position: int, agents: int, habit: Habit) -> None:
    fewer, more = (
        expected_wait(position, 0, one_line(n, position, habit), Habit(habit.handle_time_s))
        for n in (agents, agents + 1)
    )
    assert more.p50_s < fewer.p50_s
    assert more.p90_s < fewer.p90_s


@given(st.floats(0.0, 1e6), st.floats(0.0, 4.0))
def test_dispersion_is_between_its_ends(rounds: float, variation: float) -> None:
    assert min(1.0, variation) - 1e-12 <= dispersion(rounds, variation) <= max(1.0, variation) + 1e-12


def test_without_variance_every_quantile_is_the_mean() -> None:
    assert gamma_quantile(12.0, 0.0, 1.28) == 12.0
