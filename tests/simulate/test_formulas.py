"""The formulas that the simulation is held against give what their sources print."""

from __future__ import annotations

import math

import pytest

from tests.simulate.formulas import accumulating, cobham, erlang_a, erlang_c, erlang_with_places


def test_erlang_c() -> None:
    """A worked example: 720 calls an hour of 240 s, 55 agents, within 15 s."""
    exact = erlang_c(0.2, 240, 55, 15)
    assert exact.delayed == pytest.approx(0.2387, abs=5e-5)
    assert exact.wait_s == pytest.approx(8.184, abs=1e-3)
    assert exact.in_time == pytest.approx(0.8459, abs=5e-5)


def test_erlang_a() -> None:
    """200 calls an hour of 3 min, 14 agents, patience 5 min (the unit here is the minute)."""
    exact = erlang_a(200 / 60, 3, 14, 5)
    assert exact.delayed == pytest.approx(0.14526, abs=5e-6)
    assert exact.abandoned == pytest.approx(0.013984, abs=5e-7)
    assert exact.wait_s == pytest.approx(0.069919, abs=5e-7)


def test_erlang_with_places() -> None:
    """Wallace and Whitt 2005: load 84, 90 agents, 30 places; minutes."""
    exact = erlang_with_places(8.4, 10, 90, 120, 0.5)
    assert exact.blocked == pytest.approx(0.003643, abs=5e-7)
    assert exact.wait_s == pytest.approx(0.4500, abs=5e-5)
    assert exact.in_time == pytest.approx(0.7329, abs=5e-5)


def test_cobham() -> None:
    """Prabhu 1981, table 4.4."""
    assert cobham([1, 9], 1 / 12, 1) == pytest.approx([0.0758, 0.4545], abs=5e-5)


def test_accumulating_priority_lies_between_its_limits() -> None:
    rates, service_s = [0.3, 0.3, 0.3], 1.0
    alike = accumulating(rates, [1, 1, 1], service_s, 1)
    assert alike == pytest.approx([9.0] * 3)
    strict = accumulating(rates, [1, 1e9, 1e18], service_s, 1)
    assert strict == pytest.approx(cobham(rates, service_s, 1)[::-1], rel=1e-6)
    mixed = accumulating(rates, [1, 2, 4], service_s, 1)
    assert math.fsum(mixed) == pytest.approx(27.0)
    assert mixed == sorted(mixed, reverse=True)
