"""Days drawn by chance, and the days of `*.txt`, which went wrong once. A failing seed is named; then run
`python -m tests.scenarios.record SEED NAME`.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from tests.scenarios.day import Day
from tests.scenarios.played import play, read
from tests.scenarios.record import recorded

SEEDS = range(400 if os.environ.get("ACD_TEST_ALL") else 20)
RECORDED = sorted(Path(__file__).parent.glob("*.txt"))
MOST_WAIT_S = 240.0
"""Of a calm day: more than anybody waits whose turn comes, with a load of at most 0.6."""


@cache
def lived(seed: int) -> Day:
    """The day of this seed, lived once; fails naming it."""
    day = Day(seed)
    try:
        day.run()
    except Exception as error:
        pytest.fail(f"seed {seed} (python -m tests.scenarios.record {seed}): {type(error).__name__}: {error}")
    return day


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day(seed: int) -> None:
    day = lived(seed)
    assert day.player.told, "nothing happened"
    if day.is_calm and day.has_ageing:
        assert day.longest_wait_s < MOST_WAIT_S, f"seed {seed}: somebody starves"


def test_days_have_everything_in_them() -> None:
    days = [lived(seed) for seed in range(20)]
    text = "\n".join(line for day in days for line in day.lines)
    told = "\n".join(line for day in days for line in day.player.told)
    for happens in (
        "asterisk is away", "we are killed", "we stand still", "the clock goes back", "is gone", "logs out",
        "still there", "is found talking", "no_answer", "asks again", "is sent to", "dials", "priority 5",
    ):  # fmt: skip
        assert happens in text, happens
    for done in ("Offer ", "CancelOffer", "LeaveLine", "HoldInLine", "AnnounceInLine", "Widened", "Kept"):
        assert done in told, done


def test_a_day_is_its_seed_and_its_text_is_the_day() -> None:
    first, again = lived(2), Day(2)
    again.run()
    assert (first.lines, first.player.told) == (again.lines, again.player.told)
    told = play(recorded(first, "All of it").replace("240:00.00  sales closes\n", ""))
    assert told == first.player.told[: len(told)]
    assert len(told) > 0.9 * len(first.player.told)  # deadlines after the last line are not met
    assert lived(4).lines != first.lines


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_what_once_went_wrong(path: Path) -> None:
    assert play(read(path))
