"""Periods that are told by a word and mean another time each day, and the one to compare with. Pure."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from acd.records.period import Period, midnight


class RelativePeriod(StrEnum):
    """Whole days, weeks (from Monday) and months of the time zone; TODAY and those of THIS end now."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    THIS_WEEK = "this-week"
    LAST_WEEK = "last-week"
    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"


class Comparison(StrEnum):
    """What a period is set beside: the same days and times so much earlier."""

    NONE = "none"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def period_of(word: RelativePeriod, tz: ZoneInfo, now: datetime) -> Period:
    """What the word means at the moment `now`, which is aware.

    At midnight of the first day, "so far" would be nothing: then it is the whole of the one before.
    """
    now = now.astimezone(tz)
    today = now.date()
    week = today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    match word:
        case RelativePeriod.YESTERDAY:
            return _days(today - timedelta(days=1), today, tz)
        case RelativePeriod.LAST_WEEK:
            return _days(week - timedelta(weeks=1), week, tz)
        case RelativePeriod.LAST_MONTH:
            return _days((month - timedelta(days=1)).replace(day=1), month, tz)
        case RelativePeriod.TODAY:
            begin, otherwise = today, RelativePeriod.YESTERDAY
        case RelativePeriod.THIS_WEEK:
            begin, otherwise = week, RelativePeriod.LAST_WEEK
        case RelativePeriod.THIS_MONTH:
            begin, otherwise = month, RelativePeriod.LAST_MONTH
    since = midnight(begin, tz)
    return Period(since, now) if since.timestamp() < now.timestamp() else period_of(otherwise, tz, now)


def earlier(period: Period, comparison: Comparison) -> Period | None:
    """The period before, by the clock: a week that daylight saving ended in is as long by days."""
    match comparison:
        case Comparison.NONE:
            return None
        case Comparison.DAY:
            return Period(period.since - timedelta(days=1), period.until - timedelta(days=1))
        case Comparison.WEEK:
            return Period(period.since - timedelta(weeks=1), period.until - timedelta(weeks=1))
        case Comparison.MONTH:
            since = _month_before(period.since)
            until = _month_before(period.until)
            # The 29th and 30th of March have one day before them: the 28th of February.
            return Period(since, until if until > since else since + (period.until - period.since))


def _month_before(moment: datetime) -> datetime:
    year, month = (moment.year, moment.month - 1) if moment.month > 1 else (moment.year - 1, 12)
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


def _days(first: date, end: date, tz: ZoneInfo) -> Period:
    return Period(midnight(first, tz), midnight(end, tz))
