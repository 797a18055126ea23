"""config/calendars.yml: opening hours, holidays, and days that are different."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, TypeAlias

from pydantic import Field

from acd.settings.problems import did_you_mean, shown
from acd.settings.schema.checking import Options, checked, expected, mistake, text_of
from acd.settings.schema.values import Id, Name, Timezone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Spans: TypeAlias = tuple[tuple[int, int], ...]

_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_DAYS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?")


def _span(value: object) -> tuple[int, int]:
    what = "hours such as '08:00-18:00'"
    found = _SPAN.fullmatch(text_of(what, value))
    if found is None:
        raise expected(what, value)
    first_h, first_m, last_h, last_m = (int(number) for number in found.groups())
    first, last = first_h * 60 + first_m, last_h * 60 + last_m
    if last > 24 * 60 or first == last:
        raise expected(what, value, "; a whole day is '00:00-24:00'")
    return first, last


def _spans(value: object) -> Spans:
    """One span or a list of them, by time; [] for none. One that ends before it begins is over midnight."""
    spans = sorted(_span(item) for item in (value if isinstance(value, list) else [value]))
    for (first, end), (begin, _) in pairwise(spans):
        if begin < end or end < first:
            raise mistake("the hours of a day overlap; write them as one")
    return tuple(spans)


def _days(value: object) -> str:
    """`mon`, or `mon-fri`; also over the end of the week: `sat-mon`."""
    what = "a day or days such as mon or mon-fri"
    found = _DAYS.fullmatch(text_of(what, value))
    if found is None or not all(day in DAYS for day in found.groups() if day is not None):
        raise expected(what, value, did_you_mean(str(value), DAYS, separator=";"))
    return str(value)


def days_of(written: str) -> list[int]:
    """The weekdays, Monday is 0."""
    first, _, last = written.partition("-")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return [day % 7 for day in range(begin, end + 1 + (7 if end < begin else 0))]


def _date(value: object) -> date:
    what = "a date such as 2026-12-24"
    try:
        return date.fromisoformat(text_of(what, value))
    except ValueError:
        raise expected(what, value) from None


def _country(value: object) -> str:
    what = "a country's code such as DE"
    text = text_of(what, value)
    from holidays.registry import EntityLoader  # a package of many countries; many centres name none

    if text not in EntityLoader.get_country_codes():
        raise expected(what, value, f"; no holidays are known for '{shown(text)}'")
    return text


SpansValue = Annotated[Spans, checked(_spans, anyOf=[{"type": "string"}, {"type": "array"}])]
Days = Annotated[str, checked(_days, type="string")]
Day = Annotated[date, checked(_date, type="string", format="date")]
Country = Annotated[str, checked(_country, type="string")]


class HolidaysOptions(Options):
    """Public holidays, from the `holidays` package."""

    country: Country
    """Two letters, as in ISO 3166-1."""
    subdivision: str | None = None
    """A state or province that has holidays of its own, such as BE."""


class CalendarEntry(Options):
    """One calendar."""

    open: dict[Days, SpansValue]
    """The week: days, and hours or a list of hours."""
    timezone: Timezone | None = None
    """Left out: that of the centre."""
    holidays: HolidaysOptions | None = None
    """Public holidays; they are closed."""
    closings: dict[Day, Name] = Field(default_factory=dict)
    """Dates that are closed, and why."""
    openings: dict[Day, SpansValue] = Field(default_factory=dict)
    """Dates with hours of their own."""


class CalendarsFile(Options):
    """The whole file."""

    calendars: dict[Id, CalendarEntry]
    """Calendars by name, used by `hours` steps."""


def subdivisions(country: str) -> list[str]:
    """The subdivisions of a country with known holidays that have holidays of their own."""
    import holidays

    return list(getattr(holidays, country).subdivisions)
