"""Values put into words, from fragments that are all rendered before anybody calls.

    say(SpokenKind.DURATION, 125, "en", now=…)   # two · minutes · and · five · seconds

What a language does with a value is in `spoken_en` and `spoken_zh`. `vocabulary` lists every fragment
that `say` can ever answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Protocol

from acd.ivr import spoken_en, spoken_zh
from acd.ivr.flow import Speech, SpokenKind
from acd.ivr.values import Value, as_text

LARGEST = 999_999_999_999
MOST_DECIMALS = Decimal("0.000001")
CENT = Decimal("0.01")
CURRENCIES = frozenset(spoken_en.CURRENCIES) & frozenset(spoken_zh.CURRENCIES)
"""ISO 4217 codes that can be said in every language."""
SILENT = frozenset(" -()./")
KEYED = frozenset("0123456789*#+")


class Unspeakable(ValueError):
    """A value that cannot be said in this way. The text does not show it: it may be a secret."""


class Words(Protocol):
    """What a language has to know. Numbers are not negative unless it is said."""

    def number(self, value: Decimal) -> list[str]:
        """Any number, decimals too, negative ones too."""

    def digits(self, value: str) -> list[str]:
        """Characters of KEYED, one by one."""

    def ordinal(self, value: int) -> list[str]:
        """The so-and-so-many-th; 1 or more."""

    def date(self, value: date, *, with_year: bool) -> list[str]:
        """A day."""

    def time(self, value: time) -> list[str]:
        """A time of day, to the minute."""

    def money(self, value: Decimal, currency: str) -> list[str]:
        """An amount with two decimals, negative ones too."""

    def duration(self, seconds: int) -> list[str]:
        """Days, hours, minutes and seconds."""

    def vocabulary(self, kind: SpokenKind) -> set[str]:
        """Every fragment that may be needed for a kind."""


_LANGUAGES: Mapping[str, Words] = {"en": spoken_en.English(), "zh": spoken_zh.Chinese()}


def speaks(language: str) -> bool:
    """Whether values can be said in a language such as `en`, `en-GB` or `zh`."""
    return _primary(language) in _LANGUAGES


def vocabulary(language: str, kinds: Iterable[SpokenKind] = tuple(SpokenKind)) -> tuple[Speech, ...]:
    """Every fragment that values of these kinds may need, sorted; none for a language without rules."""
    if not speaks(language):
        return ()
    words = _LANGUAGES[_primary(language)]
    texts: set[str] = set()
    for kind in kinds:
        texts |= words.vocabulary(kind)
    return tuple(Speech(text, language) for text in sorted(texts))


def say(
    kind: SpokenKind, value: Value, language: str, currency: str = "", *, now: datetime
) -> tuple[Speech, ...]:
    """The fragments of a value. `now` (aware, local): a date of another year is said with its year.

    Raises Unspeakable.
    """
    if not speaks(language):
        raise Unspeakable(f"values cannot be said in the language '{language}'")
    words = _LANGUAGES[_primary(language)]
    ways: Mapping[SpokenKind, Callable[[], list[str]]] = {
        SpokenKind.NUMBER: lambda: words.number(_decimal(value).quantize(MOST_DECIMALS).normalize()),
        SpokenKind.DIGITS: lambda: words.digits(_digits(value)),
        SpokenKind.ORDINAL: lambda: words.ordinal(_whole(value, least=1)),
        SpokenKind.DATE: lambda: _date(words, value, now),
        SpokenKind.TIME: lambda: words.time(_time(value, now)),
        SpokenKind.MONEY: lambda: words.money(_amount(value), _currency(currency)),
        SpokenKind.DURATION: lambda: words.duration(_whole(value, least=0)),
    }
    return tuple(Speech(text, language) for text in ways[kind]())


def _primary(language: str) -> str:
    return re.split(r"[-_]", language, maxsplit=1)[0].lower()


# --- reading values ---------------------------------------------------------------------------
def _decimal(value: Value) -> Decimal:
    if value is None or isinstance(value, bool):
        raise Unspeakable("a number is expected")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise Unspeakable("a number is expected") from None
    if not number.is_finite() or abs(number) > LARGEST:
        raise Unspeakable(f"a number up to {LARGEST:,} is expected")
    return number


def _whole(value: Value, *, least: int) -> int:
    number = int(_decimal(value).to_integral_value(ROUND_HALF_UP))
    if number < least:
        raise Unspeakable(f"a number of {least} or more is expected")
    return number


def _digits(value: Value) -> str:
    if value is None or isinstance(value, bool):
        raise Unspeakable("digits are expected")
    keyed = "".join(c for c in as_text(value) if c not in SILENT)
    if not set(keyed) <= KEYED:
        raise Unspeakable("digits are expected")
    return keyed


def _amount(value: Value) -> Decimal:
    return _decimal(value).quantize(CENT, ROUND_HALF_UP)


def _currency(currency: str) -> str:
    if currency not in CURRENCIES:
        raise Unspeakable(f"the currency is none of {', '.join(sorted(CURRENCIES))}")
    return currency


def _moment(value: Value, now: datetime) -> datetime | None:
    """A date with a time, in local time; None if it is something else."""
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is None else moment.astimezone(now.tzinfo)


def _date(words: Words, value: Value, now: datetime) -> list[str]:
    moment = _moment(value, now) if isinstance(value, str) else None
    if moment is None:
        raise Unspeakable("a date such as 2026-12-25 is expected")
    return words.date(moment.date(), with_year=moment.year != now.year)


def _time(value: Value, now: datetime) -> time:
    if isinstance(value, str):
        text = value.strip()
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
            hour, minute = (int(part) for part in text.split(":")[:2])
            if hour < 24 and minute < 60:
                return time(hour, minute)
        elif (moment := _moment(text, now)) is not None:
            return moment.time()
    raise Unspeakable("a time such as 10:30 is expected")
