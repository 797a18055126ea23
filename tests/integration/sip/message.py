"""SIP messages as plain values: parsing and building (RFC 3261), no network."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "r": "refer-to",
    "b": "referred-by",
    "k": "supported",
}
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A request or a response; header names keep their spelling and are compared without case."""

    start_line: str
    headers: Headers
    body: str = ""

    @property
    def status(self) -> int | None:
        """The status code of a response; None for a request."""
        return int(self.start_line.split(" ", 2)[1]) if self.start_line.startswith("SIP/2.0 ") else None

    @property
    def method(self) -> str:
        """The request's method; for a response the method that it answers."""
        if self.status is None:
            return self.start_line.split(" ", 1)[0]
        return self.require("CSeq").split()[1]

    @property
    def branch(self) -> str:
        """The transaction's name, from the topmost Via."""
        return _param(self.require("Via"), "branch")

    @property
    def cseq(self) -> int:
        """The sequence number."""
        return int(self.require("CSeq").split()[0])

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        found = self.all(name)
        return found[0] if found else None

    def all(self, name: str) -> list[str]:
        """All headers of that name, in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if _COMPACT.get(key.lower(), key.lower()) == wanted]

    def require(self, name: str) -> str:
        """The header, which must be there; raises ValueError."""
        value = self.header(name)
        if value is None:
            raise ValueError(f"no {name} in {self.start_line!r}")
        return value

    def encode(self) -> bytes:
        """The bytes on the wire; Content-Length is put in here. A lone surrogate stands for a raw byte."""
        body = self.body.encode()
        lines = [self.start_line, *(f"{name}: {value}" for name, value in self.headers)]
        return (
            "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode(errors="surrogateescape")
            + body
        )


@dataclass(frozen=True, slots=True)
class Party:
    """A name-addr: who calls, or who is called."""

    name: str
    uri: str
    tag: str

    @property
    def number(self) -> str:
        """The user part of the address."""
        return re.sub(r"^sips?:", "", self.uri).partition("@")[0].partition(";")[0]


def parse_message(data: bytes) -> SipMessage:
    """Parse one datagram; raises ValueError if it is no SIP message."""
    head, _, body = data.decode(errors="surrogateescape").partition("\r\n\r\n")
    start_line, *lines = head.split("\r\n")
    if "SIP/2.0" not in start_line:
        raise ValueError(f"no SIP message: {start_line!r}")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in " \t" and headers:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
            continue
        name, _, value = line.partition(":")
        if name.strip().lower() not in ("content-length", "l"):
            headers.append((name.strip(), value.strip()))
    return SipMessage(start_line, tuple(headers), body)


def parse_party(value: str) -> Party:
    """Read a From, To, Contact or P-Asserted-Identity header."""
    match = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^>]*)>(.*)$', value)
    if match is None:
        uri, _, params = value.strip().partition(";")
        return Party("", uri, _param(";" + params, "tag"))
    quoted, plain, uri, params = match.groups()
    name = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
    return Party(name, uri, _param(params, "tag"))


def format_party(name: str, uri: str, tag: str = "") -> str:
    """Write a From or To header."""
    shown = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" ' if name else ""
    return f"{shown}<{uri}>" + (f";tag={tag}" if tag else "")


def response_to(
    request: SipMessage, status: int, reason: str, tag: str, extra: Headers = (), body: str = ""
) -> SipMessage:
    """Build a response that carries the request's Via, From, To, Call-ID and CSeq."""
    headers: list[tuple[str, str]] = [("Via", via) for via in request.all("Via")]
    headers += [("Record-Route", route) for route in request.all("Record-Route")]
    to = request.require("To")
    if status > 100 and ";tag=" not in to:
        to = f"{to};tag={tag}"
    headers += [("From", request.require("From")), ("To", to)]
    headers += [("Call-ID", request.require("Call-ID")), ("CSeq", request.require("CSeq")), *extra]
    return SipMessage(f"SIP/2.0 {status} {reason}", tuple(headers), body)


def new_token(length: int = 10) -> str:
    """A fresh tag or Call-ID."""
    return secrets.token_hex(length)


def new_branch() -> str:
    """A fresh transaction name with the RFC 3261 magic cookie."""
    return "z9hG4bK" + secrets.token_hex(8)


def _param(text: str, name: str) -> str:
    match = re.search(rf";\s*{name}=([^;,\s>]+)", text)
    return match.group(1) if match else ""
