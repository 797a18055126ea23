"""What Kamailio in front refuses, counted as what Asterisk does: strangers never get as far as a node there.

Each Kamailio is asked by itself and beside all else, so that one that is away delays nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

import structlog

from acd.errors import OperatorError
from acd.telephony.front import Front
from acd.telephony.scans import STRANGER, WRONG_ADDRESS, WRONG_PASSWORD

log = structlog.get_logger(__name__)

ASK_EVERY_S = 5.0
KINDS: Mapping[str, str] = {
    "unknown": STRANGER,
    "wrong_password": WRONG_PASSWORD,
    "wrong_address": WRONG_ADDRESS,
    "scanner": STRANGER,
    "flood": STRANGER,
    "malformed": STRANGER,
}
"""By Kamailio's kind that of `ScanBook`."""


class FrontScans:
    """`fronts`: each Kamailio that is known by now. `add(kind, count)` is told of so many more, by `KINDS`.

    What a Kamailio had refused before it first answered is left out: nobody knows how long ago it was.
    """

    def __init__(self, fronts: Callable[[], Iterable[Front]], add: Callable[[str, int], None]) -> None:
        self._fronts = fronts
        self._add = add
        self._before: dict[str, Mapping[str, int]] = {}
        self._problems: dict[str, str] = {}

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.look()
            await asyncio.sleep(ASK_EVERY_S)

    async def look(self) -> None:
        """Ask each once, and add what it has refused since the last time."""
        await asyncio.gather(*(self._look_at(front) for front in self._fronts()))

    async def _look_at(self, front: Front) -> None:
        where, problem, fault = front.where, "", None
        try:
            refused = await front.refused()
        except OperatorError as error:
            problem = str(error)
        except Exception as error:  # a fault of ours: calls go on
            problem, fault = repr(error), error
        else:
            self._count(where, refused)
        if problem and not self._problems.get(where):
            log.warning(
                "what kamailio refuses is not counted for now", place=where, reason=problem, exc_info=fault
            )
        self._problems[where] = problem

    def _count(self, where: str, refused: Mapping[str, int]) -> None:
        before = self._before.get(where, refused)
        if any(count < before.get(kind, 0) for kind, count in refused.items()):
            before = {}  # it was started anew, and counts from 0
        self._before[where] = refused
        for kind, count in refused.items():
            self._add(KINDS[kind], count - before.get(kind, 0))
