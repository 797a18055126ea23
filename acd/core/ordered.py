"""Names in order: those who wait in a lane, those who are idle in a pool."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TypeAlias

Key: TypeAlias = tuple[float, ...]
"""All keys of one Ordered are of one length; the last part should differ for every name."""


class Ordered:
    """Names in the order of their keys."""

    __slots__ = ("_entries", "_keys")

    def __init__(self) -> None:
        self._entries: list[tuple[Key, str]] = []
        self._keys: dict[str, Key] = {}

    def add(self, name: str, key: Key) -> None:
        """Join; a name that is already there moves to its new key."""
        self.remove(name)
        self._keys[name] = key
        insort(self._entries, (key, name))

    def remove(self, name: str) -> None:
        """Leave; not being there is fine."""
        key = self._keys.pop(name, None)
        if key is not None:
            del self._entries[bisect_left(self._entries, (key, name))]

    def replace(self, name: str, successor: str) -> None:
        """`successor` takes the very place of `name`."""
        key = self._keys[name]
        self.remove(name)
        self.add(successor, key)

    def head(self) -> tuple[Key, str] | None:
        """Key and name of the first, or None."""
        return self._entries[0] if self._entries else None

    def second(self) -> tuple[Key, str] | None:
        """Key and name of the runner-up, or None."""
        return self._entries[1] if len(self._entries) > 1 else None

    def first(self, count: int) -> list[tuple[Key, str]]:
        """Keys and names of so many, or of all there are."""
        return self._entries[:count]

    def at(self, index: int) -> str:
        """The name at this place, 0 is the head."""
        return self._entries[index][1]

    def key_of(self, name: str) -> Key:
        """Raises KeyError for one who is not there."""
        return self._keys[name]

    def before(self, key: Key) -> int:
        """How many stand before this key."""
        return bisect_left(self._entries, (key, ""))

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __iter__(self) -> Iterator[str]:
        return (name for _, name in self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._keys
