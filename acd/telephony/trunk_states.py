"""Whether each trunk can be used: what Asterisk says of its registration and of its server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence

import structlog

from acd.core.ports import TrunkSeen, TrunkState
from acd.errors import TelephonyError
from acd.settings.outside import TrunkSpec
from acd.telephony.ami import AmiLink
from acd.telephony.dial_string import TRUNK_PREFIX
from acd.telephony.phone_watch import REACHABLE_STATES

log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 2.0
FAULTS = frozenset({TrunkState.REJECTED, TrunkState.UNREACHABLE})
_ORDER = (
    TrunkState.REGISTERED,
    TrunkState.REACHABLE,
    TrunkState.INCOMING_ONLY,
    TrunkState.REGISTERING,
    TrunkState.UNKNOWN,
    TrunkState.REJECTED,
    TrunkState.UNREACHABLE,
)


class TrunkBoard:
    """`seen`: trunk → its state at the last look. Only trunks with a server are asked about.

    `links`: one for each Asterisk. Where there are several, a trunk is as the one has it that does best.
    """

    def __init__(self, trunks: Iterable[TrunkSpec], links: Sequence[AmiLink]) -> None:
        self._trunks = {trunk.id: trunk for trunk in trunks}
        self._links = links
        self._at: dict[tuple[str, str], TrunkState] = {}  # trunk, node
        self.seen: dict[str, TrunkSeen] = {trunk.id: _unseen(trunk) for trunk in self._trunks.values()}

    def change(self, trunks: Iterable[TrunkSpec]) -> None:
        """Other trunks from now on; what is known of those that stay is kept."""
        before = self.seen
        self._trunks = {trunk.id: trunk for trunk in trunks}
        self.seen = {trunk.id: before.get(trunk.id, _unseen(trunk)) for trunk in self._trunks.values()}

    async def run(self) -> None:
        """For ever: look, while Asterisk is there."""
        while True:
            await asyncio.sleep(LOOK_INTERVAL_S)
            asked = any(trunk.server is not None for trunk in self._trunks.values())
            if asked:
                await asyncio.gather(*(self._try_to_look(link) for link in self._links if link.up))

    async def _try_to_look(self, link: AmiLink) -> None:
        try:
            await self.look(link)
        except TelephonyError as error:
            log.debug("cannot look at the trunks", reason=str(error))

    async def look(self, link: AmiLink) -> None:
        """Ask now. Raises TelephonyError."""
        registrations = {
            str(event.get("ObjectName", "")): str(event.get("Status", ""))
            for event in await link.list_action("PJSIPShowRegistrationsOutbound")
            if event.get("Event") == "OutboundRegistrationDetail"
        }
        for trunk in self._trunks.values():
            if trunk.server is not None:
                name = f"{TRUNK_PREFIX}{trunk.id}"
                # What PJSIPShowContacts would say; that needs the right to shut Asterisk down.
                answer = await link.action("Getvar", Variable=f"DEVICE_STATE(PJSIP/{name})")
                device = str(answer.get("Value", ""))
                self._note(trunk.id, link.node, state_of(trunk, registrations.get(name, ""), device))

    def _note(self, trunk_id: str, node: str, told: TrunkState) -> None:
        if trunk_id not in self.seen:
            return  # a reload has taken it away meanwhile
        if node and told in FAULTS and self._at.get((trunk_id, node)) not in FAULTS:
            log.warning("trunk", trunk=trunk_id, node=node, state=told.value)
        self._at[trunk_id, node] = told
        there = [link.node for link in self._links if link.up]
        known = [self._at[trunk_id, name] for name in there if (trunk_id, name) in self._at]
        state = min(known, key=_ORDER.index, default=told)
        before = self.seen[trunk_id].state
        if state is before:
            return
        self.seen[trunk_id] = TrunkSeen(state, time.time())
        report = log.warning if state in FAULTS else log.info
        report("trunk", trunk=trunk_id, state=state.value, before=before.value)


def _unseen(trunk: TrunkSpec) -> TrunkSeen:
    state = TrunkState.UNKNOWN if trunk.server is not None else TrunkState.INCOMING_ONLY
    return TrunkSeen(state, time.time())


def state_of(trunk: TrunkSpec, registration: str, device: str) -> TrunkState:
    """From Asterisk's words. A server that does not answer explains a registration that fails."""
    if trunk.registration is not None and registration == "Registered":
        return TrunkState.REGISTERED
    if device == "UNAVAILABLE":
        return TrunkState.UNREACHABLE
    if trunk.registration is not None:
        rejected = registration in ("Rejected", "Stopped")
        return TrunkState.REJECTED if rejected else TrunkState.REGISTERING
    return TrunkState.REACHABLE if device in REACHABLE_STATES else TrunkState.UNKNOWN
