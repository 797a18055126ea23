"""The wiring of what desktops see and ask for: the live feed, who has one open, what supervisors do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from acd.core.floor import Floor
from acd.runtime.announcements import Announcements
from acd.runtime.control_server import Stream
from acd.runtime.fact_stream import FactStream
from acd.runtime.feed import LiveFeed, View
from acd.runtime.feed_centre import centre_object
from acd.runtime.presence import Presence
from acd.runtime.shell import Shell
from acd.runtime.versions import Versions
from acd.runtime.walker import Walker
from acd.runtime.watchers import Watchers
from acd.runtime.world import GroupViews
from acd.settings.centre_now import CentreNow


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the desktops' parts make use of."""

    centre: CentreNow
    shell: Shell
    versions: Versions
    announcements: Announcements
    groups: GroupViews
    walker: Walker
    asterisk_is_up: Callable[[], bool]


class Desktop:
    """`feed` and `facts` observe the shell; `streams` are for the control socket."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        view = View(
            centre=self._centre,
            language=lambda: around.centre.system.language,
            step_of=around.walker.step_of,
            expected_wait=around.groups.expected_of_next,
        )
        self.feed = LiveFeed(self._floor, around.shell.clock, view)
        self.presence = Presence(around.shell.feed)
        self._watchers = Watchers(self.feed, self.presence)
        self.facts = FactStream(self._floor, around.shell.clock)

    @property
    def _floor(self) -> Floor:
        return self._around.shell.engine.floor

    def streams(self) -> Mapping[str, Stream]:
        """By the word that the request begins with."""
        return {"watch": self._watchers.serve, "facts": self.facts.serve}

    def _centre(self) -> Mapping[str, Any]:
        around = self._around
        return centre_object(
            self._floor,
            around.centre.system,
            around.announcements.picture(),
            version=around.versions.active.version,
            asterisk=around.asterisk_is_up(),
        )
