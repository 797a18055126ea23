"""What a fault is done to: the centre on its hosts, its load, and what has been found so far."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

from bench.faults.load import LOOK_S
from bench.hosts.centre import HostsCentre
from bench.hosts.kinds import Window
from bench.hosts.load import HostsLoad
from tests.integration.centre import wait_until
from tests.integration.sip.waiting import WaitedTooLong

KEEP_S = 0.2
WHOLE_LIMIT_S = 90.0
STARTED_LIMIT_S = 60.0
ANSWERED_LIMIT_S = 30.0


@dataclass(slots=True)
class Stage:
    """`windows`: when what was cut off or dead. `dropped`: packets, by all filters so far."""

    centre: HostsCentre
    load: HostsLoad
    chance: random.Random
    windows: list[Window] = field(default_factory=list)
    dropped: int = 0

    def note_dropped(self, hosts: set[str]) -> None:
        """How many packets the filters have dropped until now, before their rules go."""
        self.dropped += sum(self.centre.network.dropped_packets(host) for host in hosts)

    async def keep(self) -> None:
        """For ever: what has ended is started again, and phones register at a node that is new."""
        lacking: set[str] = set()
        while True:
            await asyncio.sleep(KEEP_S)
            lacking |= set(await asyncio.to_thread(self.centre.keep))
            for node in sorted(lacking):
                if await self.load.at_both.register_at(node):
                    lacking.discard(node)

    async def until_started(self, node: str) -> None:
        """Wait until a node's process runs again."""
        await asyncio.to_thread(
            wait_until, lambda: self.centre.asterisks[node].poll() is None, STARTED_LIMIT_S, f"node {node}"
        )

    async def until_whole(self) -> None:
        """One leads and the other sees it, all nodes are known, nothing waits, and a call is answered.

        Raises WaitedTooLong.
        """
        limit = time.monotonic() + WHOLE_LIMIT_S
        why = "nobody has been asked"
        while time.monotonic() < limit:
            why = await self.centre.why_not_whole()
            if not why:
                break
            await asyncio.sleep(LOOK_S)
        else:
            raise WaitedTooLong(f"the centre is not whole {WHOLE_LIMIT_S:g} s after a fault: {why}")
        self.load.answered.clear()
        try:
            async with asyncio.timeout(ANSWERED_LIMIT_S):
                await self.load.answered.wait()
        except TimeoutError:
            raise WaitedTooLong(
                f"no call was answered within {ANSWERED_LIMIT_S:g} s of a whole centre"
            ) from None
