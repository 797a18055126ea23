"""The intervals of a period, right where clocks change. Pure.

Their borders are moments, not clock faces: a day has 23 or 25 hours where the clocks change, and the hour
that comes twice is two intervals, told apart by their offset. Quarters of an hour of UTC are the grid (every
zone's offset is a multiple of it); those with the same local interval and the same offset are one.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from acd.errors import OperatorError
from acd.records.period import Period
from acd.reports.asked import Grain

SLOT_S = 900
MOST = 20_000
"""So many intervals a report may have."""
_MINUTES = {Grain.QUARTER: 15, Grain.HALF: 30, Grain.HOUR: 60}
_SECOND_US = 1_000_000


def microseconds(at: datetime) -> int:
    """Of Unix time."""
    return round(at.timestamp() * _SECOND_US)


@dataclass(frozen=True, slots=True)
class Buckets:
    """`borders`: Unix time in microseconds, one more than there are intervals, each after the one before."""

    borders: tuple[int, ...]
    tz: ZoneInfo

    def __len__(self) -> int:
        return len(self.borders) - 1

    def place(self, at_us: int) -> int:
        """The number of the interval of a moment; before the first -1, after the last their count."""
        return bisect_right(self.borders, at_us) - 1

    def of(self, at: datetime) -> int:
        """The same, of a datetime."""
        return self.place(microseconds(at))

    def span(self, bucket: int) -> Period:
        """From when to when an interval goes, in the zone."""
        return Period(self._moment(self.borders[bucket]), self._moment(self.borders[bucket + 1]))

    def label(self, bucket: int) -> tuple[int, int, int]:
        """What it has in common with the same interval of another period: day, minute and turn.

        The day is counted from the first; the turn is 1 for an hour that comes the second time.
        """
        at, first = self._moment(self.borders[bucket]), self._moment(self.borders[0])
        return (at.date() - first.date()).days, at.hour * 60 + at.minute, at.fold

    def _moment(self, at_us: int) -> datetime:
        seconds, rest = divmod(at_us, _SECOND_US)
        return datetime.fromtimestamp(seconds, UTC).astimezone(self.tz).replace(microsecond=rest)


def buckets(period: Period, grain: Grain, tz: ZoneInfo) -> Buckets:
    """The intervals of [since, until); the first and the last may be cut by it.

    Raises OperatorError where there would be too many of them.
    """
    since, until = period.since.timestamp(), period.until.timestamp()
    if grain is Grain.WHOLE:
        inner: list[int] = []
    elif grain in _MINUTES:
        _refuse_too_many((until - since) / (60 * _MINUTES[grain]), grain)
        inner = _clock_borders(since, until, _MINUTES[grain], tz)
    else:
        _refuse_too_many((until - since) / 86_400, grain)
        inner = _day_borders(since, until, grain, tz)
    begin, end = microseconds(period.since), microseconds(period.until)
    between = (border * _SECOND_US for border in inner)
    return Buckets((begin, *(border for border in between if begin < border < end), end), tz)


def _refuse_too_many(count: float, grain: Grain) -> None:
    if count > MOST:
        raise OperatorError(
            f"{count:.0f} intervals of {grain.value} are too many for one report, at most {MOST}:"
            " choose longer intervals or a shorter period"
        )


def _clock_borders(since: float, until: float, minutes: int, tz: ZoneInfo) -> list[int]:
    """Where the local interval, or the offset within it, becomes another."""
    found, before = [], None
    for slot in range(int(since // SLOT_S) * SLOT_S, int(until) + 1, SLOT_S):
        local = datetime.fromtimestamp(slot, tz)
        here = (local.date(), (local.hour * 60 + local.minute) // minutes, local.utcoffset())
        if here != before:
            found.append(slot)
        before = here
    return found


def _day_borders(since: float, until: float, grain: Grain, tz: ZoneInfo) -> list[int]:
    """The midnights at which days, weeks from Monday, or months begin."""
    day, last = datetime.fromtimestamp(since, tz).date(), datetime.fromtimestamp(until, tz).date()
    found = []
    while day <= last:
        if _begins(day, grain):
            found.append(round(datetime.combine(day, time(), tz).timestamp()))
        day += timedelta(days=1)
    return found


def _begins(day: date, grain: Grain) -> bool:
    if grain is Grain.WEEK:
        return day.weekday() == 0
    return grain is Grain.DAY or day.day == 1
