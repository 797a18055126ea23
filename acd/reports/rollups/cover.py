"""How the intervals of a report are laid out with whole days, quarters of an hour, and what remains. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from acd.records.period import midnight
from acd.records.slots import SLOT_S
from acd.reports.buckets import Buckets

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """[begin, end) in Unix seconds, whole slots, in one interval of the report."""

    bucket: int
    begin: int
    end: int
    is_day: bool = False

    def slots(self) -> Iterator[Piece]:
        """The quarters of an hour of a day."""
        for begin in range(self.begin, self.end, SLOT_S):
            yield Piece(self.bucket, begin, begin + SLOT_S)


@dataclass(frozen=True, slots=True)
class Rest:
    """[begin, end) in microseconds of Unix time: to be counted from the rows."""

    begin: int
    end: int


def closed_until(now: datetime) -> int:
    """The end of the last slot that is over, in Unix seconds."""
    return int(now.timestamp() // SLOT_S) * SLOT_S


def cover(buckets: Buckets, until: int) -> tuple[list[Piece], list[Rest]]:
    """Pieces before `until` (Unix seconds), days where they fit, and the rests."""
    pieces, rests, until = list[Piece](), list[Rest](), until // SLOT_S * SLOT_S
    for bucket in range(len(buckets)):
        begin_us, end_us = buckets.borders[bucket], buckets.borders[bucket + 1]
        first = -(-begin_us // (SLOT_S * _US)) * SLOT_S
        last = min(end_us // (SLOT_S * _US) * SLOT_S, until)
        if first >= last:
            rests.append(Rest(begin_us, end_us))
            continue
        rests += [Rest(begin_us, first * _US), Rest(last * _US, end_us)]
        pieces += _laid_out(bucket, first, last, buckets.tz)
    return pieces, joined(rests)


def _laid_out(bucket: int, begin: int, end: int, tz: ZoneInfo) -> Iterator[Piece]:
    while begin < end:
        this_midnight, next_midnight = day_around(begin, tz)
        if this_midnight == begin and next_midnight <= end:
            yield Piece(bucket, begin, next_midnight, is_day=True)
            begin = next_midnight
        else:
            stop = min(end, next_midnight)
            yield from Piece(bucket, begin, stop).slots()
            begin = stop


def day_around(at: int, tz: ZoneInfo) -> tuple[int, int]:
    """From which midnight to which the local day of a moment goes, in Unix seconds."""
    day = datetime.fromtimestamp(at, tz).date()
    return _midnight(day, tz), _midnight(day + timedelta(days=1), tz)


def days_between(first: int, last: int, tz: ZoneInfo) -> Iterator[tuple[int, int]]:
    """The local days from that of `first` that are over at `last`."""
    begin, end = day_around(first, tz)
    while end <= last:
        yield begin, end
        begin, end = day_around(end, tz)


def _midnight(day: date, tz: ZoneInfo) -> int:
    return round(midnight(day, tz).timestamp())


def joined(rests: Iterable[Rest]) -> list[Rest]:
    """In order, without empty ones; those that touch are one."""
    found: list[Rest] = []
    for rest in sorted(rests, key=lambda rest: rest.begin):
        if rest.begin >= rest.end:
            continue
        if found and found[-1].end >= rest.begin:
            found[-1] = Rest(found[-1].begin, max(found[-1].end, rest.end))
        else:
            found.append(rest)
    return found
