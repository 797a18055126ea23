"""Whom a browser's phone speaks for: the phone of whoever is signed in, and no other.

All browsers' phones reach Asterisk, or Kamailio, from our address. So nobody there can tell who guesses the
password of a colleague's phone; we can.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_KEEP_ALIVE = re.compile(rb"(?:\r\n)+")
_REQUEST = re.compile(r"(?P<method>[A-Z]+) [^\s\0]+ SIP/2\.0")
_ANSWER = re.compile(r"SIP/2\.0 [1-6][0-9]{2} [^\r\n\0]*")
_HEADER = re.compile(r"(?P<name>[A-Za-z0-9!%*_+`'~.-]+)[ \t]*:(?P<value>[^\r\n\0]*)")
# Of the grammar of RFC 3261 what browsers send, and nothing that another parser might read in another way.
_LETTERS = r"A-Za-z0-9.!%*_+`'~-"
_PARAMETER = rf"[{_LETTERS}]+(?:=[:\[\]{_LETTERS}]+)?"
_ADDRESS = re.compile(
    rf'(?:"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\.)*"[ \t]*|[ \t{_LETTERS}]*)'
    rf'<sips?:(?P<user>[^@<>;:?"]+)@[A-Za-z0-9.:\[\]-]+(?:;{_PARAMETER})*>(?:[ \t]*;[ \t]*{_PARAMETER})*'
)
_LENGTH = re.compile(r"[0-9]{1,7}")
Headers = Sequence[tuple[str, str]]


def speaks_for(message: str | bytes, phone: str) -> bool:
    """Whether what a browser sends may pass: one answer, or one request From its own phone.

    Line ends alone keep a connection alive. What two parsers might read differently may not pass: a folded
    line, a lone line end, or anything behind the body, which would be a message of its own. A request within
    a call has to say From as any other: the page names its phone in Contact, so that is what it is called as.
    """
    raw = message.encode() if isinstance(message, str) else message
    if _KEEP_ALIVE.fullmatch(raw):
        return True
    head, end, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    headers = _headers(lines)
    if not end or headers is None or not _is_whole(headers, body):
        return False
    request = _REQUEST.fullmatch(first)
    if request is None:
        return _ANSWER.fullmatch(first) is not None
    # Asterisk looks for a registration's phone in To.
    told = (("from", "f"), ("to", "t")) if request["method"] == "REGISTER" else (("from", "f"),)
    return all(_user(headers, *names) == phone for names in told)


def _headers(lines: Sequence[str]) -> Headers | None:
    """Name, in small letters, and value; None where a line is none of a header."""
    found = [_HEADER.fullmatch(line) for line in lines]
    headers = [(match["name"].lower(), match["value"].strip(" \t")) for match in found if match is not None]
    return headers if len(headers) == len(found) else None


def _is_whole(headers: Headers, body: bytes) -> bool:
    """Whether the body is as long as it says, which one without any need not say."""
    lengths = [value for name, value in headers if name in ("content-length", "l")]
    if not lengths:
        return not body
    return len(lengths) == 1 and _LENGTH.fullmatch(lengths[0]) is not None and int(lengths[0]) == len(body)


def _user(headers: Headers, *names: str) -> str | None:
    """In the address of the one header of these names; None where there is none, or several."""
    found = [value for name, value in headers if name in names]
    address = _ADDRESS.fullmatch(found[0]) if len(found) == 1 else None
    return address["user"] if address is not None else None
