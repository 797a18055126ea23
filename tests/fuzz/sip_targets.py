"""What browsers' phones send: SIP over WebSocket, which may speak for one phone alone.

What passes is read once more here, byte by byte and as narrowly as RFC 3261 can be read: where this reader
sees another phone, several, or none, another parser behind us might, too.
"""

from __future__ import annotations

from acd.web.own_phone import speaks_for
from tests.fuzz.target import Target

PHONE = "w1001"
_TOKEN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~")
_HOST = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.[]:")
_BLANK = b" \t"


def browser_sip(data: bytes) -> None:
    """What passes is one message, From that phone alone; text and bytes are judged alike."""
    passes = speaks_for(data, PHONE)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        pass
    else:
        assert speaks_for(text, PHONE) is passes
    if passes and data.replace(b"\r\n", b""):
        _read_again(data)


def _read_again(data: bytes) -> None:
    """Raises AssertionError for what could be read in another way."""
    at = data.index(b"\r\n\r\n")
    head, body = data[:at], data[at + 4 :]
    first, *lines = head.split(b"\r\n")
    for line in (first, *lines):
        assert line, "an empty line within the head"
        assert not {0, 10, 13} & set(line), "a line end of another kind"
        assert line[0] not in _BLANK, "a folded line"
    headers: dict[bytes, list[bytes]] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        assert colon, "no header"
        name = name.rstrip(_BLANK)
        assert name, "no name of a header"
        assert set(name) <= _TOKEN
        short = {b"f": b"from", b"t": b"to", b"l": b"content-length"}
        headers.setdefault(short.get(name.lower(), name.lower()), []).append(value.strip(_BLANK))
    lengths = headers.get(b"content-length", [b"0"] if not body else [])
    assert len(lengths) == 1
    assert lengths[0].isdigit()
    assert int(lengths[0]) == len(body), "something behind the body"
    if first.startswith(b"SIP/2.0 "):
        return
    method, address, version = first.split(b" ")
    assert method.isalpha()
    assert method.isupper()
    assert address
    assert version == b"SIP/2.0"
    for name in (b"from", b"to") if method == b"REGISTER" else (b"from",):
        assert len(headers[name]) == 1, "several"
        assert _phone_in(headers[name][0]) == PHONE.encode()


def _phone_in(value: bytes) -> bytes:
    """Of `"Name" <sip:PHONE@HOST;…>;tag=…`."""
    at = _after_name(value, 0)
    assert value[at : at + 1] == b"<"
    end = value.index(b">", at)
    scheme, colon, rest = value[at + 1 : end].partition(b":")
    assert scheme in (b"sip", b"sips")
    assert colon
    user, sign, place = rest.partition(b"@")
    assert sign
    host, *parameters = place.split(b";")
    assert host, "no host"
    assert set(host) <= _HOST
    for each in parameters:
        _check_parameter(each, _HOST | _TOKEN)
    behind = value[end + 1 :].strip(_BLANK)
    before, *parameters = behind.split(b";")
    assert not before.strip(_BLANK), "something behind the address"
    for each in parameters:
        _check_parameter(each.strip(_BLANK), _HOST | _TOKEN)
    return user


def _after_name(value: bytes, at: int) -> int:
    """Where the address begins: behind a quoted name, or one of words."""
    if value[:1] == b'"':
        at = 1
        while value[at] != ord('"'):
            assert value[at] >= 32 or value[at] == 9, "a control character"
            assert value[at] != 127, "a control character"
            at += 2 if value[at] == ord("\\") else 1
        at += 1
    else:
        while value[at] in _TOKEN or value[at] in _BLANK:
            at += 1
    while value[at] in _BLANK:
        at += 1
    return at


def _check_parameter(text: bytes, may_be: frozenset[int]) -> None:
    name, sign, value = text.partition(b"=")
    assert name, "a parameter without a name"
    assert set(name) <= _TOKEN
    assert bool(value) == bool(sign)
    assert set(value) <= may_be


def _message(first: str, *lines: str, body: str = "") -> bytes:
    length = (f"Content-Length: {len(body)}",) if body else ()
    return "\r\n".join((first, *lines, *length, "", body)).encode()


SIP_TARGETS = (
    Target(
        "browser-sip",
        browser_sip,
        (
            _message("REGISTER sip:x SIP/2.0", 'From: "Anna" <sip:w1001@x.invalid;p=1>;tag=1', "To: <sip:w1001@x>"),
            _message("INVITE sip:8000@x SIP/2.0", "f: Anna <sip:w1001@[::1]:80>;tag=a", "t: <sip:8000@x>", body="v=0\r\n"),
            _message("INVITE sip:8000@x SIP/2.0", 'From: "A \\"B\\" <sip:w1002@x>" <sip:w1001@x> ; tag=1', "To: <sip:w1002@x>"),
            _message("SIP/2.0 200 OK", "From: <sip:+4930@x>;tag=1", "CSeq: 1 BYE"),
            b"\r\n\r\n",
        ),
        (b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"\0", b"From: <sip:w1002@x>", b"f: <sip:w1002@x>", b"\r\nf: <sip:w1002@x>", b"<", b">", b'"', b"\\", b";",
         b",", b"@", b":", b"%77", b" ", b"\t", b"sip:w1002@", b"SIP/2.0 200 OK\r\n", b"l: 0", b"Content-Length: 5", b"\xc2\x85", b"\xe2\x80\xa8", b"\x1c",
         b"\xff", b"REGISTER", b"Via: x"),
    ),
)  # fmt: skip
