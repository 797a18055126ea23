"""What browsers, programs and other systems send: bodies, queries, live messages, keys, answers of look-ups."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey
from yarl import URL

from acd.accounts.keys import hash_of
from acd.accounts.sealing import Sealer
from acd.ivr.talk import Found, LookupFailed, NotFound
from acd.ivr.values import fit
from acd.lookups.crm import mapped
from acd.lookups.http import _address, picked
from acd.web.api import ROUTES
from acd.web.asker import Asker, Role
from acd.web.live.socket import _are_topics, _read
from acd.web.live.topics import key_of
from acd.web.live.topics import text_of as told
from acd.web.masked_files import masked_message, masked_text
from acd.web.refusal import Refusal
from acd.web.serving import _model, _path, _query
from acd.web.sso.id_token import Expected, Untrusted, verified
from acd.web.sso.on_the_way import opened, own_page
from acd.webhooks.guard import NotAllowed, check_host, is_open
from tests.fuzz.target import Target, parts, text_of

SEALER = Sealer("x" * 28, "fuzz")
EXPECTED = Expected("https://sso.example.com", "acd", "once", 1_790_000_000)
CLAIMS: dict[str, Any] = {
    "iss": EXPECTED.issuer,
    "aud": "acd",
    "sub": "s",
    "nonce": "once",
    "iat": EXPECTED.now,
    "exp": EXPECTED.now + 9,
}
_SIGNS = ECKey.generate_key("P-256", {"kid": "k"})
KEY, TOKEN = _SIGNS.as_dict(private=False), jwt.encode({"alg": "ES256", "kid": "k"}, CLAIMS, _SIGNS)
ANNA = Asker("anna", Role.AGENT, "127.0.0.1", agent="anna", session="s")


def _refused(error: Refusal) -> None:
    assert 400 <= error.status < 500, error.status
    assert error.response().body


def body(data: bytes) -> None:
    """A body fits the model of its route, or is refused with the field that does not."""
    which, raw = parts(data, 2)
    routes = [route for route in ROUTES if route.body is not None]
    route = routes[(which[0] if which else 0) % len(routes)]
    assert route.body is not None
    try:
        made = _model(route.body, raw)
    except Refusal as error:
        _refused(error)
        return
    for text in _texts(made.model_dump()):
        text.encode()  # what cannot be stored does not come in
        assert "\0" not in text


def id_token(data: bytes) -> None:
    """A token that the provider has not signed is not believed; what a cookie holds is ours, or nothing."""
    text = data.decode("latin-1")
    assert opened(text, SEALER) is None
    assert not own_page(text).startswith(("//", "/\\", "/api/"))
    try:
        claims = verified(text, [KEY], EXPECTED)
    except Untrusted as error:
        assert str(error).isprintable()
    else:
        assert claims == CLAIMS


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in _texts(each)]
    return [text for each in value for text in _texts(each)] if isinstance(value, list | tuple) else []


def query(data: bytes) -> None:
    """The same for what stands behind the question mark, and for names in the path."""
    which, raw = parts(data, 2)
    route = ROUTES[(which[0] if which else 0) % len(ROUTES)]
    plain = "".join(c for c in raw.decode("latin-1") if "!" <= c <= "~")  # aiohttp lets nothing else pass
    given = URL.build(query_string=plain, encoded=True).query
    for attempt in (
        lambda: _query(route, given),
        lambda: _path(route, dict.fromkeys(route.names, text_of(raw))),
    ):
        try:
            attempt()
        except Refusal as error:
            _refused(error)


def live(data: bytes) -> None:
    """A message on the WebSocket is understood or not; what it names is looked for and never believed."""
    asked = _read(text_of(data))
    match asked:
        case {"do": "watch", "topics": list(topics)} if _are_topics(topics):
            for topic in topics:
                key_of(topic, ANNA)
                told({"type": "refused", "topic": topic}).encode()
        case {"do": "all", "topic": str(topic)}:
            key_of(topic, ANNA)


def key(data: bytes) -> None:
    """A cookie or a token of any kind has a hash, and is known by nothing else."""
    assert len(hash_of(text_of(data))) == 64


def masked(data: bytes) -> None:
    """A file with a key in it, however it is spoilt before and behind, is never shown with the key."""
    before, behind = (part.decode("utf-8", "replace") for part in parts(data, 2))
    masked_text(before + behind)
    masked_message(before, behind)


def lookup(data: bytes) -> None:
    """The answer of another system gives values that variables may hold, or a reason without a value."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        return
    found = picked(answer, {"a": "a", "b": "a.b", "c": "list.0.x", "d": "list.²"})
    if isinstance(found, Found):
        for value in found.values.values():
            assert fit(value) == value
    card = mapped(answer, {"id": "id", "name": "a.name", "numbers": "list", "emails": "list.0"})
    assert isinstance(card, dict | NotFound | LookupFailed)


