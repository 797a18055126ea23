"""Whether an ID token is what it says: signed by the provider, for us, for this sign-in, and now. Pure.

Signature and times are checked by joserfc. What it leaves to its users is here: which algorithms, which key,
whom the token was made for, and that the nonce is the one of this browser.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from acd.errors import AcdError

ALGORITHMS = {
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA",
    "PS256": "RSA", "PS384": "RSA", "PS512": "RSA",
    "ES256": "EC", "ES384": "EC", "ES512": "EC",
}  # fmt: skip
"""Signatures by public keys, and the kind of key that each takes. Never `none`, nor a shared secret."""
LEEWAY_S = 60
"""So far may the provider's clock be from ours."""
OLDEST_S = 600
"""A token is fetched when it is made: one that is older was made for something else."""
LONGEST = 64 * 1024
KEYS_MAX = 100
RSA_BITS = range(2048, 8193)
"""What is shorter can be broken, and what is longer takes long."""
PublicKey = RSAKey | ECKey


class Untrusted(AcdError):
    """The token is not to be believed; the text says why, without anything of the token."""


class UnknownKey(Untrusted):
    """It names a key that the provider has not published, as far as we know."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to be made for. `now`: Unix seconds."""

    issuer: str
    client_id: str
    nonce: str
    now: int


def verified(token: str, keys: Iterable[Mapping[str, Any]], expected: Expected) -> dict[str, Any]:
    """The claims of the token; `keys` as the provider publishes them. Raises Untrusted."""
    if len(token) > LONGEST or token.count(".") != 2 or not token.isascii():
        raise Untrusted("it is no signed token")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise Untrusted("it is no signed token") from error
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Untrusted("its algorithm is not one of those that are taken")
    key = _key(keys, header.get("kid"), algorithm)
    try:
        claims = jwt.decode(token, key, algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise Untrusted("its signature does not hold") from error
    _check(claims, expected)
    return claims


def _key(keys: Iterable[Mapping[str, Any]], kid: object, algorithm: str) -> PublicKey:
    """The one key that may have signed it. Raises UnknownKey."""
    fitting = [key for key in list(keys)[:KEYS_MAX] if isinstance(key, dict) and _fits(key, algorithm)]
    named = fitting if kid is None else [key for key in fitting if key.get("kid") == kid]
    if len(named) != 1:
        raise UnknownKey("the key that it names is not one of the provider's")
    if ALGORITHMS[algorithm] == "RSA" and _bits(named[0].get("n")) not in RSA_BITS:
        raise Untrusted("the provider's key is shorter than 2048 bits, or far too long")
    # Only what is public of it, whatever else the provider has published by mistake.
    public = {name: named[0][name] for name in ("kty", "n", "e", "crv", "x", "y") if name in named[0]}
    try:
        key = import_key(public)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Untrusted("the provider's key cannot be used") from error
    assert isinstance(key, RSAKey | ECKey)
    return key


def _bits(number: object) -> int:
    """Of a number in base64; 0 for what is none."""
    try:
        raw = base64.urlsafe_b64decode(str(number) + "==")
    except ValueError:
        return 0
    return int.from_bytes(raw).bit_length()


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    return (
        key.get("kty") == ALGORITHMS[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    )


def _check(claims: dict[str, Any], expected: Expected) -> None:
    """Raises Untrusted."""
    must = jwt.JWTClaimsRegistry(
        now=expected.now,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        must.validate(claims)
    except (JoseError, OverflowError) as error:
        raise Untrusted(
            f"its claims do not hold: {type(error).__name__} {_claim_of(error)}".strip()
        ) from error
    if claims["iat"] < expected.now - OLDEST_S:
        raise Untrusted("it was made too long ago")
    if not 1 <= len(claims["sub"]) <= 255 or not claims["sub"].isprintable():
        raise Untrusted("its subject cannot be")
    nonce, party = claims.get("nonce"), claims.get("azp")
    if not isinstance(nonce, str) or not secrets.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise Untrusted("it was made for another sign-in")
    many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (party is not None or many) and party != expected.client_id:
        raise Untrusted("it was made for another program")


def _claim_of(error: Exception) -> str:
    claim = getattr(error, "claim", "")
    return claim if claim in ("iss", "aud", "sub", "exp", "iat", "nbf") else ""
