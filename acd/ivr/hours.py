"""When a centre is open: weekly hours, holidays, and days that are an exception.

All is told in the local time of the calendar's zone, so that 09:00 stays 09:00 when the clocks change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeAlias
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""(from, to) in minutes of one day, `from` included, `to` not and at most 1440."""


class CalendarState(StrEnum):
    """What a moment is; also the name of the way out of an `hours` step."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


def over_midnight(start: int, end: int) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """A span of minutes as its part on the day it begins and its part on the next day.

    A span whose end is not after its start runs over midnight: 22:00-06:00 is (1320, 1440) and (0, 360).
    """
    if end > start:
        return (start, end), None
    return (start, MINUTES_A_DAY), (0, end) if end > 0 else None


def weekly_hours(hours: Mapping[int, Iterable[tuple[int, int]]]) -> dict[int, Spans]:
    """Opening hours by weekday (0 is Monday) as `Calendar.weekly` wants them, cut at midnight."""
    days: dict[int, list[tuple[int, int]]] = {}
    for weekday, spans in hours.items():
        for start, end in spans:
            today, tomorrow = over_midnight(start, end)
            days.setdefault(weekday, []).append(today)
            if tomorrow is not None:
                days.setdefault((weekday + 1) % 7, []).append(tomorrow)
    return {weekday: tuple(sorted(spans)) for weekday, spans in sorted(days.items())}


def opening_hours(hours: Mapping[date, Iterable[tuple[int, int]]]) -> dict[date, Spans]:
    """Opening hours of single days as `Calendar.openings` wants them, cut at midnight."""
    days: dict[date, list[tuple[int, int]]] = {}
    for day, spans in hours.items():
        for start, end in spans:
            today, tomorrow = over_midnight(start, end)
            days.setdefault(day, []).append(today)
            if tomorrow is not None:
                days.setdefault(day + timedelta(days=1), []).append(tomorrow)
    return {day: tuple(sorted(spans)) for day, spans in sorted(days.items())}


@dataclass(frozen=True)
class Calendar:
    """Opening hours. Closings come before openings, these before holidays, these before the week.

    `weekly`: weekday (0 is Monday) to spans. `closings` and `holidays` name the day; `holidays` may be
    an object of the `holidays` package, which works years out as they are asked for. Hours that run
    over midnight are cut there: what is after it follows the rules of the next day.
    """

    name: str
    timezone: ZoneInfo
    weekly: Mapping[int, Spans] = field(default_factory=dict)
    closings: Mapping[date, str] = field(default_factory=dict)
    openings: Mapping[date, Spans] = field(default_factory=dict)
    holidays: Mapping[date, str] = field(default_factory=dict)

    def state(self, now: datetime) -> CalendarState:
        """What `now` (aware) is."""
        local = now.astimezone(self.timezone)
        state, spans = self._day(local.date())
        minute = local.hour * 60 + local.minute
        if any(start <= minute < end for start, end in spans):
            return CalendarState.OPEN
        return state

    def opens_within(self, now: datetime, days: int = 400) -> bool:
        """Whether there is an open minute from `now` to so many days later."""
        local = now.astimezone(self.timezone)
        minute = local.hour * 60 + local.minute
        if any(end > minute for _, end in self._day(local.date())[1]):
            return True
        later = (local.date() + timedelta(days=ahead) for ahead in range(1, days + 1))
        return any(self._day(day)[1] for day in later)

    def next_change(self, now: datetime, days: int = 400) -> datetime | None:
        """The next moment, in its own zone, at which it opens or closes; None: not in so many days."""
        local = now.astimezone(self.timezone)
        is_open = self.state(now) is CalendarState.OPEN
        for ahead in range(days + 1):
            midnight = datetime.combine(local.date() + timedelta(days=ahead), time(), self.timezone)
            spans = self._day(midnight.date())[1]
            for minute in sorted({0, *(edge for span in spans for edge in span)}):
                moment = midnight + timedelta(minutes=minute)
                if moment > local and (self.state(moment) is CalendarState.OPEN) is not is_open:
                    return moment
        return None

    def open_spans(self, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """When it is open in [since, until), in order; spans that meet are one. All in its own zone."""
        found: list[tuple[datetime, datetime]] = []
        begin, end = since.astimezone(self.timezone), until.astimezone(self.timezone)
        for ahead in range((end.date() - begin.date()).days + 1):
            day = begin.date() + timedelta(days=ahead)
            midnight = datetime.combine(day, time(), self.timezone)
            for first, last in self._day(day)[1]:
                opens = max(begin, midnight + timedelta(minutes=first), key=datetime.timestamp)
                closes = min(end, midnight + timedelta(minutes=last), key=datetime.timestamp)
                if opens.timestamp() >= closes.timestamp():
                    continue
                if found and found[-1][1].timestamp() >= opens.timestamp():
                    opens = found.pop()[0]
                found.append((opens, closes))
        return found

    def worked_out(self, year: int) -> Calendar:
        """The same with plain holidays: those of the ten years to `year`, and of the next."""
        first, last = date(year - 10, 1, 1), date(year + 1, 12, 31)
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return replace(self, holidays={day: self.holidays[day] for day in days if day in self.holidays})

    def _day(self, day: date) -> tuple[CalendarState, Spans]:
        """The spans of a day, and what it is outside of them."""
        if day in self.closings:
            return CalendarState.HOLIDAY, ()
        if day in self.openings:
            return CalendarState.CLOSED, self.openings[day]
        if day in self.holidays:
            return CalendarState.HOLIDAY, ()
        return CalendarState.CLOSED, self.weekly.get(day.weekday(), ())
