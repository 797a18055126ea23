"""Calendars: the week, midnight, holidays, exceptions, and the clocks' change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import holidays
import pytest

from acd.ivr.hours import Calendar, CalendarState, opening_hours, weekly_hours

BERLIN = ZoneInfo("Europe/Berlin")
NINE, SIX = 9 * 60, 18 * 60
OFFICE = Calendar(
    "office",
    BERLIN,
    weekly_hours({day: [(NINE, SIX)] for day in range(5)}),
    closings={date(2026, 12, 24): "Christmas Eve", date(2026, 12, 25): "Christmas"},
    openings=opening_hours({date(2026, 12, 26): [(10 * 60, 14 * 60)]}),
    holidays=holidays.country_holidays("DE", subdiv="BE"),
)


def at(text: str, calendar: Calendar = OFFICE) -> CalendarState:
    return calendar.state(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("when", "state"),
    [
        ("2026-11-25T09:00:00+01:00", CalendarState.OPEN),
        ("2026-11-25T08:59:59+01:00", CalendarState.CLOSED),
        ("2026-11-25T17:59:59+01:00", CalendarState.OPEN),
        ("2026-11-25T18:00:00+01:00", CalendarState.CLOSED),
        ("2026-11-28T10:00:00+01:00", CalendarState.CLOSED),  # a Saturday
        ("2026-12-24T10:00:00+01:00", CalendarState.HOLIDAY),  # own closing
        ("2026-12-26T10:00:00+01:00", CalendarState.OPEN),  # own opening on a holiday
        ("2026-12-26T15:00:00+01:00", CalendarState.CLOSED),
        ("2026-10-03T10:00:00+02:00", CalendarState.HOLIDAY),
        ("2031-05-01T10:00:00+02:00", CalendarState.HOLIDAY),  # a year that nobody named
        ("2026-11-25T08:30:00+00:00", CalendarState.OPEN),  # told in another zone
    ],
)
def test_a_moment_is_open_closed_or_a_holiday(when: str, state: CalendarState) -> None:
    assert at(when) is state


def test_nine_oclock_stays_nine_when_the_clocks_change() -> None:
    sundays = Calendar("s", BERLIN, weekly_hours({6: [(NINE, SIX), (2 * 60, 3 * 60)]}))
    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        for hour, state in ((8, CalendarState.CLOSED), (9, CalendarState.OPEN), (18, CalendarState.CLOSED)):
            local = datetime(day.year, day.month, day.day, hour, 30, tzinfo=BERLIN)
            assert sundays.state(local.astimezone(UTC)) is state
    # 02:30 comes twice in October; both are open.
    for hour in (0, 1):
        assert sundays.state(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) is CalendarState.OPEN


def test_hours_over_midnight_are_cut_there() -> None:
    night = Calendar("night", BERLIN, weekly_hours({4: [(22 * 60, 6 * 60)], 6: [(20 * 60, 0)]}))
    assert at("2026-11-27T23:00:00+01:00", night) is CalendarState.OPEN
    assert at("2026-11-28T05:59:00+01:00", night) is CalendarState.OPEN
    assert at("2026-11-28T06:00:00+01:00", night) is CalendarState.CLOSED
    assert at("2026-11-29T23:59:00+01:00", night) is CalendarState.OPEN
    assert at("2026-11-30T00:00:00+01:00", night) is CalendarState.CLOSED
    eve = opening_hours({date(2026, 12, 31): [(22 * 60, 60)]})
    assert eve == {date(2026, 12, 31): ((1320, 1440),), date(2027, 1, 1): ((0, 60),)}


def test_hours_that_never_open_are_found() -> None:
    now = datetime(2026, 11, 25, 17, 0, tzinfo=BERLIN)
    assert OFFICE.opens_within(now, days=0)
    assert not OFFICE.opens_within(now.replace(hour=18), days=0)
    assert OFFICE.opens_within(now.replace(hour=18), days=1)
    assert not Calendar("never", BERLIN).opens_within(now)


def test_the_open_spans_of_a_period() -> None:
    shift = Calendar("shift", BERLIN, weekly_hours({5: [(22 * 60, 6 * 60)], 6: [(9 * 60, 12 * 60)]}))
    since = datetime(2026, 10, 24, 12, tzinfo=BERLIN)  # clocks go back in the night
    spans = shift.open_spans(since, datetime(2026, 10, 25, 10, tzinfo=BERLIN))
    assert [(f"{begin:%d %H:%M}", f"{end:%d %H:%M}") for begin, end in spans] == [
        ("24 22:00", "25 06:00"),
        ("25 09:00", "25 10:00"),
    ]
    assert [end.timestamp() - begin.timestamp() for begin, end in spans] == [9 * 3600, 3600]
    assert shift.open_spans(since, since) == []


def test_holidays_worked_out_are_the_same_days() -> None:
    plain = OFFICE.worked_out(2026)
    assert type(plain.holidays) is dict
    for day in (date(2026, 12, 25), date(2026, 12, 24), date(2026, 6, 3)):
        noon = datetime.combine(day, time(12), BERLIN)
        assert plain.state(noon) is OFFICE.state(noon)
