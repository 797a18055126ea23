"""What is learnt of handle times and patience."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.pace import DEFAULT_HANDLE_TIME_S, SPANS, Pace

TEN = 1_795_341_600.0


def worked(pace: Pace, agents: int, handle_time_s: float, until_s: float, since_s: float = 0.0) -> None:
    """These agents have one call after the other, all of this length, begun at odd moments."""
    step_s = handle_time_s / agents
    for _ in range(agents):
        pace.taken(TEN + since_s)
    now = since_s + step_s
    while now < until_s:
        pace.free(TEN + now, handle_time_s)
        pace.taken(TEN + now)
        now += step_s
    for _ in range(agents):
        pace.free(TEN + until_s, None)


def test_without_a_past_it_is_the_usual_value() -> None:
    assert Pace().habit(TEN).handle_time_s == DEFAULT_HANDLE_TIME_S
    assert Pace(600.0).habit(TEN).handle_time_s == 600.0
    assert Pace().habit(TEN).uncertainty == pytest.approx(0.25)
    assert Pace().habit(TEN).give_ups_per_s == 0.0


def test_it_is_learnt() -> None:
    pace = Pace()
    worked(pace, 10, 400.0, 4 * 3600)
    habit = pace.habit(TEN + 4 * 3600)
    assert habit.handle_time_s == pytest.approx(400.0, rel=0.05)
    assert habit.uncertainty < 0.02
    assert habit.variation < 0.2  # all alike


def test_it_moves_while_nobody_becomes_free() -> None:
    pace = Pace()
    worked(pace, 10, 180.0, 7200)
    for _ in range(10):
        pace.taken(TEN + 7200)
    seen = [pace.habit(TEN + 7200 + s).handle_time_s for s in (0, 300, 600, 1200, 2400)]
    assert seen[0] == pytest.approx(180.0, rel=0.05)
    assert seen == sorted(seen)
    assert seen[2] > 1.4 * seen[0]


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_sudden_change_is_followed_within_half_an_hour(factor: float) -> None:
    pace = Pace()
    worked(pace, 10, 200.0, 14_400)
    worked(pace, 10, 200.0 * factor, 16_200, since_s=14_400)
    assert pace.habit(TEN + 16_200).handle_time_s == pytest.approx(200.0 * factor, rel=0.25)


def test_a_night_without_work_makes_nothing_be_forgotten() -> None:
    pace = Pace()
    worked(pace, 5, 300.0, 7200)
    evening, morning = pace.habit(TEN + 7200), pace.habit(TEN + 7200 + 14 * 3600)
    assert evening == morning


def test_patience() -> None:
    """Three hundred wait for a minute each, one in five gives up: one in 300 s of waiting."""
    pace = Pace()
    for n in range(300):
        pace.line(TEN + 60 * n, 1)
        pace.line(TEN + 60 * n + 60, 0, gave_up=n % 5 == 0)
    assert pace.habit(TEN + 60 * 300).give_ups_per_s == pytest.approx(1 / 300, rel=0.1)


def test_rings_in_vain_are_no_calls() -> None:
    pace = Pace()
    pace.taken(TEN)
    pace.free(TEN + 15, None)
    assert pace.memories[0].calls == 0.0
    assert pace.busy == 0


def test_what_comes_late_turns_no_clock_back() -> None:
    pace = Pace()
    pace.taken(TEN + 100)
    pace.free(TEN, 50.0)
    assert pace.at == TEN + 100


def test_it_is_kept_over_a_restart() -> None:
    pace = Pace(240.0)
    worked(pace, 3, 100.0, 3600)
    pace.line(TEN + 3600, 2)
    pace.line(TEN + 3700, 1, gave_up=1)
    kept = json.loads(json.dumps(pace.to_dict()))
    assert Pace.from_dict(kept, 240.0).habit(TEN + 3700) == pace.habit(TEN + 3700)


@pytest.mark.parametrize(
    "wrong", [{}, {"at": "x"}, {"at": None}, {"lately_calls": -1.0}, {"gave_up": float("nan")}]
)
def test_what_cannot_be_one_is_refused(wrong: dict[str, object]) -> None:
    good = Pace().to_dict()
    with pytest.raises((KeyError, TypeError, ValueError)):
        Pace.from_dict({**good, **wrong} if wrong else {})


@given(st.integers(0, 10_000), st.floats(1.0, 5000.0), st.integers(1, 60))
def test_it_stays_bounded_and_positive(seed: int, mean_s: float, news: int) -> None:
    pace, chance, now = Pace(), random.Random(seed), TEN
    for _ in range(news):
        now += chance.expovariate(1 / mean_s)
        match chance.randrange(4):
            case 0:
                pace.taken(now)
            case 1:
                pace.free(now, mean_s)
            case 2:
                pace.free(now, None)
            case _:
                pace.line(now, chance.randrange(50), chance.randrange(2))
        habit = pace.habit(now)
        assert 0.0 < habit.handle_time_s < float("inf")
        assert 0.0 <= habit.uncertainty <= 0.5
        assert 0.0 <= habit.variation <= 4.0
        assert habit.give_ups_per_s >= 0.0
    for span, memory in zip(SPANS, pace.memories, strict=True):
        assert memory.busy_s <= 60 * span.lasts_s
