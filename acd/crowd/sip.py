"""The little SIP that the crowd speaks: messages as text, no network (RFC 3261)."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^",\s]+))')
_ADDRESS = re.compile(r"<([^>]*)>")

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response. Header names are in small letters here, whatever they were on the wire."""

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
            return self.start_line.partition(" ")[0]
        return self.require("cseq").split()[1]

    def all(self, name: str) -> list[str]:
        """All headers of that name (in small letters), in order."""
        return [value for key, value in self.headers if key == name]

    def require(self, name: str) -> str:
        """The first header of that name, which must be there; raises ValueError."""
        for key, value in self.headers:
            if key == name:
                return value
        raise ValueError(f"no {name} in {self.start_line!r}")


def parse(data: bytes) -> Message:
    """Parse one datagram; raises ValueError if it is no SIP message."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    start_line, *lines = head.split("\r\n")
    if "SIP/2.0" not in start_line:
        raise ValueError(f"no SIP message: {start_line[:80]!r}")
    pairs = (line.partition(":") for line in lines)
    return Message(start_line, tuple((n.strip().lower(), v.strip()) for n, _, v in pairs), body)


def encode(start_line: str, headers: Headers, body: str = "") -> bytes:
    """The bytes on the wire."""
    lines = [start_line, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(body.encode())}", "", body]).encode()


def response(request: Message, status: int, reason: str, tag: str, contact: str, body: str = "") -> bytes:
    """A response to the request; `tag` is put into To where it has none."""
    to = request.require("to")
    if ";tag=" not in to:
        to = f"{to};tag={tag}"
    headers = [("Via", via) for via in request.all("via")]
    headers += [("From", request.require("from")), ("To", to), ("Call-ID", request.require("call-id"))]
    headers += [("CSeq", request.require("cseq")), ("Contact", contact)]
    return encode(f"SIP/2.0 {status} {reason}", tuple(headers), body)


def address_in(value: str) -> str:
    """The URI of a Contact header."""
    match = _ADDRESS.search(value)
    return match[1] if match else value.partition(";")[0].strip()


def describe_media(host: str, port: int) -> str:
    """A session description: G.711, audio to this address."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n"
    )


def media_address(body: str) -> tuple[str, int]:
    """Where a session description wants its audio. Raises ValueError where it says nothing of it."""
    host = re.search(r"^c=IN IP4 (\S+)", body, re.MULTILINE)
    port = re.search(r"^m=audio (\d{1,5}) ", body, re.MULTILINE)
    if host is None or port is None:
        raise ValueError("no audio in the session description")
    return host[1], int(port[1])


def digest_answer(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """The Authorization header that answers a WWW-Authenticate header (RFC 2617, MD5)."""
    fields = {name: text or plain for name, text, plain in _FIELD.findall(challenge)}
    realm, nonce = fields["realm"], fields["nonce"]
    secret, asked = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{uri}")
    parts = [f'username="{user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"', "algorithm=MD5"]
    if "auth" in fields.get("qop", ""):
        own = new_token()
        parts += ["qop=auth", "nc=00000001", f'cnonce="{own}"']
        proof = _md5(f"{secret}:{nonce}:00000001:{own}:auth:{asked}")
    else:
        proof = _md5(f"{secret}:{nonce}:{asked}")
    if "opaque" in fields:
        parts.append(f'opaque="{fields["opaque"]}"')
    return "Digest " + ", ".join([*parts, f'response="{proof}"'])


def new_token() -> str:
    """A fresh tag, Call-ID or transaction name."""
    return secrets.token_hex(8)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
