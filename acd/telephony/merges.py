"""Consultations that became part of another call.

When an agent joins the caller with a consultation, the caller can come to stand where the dialplan
carries the consultation's id. The channel is given the right one at once, but a question may be under
way with the old, and the controller may be killed before the channel has heard: so it is remembered
in the mirror for as long as the call lives, or may turn out to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acd.core.ports import Mirror

PREFIX = "merged:"


class Merges:
    """Consultation → the call that took its place."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._into: dict[str, str] = {}

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Take up what the mirror kept; what belongs to no call that is kept is dropped."""
        for key, value in kept.items():
            if not key.startswith(PREFIX):
                continue
            if f"call:{value['into']}" in kept or f"lost:{value['into']}" in kept:
                self._into[key.removeprefix(PREFIX)] = value["into"]
            else:
                self._mirror.drop(key)

    def current(self, call_id: str) -> str:
        """The call that goes by this id now."""
        return self._into.get(call_id, call_id)

    def add(self, consult_id: str, call_id: str) -> None:
        """`call_id` takes the place of the consultation, and of what was part of that already."""
        for old in [consult_id, *(old for old, into in self._into.items() if into == consult_id)]:
            self._into[old] = call_id
            self._mirror.put(PREFIX + old, {"into": call_id})

    def forget(self, call_id: str) -> None:
        """The call has ended."""
        for old in [old for old, into in self._into.items() if into == call_id]:
            del self._into[old]
            self._mirror.drop(PREFIX + old)
