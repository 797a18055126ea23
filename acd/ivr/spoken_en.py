"""Values in English words, American style: two hundred thirty-four, December twenty-fifth."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

from acd.ivr.flow import SpokenKind

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
_IRREGULAR = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
SIGNS = {"*": "star", "#": "pound", "+": "plus"}
CURRENCIES = {
    "AUD": ("dollar", "dollars", "cent", "cents"),
    "CAD": ("dollar", "dollars", "cent", "cents"),
    "CHF": ("franc", "francs", "centime", "centimes"),
    "CNY": ("yuan", "yuan", "fen", "fen"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "HKD": ("dollar", "dollars", "cent", "cents"),
    "JPY": ("yen", "yen", "sen", "sen"),
    "SGD": ("dollar", "dollars", "cent", "cents"),
    "TWD": ("dollar", "dollars", "cent", "cents"),
    "USD": ("dollar", "dollars", "cent", "cents"),
}
"""One unit, several; one hundredth, several."""
UNITS = (
    (86_400, "day", "days"),
    (3_600, "hour", "hours"),
    (60, "minute", "minutes"),
    (1, "second", "seconds"),
)


def _below_hundred(value: int) -> str:
    if value < len(_SMALL):
        return _SMALL[value]
    tens, ones = divmod(value, 10)
    return _TENS[tens] + (f"-{_SMALL[ones]}" if ones else "")


def _nth(word: str) -> str:
    """thirty-one → thirty-first."""
    stem, dash, last = word.rpartition("-")
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    else:
        last = last.removesuffix("y") + ("ieth" if last.endswith("y") else "th")
    return stem + dash + last


BELOW_HUNDRED = tuple(_below_hundred(value) for value in range(100))
HUNDREDS = tuple(f"{word} hundred" for word in _SMALL[1:10])
ORDINALS = tuple(_nth(word) for word in BELOW_HUNDRED)
_WHOLE = {*BELOW_HUNDRED, *HUNDREDS, *(word for _, word in _SCALES)}


def whole(value: int) -> list[str]:
    """0 and more: two hundred · thirty-four · thousand · one."""
    if value < 100:
        return [BELOW_HUNDRED[value]]
    said: list[str] = []
    for scale, word in _SCALES:
        count, value = divmod(value, scale)
        if count:
            said += [*whole(count), word]
    hundreds, rest = divmod(value, 100)
    if hundreds:
        said.append(HUNDREDS[hundreds - 1])
    if rest:
        said.append(BELOW_HUNDRED[rest])
    return said


def _counted(count: int, one: str, several: str) -> list[str]:
    return [*whole(count), one if count == 1 else several]


def _joined(parts: list[list[str]]) -> list[str]:
    """a, b and c."""
    said = [word for part in parts[:-1] for word in part]
    return [*said, "and", *parts[-1]] if said else parts[-1]


def _year(year: int) -> list[str]:
    """2026: twenty twenty-six; 2005: two thousand five; 1905: nineteen oh five."""
    century, rest = divmod(year, 100)
    if century < 10 or century % 10 == 0:
        return whole(year)
    if rest == 0:
        return [BELOW_HUNDRED[century], "hundred"]
    return [BELOW_HUNDRED[century], *(["oh"] if rest < 10 else []), BELOW_HUNDRED[rest]]


class English:
    """See `acd.ivr.spoken.Words`."""

    def number(self, value: Decimal) -> list[str]:
        """Minus one thousand two hundred thirty-four point five."""
        sign, (integer, _, decimals) = value < 0, f"{abs(value):f}".partition(".")
        said = (["minus"] if sign else []) + whole(int(integer))
        return said + (["point", *self.digits(decimals)] if decimals else [])

    def digits(self, value: str) -> list[str]:
        """One, two, three; star, pound, plus."""
        return [SIGNS[key] if key in SIGNS else _SMALL[int(key)] for key in value]

    def ordinal(self, value: int) -> list[str]:
        """Third; one hundred twenty-first."""
        *first, last = whole(value)
        return [*first, _nth(last) if " " not in last else last + "th"]

    def date(self, value: date, *, with_year: bool) -> list[str]:
        """Friday · December · twenty-fifth."""
        said = [WEEKDAYS[value.weekday()], MONTHS[value.month - 1], ORDINALS[value.day]]
        return said + (_year(value.year) if with_year else [])

    def time(self, value: time) -> list[str]:
        """Ten · thirty · A M."""
        if value.minute == 0 and value.hour % 12 == 0:
            return ["noon" if value.hour else "midnight"]
        said = [BELOW_HUNDRED[value.hour % 12 or 12]]
        if value.minute:
            said += [*(["oh"] if value.minute < 10 else []), BELOW_HUNDRED[value.minute]]
        return [*said, "A M" if value.hour < 12 else "P M"]

    def money(self, value: Decimal, currency: str) -> list[str]:
        """Twelve · euros · and · five · cents."""
        units, hundredths = divmod(int(abs(value) * 100), 100)
        one, several, one_hundredth, hundredths_word = CURRENCIES[currency]
        parts = [_counted(units, one, several)] if units or not hundredths else []
        if hundredths:
            parts.append(_counted(hundredths, one_hundredth, hundredths_word))
        return (["minus"] if value < 0 else []) + _joined(parts)

    def duration(self, seconds: int) -> list[str]:
        """Two · minutes · and · five · seconds."""
        parts: list[list[str]] = []
        for length, one, several in UNITS:
            count, seconds = divmod(seconds, length)
            if count or (length == 1 and not parts):
                parts.append(_counted(count, one, several))
        return _joined(parts)

    def vocabulary(self, kind: SpokenKind) -> set[str]:
        """Every fragment of a kind."""
        return set(_VOCABULARY[kind])


_VOCABULARY: dict[SpokenKind, set[str]] = {
    SpokenKind.NUMBER: {*_WHOLE, "minus", "point"},
    SpokenKind.DIGITS: {*_SMALL[:10], *SIGNS.values()},
    SpokenKind.ORDINAL: {
        *_WHOLE,
        *ORDINALS[1:],
        *(f"{word}th" for word in HUNDREDS),
        *(f"{word}th" for _, word in _SCALES),
    },
    SpokenKind.DATE: {*WEEKDAYS, *MONTHS, *ORDINALS[1:32], *_WHOLE, "hundred", "oh"},
    SpokenKind.TIME: {*BELOW_HUNDRED[:60], "oh", "A M", "P M", "noon", "midnight"},
    SpokenKind.MONEY: {*_WHOLE, "minus", "and", *(word for words in CURRENCIES.values() for word in words)},
    SpokenKind.DURATION: {*_WHOLE, "and", *(word for _, *words in UNITS for word in words)},
}  # fmt: skip
