"""E-mail addresses, as far as a program can tell whether one is written well. Pure."""

from __future__ import annotations

import re

LONGEST = 254
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64})*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


def is_address(text: str) -> bool:
    """The plain form of RFC 5321: no quotes, no comments, no lists, and nothing that could end a header."""
    local, _, _ = text.rpartition("@")
    return len(text) <= LONGEST and len(local) <= 64 and _ADDRESS.fullmatch(text) is not None
