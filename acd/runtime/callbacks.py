"""Takes callers' wishes to be called back, one open wish for each number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from typing import Any, Protocol

import structlog

from acd.core.callback_facts import ENTRY_MARK, entry_id
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
        self._open: dict[str, str] = {}  # numbers, by the id of the entry in line
        self._reading = asyncio.Lock()
        self._stored_meanwhile: dict[str, str] = {}
        self._closed_meanwhile: set[str] = set()

    def restore(self, kept: Mapping[str, Mapping[str, Any]], open_wishes: Mapping[str, str]) -> None:
        """Begin with the open ones of the database, numbers by entry, and write what it has not got yet."""
        self._open = dict(open_wishes)
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

    async def refresh(self, read: Callable[[], Mapping[str, str]]) -> None:
        """Somebody has changed callbacks in the database: `read`, in a thread, which are open now.

        What is stored while it reads is open, too, whether it has seen it or not; what is closed is not.
        """
        async with self._reading:
            self._stored_meanwhile.clear()
            self._closed_meanwhile.clear()
            wishes = {**await asyncio.to_thread(read), **self._stored_meanwhile}
            self._open = {key: wishes[key] for key in wishes.keys() - self._closed_meanwhile}

    def closed(self, entry: str) -> None:
        """The database has what became of it: the number may ask again."""
        self._open.pop(entry, None)
        if self._reading.locked():
            self._closed_meanwhile.add(entry)

    def take(self, call_id: str, group: str, number: str, language: str) -> str | None:
        """See `acd.core.ports.Callbacks`."""
        return self.promise(call_id, group, number, language)

    def promise(
        self,
        call_id: str,
        group: str,
        number: str,
        language: str,
        due_at: float | None = None,
        for_agent: str | None = None,
    ) -> str | None:
        """`take`, for a time that an agent has promised, to call in person with `for_agent`."""
        found = self._number_of(number)
        if found is None:
            return "not a phone number"
        refusal = self._line.refusal(group, found) if self._line is not None else None
        if refusal is not None:
            return refusal
        if found in self._open.values() or any(order.number == found for order in self._unstored.values()):
            return "this number has an open callback already"
        order = CallbackOrder(call_id, self._clock(), group, found, language, due_at, for_agent)
        key = f"{_PREFIX}{call_id}:{order.at:.6f}"
        value = {field.name: getattr(order, field.name) for field in fields(order)}
        self._mirror.put(key, value)
        self._store(key, order)
        if self._line is not None:
            self._line.place(order)
        return None

    def has_promised(self, call_id: str) -> bool:
        """Whether the call has an open callback already."""
        entries = (*self._open, *(entry_id(order.call_id, order.at) for order in self._unstored.values()))
        return any(entry.startswith(call_id + ENTRY_MARK) for entry in entries)

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
        entry = entry_id(order.call_id, order.at)
        self._open[entry] = order.number
        if self._reading.locked():
            self._stored_meanwhile[entry] = order.number
        self._mirror.drop(key)
