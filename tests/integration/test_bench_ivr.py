"""`script/bench ivr` with a few callers: it measures what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.ivr import PRESS_EVERY_S, measure, write_json

pytestmark = [pytest.mark.asterisk, pytest.mark.alone]
CALLERS = 8
MINUTES = 0.25


async def test_every_key_gets_its_prompt(tmp_path: Path) -> None:
    shares: list[float] = []
    result = await measure(CALLERS, MINUTES, shares.append)
    presses = CALLERS * MINUTES * 60 / PRESS_EVERY_S
    assert result.lost == 0
    assert presses - CALLERS <= result.reaction.n <= presses + CALLERS
    assert 0 < result.reaction.p50_ms <= result.reaction.p95_ms < 100
    assert 0 < result.controller_cpu < 0.25
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    write_json(tmp_path / "ivr.json", result)
    kept = json.loads((tmp_path / "ivr.json").read_text())
    assert (kept["callers"], kept["reaction"]["n"]) == (CALLERS, result.reaction.n)
    assert kept["targets"] == {"p95_ms": 100.0, "controller_cpu": 0.25}
