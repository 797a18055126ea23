"""Hundreds of calls; afterwards everything must add up. `script/soak` does the same for longer."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable

import pytest

from bench.soak import run

CALLS = 1000 if os.environ.get("ACD_TEST_ALL") else 120
CALLS_PER_S = 6.5  # a little more than the agents can serve


@pytest.mark.alone
@pytest.mark.timeout(420)
async def test_hundreds_of_calls_add_up(record_property: Callable[[str, object], None]) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    record_property("seed", seed)
    sys.stdout.write(f"the same again: script/soak --seed {seed}\n")
    verdict = await run(CALLS, CALLS_PER_S, seed, lambda _done: None)
    assert verdict.problems == []
    assert set(verdict.totals) == {"sales", "support", "desk"}
    assert sum(verdict.totals[group].get("abandoned", 0) for group in ("sales", "support")) > 0
    for group in ("sales", "support"):
        assert verdict.totals[group]["answered"] > CALLS / 6
    assert verdict.totals["desk"]["answered"] >= 4, "each scene was played"
    assert verdict.totals["desk"]["abandoned"] >= 1
