"""The live picture as a stream of differences, for those who watch: pages of agents and supervisors.

Whatever changes on the floor marks a key, which costs next to nothing, and nothing at all while nobody
watches. What was marked is looked at together a few milliseconds later, put into words once, and sent to
every watcher, if it is not as before.

    {"now_s": …, "feed": FEED, "seq": N, "set": {KEY: OBJECT, …}, "drop": [KEY, …]}

Lines are counted, from each start of a controller, which has a FEED of its own: who hears them by another
way (`channel`) as they are published asks only for the heartbeat, and notices what is missing.

Keys are `centre`, `group:ID`, `agent:ID`, `call:ID`, and those that others keep here (`keep`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import structlog

from acd.core.agents import Agent
from acd.core.calls import Call
from acd.core.floor import Floor
from acd.runtime.feed_look import FeedLook, View

log = structlog.get_logger(__name__)

GATHER_S = 0.005
HEARTBEAT_S = 1.0
FORGET_AFTER_S = 10.0
"""So long what has been looked at is kept up for a first watcher who has lost patience."""

Take = Callable[[bytes], None]


class LiveFeed(FeedLook):
    """An observer of the shell's; see the module. Takers of lines must not wait and must not raise."""

    def __init__(self, floor: Floor, clock: Callable[[], float], view: View) -> None:
        super().__init__(floor, clock, view)
        self._takers: list[Take] = []
        self._quiet: list[Take] = []  # those who hear the heartbeat alone
        self._joining: list[Take] = []  # those who wait until everything has been looked at
        self._watched = False
        self._id = secrets.token_hex(8)
        self._seq = 0
        self._publish: Take = _nowhere
        self._channel: Mapping[str, Any] | None = None
        self._stumbled = False  # the last look failed as a whole
        self._timer: asyncio.TimerHandle | None = None
        self.on_places_due = self.flush

    # --- what changes -------------------------------------------------------------------------
    def agent_changed(self, agent: Agent) -> None:
        """See `Observer`."""
        if self._watched:
            self._agents[agent.id] = None
            self._arm()

    def agent_forgotten(self, agent: str) -> None:
        """See `Observer`."""
        if self._watched:
            self._agents[agent] = None
            self._arm()

    def phone_changed(self, phone: str) -> None:
        """See `Observer`."""
        if self._watched and (agent := self._floor.agent_on(phone)) is not None:
            self.agent_changed(agent)

    def call_changed(self, call: Call) -> None:
        """See `Observer`."""
        if self._watched:
            self._calls[call.id] = None
            if call.origin_agent is not None:  # which of two own calls is shown with the agent
                self._agents[call.origin_agent] = None
            self._arm()

    def call_merged(self, call_id: str) -> None:
        """See `Observer`."""
        if self._watched:
            self._calls[call_id] = None
            self._arm()

    def keep(self, key: str, value: Mapping[str, Any] | None) -> None:
        """An object that is not of the floor; None takes it away."""
        if value is None:
            self._kept.pop(key, None)
        else:
            self._kept[key] = value
        if self._watched:
            self._others[key] = None
            self._arm()

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._fire)

    # --- who watches --------------------------------------------------------------------------
    def join(self, take: Take) -> None:
        """From here on: everything at once, and then what changes.

        In a large centre nobody has looked at for a while that is a moment later.
        """
        is_first = not self._watched
        self._watched = True
        # The others must not hear twice what this one hears at first, and not miss it after a fault.
        self.flush(even_empty=is_first or self._stumbled)
        for takers in (self._quiet, self._joining):
            if take in takers:
                takers.remove(take)
        if self._has_more:
            self._joining.append(take)
        else:
            self._tell_everything(take)

    def _tell_everything(self, take: Take) -> None:
        if take not in self._takers:
            self._takers.append(take)
        everything = {key: orjson.Fragment(value) for key, value in self._told.items() if value}
        told = {"ok": True, **self._count(), "all": everything}
        take(_line(told if self._channel is None else {**told, "published": self._channel}))

    def quieten(self, take: Take) -> None:
        """One who watches hears the changes elsewhere, and from here the heartbeat alone, until it joins."""
        if take in self._takers:
            self._takers.remove(take)
            self._quiet.append(take)
            take(_line(self._count()))

    def publish(self, take: Take, channel: Mapping[str, Any]) -> None:
        """Each change there, too; who joins is told of the channel."""
        self._publish, self._channel = take, channel

    def _count(self) -> dict[str, Any]:
        return {"now_s": self._clock(), "feed": self._id, "seq": self._seq}

    def leave(self, take: Take) -> None:
        """No more; leaving twice is harmless."""
        had_to_wait = take in self._joining
        for takers in (self._takers, self._quiet, self._joining):
            if take in takers:
                takers.remove(take)
        self._watched = bool(self._takers or self._quiet or self._joining)
        if had_to_wait and not self._watched:  # it comes again, and is not to wait from the beginning
            self._watched = True
            asyncio.get_running_loop().call_later(FORGET_AFTER_S, self._forget_unwatched)
        if not self._watched:
            self._forget()

    def _forget_unwatched(self) -> None:
        if not (self._takers or self._quiet or self._joining):
            self._watched = False
            self._forget()

    def _forget(self) -> None:
        """Nobody watches: nothing is kept that would have to be kept up."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._stumbled = None, False
        self._drop_all()

    async def run(self) -> None:
        """For ever: the heartbeat, with what nobody says when it changes."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.beat()

    def beat(self) -> None:
        """A line for every watcher, even an empty one."""
        if not self._watched:
            return
        self._others["centre"] = None
        if self._figures is not None:
            self._forecast()
            lines = self._floor.router.lines
            # Where rates of ageing differ, places change by time alone.
            self._lines.update({group: None for group, line in lines.items() if len(line.lanes) > 1})
        self.flush(even_empty=True)

    # --- telling ------------------------------------------------------------------------------
    def _fire(self) -> None:
        self._timer = None
        self.flush()

    def flush(self, *, even_empty: bool = False) -> None:
        """Tell what was marked.

        An object that cannot be made is left out until it changes again. A fault of the look as a whole is
        logged once; watchers get everything anew, tried at each heartbeat.
        """
        if not self._watched:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._stumbled and not even_empty:
            return
        try:
            lost: list[str] = []
            if self._figures is None or self._router is not self._floor.router:
                lost = self._mark_everything()
            changed, gone = self._tell(self._look())
            gone += lost
        except Exception:
            if not self._stumbled:
                log.exception("what has changed cannot be told")
            self._figures, self._stumbled = None, True
            return
        self._stumbled = False
        if (changed or gone or even_empty) and (self._takers or self._quiet):
            self._send(changed, gone, is_beat=even_empty)
        if self._has_more:
            self._arm()
        else:
            joining, self._joining = self._joining, []
            for take in joining:
                self._tell_everything(take)

    def _send(self, changed: Mapping[str, orjson.Fragment], gone: list[str], *, is_beat: bool) -> None:
        self._seq += 1
        line = _line({**self._count(), "set": changed, "drop": gone})
        for take in list(self._takers):
            take(line)
        self._publish(line)
        if is_beat and self._quiet:
            beat = _line(self._count())
            for take in list(self._quiet):
                take(beat)


def _nowhere(_line: bytes) -> None:
    pass


def _line(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
