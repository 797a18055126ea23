"""Values in Chinese words, as spoken on the mainland.

零 stands once for any zeros between other digits; 二 becomes 两 at the head of a number before 百, 千,
万 and 亿, and before what is counted; numbers are grouped by 万 and 亿.
"""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

from acd.ivr.flow import SpokenKind

DIGITS = "零一二三四五六七八九"
WEEKDAYS = tuple(f"星期{day}" for day in "一二三四五六日")
SIGNS = {"*": "星号", "#": "井号", "+": "加"}
CURRENCIES = {
    "AUD": "澳元", "CAD": "加元", "CHF": "瑞士法郎", "CNY": "元", "EUR": "欧元", "GBP": "英镑",
    "HKD": "港元", "JPY": "日元", "SGD": "新加坡元", "TWD": "新台币", "USD": "美元",
}  # fmt: skip
UNITS = ((86_400, "天"), (3_600, "小时"), (60, "分钟"), (1, "秒"))
_PARTS_OF_DAY = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
_GROUPS = ((10**8, "亿"), (10**4, "万"), (1, ""))


def _below_hundred(value: int, *, inner: bool = False) -> str:
    """1 to 99; inside a larger number 12 is 一十二."""
    tens, ones = divmod(value, 10)
    said = DIGITS[ones] if ones or not tens else ""
    if tens == 0:
        return said
    return ("" if tens == 1 and not inner else DIGITS[tens]) + "十" + said


def _group(value: int, *, leads: bool) -> list[str]:
    """1 to 9999. `leads`: nothing is said before it."""
    thousands, below = divmod(value, 1000)
    hundreds, rest = divmod(below, 100)
    said: list[str] = []
    if thousands:
        said.append(("两" if thousands == 2 and leads else DIGITS[thousands]) + "千")
    if hundreds:
        said.append(("两" if hundreds == 2 and leads and not said else DIGITS[hundreds]) + "百")
    elif thousands and rest:
        said.append("零")
    if rest:
        if hundreds and rest < 10:
            said.append("零")
        said.append(_below_hundred(rest, inner=bool(said) or not leads))
    return said


def whole(value: int) -> list[str]:
    """0 and more, below 10^12."""
    if value == 0:
        return ["零"]
    said: list[str] = []
    is_gap = False
    for scale, word in _GROUPS:
        group, value = divmod(value, scale)
        if group == 0:
            is_gap = bool(said)
            continue
        if said and (is_gap or group < 1000):
            said.append("零")
        if group == 2 and word and not said:
            said.append("两")
        else:
            said += _group(group, leads=not said)
        is_gap = False
        if word:
            said.append(word)
    return said


def counted(value: int) -> list[str]:
    """A number before what it counts: 两分钟."""
    return ["两"] if value == 2 else whole(value)


class Chinese:
    """See `acd.ivr.spoken.Words`."""

    def number(self, value: Decimal) -> list[str]:
        """负一千二百三十四点五."""
        sign, (integer, _, decimals) = value < 0, f"{abs(value):f}".partition(".")
        said = (["负"] if sign else []) + whole(int(integer))
        return said + (["点", *self.digits(decimals)] if decimals else [])

    def digits(self, value: str) -> list[str]:
        """One by one."""
        return [SIGNS[key] if key in SIGNS else DIGITS[int(key)] for key in value]

    def ordinal(self, value: int) -> list[str]:
        """第三."""
        return ["第", *whole(value)]

    def date(self, value: date, *, with_year: bool) -> list[str]:
        """二零二六年 · 十二月 · 二十五日 · 星期五."""
        year = [*self.digits(str(value.year)), "年"] if with_year else []
        return [*year, _month(value.month), _day(value.day), WEEKDAYS[value.weekday()]]

    def time(self, value: time) -> list[str]:
        """上午 · 十点 · 三十分."""
        part = next(name for until, name in _PARTS_OF_DAY if value.hour < until)
        hour = value.hour - 12 if value.hour > 12 else value.hour
        said = [part, _hour(hour)]
        return [*said, _minute(value.minute)] if value.minute else said

    def money(self, value: Decimal, currency: str) -> list[str]:
        """十二元五角六分; 十二点五六欧元."""
        units, hundredths = divmod(int(abs(value) * 100), 100)
        said = ["负"] if value < 0 else []
        if currency == "CNY":
            return said + _yuan(units, hundredths)
        if not hundredths:
            return [*said, *counted(units), CURRENCIES[currency]]
        decimals = f"{hundredths:02}".rstrip("0")
        return [*said, *whole(units), "点", *self.digits(decimals), CURRENCIES[currency]]

    def duration(self, seconds: int) -> list[str]:
        """两分钟五秒."""
        said: list[str] = []
        for length, word in UNITS:
            count, seconds = divmod(seconds, length)
            if count or (length == 1 and not said):
                said += [*counted(count), word]
        return said

    def vocabulary(self, kind: SpokenKind) -> set[str]:
        """Every fragment of a kind."""
        return set(_VOCABULARY[kind])


def _yuan(units: int, hundredths: int) -> list[str]:
    jiao, fen = divmod(hundredths, 10)
    said = [*counted(units), "元"] if units or not hundredths else []
    if jiao:
        said.append(f"{DIGITS[jiao]}角")
    elif fen and units:
        said.append("零")
    if fen:
        said.append(f"{DIGITS[fen]}分")
    return said


def _month(month: int) -> str:
    return f"{_below_hundred(month)}月"


def _day(day: int) -> str:
    return f"{_below_hundred(day)}日"


def _hour(hour: int) -> str:
    return ("两" if hour == 2 else _below_hundred(hour)) + "点"


def _minute(minute: int) -> str:
    return ("零" if minute < 10 else "") + f"{_below_hundred(minute)}分"


_WHOLE = {
    *(_below_hundred(value) for value in range(100)),
    *(_below_hundred(value, inner=True) for value in range(10, 20)),
    *(f"{digit}{unit}" for digit in DIGITS[1:] + "两" for unit in "百千"),
    "零", "万", "亿", "两",
}  # fmt: skip
_VOCABULARY: dict[SpokenKind, set[str]] = {
    SpokenKind.NUMBER: {*_WHOLE, "负", "点"},
    SpokenKind.DIGITS: {*DIGITS, *SIGNS.values()},
    SpokenKind.ORDINAL: {*_WHOLE, "第"},
    SpokenKind.DATE: {*DIGITS, "年", *map(_month, range(1, 13)), *map(_day, range(1, 32)), *WEEKDAYS},
    SpokenKind.TIME: {
        *(name for _, name in _PARTS_OF_DAY),
        *map(_hour, range(13)),
        *map(_minute, range(1, 60)),
    },
    SpokenKind.MONEY: {
        *_WHOLE, "负", "点", *CURRENCIES.values(),
        *(f"{digit}{unit}" for digit in DIGITS[1:] for unit in "角分"),
    },
    SpokenKind.DURATION: {*_WHOLE, *(word for _, word in UNITS)},
}  # fmt: skip
