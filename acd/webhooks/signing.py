"""How what is sent is signed, so that the receiver knows that it is from us, whole and not an old one."""

from __future__ import annotations

import hashlib
import hmac
import secrets

SIGNATURE, TIMESTAMP = "X-ACD-Signature", "X-ACD-Timestamp"
EVENT, DELIVERY = "X-ACD-Event", "X-ACD-Delivery"
SECRET_PREFIX = "whsec_"  # noqa: S105  so that one is recognised where it should not be


def new_secret() -> str:
    """256 bits of chance."""
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """`v1=` and HMAC-SHA256, in hex, over `TIMESTAMP.BODY`. `timestamp`: Unix seconds of this try."""
    signed = str(timestamp).encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
