"""Whom a browser's phone speaks for: the phone of whoever is signed in, and no other.

All browsers' phones reach Asterisk, or Kamailio, from our address. So nobody there can tell who guesses the
password of a colleague's phone; we can.
"""

from __future__ import annotations

import re

_ADDRESS = re.compile(
    r'(?:"(?:[^"\\]|\\.)*"\s*|[^"<>:;@]*)<sips?:(?P<user>[^@<>;:?"]+)@[^<>"]*>(?P<parameters>(?:\s*;[^<>"]*)?)'
)
_TAG = re.compile(r";\s*tag\s*=", re.IGNORECASE)
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def speaks_for(message: str | bytes, phone: str) -> bool:
    """Whether what a browser sends may pass: an answer, a request within a talk, or one From its own phone.

    A blank message keeps a connection alive. What two parsers might read differently may not pass.
    """
    text = message if isinstance(message, str) else message.decode("utf-8", "replace")
    head = text.partition("\r\n\r\n")[0]
    first, *lines = _LINE_ENDS.split(head)
    if not text.strip("\r\n") or first.startswith("SIP/2.0 "):
        return True
    to, sender = _only(lines, "to", "t"), _only(lines, "from", "f")
    if to is None or sender is None:
        return False
    # A registration belongs to no talk, whatever it says.
    if _TAG.search(to["parameters"]) and not first.upper().startswith("REGISTER"):
        return True
    return sender["user"] == phone


def _only(lines: list[str], *names: str) -> re.Match[str] | None:
    """The address in the one header of these names; None where there is none, or several."""
    found = [
        line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip().lower() in names
    ]
    return _ADDRESS.fullmatch(found[0]) if len(found) == 1 else None
