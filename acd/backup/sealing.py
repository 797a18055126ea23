"""A file that only a passphrase opens: AES-256-GCM, with a key that scrypt makes of the passphrase."""

from __future__ import annotations

import base64
import hashlib
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from acd.errors import OperatorError

SHORTEST = 12
"""Characters of a passphrase."""
_N, _R, _P = 1 << 15, 8, 1
_MEMORY = 64 << 20
_SALT, _NONCE = 16, 12
_PARTS = ("salt", "nonce", "data")


def check_passphrase(passphrase: str) -> str:
    """It. Raises OperatorError for one that is soon guessed."""
    if len(passphrase) < SHORTEST:
        raise OperatorError(f"a passphrase has at least {SHORTEST} characters")
    return passphrase


def seal(data: bytes, passphrase: str) -> bytes:
    """One line of JSON."""
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    sealed = AESGCM(_key(passphrase, salt, _N, _R, _P)).encrypt(nonce, data, None)
    told = {"kdf": "scrypt", "n": _N, "r": _R, "p": _P, "cipher": "AES-256-GCM"}
    parts = {"salt": salt, "nonce": nonce, "data": sealed}
    encoded = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    return (json.dumps({**told, **encoded}) + "\n").encode()


def unseal(sealed: bytes, passphrase: str) -> bytes:
    """What was sealed. Raises OperatorError for another passphrase, and for what `seal` has not made."""
    try:
        told = json.loads(sealed)
        cost = (told["n"], told["r"], told["p"])
        salt, nonce, data = (
            base64.b64decode(told[name], validate=True) for name in ("salt", "nonce", "data")
        )
        if told["kdf"] != "scrypt" or told["cipher"] != "AES-256-GCM" or cost != (_N, _R, _P):
            raise ValueError(told["cipher"])
    except (ValueError, KeyError, TypeError) as error:
        raise OperatorError("the sealed secrets are not in a form that this version reads") from error
    try:
        return AESGCM(_key(passphrase, salt, *cost)).decrypt(nonce, data, None)
    except (InvalidTag, ValueError) as error:
        raise OperatorError("the secrets cannot be opened: it is another passphrase") from error


def _key(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=32)
