"""Secrets that are kept in the database and needed in plain: sealed with a key that is not there."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from acd.errors import OperatorError
from acd.settings.secrets import load_or_create_key

_NONCE = 12
_VERSION = "1:"


class Sealer:
    """AES-256-GCM with a key made of `password`, which is chance. What is sealed for one owner is
    not opened for another: rows of the table cannot be exchanged."""

    def __init__(self, password: str, use: str) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=f"acd {use}".encode()).derive(password.encode())
        self._cipher = AESGCM(key)

    def seal(self, text: str, owner: str) -> str:
        """What may be kept."""
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + base64.b64encode(
            nonce + self._cipher.encrypt(nonce, text.encode(), owner.encode())
        ).decode("ascii")

    def open(self, sealed: str, owner: str) -> str:
        """The text. Raises OperatorError where it was sealed with another key, or for somebody else."""
        try:
            raw = base64.b64decode(sealed.removeprefix(_VERSION), validate=True)
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], owner.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise OperatorError(
                f"the second factor of {owner} was sealed with another key than the one in secrets.yml"
                f" ('keys'); take that file from the back-up, or reset it: acd account second-factor {owner}"
            ) from error


def sealer_of_second_factors(secrets_file: Path) -> Sealer:
    """Its key is made with the first use. Raises OperatorError for a file that cannot be used."""
    return Sealer(load_or_create_key(secrets_file, "second_factors"), "second factors")
