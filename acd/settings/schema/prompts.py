"""What a caller hears, as it is written: texts, sounds, values, by language, in a list of parts."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Tag
from typing_extensions import TypeAliasType

from acd.settings.problems import did_you_mean, shown
from acd.settings.schema.checking import Options, expected, mistake, not_empty
from acd.settings.schema.values import (
    LANGUAGE_PATTERN,
    Currency,
    ExpressionText,
    Id,
    Language,
    SoundName,
    Speech,
)

VALUE_KINDS = ("number", "digits", "ordinal", "date", "time", "money", "duration")
PROMPT_KINDS = ("say", "play", "prompt", *VALUE_KINDS)
_PROMPT_OPTIONS = (*PROMPT_KINDS, "currency")
_WANTED = "a text, {say: text}, {play: sound}, {prompt: name}, a value, texts by language"


class SpokenPart(Options):
    """A text to speak."""

    say: Speech
    """The text; it is rendered before anybody calls."""


class PlayedPart(Options):
    """A recorded sound."""

    play: SoundName
    """A file below sounds/ (one below sounds/LANGUAGE/ goes first), or a sound of Asterisk's."""


class NamedPart(Options):
    """A prompt that has a name of its own, under `prompts:`."""

    prompt: Id
    """The name."""


class NumberPart(Options):
    """A number: one thousand two hundred."""

    number: ExpressionText


class DigitsPart(Options):
    """Digit by digit: one two three."""

    digits: ExpressionText


class OrdinalPart(Options):
    """A place in an order: third."""

    ordinal: ExpressionText


class DatePart(Options):
    """A date: Friday, December twenty-fifth."""

    date: ExpressionText


class TimePart(Options):
    """A time of day: ten thirty."""

    time: ExpressionText


class MoneyPart(Options):
    """An amount of money."""

    money: ExpressionText
    currency: Currency
    """Three letters such as EUR."""


class DurationPart(Options):
    """A number of seconds: two minutes and five seconds."""

    duration: ExpressionText


ValuePart: TypeAlias = NumberPart | DigitsPart | OrdinalPart | DatePart | TimePart | MoneyPart | DurationPart
"""A value that is known only during the call."""


def only_kind(what: str, value: object, kinds: tuple[str, ...], options: tuple[str, ...]) -> None:
    """Raises unless the value is a mapping with exactly one of the kinds among its keys."""
    choice = " or ".join((", ".join(kinds[:-1]), kinds[-1]))
    if not isinstance(value, dict):
        raise expected(f"a mapping with {choice}", value)
    found = [key for key in value if key in kinds]
    if len(found) > 1:
        names = " and ".join(f"'{name}'" for name in found)
        raise mistake(f"{what} has exactly one of {choice}, found {names}")
    if not found:
        strange = [key for key in value if key not in options]
        hint = f"; '{shown(strange[0])}' is none of them" if strange else ""
        hint += did_you_mean(strange[0], kinds, separator=",") if strange else ""
        raise mistake(f"{what} has exactly one of {choice}{hint}")


def _is_by_language(value: dict[str, Any]) -> bool:
    """Whether the keys can be languages. `say` could be one too, but is a kind."""
    return any(re.fullmatch(LANGUAGE_PATTERN, key) for key in value) and not any(
        key in _PROMPT_OPTIONS for key in value
    )


def _one_prompt_kind(value: Any) -> Any:
    if not isinstance(value, (str, list)):
        if not isinstance(value, dict):
            raise expected(f"{_WANTED} or a list of these", value,
                           "" if value is None else "; put a text in quotes")  # fmt: skip
        if not _is_by_language(value):
            only_kind("a prompt", value, PROMPT_KINDS, _PROMPT_OPTIONS)
    return value


def _tag(value: Any) -> str:
    """The tag of a union's member. Tags stand in parentheses: no name in a file looks like that."""
    if isinstance(value, dict):
        return f"({next((kind for kind in PROMPT_KINDS if kind in value), 'languages')})"
    return "(list)" if isinstance(value, list) else "(text)"


def _no_list(value: Any) -> Any:
    if isinstance(value, list):
        raise expected(_WANTED, value)
    return value


def _no_languages(value: Any) -> Any:
    if isinstance(value, dict) and _is_by_language(value):
        raise mistake("texts by language cannot be inside texts by language")
    return value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


_Kind: TypeAlias = (
    Annotated[Speech, Tag("(text)")]
    | Annotated[SpokenPart, Tag("(say)")]
    | Annotated[PlayedPart, Tag("(play)")]
    | Annotated[NamedPart, Tag("(prompt)")]
    | Annotated[NumberPart, Tag("(number)")]
    | Annotated[DigitsPart, Tag("(digits)")]
    | Annotated[OrdinalPart, Tag("(ordinal)")]
    | Annotated[DatePart, Tag("(date)")]
    | Annotated[TimePart, Tag("(time)")]
    | Annotated[MoneyPart, Tag("(money)")]
    | Annotated[DurationPart, Tag("(duration)")]
)
_PlainPart = Annotated[
    _Kind,
    Discriminator(_tag),
    BeforeValidator(_one_prompt_kind),
    BeforeValidator(_no_languages),
    BeforeValidator(_no_list),
]
_InOneLanguage = Annotated[
    _Kind | Annotated[Annotated[list[_PlainPart], not_empty("prompt")], Tag("(list)")],
    Discriminator(_tag),
    BeforeValidator(_one_prompt_kind),
    BeforeValidator(_no_languages),
    AfterValidator(_as_list),
]
ByLanguage = Annotated[dict[Language, _InOneLanguage], not_empty("language")]
"""A text or a list of parts for each language."""

PromptPart = Annotated[
    _Kind | Annotated[ByLanguage, Tag("(languages)")],
    Discriminator(_tag),
    BeforeValidator(_one_prompt_kind),
    BeforeValidator(_no_list),
]
"""One part of a prompt."""

Prompts = TypeAliasType(  # a name of its own in the JSON Schema, which would repeat it a hundred times
    "Prompts",
    Annotated[
        _Kind
        | Annotated[ByLanguage, Tag("(languages)")]
        | Annotated[Annotated[list[PromptPart], not_empty("prompt")], Tag("(list)")],
        Discriminator(_tag),
        BeforeValidator(_one_prompt_kind),
        AfterValidator(_as_list),
    ],
)
"""A text, a sound, a named prompt, a value, texts by language, or a list of these played without gaps.

Always a list once it is checked."""

Part: TypeAlias = str | SpokenPart | PlayedPart | NamedPart | ValuePart | dict[str, list[Any]]
"""What such a list holds once it is checked."""
