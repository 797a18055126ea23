"""When saved reports are due, and what their periods mean then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.errors import OperatorError
from acd.reports.periods import RelativePeriod, period_of
from acd.reports.sending.schedule import MISSED_MAX, Every, Schedule, parse_schedule

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("daily 06:00", "2026-11-22 05:59", "2026-11-22 06:00"),
        ("daily 06:00", "2026-11-22 06:00", "2026-11-23 06:00"),
        ("weekly mon 07:30", "2026-11-22 12:00", "2026-11-23 07:30"),
        ("weekly monday 07:30", "2026-11-23 07:30", "2026-11-30 07:30"),
        ("monthly 1 00:00", "2026-11-22 12:00", "2026-12-01 00:00"),
        ("monthly last 06:00", "2026-02-27 12:00", "2026-02-28 06:00"),
        ("monthly 30 06:00", "2026-02-01 12:00", "2026-02-28 06:00"),
        ("monthly 31 06:00", "2026-03-31 06:00", "2026-04-30 06:00"),
        # Clocks go from 02:00 to 03:00 on the 29th of March, and from 03:00 to 02:00 on the 25th of October.
        ("daily 02:30", "2026-03-28 03:00", "2026-03-29 03:30"),
        ("daily 02:30", "2026-03-29 04:00", "2026-03-30 02:30"),
        ("daily 02:30", "2026-10-24 03:00", "2026-10-25 02:30"),
        ("daily 02:30", "2026-10-25 03:00", "2026-10-26 02:30"),
        ("daily 06:00", "2026-10-24 07:00", "2026-10-25 06:00"),
    ],
)
def test_the_next_time(schedule: str, after: str, expected: str) -> None:
    due = parse_schedule(schedule).next_after(berlin(after), BERLIN)
    assert due.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M") == expected
    assert due.tzinfo is UTC


def test_an_hour_that_comes_twice_has_one_report() -> None:
    schedule = parse_schedule("daily 02:30")
    first = schedule.next_after(berlin("2026-10-25 00:00"), BERLIN)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the summer's
    assert schedule.next_after(first, BERLIN) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


@given(
    st.sampled_from(["daily 02:30", "weekly sun 02:30", "monthly last 02:30", "monthly 29 23:59"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from([BERLIN, SHANGHAI, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]),
)
def test_it_always_goes_on(text: str, naive: datetime, tz: ZoneInfo) -> None:
    schedule, moment = parse_schedule(text), naive.replace(tzinfo=UTC)
    due = schedule.next_after(moment, tz)
    longest = {Every.DAY: 2, Every.WEEK: 8, Every.MONTH: 32}[schedule.every]
    assert moment < due <= moment + timedelta(days=longest)
    assert schedule.next_after(due - timedelta(microseconds=1), tz) == due
    assert parse_schedule(str(schedule)) == schedule


def test_what_was_missed_is_made_up_for_up_to_a_limit() -> None:
    schedule = Schedule(Every.DAY, datetime(2026, 1, 1, 6).time())
    first = schedule.next_after(berlin("2026-11-20 00:00"), BERLIN)
    assert schedule.due_until(first, first - timedelta(seconds=1), BERLIN) == []
    assert schedule.due_until(first, first, BERLIN) == [first]
    late = schedule.due_until(first, first + timedelta(days=30), BERLIN)
    assert (len(late), late[-1]) == (MISSED_MAX, first + timedelta(days=30))


@pytest.mark.parametrize(
    "text", ["", "06:00", "daily", "daily 24:00", "weekly 06:00", "weekly xyz 06:00", "monthly 0 06:00",
             "monthly 32 06:00", "hourly 06:00", "daily 6:00 x"],
)  # fmt: skip
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(OperatorError, match="expected 'daily 06:00'"):
        parse_schedule(text)


@pytest.mark.parametrize(
    ("word", "now", "since", "until"),
    [
        ("today", "2026-11-22 10:15", "2026-11-22 00:00", "2026-11-22 10:15"),
        ("today", "2026-11-22 00:00", "2026-11-21 00:00", "2026-11-22 00:00"),
        ("yesterday", "2026-11-22 10:15", "2026-11-21 00:00", "2026-11-22 00:00"),
        ("this-week", "2026-11-22 10:15", "2026-11-16 00:00", "2026-11-22 10:15"),
        ("last-week", "2026-11-22 10:15", "2026-11-09 00:00", "2026-11-16 00:00"),
        ("this-month", "2026-11-22 10:15", "2026-11-01 00:00", "2026-11-22 10:15"),
        ("last-month", "2026-01-22 10:15", "2025-12-01 00:00", "2026-01-01 00:00"),
        ("last-month", "2026-01-01 00:00", "2025-12-01 00:00", "2026-01-01 00:00"),
    ],
)
def test_periods_that_are_told_by_a_word(word: str, now: str, since: str, until: str) -> None:
    period = period_of(RelativePeriod(word), BERLIN, berlin(now))
    assert (period.since, period.until) == (berlin(since), berlin(until))


def test_a_day_with_25_hours_is_whole() -> None:
    period = period_of(RelativePeriod.YESTERDAY, BERLIN, berlin("2026-10-26 06:00"))
    assert period.until.timestamp() - period.since.timestamp() == 25 * 3600
