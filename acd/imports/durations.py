"""Durations and moments as other systems write them."""

from __future__ import annotations

from acd.imports.refusals import Impossible

LONGEST_S = 7 * 86_400
TOLERANCE_S = 2
"""Moments are whole seconds, each rounded in its own way."""


def whole_number(text: str, what: str) -> int:
    """Digits as a number. Raises Impossible, of negative ones by that word."""
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    if text.startswith("-") and text[1:].isdigit():
        raise Impossible(f"negative {what}", f"the {what} is negative: {text}")
    raise Impossible(f"{what} is no number")


def length_s(text: str, what: str, elapsed_s: float) -> float:
    """Seconds that can have passed by now. Raises Impossible."""
    seconds = whole_number(text, what)
    if seconds > elapsed_s + TOLERANCE_S:
        raise Impossible(
            "end before start",
            f"end before start: a {what} of {seconds} s, but only {elapsed_s:.0f} s have passed",
        )
    return float(seconds)
