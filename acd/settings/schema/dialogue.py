"""The steps that ask: menu, collect, survey, record."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from acd.settings.schema.checking import (
    Options,
    checked,
    expected,
    mistake,
    not_empty,
    one_of,
    seconds,
    whole,
)
from acd.settings.schema.prompts import Prompts
from acd.settings.schema.values import Choice, DigitPattern, ExpressionText, Id, MenuKey, Variable, YesNo

LONGEST_NUMBER = 40


def _pair(value: object, what: str, low: int, high: int) -> tuple[int, int]:
    """Two whole numbers between the limits, the first not greater than the second."""
    if not isinstance(value, list) or len(value) != 2:
        raise expected(what, value)
    first, last = (item if type(item) is int else -1 for item in value)
    if not low <= first <= last <= high:
        raise mistake(f"expected {what}, got [{value[0]}, {value[1]}]")
    return first, last


def _length(value: object) -> tuple[int, int]:
    what = f"a length from 1 to {LONGEST_NUMBER}, or two as in [4, 12]"
    if isinstance(value, list):
        return _pair(value, what, 1, LONGEST_NUMBER)
    if type(value) is not int or not 1 <= value <= LONGEST_NUMBER:
        raise expected(what, value)
    return value, value


def _score_keys(value: object) -> tuple[int, int]:
    return _pair(value, "the lowest and the highest key, as in [1, 5]", 0, 9)


_PAIR = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
Length = Annotated[
    tuple[int, int],
    checked(_length, anyOf=[{"type": "integer", "minimum": 1, "maximum": LONGEST_NUMBER}, _PAIR]),
]
ScoreKeys = Annotated[tuple[int, int], checked(_score_keys, **_PAIR)]
Timeout = Annotated[float, seconds(1, 60)]
NextKey = Annotated[float, seconds(0.5, 20)]
Tries = Annotated[int, whole(1, 10)]
MaxS = Annotated[float, seconds(1, 3600)]
SilenceS = Annotated[float, seconds(1, 60)]


def nothing() -> Any:
    """The default of a prompt: none."""
    return []


class MenuOptions(Options):
    """A menu: a prompt that any key interrupts, and where the keys lead."""

    prompt: Prompts
    """What the caller hears first, and again in each round."""
    choices: Annotated[dict[Choice, Id], not_empty("choice")]
    """Keys, in quotes, and the steps that they lead to; a choice may have several keys: "12", "*9"."""
    failure: Id = ""
    """The step after the last try; left out: that of the flow's `defaults`."""
    timeout_s: Timeout = 5.0
    """Seconds to wait for a key after the prompt."""
    next_key_s: NextKey = 2.0
    """Seconds to wait for a further key where a choice has several."""
    tries: Tries = 3
    """Rounds without a valid choice before `failure`."""
    invalid: Prompts = Field(default_factory=nothing)
    """Said when the keys are no choice."""
    no_input: Prompts = Field(default_factory=nothing)
    """Said when no key came."""


class ConfirmOptions(Options):
    """Read back, and ask whether it is right."""

    prompt: Prompts
    """May speak the value: {digits: account}."""
    yes: MenuKey = "1"
    """The key that goes on."""
    no: MenuKey = "2"
    """The key that asks again."""


class CollectOptions(Options):
    """Digits into a variable."""

    into: Variable
    """The variable that gets what was keyed."""
    prompt: Prompts
    """What the caller hears first, and again in each round."""
    failure: Id = ""
    """The step after the last try; left out: that of the flow's `defaults`."""
    length: Length = (1, 20)
    """How many digits, or the least and the most: [4, 12]."""
    terminator: Annotated[str, one_of("#", "*", "")] = "#"
    """The key that ends the input early; "" for none."""
    timeout_s: Timeout = 6.0
    """Seconds to wait for the first key after the prompt."""
    next_key_s: NextKey = 3.0
    """Seconds to wait for each further key."""
    tries: Tries = 3
    """Rounds without a valid input before `failure`."""
    pattern: DigitPattern = ""
    """A regular expression that the whole input must match."""
    luhn: YesNo = False
    """The last digit must be right by the Luhn formula, as on payment cards."""
    valid: ExpressionText | None = None
    """An expression that must be true; it sees the new value."""
    masked: YesNo = False
    """For card numbers and PINs: the value reaches no log, record, trace or recording."""
    invalid: Prompts = Field(default_factory=nothing)
    """Said when the input is not valid."""
    no_input: Prompts = Field(default_factory=nothing)
    """Said when no key came."""
    confirm: ConfirmOptions | None = None
    """Read back and confirm."""


class QuestionEntry(Options):
    """One question of a survey."""

    name: Id
    """The name under which the score is stored."""
    prompt: Prompts
    """The question."""
    keys: ScoreKeys = (1, 5)
    """The lowest and the highest key: [1, 5]."""


class SurveyOptions(Options):
    """Questions answered with one key each."""

    questions: Annotated[list[QuestionEntry], not_empty("question")]
    """One after the other; one that is not answered is left out."""
    timeout_s: Timeout = 6.0
    """Seconds to wait for a key after each question."""
    tries: Tries = 2
    """Rounds without a valid key before the next question."""
    invalid: Prompts = Field(default_factory=nothing)
    """Said when the key is none of the question's."""


class RecordOptions(Options):
    """The caller's words into a file that is kept with the call."""

    into: Variable
    """The variable that gets the recording's name."""
    prompt: Prompts
    """Heard before the beep."""
    max_s: MaxS = 60.0
    """The longest recording."""
    silence_s: SilenceS = 4.0
    """So much silence ends it."""
