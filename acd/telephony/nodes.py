"""All Asterisk nodes side by side: the link and bond of each, and what holds for them together.

Each node is suspended by itself. Dispatch as a whole is suspended only while no node is known. Where there is
only one, without a name, all of this is that one's bond.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from acd.core import events
from acd.core.calls import CallState
from acd.core.floor import Floor
from acd.core.ports import Feed, Mirror
from acd.errors import RequestRefused, TelephonyError
from acd.telephony.ami import AmiLink, Link
from acd.telephony.bond import Bond, Mark
from acd.telephony.doubtful_ends import End
from acd.telephony.exchange import Exchange
from acd.telephony.fresh_look import Found
from acd.telephony.node_names import node_of
from acd.telephony.switch import Switchboard
from acd.telephony.watch import Watch

log = structlog.get_logger(__name__)

GRACE_S = 2.0
"""After the first node is known the others have so long, before its callers are served without theirs."""
KEPT = "drained-nodes"
AWAY = "nodes-away"


@dataclass(frozen=True, slots=True)
class Node:
    """One of them; `name` is '' where there is only one."""

    name: str
    link: AmiLink
    bond: Bond


class Nodes:
    """`drained`: nodes that are to be given no new calls. The last ones are kept over a restart.

    So are those that are away while others are there, for whom nobody waits after a take-over either.
    """

    def __init__(self, nodes: Iterable[Node], watch: Watch, feed: Feed, floor: Floor, mirror: Mirror) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._watch = watch
        self._feed = feed
        self._floor = floor
        self._mirror = mirror
        self._grace: asyncio.TimerHandle | None = None
        self._gone: frozenset[str] = frozenset()
        self._missing: asyncio.TimerHandle | None = None
        self.drained: set[str] = set()
        self.on_known: Callable[[], None] = lambda: None
        watch.clocks = {node.name: node.link.clock for node in self.all}
        only = self._nodes.get("")
        self.link: Link = only.link if only is not None else Exchange({n.name: n.link for n in self.all})
        if only is None:
            watch.nodes_up = set()

    @property
    def all(self) -> tuple[Node, ...]:
        """In the order in which they are named."""
        return tuple(self._nodes.values())

    @property
    def names(self) -> frozenset[str]:
        """None where there is only one."""
        return frozenset(self._nodes) - {""}

    @property
    def up(self) -> bool:
        """Whether any Asterisk can be talked to."""
        return any(node.link.up for node in self.all)

    def attach(self, switch: Switchboard) -> None:
        """Before anything else."""
        for node in self.all:
            node.bond.attach(node.link, switch)
            node.bond.on_known = self._known
            node.bond.on_away = self._away
        self._watch.keeps_end = self._doubts_end
        switch.sees = lambda name: name in self._nodes and self._nodes[name].bond.known
        if not self.names:
            return
        switch.nodes = self.names
        switch.pick_node = self.pick
        switch.hears_keys_at = lambda name: name in self._nodes and self._nodes[name].link.up
        switch.on_node = lambda call_id, name: self._feed(events.CallOnNode(call_id, name))
        self._watch.on_queue_join = self._strayed

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Which nodes are drained, and which were away. Before agents and calls are known."""
        self.drained = set(kept.get(KEPT, {}).get("names", ())) & self.names
        self._gone = self.names & set(kept.get(AWAY, {}).get("names", ()))
        for name in sorted(self.names):
            self._feed(events.NodeSuspended(name))

    def took_up(self) -> None:
        """After calls are known: those of nodes that there are no longer, or not yet, are lost with them."""
        foreign = {call.node for call in self._floor.calls.values()} - set(self._nodes)
        for name in sorted(foreign if self.names else ()):
            self._feed(events.FloorSeen(frozenset(), node=name, lost=True))

    # --- together -----------------------------------------------------------------------------
    def running(self) -> list[Any]:
        """What runs for ever."""
        return [work for node in self.all for work in (node.link.run(), node.bond.keep())]

    def set_lease(self, lease_s: float) -> None:
        """See `Bond.lease_s`."""
        for node in self.all:
            node.bond.lease_s = lease_s

    def set_hands(self, hands: Found) -> None:
        """See `Bond.hands`."""
        for node in self.all:
            node.bond.hands = hands

    def lead_as(self, mark: Mark) -> None:
        """See `Bond.leads_as`."""
        for node in self.all:
            node.bond.leads_as = mark

    def frozen(self) -> None:
        """We stood still: what we believe is old."""
        for node in self.all:
            if node.name:
                node.bond.known = False
                self._feed(events.NodeSuspended(node.name))
            node.bond.frozen()

    async def say_goodbye(self) -> None:
        """An orderly stop; see `Bond`."""
        await asyncio.gather(*(node.bond.say_goodbye() for node in self.all))

    async def stop(self) -> None:
        """Nothing of theirs goes on."""
        self._end_grace()
        if self._missing is not None:
            self._missing.cancel()
        for node in self.all:
            await node.bond.stop()

    def _known(self) -> None:
        known = self._names_known()
        self._note_gone(self._gone - known)
        if self.names and self._floor.suspended:
            if known | self._gone >= self.names:
                self._resume()
            elif self._grace is None:
                self._grace = asyncio.get_running_loop().call_later(GRACE_S, self._resume)
            return
        self.on_known()

    def _resume(self) -> None:
        self._end_grace()
        if self._floor.suspended and any(node.bond.known for node in self.all):
            self._note_gone(self.names - self._names_known())
            self._feed(events.DispatchResumed())
            self.on_known()

    def _end_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def _away(self) -> None:
        if not any(node.bond.known for node in self.all):
            self._end_grace()
            self._feed(events.DispatchSuspended())
        if self._missing is None:
            self._missing = asyncio.get_running_loop().call_later(GRACE_S, self._look_who_is_missing)

    def _look_who_is_missing(self) -> None:
        """Some time after one went: where all did, they are waited for together when they come back."""
        self._missing = None
        if not self._floor.suspended:
            self._note_gone(self.names - self._names_known())

    def _names_known(self) -> frozenset[str]:
        return frozenset(node.name for node in self.all if node.bond.known)

    def _note_gone(self, names: frozenset[str]) -> None:
        if names != self._gone:
            self._gone = names
            self._mirror.put(AWAY, {"names": sorted(names)})

    def _strayed(self, channel: str, is_late: bool) -> None:
        node = self._nodes.get(node_of(channel))
        if node is not None:
            node.bond.caller_strayed(channel, is_late)

    def _doubts_end(self, channel: str, told: Sequence[End], now: float) -> bool:
        node = self._nodes.get(node_of(channel))
        return node is not None and node.bond.doubts_end(told, now)

    # --- which one ----------------------------------------------------------------------------
    def pick(self, phone: str | None) -> str:
        """For a call of ours to this phone, or outside: of those that are there the one with fewest calls.

        One that is drained only where there is no other. Raises TelephonyError: none can.
        """
        known = [node.name for node in self.all if node.bond.known and node.link.up]
        if phone is not None:
            with_phone = self._watch.nodes_with(phone)
            known = [name for name in known if name in with_phone]
        if not known:
            raise TelephonyError("no Asterisk node can make this call now")
        calls = self._calls()
        return min(known, key=lambda name: (name in self.drained, calls.get(name, 0)))

    def _calls(self) -> dict[str, int]:
        counts = dict.fromkeys(self._nodes, 0)
        for call in self._floor.calls.values():
            if call.state is not CallState.ENDED and call.node in counts:
                counts[call.node] += 1
        return counts

    def drain(self, name: str, *, drained: bool) -> None:
        """Whether it is to be given new calls. Raises RequestRefused for a name that there is not."""
        if name not in self.names:
            there = ", ".join(sorted(self.names)) or "only one Asterisk, without a name"
            raise RequestRefused("unknown-node", f"there is no Asterisk node {name!r}; there are: {there}")
        (self.drained.add if drained else self.drained.discard)(name)
        self._mirror.put(KEPT, {"names": sorted(self.drained)})
        log.info("an Asterisk node is drained, or no longer", node=name, drained=drained)

    def picture(self) -> list[dict[str, Any]]:
        """Of each node that has a name: whether it is there, its calls, the phones that it can ring."""
        calls = self._calls()
        phones = self._watch.phones_by_node()
        return [
            {
                "name": node.name,
                "up": node.link.up,
                "known": node.bond.known,
                "drained": node.name in self.drained,
                "calls": calls[node.name],
                "phones": phones.get(node.name, 0),
                "lost": 0 if node.bond.life is None else node.bond.life.calls_lost,
            }
            for node in self.all
            if node.name
        ]
