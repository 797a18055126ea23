"""What stands for a contact who has become nobody by time: the same for the same one, so that reports stay.

Only who has the key file can tell whose it is. So what is still kept of somebody's old calls can be found
when they ask to be forgotten, or for all that is kept of them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

from acd.records.nobody import NOBODY

KEY_FILE = "retention.key"
KEY_BYTES = 32


def code_of(home: Path, contact_key: str) -> str:
    """That of a contact key. The key file is made where there is none yet. Raises OSError."""
    return _code(_key(home), contact_key)


def codes_of(home: Path, contact_keys: Iterable[str]) -> tuple[str, ...]:
    """Those that may stand for these contacts; none where nobody has been given any yet. Raises OSError."""
    try:
        key = (home / KEY_FILE).read_bytes()
    except FileNotFoundError:
        return ()
    return tuple(_code(key, each) for each in contact_keys)


def _code(key: bytes, contact_key: str) -> str:
    return NOBODY + hmac.new(key, contact_key.encode(), hashlib.sha256).hexdigest()[:24]


def _key(home: Path) -> bytes:
    file = home / KEY_FILE
    if not file.exists():
        fresh = file.with_name(f"{file.name}.new")
        fresh.write_bytes(secrets.token_bytes(KEY_BYTES))
        fresh.chmod(0o600)
        fresh.replace(file)
    return file.read_bytes()
