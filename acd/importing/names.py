"""Ids and names of ours from whatever was written in the source."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

LONGEST_ID = 32
LONGEST_NAME = 80
_UNSAFE = frozenset('"\\<>;|$`{}[]')


def new_id(text: str, taken: Collection[str], otherwise: str) -> str:
    """An id of ours that looks like the text: `VIP Sales` → `vip-sales`, 陈伟 → `chen-wei`; not taken."""
    latin = _in_latin(text[:LONGEST_NAME])
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode("ascii").lower()
    base = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")
    if not base:
        base = otherwise
    if not base[0].isalpha():
        base = f"{otherwise}-{base}"
    base = base[:LONGEST_ID].rstrip("-_")
    found, number = base, 2
    while found in taken or found in ("and", "or", "not"):
        ending = f"-{number}"
        found, number = base[: LONGEST_ID - len(ending)] + ending, number + 1
    return found


def _in_latin(text: str) -> str:
    if text.isascii():
        return text
    from pypinyin import lazy_pinyin  # its dictionary takes a while; most names have no use for it

    return "-".join(lazy_pinyin(text))


def safe_name(text: str, otherwise: str) -> str:
    """A name without characters that have a meaning to telephony, of bounded length."""
    name = "".join(c for c in text if c.isprintable() and c not in _UNSAFE).strip()[:LONGEST_NAME].strip()
    return name or otherwise
