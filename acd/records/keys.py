"""Many keys for queries that name each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Key = TypeVar("Key")
_KEYS_PER_QUERY = 450  # SQLite allows 999 parameters in old builds, and some keys are pairs


def in_chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """All of them in their order, so many at once as one query may name."""
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        yield keys[start : start + _KEYS_PER_QUERY]
