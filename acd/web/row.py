"""Connections in the order in which they make room for others."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar


class HasNetwork(Protocol):
    """What can stand in a row: '' is of no network that counts."""

    network: str


One = TypeVar("One", bound=HasNetwork)


class Row(Generic[One]):
    """The one that came first is the oldest: of all, and of each network."""

    def __init__(self) -> None:
        self._all: dict[One, None] = {}
        self._at: dict[str, dict[One, None]] = {}

    def add(self, one: One) -> None:
        """As the newest, unless it is there."""
        self._all[one] = None
        if one.network:
            self._at.setdefault(one.network, {})[one] = None

    def remove(self, one: One) -> None:
        """Not being there is fine."""
        self._all.pop(one, None)
        there = self._at.get(one.network, {})
        there.pop(one, None)
        if not there:
            self._at.pop(one.network, None)

    def oldest(self, network: str | None = None) -> One | None:
        """Of this network, or of all."""
        row = self._all if network is None else self._at.get(network, {})
        return next(iter(row), None)
