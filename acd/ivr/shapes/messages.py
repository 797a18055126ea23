"""What callers hear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from acd.ivr.expressions import Expression


@dataclass(frozen=True, slots=True)
class Speech:
    """Text to be spoken; rendered to a sound file when the flow is loaded."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A recorded prompt: a path below the flows' `sounds/` folder, or an Asterisk sound's name.

    `words`: the text that it was recorded for, if there is one, for people who read what is heard.
    """

    name: str
    words: str = field(default="", compare=False)


Prompt: TypeAlias = Speech | SoundFile
"""What a line can play; everything else is turned into these before."""


class SpokenKind(StrEnum):
    """How a value is said."""

    NUMBER = "number"  # 1234: one thousand two hundred thirty-four
    DIGITS = "digits"  # 1234: one two three four
    ORDINAL = "ordinal"  # 3: third
    DATE = "date"  # an ISO date or datetime: Friday, December twenty-fifth
    TIME = "time"  # an ISO time or datetime: ten thirty A M
    MONEY = "money"  # a decimal, and the currency
    DURATION = "duration"  # seconds: two minutes and five seconds


@dataclass(frozen=True, slots=True)
class Spoken:
    """A value that is known only during the call, put together from words rendered at the load."""

    kind: SpokenKind
    value: Expression
    currency: str = ""


Part: TypeAlias = Speech | SoundFile | Spoken


@dataclass(frozen=True, slots=True)
class Message:
    """What the caller hears, by language: `parts` has an entry for each language of the flow.

    The reader has filled in the fallback where a language has no text of its own.
    """

    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.parts.values())
