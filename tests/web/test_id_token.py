"""Each way in which an ID token can be forged, or be somebody else's, is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey

from acd.web.sso.id_token import LEEWAY_S, OLDEST_S, Expected, UnknownKey, Untrusted, verified
from tests.web.fake_provider import ec_key, rsa_key, signed

NOW = 1_790_000_000
EXPECTED = Expected("https://sso.example.com", "acd", "n-once", NOW)
CLAIMS: dict[str, Any] = {
    "iss": "https://sso.example.com",
    "aud": "acd",
    "sub": "s-1",
    "nonce": "n-once",
    "iat": NOW - 1,
    "exp": NOW + 300,
}
KEYS = [rsa_key("one").as_dict(private=False), ec_key("two").as_dict(private=False)]


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    return f"{b64(header)}.{b64(claims)}.{b64(signature)}"


def with_hmac(secret: bytes, kid: str = "one") -> str:
    """HS256 with what everybody knows: the public key."""
    first = f"{b64({'alg': 'HS256', 'kid': kid})}.{b64(CLAIMS)}"
    return f"{first}.{b64(hmac.digest(secret, first.encode(), hashlib.sha256))}"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(rsa_key, "RS256"), (rsa_key, "PS256"), (rsa_key, "RS512"), (ec_key, "ES256")],
)
def test_a_good_token_is_believed(key: Callable[[str], Any], algorithm: str) -> None:
    name = "one" if key is rsa_key else "two"
    assert verified(signed(CLAIMS, key(name), algorithm), KEYS, EXPECTED) == CLAIMS


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["acd"]},
        {"aud": ["acd", "other"], "azp": "acd"},
        {"azp": "acd"},
        {"exp": NOW - LEEWAY_S + 1},  # clocks are not quite alike
        {"iat": NOW + LEEWAY_S},
        {"nbf": NOW + LEEWAY_S},
    ],
)
def test_what_may_be_otherwise(claims: dict[str, Any]) -> None:
    assert verified(signed({**CLAIMS, **claims}, rsa_key("one")), KEYS, EXPECTED)["sub"] == "s-1"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://sso.example.com/"},
        {"iss": "https://evil.example"},
        {"iss": ["https://sso.example.com"]},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": []},
        {"aud": None},
        {"aud": ["acd", "other"]},  # without azp nobody knows whose it is
        {"aud": ["acd", "other"], "azp": "other"},
        {"azp": "other"},
        {"azp": ["acd"]},
        {"nonce": "other"},
        {"nonce": None},
        {"nonce": ["n-once"]},
        {"exp": NOW - LEEWAY_S},
        {"exp": None},
        {"exp": True},
        {"exp": "never"},
        {"exp": float("nan")},
        {"iat": NOW + LEEWAY_S + 1},
        {"iat": NOW - OLDEST_S - 1},
        {"iat": None},
        {"nbf": NOW + LEEWAY_S + 1},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\nb"},
    ],
    ids=str,
)
def test_claims_that_are_wrong(claims: dict[str, Any]) -> None:
    token = signed({**CLAIMS, **claims}, rsa_key("one"))
    with pytest.raises(Untrusted):
        verified(token, KEYS, EXPECTED)


def _of_another_key() -> str:
    other = RSAKey.generate_key(2048, {"kid": "one"})
    return signed(CLAIMS, other)


def _changed() -> str:
    first, _, signature = signed(CLAIMS, rsa_key("one")).split(".")
    return f"{first}.{b64({**CLAIMS, 'sub': 'root'})}.{signature}"


def _with_its_own_key() -> str:
    other = RSAKey.generate_key(2048, {"kid": "one"})
    return signed(CLAIMS, other, jwk=other.as_dict(private=False))


FORGED: dict[str, Callable[[], str]] = {
    "of another key": _of_another_key,
    "changed afterwards": _changed,
    "with a key of its own in it": _with_its_own_key,
    "alg none": lambda: by_hand({"alg": "none"}, CLAIMS),
    "alg None": lambda: by_hand({"alg": "None", "kid": "one"}, CLAIMS),
    "no alg": lambda: by_hand({"kid": "one"}, CLAIMS),
    "alg is a list": lambda: by_hand({"alg": ["RS256"], "kid": "one"}, CLAIMS),
    "hmac of the public key, PEM": lambda: with_hmac(rsa_key("one").as_pem(private=False)),
    "hmac of the public key, DER": lambda: with_hmac(rsa_key("one").as_der(private=False)),
    "hmac of the public key, JSON": lambda: with_hmac(json.dumps(KEYS[0]).encode()),
    "RSA signed for a key of another kind": lambda: signed(CLAIMS, rsa_key("one"), kid="two"),
    "unsigned": lambda: by_hand({"alg": "RS256", "kid": "one"}, CLAIMS),
    "critical header": lambda: by_hand({"alg": "RS256", "kid": "one", "crit": ["exp"], "exp": 1}, CLAIMS),
    "encrypted": lambda: "a.b.c.d.e",
    "empty": lambda: "",
    "dots": lambda: "..",
    "too long": lambda: "a." * 70_000,
    "no object": lambda: f"{b64({'alg': 'RS256', 'kid': 'one'})}.{b64([1])}.AAAA",
    "header is a list": lambda: f"{b64([1])}.{b64(CLAIMS)}.AAAA",
    "header is deep": lambda: f"{b64(b'[' * 30_000)}.{b64(CLAIMS)}.AAAA",
    "no base64": lambda: "ä.ö.ü",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_forged_tokens(forged: Callable[[], str]) -> None:
    with pytest.raises(Untrusted):
        verified(forged(), KEYS, EXPECTED)


def test_which_key_is_asked() -> None:
    token = signed(CLAIMS, rsa_key("new"))
    with pytest.raises(UnknownKey):
        verified(token, KEYS, EXPECTED)
    public = rsa_key("new").as_dict(private=False)
    assert verified(token, [*KEYS, public], EXPECTED)
    for other in ({"use": "enc"}, {"alg": "RS512"}, {"kty": "oct", "k": "AAAA"}):
        with pytest.raises(UnknownKey):
            verified(token, [{**public, **other}], EXPECTED)
    with pytest.raises(UnknownKey):  # two of a name: nobody knows which
        verified(token, [public, public], EXPECTED)
    with pytest.raises(Untrusted):
        verified(token, [{**public, "n": "!"}], EXPECTED)
    unnamed = {name: value for name, value in public.items() if name != "kid"}
    with pytest.raises(UnknownKey):
        verified(token, [unnamed], EXPECTED)


def test_a_key_that_is_too_short_is_not_used() -> None:
    with pytest.warns(SecurityWarning):
        short = RSAKey.generate_key(1024, {"kid": "one"})
    token = signed(CLAIMS, short)
    with pytest.raises(Untrusted, match="shorter than 2048 bits"):
        verified(token, [short.as_dict(private=False)], EXPECTED)
