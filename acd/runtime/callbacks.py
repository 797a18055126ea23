"""Takes callers' wishes to be called back, one open wish for each number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Protocol

import structlog

from acd.core.facts import CallbackOrder
from acd.core.ports import Mirror, Recorder
from acd.settings.phone_number import normalised

log = structlog.get_logger(__name__)

_PREFIX = "callback:"


class Line(Protocol):
    """Where wishes stand in line."""

    def refusal(self, group: str, number: str) -> str | None:
        """Why the number cannot be called back; None: it can."""

    def place(self, order: CallbackOrder) -> None:
        """Into the line, if the group has one for callbacks and the wish is not there already."""


class CallbackDesk:
    """Implements `acd.core.ports.Callbacks`. A wish is in the mirror until the database has it."""

    def __init__(
        self,
        mirror: Mirror,
        recorder: Recorder,
        clock: Callable[[], float],
        number_of: Callable[[str], str | None] = normalised,
        line: Line | None = None,
    ) -> None:
        self._mirror = mirror
        self._recorder = recorder
        self._clock = clock
        self._number_of = number_of
        self._line = line
        self._unstored: dict[str, CallbackOrder] = {}
        self._open: frozenset[str] = frozenset()
        self._reading = asyncio.Lock()
        self._stored_meanwhile: set[str] = set()

    def restore(self, kept: Mapping[str, Mapping[str, Any]], open_numbers: Collection[str]) -> None:
        """Begin with the open ones of the database, and write what it has not got yet."""
        self._open = frozenset(open_numbers)
        for key, value in kept.items():
            if not key.startswith(_PREFIX):
                continue
            try:
                order = CallbackOrder(**value)
            except TypeError as error:
                log.error("a kept callback cannot be read and is set aside", key=key, reason=str(error))
                self._mirror.put(f"unreadable:{key}", value)
                self._mirror.drop(key)
                continue
            self._store(key, order)

    async def refresh(self, read: Callable[[], Collection[str]]) -> None:
        """Somebody has changed callbacks in the database: `read`, in a thread, which are open now.

        What is stored while it reads is open, too, whether it has seen it or not.
        """
        async with self._reading:
            self._stored_meanwhile.clear()
            read_numbers = await asyncio.to_thread(read)
            self._open = frozenset(read_numbers) | self._stored_meanwhile

    def take(self, call_id: str, group: str, number: str, language: str) -> str | None:
        """See `acd.core.ports.Callbacks`."""
        found = self._number_of(number)
        if found is None:
            return "not a phone number"
        refusal = self._line.refusal(group, found) if self._line is not None else None
        if refusal is not None:
            return refusal
        if found in self._open or any(order.number == found for order in self._unstored.values()):
            return "this number has an open callback already"
        order = CallbackOrder(call_id, self._clock(), group, found, language)
        key = f"{_PREFIX}{call_id}:{order.at:.6f}"
        value = {name: getattr(order, name) for name in CallbackOrder.__slots__}
        self._mirror.put(key, value)
        self._store(key, order)
        if self._line is not None:
            self._line.place(order)
        return None

    def place_again(self) -> None:
        """After a restart: wishes that were kept a moment before the end, and have no place in line yet."""
        for order in self._unstored.values():
            if self._line is not None:
                self._line.place(order)

    @property
    def unstored(self) -> frozenset[tuple[str, float]]:
        """Call and moment of the wishes that the database has not got yet."""
        return frozenset((order.call_id, order.at) for order in self._unstored.values())

    def _store(self, key: str, order: CallbackOrder) -> None:
        self._unstored[key] = order
        self._recorder.store_callback(order, partial(self._stored, key))

    def _stored(self, key: str) -> None:
        order = self._unstored.pop(key)
        self._open |= {order.number}
        self._stored_meanwhile.add(order.number)
        self._mirror.drop(key)
