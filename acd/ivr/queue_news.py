"""What a waiting caller is told of the place in line and the expected wait, in fixed sentences.

Every sentence that can come up is in `sentences`, so that all of them are rendered when flows are loaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from acd.ivr.flow import Speech

POSITION_MAX = 20
MINUTES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60)
"""Nobody believes an exact number of minutes when it is a large one."""


@dataclass(frozen=True, slots=True)
class _Words:
    next_in_line: str
    position: str
    far_back: str
    soon: str
    minutes: str
    long: str


_WORDS: Mapping[str, _Words] = {
    "en": _Words(
        next_in_line="You are next in line.",
        position="You are number {n} in line.",
        far_back="There are more than {n} callers before you.",
        soon="You will be served in less than a minute.",
        minutes="You will be served in about {n} minutes.",
        long="You will have to wait for more than {n} minutes.",
    ),
    "zh": _Words(
        next_in_line="您是下一位。",
        position="您排在第{n}位。",
        far_back="您前面还有超过{n}位来电者。",
        soon="预计一分钟之内为您接通。",
        minutes="预计{n}分钟左右为您接通。",
        long="预计等待时间超过{n}分钟。",
    ),
}
DEFAULT_LANGUAGE = "en"


def position_said(position: int, language: str) -> Speech:
    """`position` 1 is the head of the line."""
    words = _words(language)
    if position <= 1:
        text = words.next_in_line
    elif position <= POSITION_MAX:
        text = words.position.format(n=position)
    else:
        text = words.far_back.format(n=POSITION_MAX)
    return Speech(text, language)


def wait_said(wait_s: float, language: str) -> Speech:
    """The expected wait, rounded up to one of `MINUTES`."""
    words = _words(language)
    minutes = math.ceil(min(wait_s, 60.0 * (MINUTES[-1] + 1)) / 60)
    if minutes <= 1:
        text = words.soon
    elif minutes > MINUTES[-1]:
        text = words.long.format(n=MINUTES[-1])
    else:
        text = words.minutes.format(n=next(m for m in MINUTES if m >= minutes))
    return Speech(text, language)


def sentences(language: str) -> Iterator[Speech]:
    """Everything that `position_said` and `wait_said` can say."""
    for position in range(1, POSITION_MAX + 2):
        yield position_said(position, language)
    for minutes in (*MINUTES, MINUTES[-1] + 1):
        yield wait_said(minutes * 60.0, language)


def _words(language: str) -> _Words:
    """`zh_CN` and `zh-CN` are `zh`; a language without sentences of its own hears English."""
    return _WORDS.get(language[:2], _WORDS[DEFAULT_LANGUAGE])
