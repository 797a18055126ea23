"""When a saved report is due. Pure.

Times are those of the clock on the wall. One that clocks skip in spring is an hour later that day; one that
they show twice in autumn is the first of the two.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from acd.errors import OperatorError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST_DAY = 31
MISSED_MAX = 7
"""So many of those that were missed are made up for."""
_EXPECTED = "'daily 06:00', 'weekly mon 06:00', 'monthly 1 06:00' or 'monthly last 06:00'"
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class Every(StrEnum):
    """How often."""

    DAY = "daily"
    WEEK = "weekly"
    MONTH = "monthly"


@dataclass(frozen=True, slots=True)
class Schedule:
    """`day`: of a week from Monday (0) to Sunday (6), of a month from 1 to 31 (or the last)."""

    every: Every
    at: time
    day: int = 0

    def __str__(self) -> str:
        """As it is written."""
        at = f"{self.at:%H:%M}"
        match self.every:
            case Every.DAY:
                return f"daily {at}"
            case Every.WEEK:
                return f"weekly {WEEKDAYS[self.day]} {at}"
            case Every.MONTH:
                return f"monthly {'last' if self.day == LAST_DAY else self.day} {at}"

    def next_after(self, moment: datetime, tz: ZoneInfo) -> datetime:
        """The first time after this moment, as UTC."""
        day = moment.astimezone(tz).date() - timedelta(days=1)
        for candidate in self._days(day):
            due = datetime.combine(candidate, self.at, tz).astimezone(UTC)
            if due > moment:
                return due
        raise AssertionError("there is always a next day")

    def due_until(self, first: datetime, now: datetime, tz: ZoneInfo) -> list[datetime]:
        """`first` and those after it that are over at `now`, the last MISSED_MAX, the oldest first."""
        found: list[datetime] = []
        while first <= now:
            found.append(first)
            first = self.next_after(first, tz)
        return found[-MISSED_MAX:]

    def _days(self, first: date) -> Iterator[date]:
        """From `first` on, those that it is due on."""
        for number in range(70):  # more than two months
            day = first + timedelta(days=number)
            if self.every is Every.DAY or (self.every is Every.WEEK and day.weekday() == self.day):
                yield day
            elif self.every is Every.MONTH:
                last = calendar.monthrange(day.year, day.month)[1]
                if day.day == min(self.day, last):
                    yield day


def parse_schedule(text: str) -> Schedule:
    """As people write it. Raises OperatorError, which says what was expected."""
    words = text.strip().lower().split()
    at = _TIME.fullmatch(words[-1]) if words else None
    if at is not None:
        moment = time(int(at[1]), int(at[2]))
        match words[:-1]:
            case ["daily"]:
                return Schedule(Every.DAY, moment)
            case ["weekly", day] if day[:3] in WEEKDAYS:
                return Schedule(Every.WEEK, moment, WEEKDAYS.index(day[:3]))
            case ["monthly", "last"]:
                return Schedule(Every.MONTH, moment, LAST_DAY)
            case ["monthly", day] if re.fullmatch("[0-9]{1,2}", day) and 1 <= int(day) <= LAST_DAY:
                return Schedule(Every.MONTH, moment, int(day))
    raise OperatorError(f"the schedule {text!r} is not understood: expected {_EXPECTED}")
