"""Which announcements are switched on. Kept over restarts; in effect for the next step of every call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from acd.core.ports import Mirror
from acd.errors import RequestRefused

log = structlog.get_logger(__name__)

_PREFIX = "announcement:"


@dataclass(frozen=True, slots=True)
class SwitchedOn:
    """By whom, since when and until when (engine seconds; None: until it is switched off)."""

    who: str
    since: float
    until: float | None = None


class Announcements:
    """`names` tells those of the active flows. One that is on and unknown there stays without effect."""

    def __init__(self, mirror: Mirror, clock: Callable[[], float], names: Callable[[], list[str]]) -> None:
        self._mirror = mirror
        self._clock = clock
        self._names = names
        self._on: dict[str, SwitchedOn] = {}

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Take up what the mirror kept."""
        for key, value in kept.items():
            if key.startswith(_PREFIX):
                try:
                    self._on[key.removeprefix(_PREFIX)] = SwitchedOn(**value)
                except TypeError as error:
                    log.error("kept announcement cannot be read", key=key, reason=str(error))

    def on(self) -> frozenset[str]:
        """Those that callers hear now."""
        return frozenset(name for name in self._names() if name in self._current())

    def switch_on(self, name: str, who: str, until: float | None = None) -> None:
        """Also to change until when. Raises RequestRefused for an unknown name or a time that has passed."""
        self._check(name)
        now = self._clock()
        if until is not None and until <= now:
            raise RequestRefused("too-late", f"{name}: the time until which it is to be heard has passed")
        self._on[name] = SwitchedOn(who, now, until)
        value = {"who": who, "since": now, "until": until}
        self._mirror.put(_PREFIX + name, value)
        log.info("announcement switched on", announcement=name, by=who, until=until)

    def switch_off(self, name: str, who: str) -> bool:
        """Tells whether it was on. Raises RequestRefused for a name that is neither known nor on."""
        if name not in self._on:
            self._check(name)
        was_on = name in self._current()
        self._on.pop(name, None)
        self._mirror.drop(_PREFIX + name)
        log.info("announcement switched off", announcement=name, by=who)
        return was_on

    def picture(self) -> list[dict[str, Any]]:
        """All of them, as plain data."""
        current = self._current()
        names = [*self._names(), *(name for name in current if name not in self._names())]
        return [self._shown(name, current.get(name)) for name in names]

    def _shown(self, name: str, on: SwitchedOn | None) -> dict[str, Any]:
        shown: dict[str, Any] = {"name": name, "on": on is not None, "known": name in self._names()}
        if on is not None:
            shown |= {"who": on.who, "since": on.since, "until": on.until}
        return shown

    def _current(self) -> dict[str, SwitchedOn]:
        now = self._clock()
        for name in [n for n, on in self._on.items() if on.until is not None and on.until <= now]:
            del self._on[name]
            self._mirror.drop(_PREFIX + name)
        return self._on

    def _check(self, name: str) -> None:
        names = self._names()
        if name not in names:
            known = ", ".join(names) or "none; they are written in ivr_flows/announcements.yml"
            raise RequestRefused(
                "unknown-announcement", f"there is no announcement {name!r}; there are: {known}"
            )
