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
from acd.telephony.switch import Switchboard
from acd.telephony.watch import REACHABLE_STATES, Watch

log = structlog.get_logger(__name__)

LOST_AFTER_S = 12.0
"""One that is out of reach for so long counts as dead, unless its channels still ask us."""
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
        self._is_lost = False
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
            self._lose("it was started again")
        self._away_since, self._is_lost = None, False

    async def give_up(self) -> None:
        """One that is away for long counts as dead. Its channels know better, if any of them asks us."""
        if self._is_lost or self._away_since is None:
            return
        away_s = asyncio.get_running_loop().time() - self._away_since
        if away_s < (REFUSED_LOST_AFTER_S if self._link.refused else LOST_AFTER_S):
            return
        if not await self._switch.still_asks(self._node) and not self._link.up:
            self._lose(f"it has been away for {away_s:.0f} s")

    def _lose(self, why: str) -> None:
        """Its calls are over; those that have come since it was there last are not among them."""
        self._is_lost = True
        alive = self._switch.asking_since(self._node, self._away_since or 0.0)
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
