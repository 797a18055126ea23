"""Erlang B, C and A against known figures, and what must hold for any numbers.

The cases say `lam` calls per second (or any unit of time that all of a case share), `aht`, `n` agents, `t`
the target time, `patience` its mean. They expect `pw` share who wait, `asa` mean wait where all are served,
`lq` mean number in line, `occ` occupancy; with abandonment `pab` share who abandon, `ew` mean wait of all,
`asa_served` of those served, `served_within_t` by all callers, `sl_answered` by those served.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.simulate import erlang_a
from acd.simulate.erlang import AGENTS_MAX, Demand, agents_needed, erlang_b, erlang_c, least, lines_needed
from acd.simulate.quadrature import integral

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "queueing_cases.json").read_text(encoding="utf-8")
)

loads = st.floats(0.01, 200.0)
handle_times = st.floats(1.0, 3600.0)
agents_at_work = st.integers(1, 250)
patiences = st.floats(1.0, 3600.0)
targets = st.floats(0.0, 120.0)


def figures(case: dict[str, Any]) -> dict[str, float | None]:
    """What we say, by the names of the cases."""
    given_ = case["params"]
    if case["kind"] == "erlang_b":
        return {"b": erlang_b(given_["a"], given_["n"])}
    demand, agents, target_s = Demand(given_["lam"], given_["aht"]), given_["n"], given_.get("t", 0)
    if case["kind"] == "erlang_c":
        c = erlang_c(demand, agents, target_s)
        return {
            "pw": c.p_wait,
            "asa": c.asa_s,
            "sl": c.service_level,
            "occ": c.occupancy,
            "lq": c.callers_waiting,
        }
    a = erlang_a.erlang_a(demand, agents, given_["patience"], target_s)
    return {
        "pw": a.p_wait,
        "pab": a.p_abandon,
        "ew": a.mean_wait_s,
        "asa_served": a.asa_s,
        "occ": a.occupancy,
        "lq": a.callers_waiting,
        "served_within_t": a.service_level,
        "sl_answered": a.service_level_answered,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['kind']}-{c['params']['n']}")
def test_known_figures(case: dict[str, Any]) -> None:
    ours = figures(case)
    for name, expected in case["expect"].items():
        assert ours[name] == pytest.approx(expected, rel=0.0, abs=case["tolerance"]), name


def test_erlang_b_of_one_line() -> None:
    assert erlang_b(5.0, 1) == 5 / 6


def test_more_work_than_agents_has_no_end() -> None:
    for agents in (0, 1, 33):
        waits = erlang_c(Demand(1000 / 3600, 120.0), agents, 20.0)
        assert not waits.stable
        assert (waits.p_wait, waits.asa_s, waits.service_level) == (1.0, math.inf, 0.0)


def test_nobody_at_work_and_impatient_callers() -> None:
    waits = erlang_a.erlang_a(Demand(0.1, 60.0), 0, 30.0, 20.0)
    assert (waits.p_wait, waits.p_abandon, waits.service_level) == (1.0, 1.0, 0.0)
    assert (waits.mean_wait_s, waits.asa_s, waits.occupancy) == (30.0, None, None)


@pytest.mark.parametrize(
    ("demand", "agents", "patience_s"),
    [
        (Demand(1e4, 180.0), 1, 0.5),  # very few for very many
        (Demand(50.0, 200.0), 10_000, 1e6),  # as many agents as load, patience almost endless
        (Demand(1e-6, 1.0), AGENTS_MAX, 60.0),
        (Demand(1000.0, 1e6), 3, 1e-6),
        (Demand(0.0, 60.0), 1, 60.0),
        (Demand(5 / 1158, 1158.0), 1, 1.0),  # patience short beside the handle time
    ],
)
def test_extremes(demand: Demand, agents: int, patience_s: float) -> None:
    waits = erlang_a.erlang_a(demand, agents, patience_s, 20.0)
    for share in (waits.p_wait, waits.p_abandon, waits.service_level, waits.occupancy):
        assert share is not None
        assert 0.0 <= share <= 1.0
    p_wait, p_abandon = by_birth_and_death(demand, agents, patience_s)
    assert waits.p_wait == pytest.approx(p_wait, abs=1e-8)
    assert waits.p_abandon == pytest.approx(p_abandon, abs=1e-8)


def by_birth_and_death(demand: Demand, agents: int, patience_s: float) -> tuple[float, float]:
    """(share who wait, share who abandon) from the equations of the states themselves, state by state."""
    arrivals, service = demand.calls_per_s, 1.0 / demand.handle_time_s
    weight, whole, waiting, in_line, n = 1.0, 0.0, 0.0, 0.0, 0
    while n <= max(agents, demand.load) or weight > 1e-18 * whole:
        whole += weight
        if n >= agents:
            waiting += weight
            in_line += (n - agents) * weight
        n += 1
        weight *= arrivals / (min(n, agents) * service + max(0, n - agents) / patience_s)
        if weight > 1e200:
            weight, whole, waiting, in_line = (x * 1e-200 for x in (weight, whole, waiting, in_line))
        if weight == 0.0:
            break
    p_abandon = in_line / patience_s / (arrivals * whole) if arrivals else 0.0
    return waiting / whole, p_abandon


@settings(deadline=None)
@given(loads, handle_times, agents_at_work, patiences)
def test_states_one_by_one(load: float, h: float, n: int, patience_s: float) -> None:
    demand = Demand(load / h, h)
    waits = erlang_a.erlang_a(demand, n, patience_s, 20.0)
    p_wait, p_abandon = by_birth_and_death(demand, n, patience_s)
    assert waits.p_wait == pytest.approx(p_wait, abs=1e-9)
    assert waits.p_abandon == pytest.approx(p_abandon, abs=1e-9)


def test_ten_thousand_agents_are_found_at_once() -> None:
    demand = Demand(10_000 / 180, 180.0)
    began = time.process_time()
    patient = agents_needed(demand, 0.8, 20.0)
    impatient = erlang_a.agents_needed(demand, 0.8, 120.0, 20.0)
    assert time.process_time() - began < 2.0
    assert 10_000 < patient < 10_100
    assert 8_000 < impatient < 10_000


@pytest.mark.parametrize("patience_s", [1e3, 1e5, 1e6, 1e9, 1e12])
def test_ten_times_more_calls_than_agents_can_take(patience_s: float) -> None:
    began = time.process_time()
    waits = erlang_a.erlang_a(Demand(1e6 / 3600, 360.0), 10_000, patience_s, 20.0)
    assert time.process_time() - began < 1.0
    assert (waits.p_wait, waits.service_level) == pytest.approx((1.0, 0.0), abs=1e-9)
    assert waits.p_abandon == pytest.approx(0.9, abs=1e-9)
    assert waits.occupancy == pytest.approx(1.0, abs=1e-9)
    assert waits.asa_s == pytest.approx(patience_s * math.log(10), rel=1e-3)


@given(loads, st.integers(0, 250))
def test_more_lines_turn_away_fewer(load: float, lines: int) -> None:
    assert 0.0 <= erlang_b(load, lines + 1) <= erlang_b(load, lines) <= 1.0


@given(loads, handle_times, agents_at_work, targets)
def test_waiting_is_no_rarer_than_being_turned_away(load: float, h: float, n: int, t: float) -> None:
    demand = Demand(load / h, h)
    waits, more = erlang_c(demand, n, t), erlang_c(demand, n + 1, t)
    assert erlang_b(demand.load, n) <= waits.p_wait + 1e-12
    assert more.p_wait <= waits.p_wait
    assert more.service_level >= waits.service_level - 1e-12
    assert more.asa_s <= waits.asa_s


@settings(deadline=None)
@given(loads, handle_times, agents_at_work, patiences, targets)
def test_patience_that_ends(load: float, h: float, n: int, patience_s: float, t: float) -> None:
    demand = Demand(load / h, h)
    waits, more = (erlang_a.erlang_a(demand, agents, patience_s, t) for agents in (n, n + 1))
    assert erlang_b(demand.load, n) - 1e-9 <= waits.p_wait <= erlang_c(demand, n, t).p_wait + 1e-9
    assert more.p_wait <= waits.p_wait + 1e-9
    assert more.p_abandon <= waits.p_abandon + 1e-9
    assert more.service_level >= waits.service_level - 1e-9
    assert waits.service_level <= 1.0 - waits.p_abandon + 1e-9
    assert erlang_a.erlang_a(demand, n, 2 * patience_s, t).p_abandon <= waits.p_abandon + 1e-9


@settings(deadline=None)
@given(st.floats(0.01, 0.95), handle_times, agents_at_work, targets)
def test_patience_without_end_is_erlang_c(occupancy: float, h: float, n: int, t: float) -> None:
    demand = Demand(occupancy * n / h, h)
    waits, limit = erlang_a.erlang_a(demand, n, 1e12, t), erlang_c(demand, n, t)
    assert waits.p_wait == pytest.approx(limit.p_wait, abs=1e-6)
    assert waits.service_level == pytest.approx(limit.service_level, abs=1e-6)
    assert waits.asa_s == pytest.approx(limit.asa_s, rel=1e-5, abs=1e-6)


@settings(deadline=None)
@given(loads, handle_times, st.floats(0.01, 0.99), targets, patiences)
def test_needed_is_enough_and_one_less_is_not(
    load: float, h: float, level: float, t: float, patience_s: float
) -> None:
    demand = Demand(load / h, h)
    patient = agents_needed(demand, level, t)
    assert erlang_c(demand, patient, t).service_level >= level
    assert erlang_c(demand, patient - 1, t).service_level < level
    impatient = erlang_a.agents_needed(demand, level, patience_s, t)
    assert erlang_a.erlang_a(demand, impatient, patience_s, t).service_level >= level
    assert erlang_a.erlang_a(demand, impatient - 1, patience_s, t).service_level < level
    lines = lines_needed(load, 1.0 - level)
    assert erlang_b(load, lines) <= 1.0 - level
    assert lines == 0 or erlang_b(load, lines - 1) > 1.0 - level


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Demand(-1.0, 60.0), "calls per second"),
        (lambda: Demand(1.0, 0.0), "handle time"),
        (lambda: Demand(math.nan, 60.0), "finite"),
        (lambda: erlang_b(1.0, -1), "lines"),
        (lambda: erlang_b(1.0, AGENTS_MAX + 1), "at most 100000"),
        (lambda: erlang_c(Demand(1.0, 60.0), 61, -1.0), "target time"),
        (lambda: erlang_c(Demand(1.0, 60.0), -3, 20.0), "agents is -3: it must be at least 0"),
        (
            lambda: erlang_a.erlang_a(Demand(1.0, 60.0), AGENTS_MAX + 1, 60.0, 20.0),
            "agents is 100001: .* at most",
        ),
        (lambda: agents_needed(Demand(1.0, 60.0), 1.0, 20.0), "below 1"),
        (lambda: agents_needed(Demand(1.0, 60.0), 80.0, 20.0), r"0\.8 for 80 %"),
        (lambda: agents_needed(Demand(1e6, 60.0), 0.8, 20.0), "more than 100,000"),
        (lambda: erlang_a.erlang_a(Demand(1.0, 60.0), 1, 0.0, 20.0), "patience"),
    ],
)
def test_impossible_numbers_are_named(wrong: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize("wanted", [0, 1, 2, 3, 1000, AGENTS_MAX])
def test_least(wanted: int) -> None:
    assert least(lambda n: n >= wanted) == wanted


def test_integrals_of_narrow_and_wide_functions() -> None:
    assert integral(math.exp, 0.0, 1.0) == pytest.approx(math.e - 1.0, rel=1e-14)
    narrow = integral(lambda x: math.exp(-(((x - 0.3) * 1000) ** 2)), 0.0, 1.0)
    assert narrow == pytest.approx(math.sqrt(math.pi) / 1000, rel=1e-12)
    assert integral(math.exp, 1.0, 1.0) == 0.0
