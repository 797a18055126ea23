"""Periods as people write them: `--from yesterday --to "2026-11-22 10:00"`. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from acd.errors import OperatorError

_EXPECTED = "expected today, yesterday, a day like 2026-11-22 or a time like '2026-11-22 10:00'"
_TIME_FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


@dataclass(frozen=True, slots=True)
class Period:
    """[since, until): aware datetimes in the zone in which they were asked for."""

    since: datetime
    until: datetime


def parse_period(
    from_: str | None,
    to: str | None,
    tz: ZoneInfo,
    now: datetime,
    options: tuple[str, str] = ("--from", "--to"),
) -> Period:
    """The period between two words of the command line, as local time in `tz`.

    A day as `to` includes that whole day. Without `from_` the period begins with the day of `to`
    (or today), without `to` it ends now. `now` must be aware. Raises OperatorError where a word
    is not understood, naming the one of the `options` that it was given with, or the period would be empty.
    """
    now = now.astimezone(tz)
    until = now if to is None else _moment(options[1], to, tz, now, end=True)
    if from_ is None:
        first = (now if to is None else until - timedelta(microseconds=1)).date()
        since = midnight(first, tz)
    else:
        since = _moment(options[0], from_, tz, now, end=False)
    # Compared as moments: two datetimes of one zone would be compared by their clock faces.
    if since.timestamp() >= until.timestamp():
        raise OperatorError(
            f"the period is empty: it would begin {since:%Y-%m-%d %H:%M} and end {until:%Y-%m-%d %H:%M}"
        )
    return Period(since, until)


def _moment(option: str, word: str, tz: ZoneInfo, now: datetime, *, end: bool) -> datetime:
    """One word; a day means its midnight, or with `end` the midnight that ends it."""
    text = word.strip()
    day = _day(text, now.date())
    if day is not None:
        return midnight(day + timedelta(days=1) if end else day, tz)
    moment = parse_time(text, tz)
    if moment is None:
        raise OperatorError(f"{option} {word!r} is not understood: {_EXPECTED}")
    return moment


def parse_time(text: str, tz: ZoneInfo) -> datetime | None:
    """A day and a time of it, local in `tz`; None for another text."""
    for form in _TIME_FORMATS:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=tz)
        except ValueError:
            continue
    return None


def _day(text: str, today: date) -> date | None:
    if text == "today":
        return today
    if text == "yesterday":
        return today - timedelta(days=1)
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        return None


def midnight(day: date, tz: ZoneInfo) -> datetime:
    """The begin of a local day."""
    return datetime.combine(day, time(), tz)
