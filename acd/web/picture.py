"""The live picture as this process holds it: keys such as `agent:anna`, each with a JSON object.

What the objects have in them is in docs/api.md. All but the figures comes from the controller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Object = Mapping[str, Any]
Listener = Callable[[Mapping[str, Object], list[str]], None]
"""Is told what was set, and the keys that are gone."""


class Picture:
    """`objects` is read by everybody and written only here."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tell it of every change from now on."""
        self._listeners.append(listener)

    def change(self, new: Mapping[str, Object], gone: Iterable[str] = ()) -> None:
        """What differs from what is held is told to the listeners, in one piece."""
        objects = self.objects
        changed = {key: value for key, value in new.items() if objects.get(key) != value}
        dropped = [key for key in gone if key in objects]
        for key in dropped:
            del objects[key]
        objects.update(changed)
        if changed or dropped:
            for listener in self._listeners:
                listener(changed, dropped)

    def replace(self, new: Mapping[str, Object], *, but: str) -> None:
        """All that there is now, but for the keys that begin with `but`."""
        gone = [key for key in self.objects if key not in new and not key.startswith(but)]
        self.change(new, gone)
