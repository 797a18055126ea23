"""Phone numbers as people write them, brought into one form."""

from __future__ import annotations

import re

_FILLING = re.compile(r"[\s\-./()]")
_NUMBER = re.compile(r"\+?[0-9]{2,15}")


def normalised(text: str) -> str | None:
    """'0049 (30) 123-45' → '+493012345'; None if it is no phone number."""
    number = _FILLING.sub("", text)
    if number.startswith("00"):
        number = "+" + number[2:]
    return number if _NUMBER.fullmatch(number) else None
