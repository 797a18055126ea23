"""Numbers that somebody types to find a caller, in whatever way they write them.

Without the tables of all countries' numbers, which take longer to load than a command may.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FILLING = re.compile(r"[ \t\u00a0\-./()]")
# Fewer common last digits than this may belong to somebody else in another town or country.
_LEAST_COMMON_DIGITS = 9


@dataclass(frozen=True, slots=True)
class SoughtNumber:
    """One of the numbers in `whole` is meant, or any that ends with `ending`.

    `ending` is '' where what was typed is no national number with enough digits.
    """

    whole: tuple[str, ...]
    ending: str

    def is_of(self, number: str) -> bool:
        """Whether this number may be meant. What a caller sends need not be one: `sipp` is only itself."""
        return number in self.whole or (bool(self.ending) and number.endswith(self.ending))


def sought(text: str) -> SoughtNumber:
    """'+49 30 12345678', '03012345678' and '0049 (30) 12345678' all find +493012345678."""
    number = _FILLING.sub("", text)
    if re.fullmatch("00[0-9]{7,}", number):
        number = "+" + number[2:]
    digits = number.lstrip("0")
    is_national = re.fullmatch("0[0-9]+", number) is not None and len(digits) >= _LEAST_COMMON_DIGITS
    return SoughtNumber(
        tuple(dict.fromkeys(form for form in (text, number) if form)), digits if is_national else ""
    )
