"""Groups that open and close in the simulated day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from acd.ivr.hours import Calendar, weekly_hours
from acd.simulate.load import default_scenario
from acd.simulate.opening import ClockFace, Opening
from acd.simulate.run import simulate
from acd.simulate.scenario import KnownCall, Shift
from acd.simulate.visits import Outcome, visits_of
from acd.simulate.world import World
from tests.core.centre import PLAN
from tests.simulate.test_world import HOUR, Witness, listed, only

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar(
    "office",
    BERLIN,
    weekly_hours({day: [(9 * 60, 17 * 60)] for day in range(5)}),
    holidays={date(2026, 1, 6): "Epiphany"},
)
OPENING = Opening({"experts": OFFICE}, timezone=BERLIN)
MONDAY = date(2026, 1, 5)


def test_the_next_change() -> None:
    face = ClockFace(MONDAY, 8 * HOUR, BERLIN)
    assert face.next_change(OFFICE, 0.0) == HOUR
    assert face.next_change(OFFICE, HOUR) == 9 * HOUR
    assert face.next_change(OFFICE, 9 * HOUR) == 49 * HOUR  # over the holiday
    assert [face.is_open(OFFICE, at * HOUR) for at in (0.9, 1, 8.9, 9, 25, 49)] == [
        False, True, True, False, False, True,
    ]  # fmt: skip
    assert face.next_change(Calendar("never", BERLIN), 0.0) is None
    london = replace(OFFICE, timezone=ZoneInfo("Europe/London"))
    assert face.next_change(london, 0.0) == 2 * HOUR


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 10, 24)], ids=["spring", "autumn"])
def test_days_have_24_hours_also_when_the_clocks_change(day: date) -> None:
    face, every_day = ClockFace(day, 0.0, BERLIN), weekly_hours({d: [(9 * 60, 17 * 60)] for d in range(7)})
    changes = [0.0]
    for _ in range(6):
        changes.append(face.next_change(Calendar("daily", BERLIN, every_day), changes[-1]) or 0.0)
    assert [at / HOUR for at in changes] == [0, 9, 17, 33, 41, 57, 65]


def run_day(*calls: float, exits: frozenset[str], talk_s: float = 2 * HOUR, hours: float = 24.0) -> Witness:
    """A Monday from midnight on, with two experts."""
    traffic = replace(listed(*(KnownCall(at) for at in calls), talk_s=talk_s), exits=exits)
    witness = Witness()
    scenario = only("experts", traffic, length_s=hours * HOUR, shifts=[Shift(["anna", "ben"])])
    World(PLAN, scenario, witness, OPENING).run()
    return witness


def test_who_comes_before_and_after_hours_is_turned_away() -> None:
    witness = run_day(8.9 * HOUR, 9.1 * HOUR, 17.1 * HOUR, 33 * HOUR, 57 * HOUR, exits=frozenset(), hours=60)
    assert [caller.at / HOUR for caller in witness.away] == [8.9, 17.1, 33]  # a holiday on Tuesday
    assert len(witness.calls) == 2


@pytest.mark.parametrize(("exits", "left"), [(frozenset({"closed"}), True), (frozenset({"full"}), False)])
def test_who_waits_at_closing_time(exits: frozenset[str], left: bool) -> None:
    witness = run_day(16.1 * HOUR, 16.2 * HOUR, 16.5 * HOUR, exits=exits)
    last = visits_of(witness.calls["experts-3"])[0]
    assert last.outcome is (Outcome.LEFT if left else Outcome.ANSWERED)
    assert last.wait_s == pytest.approx(0.5 * HOUR if left else 1.6 * HOUR + 4, abs=1)


def test_who_is_let_in_comes_at_any_hour() -> None:
    witness = Witness()
    traffic = listed(KnownCall(3 * HOUR, let_in=True))
    World(PLAN, only("experts", traffic, length_s=4 * HOUR), witness, OPENING).run()
    assert len(witness.calls) == 1


def test_figures_and_usual_exits() -> None:
    scenario = default_scenario(PLAN, OPENING)
    assert "closed" in scenario.traffic["experts"].exits
    assert "closed" not in scenario.traffic["sales"].exits
    assert "closed" not in default_scenario(PLAN).traffic["experts"].exits
    day = replace(scenario, length_s=24 * HOUR, warm_up_s=0.0)
    result = simulate(PLAN, day, opening=OPENING)
    counts, rate = result.groups["experts"].counts, result.groups["experts"].by_name["closed"].value
    assert counts.closed > counts.offered > 50
    assert rate == pytest.approx(counts.closed / (counts.closed + counts.offered))
    assert rate == pytest.approx(16 / 24, abs=0.15)
    assert result.groups["sales"].counts.closed == 0
