"""`script/bench load` with few calls, and with --all at its own rate: it measures what it says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.load import TARGETS, measure, write_json

pytestmark = [pytest.mark.asterisk, pytest.mark.alone]
IS_LONG = bool(os.environ.get("ACD_TEST_ALL"))
CPS, MINUTES = (30.0, 1.0) if IS_LONG else (2.0, 0.2)


@pytest.mark.timeout(400)
async def test_a_call_costs_something_and_is_not_lost(tmp_path: Path) -> None:
    shares: dict[str, list[float]] = {}

    def told(what: str) -> Callable[[float], None]:
        return shares.setdefault(what, []).append

    result = await measure(CPS, MINUTES, told)
    stage = result.stage
    assert stage.lost == 0
    assert stage.calls >= CPS * MINUTES * 60 * 0.7
    assert 0 < stage.calls_per_s < CPS * 2
    assert 0 < stage.lag_p50_ms <= stage.lag_p99_ms <= stage.lag_max_ms
    assert 0 < stage.controller_cpu_ms < 50
    assert 0 < result.bare_dial_cpu_ms < stage.asterisk_cpu_ms
    assert len(shares) == 2
    assert all(of_one == sorted(of_one) and of_one[-1] == 1.0 for of_one in shares.values())
    write_json(tmp_path / "load.json", result)
    kept = json.loads((tmp_path / "load.json").read_text())
    assert (kept["calls"], kept["targets"]) == (stage.calls, TARGETS)
