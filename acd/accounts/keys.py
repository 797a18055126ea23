"""Keys that are shown once and of which only the hash is kept: those of sessions and of tokens."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_PREFIX = "acd_"  # noqa: S105  so that one is recognised where it should not be
_LONGEST = 200


def new_key() -> str:
    """256 bits of chance."""
    return secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    """What is kept. A key is chance all through, so a fast hash does."""
    return hashlib.sha256(key[:_LONGEST].encode("utf-8", "surrogatepass")).hexdigest()
