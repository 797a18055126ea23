"""The engine, simulated, does what queueing theory says of it: within four standard errors of batch means."""

from __future__ import annotations

import math

import pytest

from acd.simulate.chance import Exponential
from acd.simulate.figures import Result
from acd.simulate.run import simulate
from acd.simulate.scenario import CallerClass
from tests.simulate.centres import LONG, assert_agrees, one_group, scenario, traffic
from tests.simulate.formulas import cobham, erlang_a, erlang_c, erlang_with_places

CALLS = 60_000 if LONG else 8_000
MORE_CALLS = 60_000 if LONG else 15_000
"""Where what is rare is counted, or waits vary much: with 8,000 the errors themselves are not well known."""


def figure_of(result: Result, name: str, group: str = "calls") -> tuple[float, float]:
    """Value and standard error."""
    figure = result.groups[group].by_name[name]
    assert figure.value is not None
    assert figure.standard_error is not None
    return figure.value, figure.standard_error


CENTRES = [(1 / 22.5, 180, 10), (1 / 90, 180, 3), (1 / 18, 180, 13)]


@pytest.mark.parametrize(("rate", "service_s", "servers"), CENTRES if LONG else CENTRES[:1])
def test_erlang_c(rate: float, service_s: float, servers: int) -> None:
    exact = erlang_c(rate, service_s, servers, 20.0)
    result = simulate(
        one_group(servers), scenario({"calls": traffic(rate, service_s)}, CALLS, rate, seed=servers)
    )
    figures = result.groups["calls"].by_name
    assert_agrees(figures["delayed"], exact.delayed)
    assert_agrees(figures["asa_s"], exact.wait_s)
    assert_agrees(figures["service_level"], exact.in_time)
    assert_agrees(result.occupancy, rate * service_s / servers)


@pytest.mark.parametrize("servers", [8, 12] if LONG else [8])
def test_erlang_a(servers: int) -> None:
    rate, service_s, patience_s = 1 / 18, 180.0, 120.0
    exact = erlang_a(rate, service_s, servers, patience_s)
    result = simulate(
        one_group(servers),
        scenario({"calls": traffic(rate, service_s, Exponential(patience_s))}, CALLS, rate, seed=servers),
    )
    figures = result.groups["calls"].by_name
    assert_agrees(figures["delayed"], exact.delayed)
    assert_agrees(figures["wait_s"], exact.wait_s)
    assert_agrees(figures["abandon_rate"], exact.abandoned)
    assert_agrees(result.occupancy, rate * (1 - exact.abandoned) * service_s / servers)


def test_few_lines() -> None:
    """M/M/90/120 at load 84, the base case of Wallace and Whitt."""
    rate, service_s = 8.4 / 60, 600.0
    exact = erlang_with_places(rate, service_s, 90, 120, 30.0)
    result = simulate(
        one_group(90, within_s=30.0),
        scenario({"calls": traffic(rate, service_s)}, 2 * MORE_CALLS, rate, lines=120, seed=90),
    )
    figures = result.groups["calls"].by_name
    blocked = figures["blocked"]
    assert blocked.value is not None
    assert blocked.standard_error is not None
    assert abs(blocked.value - exact.blocked) <= 4 * blocked.standard_error
    assert blocked.value > 0
    assert_agrees(figures["asa_s"], exact.wait_s)
    assert_agrees(figures["service_level"], exact.in_time)


RATES = [0.2, 0.6, 1.2]
STRICT = [CallerClass("gold", 0.1, 2), CallerClass("silver", 0.3, 1), CallerClass("plain", 0.6, 0)]


@pytest.mark.parametrize(("servers", "scale"), [(5, 4.5), (1, 1.0)] if LONG else [(5, 4.5)])
def test_strict_priorities(servers: int, scale: float) -> None:
    rates = [rate * scale / 60 for rate in RATES]
    exact = cobham(rates, 20.0, servers)
    rate = sum(rates)
    result = simulate(
        one_group(servers), scenario({"calls": traffic(rate, 20.0, classes=STRICT)}, CALLS, rate, seed=5)
    )
    for kind, wait_s in zip(STRICT, exact, strict=True):
        assert_agrees(result.classes["calls", kind.name].by_name["wait_s"], wait_s)


def test_work_is_conserved_under_any_order() -> None:
    """Sum over classes of load × wait: whoever goes first, somebody else waits for it (Kleinrock 1965)."""
    rate, service_s, servers = 2 * 4.5 / 60, 20.0, 4
    first, reverse, alike = (
        [CallerClass(kind.name, kind.share, priority) for kind, priority in zip(STRICT, order, strict=True)]
        for order in ((2, 1, 0), (0, 1, 2), (0, 0, 0))
    )
    exact = erlang_c(rate, service_s, servers, 0.0).wait_s
    waits = []
    for classes in (first, reverse, alike):
        result = simulate(
            one_group(servers),
            scenario({"calls": traffic(rate, service_s, classes=classes)}, MORE_CALLS, rate, seed=7),
        )
        assert_agrees(result.groups["calls"].by_name["wait_s"], exact)
        by_class = [figures for (_, _), figures in result.classes.items()]
        together = math.fsum(f.counts.wait_s for f in by_class) / sum(f.counts.offered for f in by_class)
        waits.append(together)
    # The same callers each time: far closer to each other than to the expectation.
    assert waits == pytest.approx([waits[0]] * 3, rel=0.03)
