"""The kinds of value that options have. Each says what it expected and what it got."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated
from zoneinfo import ZoneInfo

from acd.ivr.expressions import Expression, ExpressionError
from acd.settings.document import Ambiguous
from acd.settings.phone_number import is_country, normalised
from acd.settings.problems import shown
from acd.settings.schema.checking import Checked, checked, expected, mistake, number, pattern, text_of, whole

# Characters with a meaning in Asterisk's configuration files, in its dialplan or in SIP headers.
_UNSAFE_IN_NAMES = frozenset('"\\<>;|$`{}[]')


def _name(what: str, longest: int) -> Checked:
    def validate(value: object) -> str:
        text = text_of(what, value)
        if not text.strip() or len(text) > longest:
            raise expected(f"{what} of 1 to {longest} characters", value)
        unsafe = [c for c in text if c in _UNSAFE_IN_NAMES or not c.isprintable()]
        if unsafe:
            raise expected(f"{what} without the character {unsafe[0]!r}", value)
        return text

    return checked(validate, type="string", minLength=1, maxLength=longest)


def _speech(value: object) -> str:
    what = "a text to speak"
    text = text_of(what, value)
    if not text.strip() or len(text) > LONGEST_SPEECH:
        raise expected(f"{what} of 1 to {LONGEST_SPEECH} characters", value)
    if "{{" in text or "{%" in text:
        raise mistake(
            "a text cannot contain {{ … }}: texts are rendered before anybody calls; say a value with a"
            ' part of its own, as in ["Your number is", {digits: account}]'
        )
    return " ".join(text.split())


def _yes_or_no(value: object) -> bool:
    if isinstance(value, Ambiguous):
        raise mistake(f"write true or false instead of {shown(value.text)}")
    if not isinstance(value, bool):
        raise expected("true or false", value)
    return value


def expression(value: object) -> Expression:
    """A YAML number, true, false or nothing is itself; a text is an expression."""
    if value is None or isinstance(value, (bool, int, float)):
        return Expression.constant(value)
    what = "an expression such as customer.segment == 'vip'"
    text = text_of(what, value)
    if not text.strip() or len(text) > LONGEST_EXPRESSION:
        raise expected(f"{what}, of 1 to {LONGEST_EXPRESSION} characters", value)
    try:
        return Expression.compile(text)
    except ExpressionError as error:
        raise mistake(f"'{shown(text)}' cannot be worked out: {error}") from None


def text_expression(value: object) -> Expression:
    """An expression where only a text of YAML can stand for one."""
    if value is None or isinstance(value, bool):
        raise expected("an expression such as caller.number or 'text'", value)
    return expression(value)


def _variable(value: object) -> str:
    what = "a variable's name of up to 32 letters a-z, digits and _, beginning with a letter"
    text = text_of(what, value)
    if not re.fullmatch(VARIABLE_PATTERN, text):
        raise expected(what, value)
    if text in RESERVED_NAMES:
        raise mistake(f"'{text}' has a meaning of its own in expressions; choose another name")
    return text


def _digit_pattern(value: object) -> str:
    """A regular expression over keys whose matching time is bounded by its form."""
    what = "a regular expression for digits such as [0-9]{8}"
    text = text_of(what, value)
    if not text or len(text) > 200 or not re.fullmatch(r"[0-9*#\[\]^$|(){},?+.:\\d-]+", text):
        raise expected(what, value)
    if re.search(r"\)([*+]|\{[0-9]*,)", text) or len(re.findall(r"[*+?]|\{[0-9]*,", text)) > MOST_REPEATS:
        raise mistake(
            f"the pattern could take for ever: no repetition of a group, and at most {MOST_REPEATS} of"
            " * + ? {n,m}; say lengths with `length`"
        )
    try:
        re.compile(text)
    except re.error as error:
        raise expected(what, value, f"; {error}") from None
    return text


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


def piece_name(value: object) -> str:
    """A file in a sub-folder of the flows' folder."""
    what = "a file in a sub-folder of ivr_flows/ such as shared/bank.yml"
    text = text_of(what, value)
    if not PIECE_PATTERN.fullmatch(text):
        raise expected(what, value)
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
    complete = normalised(text_of(what, value))
    if complete is None or not complete.startswith("+"):
        raise expected(what, value)
    return complete


