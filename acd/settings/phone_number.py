"""Phone numbers as people and providers write them, brought into one form: E.164 where there is one.

`+493012345678` is complete and the same for everybody; what has no such form (an extension, a service or
emergency number) stays the digits that it is. Only ASCII digits count: `１１０` is no number.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

_FILLING = re.compile(r"[ \t\u00a0\-./()]")
_NUMBER = re.compile(r"\+?[0-9]{2,15}")
_INTERNATIONAL_PREFIX = "00"
_READ_AGAIN_MAX = 20
SEEN_MAX = 1_024
"""So many numbers are remembered: a call asks several times for its own."""


class NumberFormat(StrEnum):
    """How a provider writes numbers."""

    E164_PLUS = "e164_plus"  # +493012345678
    E164 = "e164"  # 493012345678
    INTERNATIONAL = "international"  # 00493012345678
    NATIONAL = "national"  # 03012345678, abroad 00…


def is_country(code: str) -> bool:
    """Whether numbers of this country (two letters, ISO 3166) are known."""
    return code in phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=SEEN_MAX)
def normalised(text: str, country: str | None = None) -> str | None:
    """'0049 (30) 123-45' → '+493012345'; with country DE '030 12345' as well; None if it is no number.

    A number without + and international prefix is completed only where it is a valid one of that
    country: an extension must not become somebody else's number. Remembered, as each call asks several times.
    """
    number = _FILLING.sub("", text)
    if number.startswith(_INTERNATIONAL_PREFIX):
        number = "+" + number[len(_INTERNATIONAL_PREFIX) :]
    if not _NUMBER.fullmatch(number):
        return None
    if number.startswith("+"):
        return _e164(number)
    if country is None or not _is_valid(number, country):
        return number
    return _e164(number, country) or number


def read_number(text: str, written: NumberFormat, country: str | None) -> str | None:
    """A number as a provider sends it; None if it is none. What does not fit the format is read as usual."""
    number = _FILLING.sub("", text)
    if written is NumberFormat.E164 and re.fullmatch(r"[1-9][0-9]{6,14}", number):
        complete = _e164("+" + number)
        if complete is not None:
            return complete
    return normalised(text, country)


def write_number(number: str, written: NumberFormat, country: str | None) -> str:
    """A number in normal form as a provider wants it: digits, and perhaps a + before them."""
    if not number.startswith("+"):
        return number  # an emergency number is the same everywhere
    match written:
        case NumberFormat.E164_PLUS:
            return number
        case NumberFormat.E164:
            return number[1:]
        case NumberFormat.NATIONAL if country is not None:
            parsed = phonenumbers.parse(number)
            if parsed.country_code == phonenumbers.country_code_for_region(country):
                national = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
                return re.sub("[^0-9]", "", national)
    return _INTERNATIONAL_PREFIX + number[1:]


# Satellites, networks without a country, and services that are dear from everywhere (ITU-T E.164).
_WORLDWIDE = frozenset({870, 878, 881, 882, 883, 888, 979})


@lru_cache(maxsize=SEEN_MAX)
def is_premium(number: str) -> bool:
    """Whether a number in normal form is dear by its kind: premium rate, satellite, or of no country."""
    parsed = _parsed(number, None) if number.startswith("+") else None
    if parsed is None:
        return False
    kind = phonenumbers.number_type(parsed)
    return parsed.country_code in _WORLDWIDE or kind == phonenumbers.PhoneNumberType.PREMIUM_RATE


def least_premium_prefix(number: str) -> int:
    """How long a prefix of this number must be to mean just numbers of its kind, the + counted."""
    parsed = _parsed(number, None)
    if parsed is None:
        return len(number)
    code = len(f"+{parsed.country_code}")
    return code if parsed.country_code in _WORLDWIDE else code + 1


def _parsed(number: str, country: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(number, country)
    except NumberParseException:
        return None


def _is_valid(number: str, country: str) -> bool:
    parsed = _parsed(number, country)
    return parsed is not None and phonenumbers.is_valid_number(parsed)


def _e164(number: str, country: str | None = None) -> str | None:
    """The form that stays as it is when it is read again; None where there is none.

    Of superfluous zeros (+49 0030 …) the library drops one at a time: the number of somebody who is not to
    be called would have as many forms as one likes.
    """
    for _ in range(_READ_AGAIN_MAX):
        parsed = _parsed(number, country)
        if parsed is None or not phonenumbers.is_possible_number(parsed):
            return None
        complete = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        if complete == number:
            # The library completes to more digits than a number may have.
            return number if _NUMBER.fullmatch(number) else None
        number, country = complete, None
    return None
