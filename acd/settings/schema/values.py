"""The kinds of value that options have. Each says what it expected and what it got.

Nothing is converted silently: a number where text belongs is refused with the tip to quote it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator
from pydantic_core import PydanticCustomError

from acd.settings.document import Ambiguous
from acd.settings.phone_number import is_country, normalised
from acd.settings.problems import did_you_mean, shown

# Characters with a meaning in Asterisk's configuration files, in its dialplan or in SIP headers.
_UNSAFE_IN_NAMES = frozenset('"\\<>;|$`{}[]')


class Options(BaseModel):
    """Base of every mapping with fixed option names: unknown ones are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def mistake(message: str) -> PydanticCustomError:
    """A finished sentence of ours, to be raised by a validator."""
    return PydanticCustomError("mistake", "{message}", {"message": message})


def expected(what: str, value: object, tip: str = "") -> PydanticCustomError:
    """'expected WHAT, got VALUE', with the reason where YAML itself is the surprise."""
    return mistake(f"expected {what}, got {_described(value)}{tip}")


def _described(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{shown(value)}'"
        case Ambiguous(text=text, read_as=read_as):
            return f"{shown(text)}, which YAML reads as {read_as}"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return shown(str(value))


def text_of(what: str, value: object) -> str:
    """The value if it is text; raises otherwise, with the tip to quote what looks like text."""
    if isinstance(value, str):
        return value
    is_scalar = isinstance(value, (bool, int, float, Ambiguous))
    raise expected(what, value, "; put it in quotes" if is_scalar else "")


def _pattern(what: str, pattern: str) -> PlainValidator:
    compiled = re.compile(pattern)

    def validate(value: object) -> str:
        text = text_of(what, value)
        if not compiled.fullmatch(text):
            raise expected(what, value)
        return text

    return PlainValidator(validate)


def _name(what: str, longest: int) -> PlainValidator:
    def validate(value: object) -> str:
        text = text_of(what, value)
        if not text.strip() or len(text) > longest:
            raise expected(f"{what} of 1 to {longest} characters", value)
        unsafe = [c for c in text if c in _UNSAFE_IN_NAMES or not c.isprintable()]
        if unsafe:
            raise expected(f"{what} without the character {unsafe[0]!r}", value)
        return text

    return PlainValidator(validate)


def _speech(value: object) -> str:
    what = "a text to speak"
    text = text_of(what, value)
    if not text.strip() or len(text) > LONGEST_SPEECH:
        raise expected(f"{what} of 1 to {LONGEST_SPEECH} characters", value)
    return " ".join(text.split())


def _number(what: str, low: float, high: float, *, whole: bool) -> Callable[[object], Any]:
    wanted = f"{what} from {low:g} to {high:g}"

    def validate(value: object) -> int | float:
        # To Python, True is a number.
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            tip = "; write it in plain digits" if isinstance(value, Ambiguous) else ""
            raise expected(wanted, value, tip)
        if not low <= value <= high:
            raise expected(wanted, value)
        return value if whole else float(value)

    return validate


def seconds(low: float, high: float) -> PlainValidator:
    """A duration in seconds between two limits, both allowed."""
    return PlainValidator(_number("a number of seconds", low, high, whole=False))


def whole(low: int, high: int) -> PlainValidator:
    """A whole number between two limits, both allowed."""
    return PlainValidator(_number("a whole number", low, high, whole=True))


def one_of(*values: str) -> PlainValidator:
    """One of a few words."""
    what = "one of " + ", ".join(values) if len(values) > 1 else f"'{values[0]}'"

    def validate(value: object) -> str:
        text = text_of(what, value)
        if text not in values:
            raise expected(what, value, did_you_mean(text, values, separator=";"))
        return text

    return PlainValidator(validate)


def _timezone(value: object) -> str:
    what = "a time zone such as Europe/Berlin"
    name = text_of(what, value)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, or a name that is a path out of the database
        raise expected(what, value) from None
    return name


def _network(value: object) -> str:
    what = "an IP address or network such as 192.0.2.10 or 192.0.2.0/28"
    text = text_of(what, value)
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise expected(what, value) from None
    if network.prefixlen == 0:
        raise mistake("a trunk must not cover every address there is")
    return text


def _country(value: object) -> str:
    what = "a country's two letters such as DE"
    code = text_of(what, value)
    if not is_country(code):
        raise expected(what, value)
    return code


def _written_number(value: object) -> str:
    what = 'a phone number such as "+49 30 12345678" or 8000'
    text = text_of(what, value)
    if normalised(text) is None:
        raise expected(what, value)
    return text


def _public_number(value: object) -> str:
    what = 'a complete phone number such as "+49 30 12345678"'
    number = normalised(text_of(what, value))
    if number is None or not number.startswith("+"):
        raise expected(what, value)
    return number


def not_empty(what: str) -> AfterValidator:
    """For lists and mappings: at least one entry."""

    def validate(value: Any) -> Any:
        if not value:
            raise mistake(f"expected at least one {what}")
        return value

    return AfterValidator(validate)


LONGEST_SPEECH = 1000
MUSIC_CLASS_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,32}")
SOUND_NAME_PATTERN = r"(?=.{1,100}$)[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+){0,5}"