LONGEST_SPEECH = 1000
LONGEST_EXPRESSION = 1000
MOST_REPEATS = 4
PIECE_PATTERN = re.compile(r"([A-Za-z0-9_-]{1,64}/){1,5}[A-Za-z0-9_-]{1,64}\.yml")
LANGUAGE_PATTERN = r"[a-z]{2,3}(_[A-Z]{2})?"
VARIABLE_PATTERN = r"[a-z][a-z0-9_]{0,31}"
VISIBLE_NAMES = ("caller", "call", "customer", "queue", "now", "announcement")
"""What expressions see besides the flow's own variables."""
RESERVED_NAMES = frozenset(VISIBLE_NAMES) | frozenset(
    ["true", "false", "none", "and", "or", "not", "in", "is", "if", "else", "True", "False", "None"]
)
MUSIC_CLASS_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,32}")
SOUND_NAME_PATTERN = r"(?=.{1,100}$)[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+){0,5}"

Id = Annotated[str, pattern("an id of up to 32 letters a-z, digits, - and _, beginning with a letter",
                             r"[a-z][a-z0-9_-]{0,31}")]  # fmt: skip
Dialable = Annotated[str, pattern("a number of 2 to 15 digits, with or without +", r"\+?[0-9]{2,15}")]
WrittenNumber = Annotated[str, checked(_written_number)]
PublicNumber = Annotated[str, checked(_public_number)]
NumberPrefix = Annotated[str, pattern("the beginning of a complete number, such as '+49' ('+' for all)",
                                       r"\+[0-9]{0,14}")]  # fmt: skip
EmergencyNumber = Annotated[str, pattern("an emergency number of 2 to 6 digits", r"[0-9]{2,6}")]
OutsidePrefix = Annotated[str, pattern("one or two digits in quotes, or nothing", r"[0-9]{0,2}")]
SipUser = Annotated[str, pattern("a SIP user name of letters, digits and + . _ -", r"[A-Za-z0-9+._-]{1,64}")]
EnvironmentName = Annotated[str, pattern("the name of an environment variable", r"[A-Z][A-Z0-9_]{0,63}")]
Country = Annotated[str, checked(_country)]
StarCode = Annotated[str, pattern("a star and 2 to 4 digits, such as '*11'", r"\*[0-9]{2,4}")]
Digit = Annotated[str, pattern("one digit in quotes", r"[0-9]")]
MenuKey = Annotated[str, pattern("a key of the phone: 0 to 9, * or #", r"[0-9*#]")]
SoundName = Annotated[str, pattern(
    "a sound's name such as welcome or menus/welcome (letters, digits, - and _; no extension)",
    SOUND_NAME_PATTERN)]  # fmt: skip
Host = Annotated[str, pattern("a host name or an IP address", r"[A-Za-z0-9:][A-Za-z0-9_.:-]{0,252}")]
MusicClass = Annotated[str, pattern("a music class of up to 32 letters, digits, - and _",
                                     MUSIC_CLASS_PATTERN.pattern)]  # fmt: skip
SipAddress = Annotated[
    str,
    pattern(
        "a SIP address such as sip:support@example.com",
        r"sip:[A-Za-z0-9_+.-]{1,64}@[A-Za-z0-9.-]{1,100}(:[0-9]{1,5})?",
    ),
]
Language = Annotated[str, pattern("a language code such as en or en_GB", LANGUAGE_PATTERN)]
Name = Annotated[str, _name("a name", 80)]
Speech = Annotated[str, checked(_speech, type="string", minLength=1, maxLength=LONGEST_SPEECH)]
Timezone = Annotated[str, checked(_timezone, type="string")]
Network = Annotated[str, checked(_network, type="string")]
YesNo = Annotated[bool, checked(_yes_or_no, type="boolean")]
ExpressionValue = Annotated[Expression, checked(
    expression, type=["string", "number", "boolean", "null"],
    description="A number, true or false; a text is an expression: \"caller.number\".")]  # fmt: skip
ExpressionText = Annotated[Expression, checked(
    text_expression, type=["string", "number"],
    description="An expression such as customer.segment == 'vip'.")]  # fmt: skip
Variable = Annotated[str, checked(_variable, type="string", pattern=f"^{VARIABLE_PATTERN}$")]
DigitPattern = Annotated[str, checked(_digit_pattern, type="string")]
Currency = Annotated[str, pattern("a currency's code such as EUR", r"[A-Z]{3}")]
Choice = Annotated[str, pattern("keys of the phone, one or up to 8: 0 to 9, * or #", r"[0-9*#]{1,8}")]
Proficiency = Annotated[int, whole(1, 10)]
Priority = Annotated[int, whole(0, 100)]
Weight = Annotated[float, number("a weight", 0.01, 1000, whole=False)]
Factor = Annotated[float, number("a factor", 1, 10, whole=False)]
Share = Annotated[float, number("a share", 0.01, 1, whole=False)]
