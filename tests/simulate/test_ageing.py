"""Priorities that grow with waiting, each class at its own rate: Kleinrock's delay-dependent priorities."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from acd.simulate.run import simulate
from acd.simulate.scenario import CallerClass
from tests.simulate.centres import LONG, assert_agrees, one_group, scenario, traffic
from tests.simulate.formulas import accumulating, erlang_c

CALLS = 60_000 if LONG else 15_000
CLASSES = [CallerClass("plain", 0.4, 0), CallerClass("silver", 0.4, 1), CallerClass("gold", 0.2, 2)]
GAINS = {0: 1.0, 1: 2.0, 2: 6.0}
"""Points for a second of waiting, by priority."""


@pytest.mark.parametrize(("servers", "rate"), [(1, 2.6 / 60), (4, 10.6 / 60)] if LONG else [(1, 2.6 / 60)])
def test_waits_of_classes_whose_priority_grows(servers: int, rate: float) -> None:
    service_s = 20.0
    of = {"calls": traffic(rate, service_s, classes=CLASSES)}
    result = simulate(replace(one_group(servers), ageing=GAINS), scenario(of, CALLS, rate, seed=8))
    rates = [rate * kind.share for kind in CLASSES]
    exact = accumulating(rates, [GAINS[kind.priority] for kind in CLASSES], service_s, servers)
    for kind, wait_s in zip(CLASSES, exact, strict=True):
        assert_agrees(result.classes["calls", kind.name].by_name["wait_s"], wait_s)


def test_the_formula_conserves_work() -> None:
    rates = [0.01 * kind.share for kind in CLASSES]
    exact = accumulating(rates, list(GAINS.values()), 80.0, 1)
    together = math.fsum(rate * wait_s for rate, wait_s in zip(rates, exact, strict=True)) / sum(rates)
    assert together == pytest.approx(erlang_c(0.01, 80.0, 1, 0.0).wait_s)
