"""Midnight at the centre, also on days that are longer or shorter than others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from acd.core.events import DayBegan, Event
from acd.runtime.days import Days


def days(utc: str, zone: str) -> tuple[Days, list[Event]]:
    """At this moment."""
    told: list[Event] = []
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()
    return Days(told.append, lambda: at, zone), told


@pytest.mark.parametrize(
    ("utc", "zone", "day", "hours"),
    [
        ("2026-12-23 12:00", "Europe/Berlin", "2026-12-23", 11),
        ("2026-12-23 23:30", "Europe/Berlin", "2026-12-24", 23.5),
        ("2026-12-23 23:30", "Asia/Shanghai", "2026-12-24", 16.5),
        ("2026-10-24 22:00", "Europe/Berlin", "2026-10-25", 25),  # clocks go back
        ("2026-03-28 23:00", "Europe/Berlin", "2026-03-29", 23),  # and forward
        ("2018-11-03 12:00", "America/Sao_Paulo", "2018-11-03", 15),  # the next day begins at one o'clock
    ],
)
def test_which_day_it_is_and_how_long_it_lasts(utc: str, zone: str, day: str, hours: float) -> None:
    clock, told = days(utc, zone)
    clock.tell()
    assert told == [DayBegan(day)]
    assert clock.until_midnight_s() == pytest.approx(hours * 3600)
