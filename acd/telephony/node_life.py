"""Of several Asterisk nodes one: whether it is dead, and what that means; see docs/adr/0054."""

from __future__ import annotations

import asyncio

import structlog

from acd.core import events
from acd.core.calls import CallState
from acd.core.floor import Floor
from acd.core.ports import Feed
from acd.telephony.ami import AmiLink
from acd.telephony.node_names import as_told
from acd.telephony.phone_watch import REACHABLE_STATES
from acd.telephony.switch import Switchboard
from acd.telephony.watch import Watch

log = structlog.get_logger(__name__)

LOST_AFTER_S = 12.0
"""One of which nothing is heard for so long counts as dead, unless a channel of its answers us."""
UNKNOWN_LOST_AFTER_S = 30.0
"""Likewise where no channel can be asked: it may live, and all its callers be in a talk."""
BUSY_LOST_AFTER_S = 120.0
"""Likewise where a channel has something to do for us, a recording or a long prompt, and says nothing before
that is done."""
REFUSED_LOST_AFTER_S = 3.0
"""Likewise where its machine answers, and nobody listens there."""
ACTION_LIMIT_S = 2.0
"""So long an action may take: calls elsewhere do not wait for a node that is stalled."""
PHONES_ASKED_FOR = 100


class NodeLife:
    """`calls_lost`: how many have died with the node since the start."""

    def __init__(self, link: AmiLink, switch: Switchboard, watch: Watch, feed: Feed, floor: Floor) -> None:
        self._link = link
        self._node = link.node
        self._switch = switch
        self._watch = watch
        self._feed = feed
        self._floor = floor
        self._away_since: float | None = None  # the loop's time
        self._lost_at: float | None = None  # likewise
        self.calls_lost = 0
        link.limit_s = ACTION_LIMIT_S

    def is_away(self) -> None:
        """From now on, or still."""
        if self._away_since is None:
            self._away_since = asyncio.get_running_loop().time()

    async def is_back(self) -> None:
        """The manager interface answers: of the Asterisk that had our calls, or of another one.

        That has never had a heartbeat of ours. Raises TelephonyError.
        """
        await self._link.ping()
        answer = await self._link.action("Getvar", Variable="ACD_HEARTBEAT")
        if not str(answer.get("Value", "")):
            alive = self._switch.asking_since(self._node, self._away_since or 0.0)
            self._lose("it was started again", alive)
            self._feed(events.FloorSeen(alive, node=self._node))  # they are gone for good
        self._away_since = self._lost_at = None

    async def give_up(self) -> None:
        """One of which nothing is heard for long counts as dead. Its channels know better, if any asks us."""
        if self._away_since is None:
            return
        heard_at, refused = self._switch.heard_at(self._node), self._link.refused
        if self._lost_at is not None and heard_at <= self._lost_at:
            return
        self._lost_at = None  # it lives after all, and may yet die
        silent_s = asyncio.get_running_loop().time() - max(self._away_since, heard_at)
        if silent_s < (REFUSED_LOST_AFTER_S if refused else LOST_AFTER_S):
            return
        answers = await self._switch.still_asks(self._node)
        if answers or self._link.up or self._switch.heard_at(self._node) > heard_at:
            return
        unknown_s = BUSY_LOST_AFTER_S if self._switch.is_busy_at(self._node) else UNKNOWN_LOST_AFTER_S
        if answers is False or refused or silent_s >= unknown_s:
            self._lose(f"nothing has been heard of it for {silent_s:.0f} s", frozenset())

    def _lose(self, why: str, alive: frozenset[str]) -> None:
        """Its calls are over, but these, which have come since it was there last."""
        self._lost_at = asyncio.get_running_loop().time()
        ours = [c for c in self._floor.calls.values() if c.node == self._node and c.id not in alive]
        lost = sum(call.state is not CallState.ENDED for call in ours)
        self.calls_lost += lost
        if lost:
            log.warning("an Asterisk node is dead", node=self._node, why=why, calls_lost=lost)
        self._feed(events.NodeSuspended(self._node))
        self._feed(events.FloorSeen(alive, node=self._node, lost=True))
        self._switch.let_go(self._node, alive)
        self._watch.node_is_lost(self._node, alive)

    async def ask_for_phones(self) -> None:
        """Those that other nodes can ring: just after its start Asterisk may not tell that one is there.

        Raises TelephonyError.
        """
        for phone in self._watch.lacking(self._node)[:PHONES_ASKED_FOR]:
            answer = await self._link.action("Getvar", Variable=f"DEVICE_STATE(PJSIP/{phone})")
            state = str(answer.get("Value", ""))
            if state in REACHABLE_STATES:
                told = {"Event": "DeviceStateChange", "Device": f"PJSIP/{phone}", "State": state}
                self._watch.on_event(as_told(told, self._node))
