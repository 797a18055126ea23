"""What a variable of a flow can hold, and how large it may be."""

from __future__ import annotations

from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | None
"""What a variable can hold. Nothing else comes out of an expression or an answer."""

LONGEST_TEXT = 1_000
BIGGEST_NUMBER = 10**15
MASK = "•••"


class Unfit(ValueError):
    """A value that no variable may hold; the text says why and shows nothing of the value."""


def fit(value: object) -> Value:
    """The value, if a variable may hold it. Raises Unfit."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise Unfit(f"a text is longer than {LONGEST_TEXT:,} characters")
        if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
            # JSON can write NUL and halves of characters; a database can store neither.
            raise Unfit("a text holds a character that cannot be stored")
        return str(value)
    if isinstance(value, int | float):
        # Not a number, which compares as false, and infinity have no place in JSON either.
        if not abs(value) <= BIGGEST_NUMBER:
            raise Unfit("a number is larger than 10^15")
        return value
    raise Unfit(f"{type(value).__name__} is neither a text, a number, true, false nor none")


def as_text(value: Value) -> str:
    """The value as it stands in a URL, a phone number or a case of `switch`."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def size(value: Value) -> int:
    """Bytes that the value takes, about."""
    return len(value.encode()) if isinstance(value, str) else 8
