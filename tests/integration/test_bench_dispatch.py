"""`script/bench dispatch` with few samples of what is special: news, a limited head of the line, wrap-up."""

from __future__ import annotations

import os

import pytest

from bench.dispatch import BLOCKED_LIMIT_S, Progress, measure
from bench.figures import APP_QUEUE, OURS, Figures
from bench.scenarios import NEWS_S, WRAP_UP_S, Counts, scenarios

pytestmark = [pytest.mark.asterisk, pytest.mark.alone]
IS_LONG = bool(os.environ.get("ACD_TEST_ALL"))


def quiet(_scenario: str, _side: str) -> Progress:
    return lambda _share: None


async def run(counts: Counts, *names: str) -> dict[str, dict[str, Figures]]:
    chosen = [scenario for scenario in scenarios(counts) if scenario.name in names]
    return await measure(chosen, (OURS, APP_QUEUE), quiet)


@pytest.mark.timeout(200)
async def test_a_busy_agents_caller_is_in_nobodys_way_and_wrap_up_is_as_long_as_it_is_set() -> None:
    found = await run(Counts(blocks=1, wrap_ups=4), "S8", "S10")
    assert found["S8"][OURS].max_ms < 1000
    assert found["S8"][OURS].cut_off == 0
    assert (found["S8"][APP_QUEUE].cut_off, found["S8"][APP_QUEUE].p50_ms) == (1, BLOCKED_LIMIT_S * 1000)
    assert found["S10"][OURS].min_ms >= WRAP_UP_S * 1000 - 20
    assert found["S10"][OURS].p50_ms <= WRAP_UP_S * 1000 + 200
    assert found["S10"][APP_QUEUE].n >= 4


@pytest.mark.timeout(600)
async def test_an_offer_does_not_wait_for_the_end_of_the_news() -> None:
    found = await run(Counts(dispatches=100, news=60) if IS_LONG else Counts(10, news=20), "S3", "S5", "S6")
    assert found["S6"][OURS].max_ms < 1000
    assert found["S6"][APP_QUEUE].max_ms > NEWS_S * 1000 / 4  # it is there that somebody waits for the end
    assert found["S3"][OURS].p50_ms < found["S3"][APP_QUEUE].p50_ms
    assert found["S5"][OURS].p50_ms < found["S5"][APP_QUEUE].p50_ms
