"""What the running controller answers of itself: the live picture, trunks, health."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acd.core.calls import CallState
from acd.core.ports import Refusal
from acd.errors import RequestRefused
from acd.records.store import RecordStore
from acd.records.writer import RecordWriter
from acd.runtime.agent_desk import AgentDesk
from acd.runtime.announcements import Announcements
from acd.runtime.control import Handler, Request, text_of
from acd.runtime.outside_guard import OutsideGuard
from acd.runtime.shell import Shell
from acd.runtime.status import picture
from acd.runtime.trunk_list import trunk_list
from acd.runtime.versions import Versions
from acd.runtime.walker import Walker
from acd.settings.centre_now import CentreNow
from acd.state.live import LiveMirror
from acd.telephony.front_keeper import FrontKeeper
from acd.telephony.nodes import Nodes
from acd.telephony.switch import Switchboard
from acd.telephony.trunk_states import TrunkBoard


@dataclass(frozen=True, slots=True)
class Answers:
    """`handlers` are for the control socket, `health` for the health page."""

    centre: CentreNow
    shell: Shell
    switch: Switchboard
    nodes: Nodes
    mirror: LiveMirror
    writer: RecordWriter
    store: RecordStore
    versions: Versions
    announcements: Announcements
    trunks: TrunkBoard
    walker: Walker
    guard: OutsideGuard
    front: FrontKeeper | None = None

    def handlers(self) -> dict[str, Handler]:
        """By the word that the request begins with."""
        return {
            "status": self._status,
            "trunks": self._trunk_states,
            "health": lambda _request: self.health(),
            "hang-up-all": self._hang_up_all,
            "nodes": lambda _request: {"nodes": self.nodes.picture()},
            "drain-node": self._drain_node,
            **AgentDesk(self.centre, self.shell).handlers(),
        }

    def health(self) -> Mapping[str, Any]:
        """Whether calls are routed, and what is the matter where not."""
        floor, live = self.shell.engine.floor, self.mirror.facts()
        return {
            "ok": self.nodes.up and not floor.suspended and self.mirror.safe,
            "asterisk": self.nodes.up,
            "dispatching": not floor.suspended,
            "records_waiting": self.writer.pending,
            "records_on_disk": self.writer.on_disk,
            "records_database": self.store.is_open and not self.writer.away,
            "records_away_s": round(self.writer.away_s),
            "live_state_on_disk": live["on_disk"],
            "live_state_in_redis": live["in_redis"],
            "flows_kept": self.versions.is_kept,
            "calls": len(floor.calls),
            **({"nodes": nodes} if (nodes := self.nodes.picture()) else {}),
            "trunks": {trunk: str(seen.state) for trunk, seen in self.trunks.seen.items()},
            "tasks": len(asyncio.all_tasks()),
            "open_files": len(os.listdir("/proc/self/fd")),
        }

    def _status(self, _request: Request) -> Mapping[str, Any]:
        system = self.centre.system
        return {
            "centre": system.name,
            "pid": os.getpid(),
            "live_state": self.mirror.facts(),
            "records": {
                "waiting": self.writer.pending,
                "on_disk": self.writer.on_disk,
                "away_s": round(self.writer.away_s),
            },
            "version": {
                "number": self.versions.entry.number,
                "version": self.versions.active.version,
                "kept": self.versions.is_kept,
            },
            "outside": self.guard.picture(),
            "nodes": self.nodes.picture(),
            "announcements": [a for a in self.announcements.picture() if a["on"]],
            **picture(
                self.shell.engine.floor,
                self.shell.clock(),
                self.walker.step_of,
                asterisk=self.nodes.up,
                language=system.language,
            ),
        }

    def _trunk_states(self, _request: Request) -> Mapping[str, Any]:
        floor = self.shell.engine.floor
        return {"trunks": trunk_list(self.centre, floor, self.trunks.seen, asterisk=self.nodes.up)}

    async def _drain_node(self, request: Request) -> Mapping[str, Any]:
        """{"do": "drain-node", "node": NAME, "drained": true|false, "by_kamailio": true|false}.

        Raises RequestRefused, also where who asks knows of a Kamailio (`by_kamailio`) and we do not: it would
        go on giving calls. `untold`: why a Kamailio does not know it yet, a line each; it is told again until
        it does.
        """
        if request.get("by_kamailio") is True and self.front is None:
            raise RequestRefused(
                "no-kamailio",
                "the controller knows of no Kamailio, which would go on giving calls to nodes as before:"
                " nothing was done. ACD_KAMAILIO is to be the same for controllers and commands: set it for"
                " the controllers, too, and start them again",
            )
        self.nodes.drain(text_of(request, "node"), drained=request.get("drained") is True)
        untold = [] if self.front is None else await self.front.tell()
        return {"nodes": self.nodes.picture(), "untold": untold}

    def _hang_up_all(self, _request: Request) -> Mapping[str, Any]:
        """Before Asterisk is stopped on purpose: end the calls while somebody keeps their record."""
        calls = [c.id for c in self.shell.engine.floor.calls.values() if c.state is not CallState.ENDED]
        for call_id in calls:
            self.switch.hang_up(call_id, Refusal.NORMAL)
        return {"calls": len(calls)}
