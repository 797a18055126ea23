"""The wiring of what agents do with their calls: requests, the hands that carry them out, recordings."""

from __future__ import annotations

from pathlib import Path

from acd.core.calls import Call
from acd.core.ports import Mirror
from acd.runtime.call_desk import CallDesk
from acd.runtime.destinations import Destinations
from acd.runtime.outside_guard import OutsideGuard
from acd.runtime.shell import Shell
from acd.runtime.talk_recorder import TalkRecorder
from acd.runtime.versions import Versions
from acd.settings.centre_now import CentreNow
from acd.telephony.call_hands import CallHands
from acd.telephony.nodes import Nodes
from acd.telephony.switch import Switchboard
from acd.telephony.watch import Watch


class Steering:
    """`desk` answers requests and observes the shell."""

    def __init__(
        self,
        centre: CentreNow,
        shell: Shell,
        mirror: Mirror,
        versions: Versions,
        watch: Watch,
        nodes: Nodes,
        switch: Switchboard,
        recordings_dir: Path,
        guard: OutsideGuard | None = None,
    ) -> None:
        self._floor = shell.engine.floor
        self._mirror = mirror
        self._hands = CallHands(watch, nodes.link, switch, shell.feed, self._is_customers, self._dialled_on)
        self._recorder = TalkRecorder(centre, shell, self._hands, recordings_dir)
        to = Destinations(centre, self._floor, lambda: versions.active.flows, guard)
        self.desk = CallDesk(shell, self._hands, to, self._recorder, mirror)
        watch.also = self._hands.hear
        nodes.set_hands(self._hands)

    def _is_customers(self, call_id: str) -> bool:
        call = self._floor.calls.get(call_id)
        return call is not None and call.is_customers

    def _dialled_on(self, call_id: str) -> str | None:
        """The phone of the agent whose own call it is."""
        call: Call | None = self._floor.calls.get(call_id)
        if call is None or call.is_customers:
            return None
        agent = self._floor.agents.get(call.origin_agent or "")
        return None if agent is None else agent.phone

    def restore(self) -> None:
        """After a restart: what is not the engine's."""
        self.desk.restore(self._mirror.load())

    def take_up(self) -> None:
        """Recordings of calls that ended meanwhile."""
        self._recorder.take_up()

    def floor_is_known(self) -> None:
        """Asterisk was looked at."""
        self._hands.floor_is_known()
        self.desk.floor_is_known()

    async def stop(self) -> None:
        """Nothing of it goes on."""
        await self.desk.stop()
        await self._hands.stop()
        await self._recorder.stop()