def _parsed(text: str) -> URL:
    """As webhooks do: yarl fails in its own way for a bracket without a host in it."""
    try:
        return URL(text)
    except IndexError as error:
        raise ValueError(text) from error


def address(data: bytes) -> None:
    """Where a look-up or a webhook goes is an address of HTTP, and a closed one is not gone to."""
    text = text_of(data)
    checks: list[Callable[[], object]] = [
        lambda: _address(text),
        lambda: check_host(_parsed(text), allow_private=False),
    ]
    for attempt in checks:
        try:
            attempt()
        except (ValueError, NotAllowed):
            continue
    is_open(text)


_JSON_WORDS = (b'"', b"\\ud800", b"\\u0000", b"null", b"true", b"1e999", b"NaN", b"-1", b"[", b"]", b"{", b"}", b":", b",", b"9" * 30,
               b'"\xf0\x9f\x98\x80"', b"\\r\\n", b"\xff|")  # fmt: skip

WEB_TARGETS = (
    Target(
        "body",
        body,
        tuple(
            bytes([at]) + b"\xff|" + json.dumps(dict.fromkeys(route.body.model_fields, "x")).encode()
            for at, route in enumerate(route for route in ROUTES if route.body is not None)
            if route.body is not None
        ),
        _JSON_WORDS,
    ),
    Target(
        "query",
        query,
        tuple(
            bytes([at]) + b"\xff|" + "&".join(f"{name}=1" for name in route.query.model_fields).encode()
            for at, route in enumerate(ROUTES)
            if route.query is not None
        ),
        (b"&", b"=", b"\xff|", b"%00", b"%ED%A0%80", b"%FF", b"%C2%B2", b"-1", b"9" * 5000, b"nan", b"2026-11-26"),
    ),
    Target(
        "live",
        live,
        (b'{"do": "watch", "topics": ["me", "wallboard"]}', b'{"do": "all", "topic": "me"}', b'{"do": "ping"}'),
        (*_JSON_WORDS, b'"do"', b'"topics"', b"[" * 200),
    ),
    Target(
        "id-token",
        id_token,
        (TOKEN.encode(), b"eyJhbGciOiJub25lIn0.e30.", b"eyJhbGciOlsiRVMyNTYiXX0.e30.AAAA", b"W10.e30.AA", b"a.b.c.d.e"),
        (b".", b"eyJhbGciOi", b"=", b"-", b"_", b"bm9uZQ", b"W1tbW1tb", b"\xff|"),
    ),
    Target("key", key, (b"acd_abc",), (b"\0", b"\xff")),
    Target(
        "masked",
        masked,
        (b"http: {headers: {Authorization: Bearer x}}\n\xff|# a: b\n", b"ice_servers: [{credential: x}]\xff|\n"),
        (b"headers", b"credential", b": ", b"\n", b"#", b"&a", b"*a", b"? ", b'"', b"\\x", b"<<: ", b"- ", b"{", b"\xff|"),
    ),
    Target("lookup", lookup, (b'{"a": {"b": 1, "name": "x"}, "list": [{"x": 1}], "id": "k"}', b"[]", b"null"), (*_JSON_WORDS, b'"a"', b'"list"', b'"id"')),
    Target(
        "address",
        address,
        (b"http://127.0.0.1/x", b"https://[::ffff:10.0.0.1]:80/", b"http://a@b:c@d/", b"http://0x7f.1/"),
        (b"@", b":", b"/", b"[", b"]", b"%", b"\\", b"#", b"?", b"\xe3\x80\x82", b"xn--", b"::", b"\r\n"),
    ),
)  # fmt: skip