Id = Annotated[str, _pattern("an id of up to 32 letters a-z, digits, - and _, beginning with a letter",
                             r"[a-z][a-z0-9_-]{0,31}")]  # fmt: skip
Dialable = Annotated[str, _pattern("a number of 2 to 15 digits, with or without +", r"\+?[0-9]{2,15}")]
WrittenNumber = Annotated[str, PlainValidator(_written_number)]
PublicNumber = Annotated[str, PlainValidator(_public_number)]
NumberPrefix = Annotated[str, _pattern("the beginning of a complete number, such as '+49' ('+' for all)",
                                       r"\+[0-9]{0,14}")]  # fmt: skip
EmergencyNumber = Annotated[str, _pattern("an emergency number of 2 to 6 digits", r"[0-9]{2,6}")]
OutsidePrefix = Annotated[str, _pattern("one or two digits in quotes, or nothing", r"[0-9]{0,2}")]
SipUser = Annotated[str, _pattern("a SIP user name of letters, digits and + . _ -", r"[A-Za-z0-9+._-]{1,64}")]
Variable = Annotated[str, _pattern("the name of an environment variable", r"[A-Z][A-Z0-9_]{0,63}")]
Country = Annotated[str, PlainValidator(_country)]
StarCode = Annotated[str, _pattern("a star and 2 to 4 digits, such as '*11'", r"\*[0-9]{2,4}")]
Digit = Annotated[str, _pattern("one digit in quotes", r"[0-9]")]
MenuKey = Annotated[str, _pattern("a key of the phone: 0 to 9, * or #", r"[0-9*#]")]
SoundName = Annotated[str, _pattern(
    "a sound's name such as welcome or menus/welcome (letters, digits, - and _; no extension)",
    SOUND_NAME_PATTERN)]  # fmt: skip
Host = Annotated[str, _pattern("a host name or an IP address", r"[A-Za-z0-9:][A-Za-z0-9_.:-]{0,252}")]
MusicClass = Annotated[str, _pattern("a music class of up to 32 letters, digits, - and _",
                                     MUSIC_CLASS_PATTERN.pattern)]  # fmt: skip
Language = Annotated[str, _pattern("a language code such as en or en_GB", r"[a-z]{2,3}(_[A-Z]{2})?")]
Name = Annotated[str, _name("a name", 80)]
Speech = Annotated[str, PlainValidator(_speech)]
Timezone = Annotated[str, PlainValidator(_timezone)]
Network = Annotated[str, PlainValidator(_network)]
Proficiency = Annotated[int, whole(1, 10)]
Priority = Annotated[int, whole(0, 100)]
Share = Annotated[float, PlainValidator(_number("a share", 0.01, 1, whole=False))]
