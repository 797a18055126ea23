"""Who has a desktop open, as those say who serve desktops."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from acd.core.events import DesktopClosed, DesktopOpened, Event


class Presence:
    """Several may say so of one agent, who is there as long as one of them does.

    A witness is whatever stands for a connection. `tell` hears of the first desktop of an agent and of the
    end of the last one.
    """

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._witnesses: dict[str, set[object]] = {}
        self._closed = False

    def here(self, witness: object, agents: Iterable[str]) -> None:
        """These have one open; the same may be said again."""
        for agent in agents:
            seen_by = self._witnesses.setdefault(agent, set())
            is_new = not seen_by
            seen_by.add(witness)
            if is_new and not self._closed:
                self._tell(DesktopOpened(agent))

    def gone(self, witness: object, agents: Iterable[str]) -> None:
        """These have none any more, here."""
        for agent in agents:
            seen_by = self._witnesses.get(agent, set())
            if witness not in seen_by:
                continue
            seen_by.discard(witness)
            if not seen_by:
                del self._witnesses[agent]
                if not self._closed:
                    self._tell(DesktopClosed(agent))

    def known(self, agents: Iterable[str]) -> None:
        """These agents are new: who has one open already was told of in vain."""
        for agent in agents:
            if agent in self._witnesses and not self._closed:
                self._tell(DesktopOpened(agent))

    def left(self, witness: object) -> None:
        """Nothing is heard from there any more."""
        self.gone(witness, [agent for agent, seen_by in self._witnesses.items() if witness in seen_by])

    def close(self) -> None:
        """We are going: that connections end now says nothing of the desktops."""
        self._closed = True
