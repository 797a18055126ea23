"""Words that stand for one of a few things."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from acd.errors import OperatorError
from acd.settings.problems import not_among

E = TypeVar("E", bound=StrEnum)


def one_of(what: str, kind: type[E], value: str) -> E:
    """Raises OperatorError, which names the nearest and all that there are; `what` it is, for people."""
    try:
        return kind(value)
    except ValueError:
        raise OperatorError(not_among(what, value, [one.value for one in kind])) from None
