"""Kamailio in front of several nodes knows what the controller that leads knows: who is drained, what is new.

A Kamailio that was started anew has forgotten who is drained, and one that was out of reach has missed what
was written meanwhile. So each is looked at every second, and told what it lacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from acd.errors import OperatorError
from acd.telephony.front import READ_BY, TABLES, Front, NodeState
from acd.telephony.front_scans import FrontScans

log = structlog.get_logger(__name__)

LOOK_S = 1.0


@dataclass(slots=True)
class _Place:
    """One Kamailio.

    `unread`: files that it may have missed; `lacks`: nodes that it alone, or we alone, knew last; `problem`:
    why it could not be told last.
    """

    front: Front
    unread: set[str] = field(default_factory=lambda: set(TABLES))
    lacks: frozenset[str] = frozenset()
    problem: str = ""


class FrontKeeper:
    """`make`: the way to all Kamailios; raises OperatorError where a node has no address.

    `drained`: the nodes that are to be given no new calls. `may_act` is called before Kamailio is told
    anything, and does not return where another controller may lead. `on_refused`: `FrontScans.add`.
    """

    def __init__(
        self,
        make: Callable[[], Front],
        drained: Callable[[], Collection[str]],
        on_refused: Callable[[str, int], None] = lambda _kind, _count: None,
    ) -> None:
        self._make = make
        self._drained = drained
        self._places: tuple[_Place, ...] = ()
        self._telling = asyncio.Lock()
        self.may_act: Callable[[], None] = lambda: None
        self.scans = FrontScans(lambda: [place.front for place in self._places], on_refused)

    def running(self) -> list[Coroutine[Any, Any, None]]:
        """What is to go on for ever."""
        return [self.run(), self.scans.run()]

    async def run(self) -> None:
        """For ever."""
        fault = ""
        while True:
            try:
                await self.tell()
                fault = ""
            except Exception as error:  # a fault of ours: calls go on
                if repr(error) != fault:  # told once, not each second
                    log.exception("kamailio cannot be told anything")
                fault = repr(error)
            await asyncio.sleep(LOOK_S)

    async def have_read(self, names: Iterable[str]) -> list[str]:
        """Kamailio reads these files, which were written; what stands against it, in a sentence each.

        `names`: within its folder of configuration.
        """
        names = sorted(names)
        if not names:
            return []
        for place in self._places:
            place.unread |= READ_BY.keys() & set(names)
        problems = await self.tell()
        if self._places and not any(place.unread for place in self._places):
            notes = [f"Kamailio has read its files, but: {problem}" for problem in problems]
        else:
            notes = [
                f"Kamailio has not read its files anew ({problem}): until it has, it knows none of the new"
                " phones, trunks and addresses; it is told again each second"
                for problem in problems
            ]
        later = (name for name in names if name not in READ_BY)
        return notes + [f"Kamailio's {name}: takes effect when Kamailio is started again" for name in later]

    async def tell(self) -> list[str]:
        """Each Kamailio what it does not know yet; why one could not be told, with its place, a line each."""
        async with self._telling:
            if not self._places:
                try:
                    front = await asyncio.to_thread(self._make)
                except OperatorError as error:
                    log.error("kamailio cannot be told anything", reason=str(error))
                    return [str(error)]
                self._places = tuple(_Place(each) for each in front.each())
            problems = await asyncio.gather(*(self._tell_one(place) for place in self._places))
        return [problem for problem in problems if problem]

    async def _tell_one(self, place: _Place) -> str:
        problems = await self._bring_up_to_date(place)
        problem = "; ".join(dict.fromkeys(problems))
        if problem and not place.problem:
            log.warning("kamailio cannot be told what is new, or who is drained", reason=problem)
        elif place.problem and not problem:
            log.info("kamailio knows everything again", place=place.front.where)
        place.problem = problem
        return problem

    async def _bring_up_to_date(self, place: _Place) -> list[str]:
        """What could not be told. One thing that cannot be is no reason to keep back the others."""
        try:
            states = await place.front.states()
        except OperatorError as error:
            place.unread |= TABLES  # what is written from now on it may miss
            return [str(error)]
        lacks = place.front.names ^ states.keys()
        if lacks != place.lacks:
            # A leader before us may have written other nodes. Once: the file may say the same as Kamailio.
            place.unread |= {"nodes.list"} if lacks else set()
            place.lacks = lacks
        return [*await self._tell_who_is_drained(place, states), *await self._have_files_read(place)]

    async def _tell_who_is_drained(self, place: _Place, states: Mapping[str, NodeState]) -> list[str]:
        drained, problems = self._drained(), list[str]()
        for node, state in states.items():
            if state.drained == (node in drained) or node not in place.front.names:
                continue
            self.may_act()
            log.info(
                "kamailio is told of a node", node=node, drained=node in drained, place=place.front.where
            )
            try:
                await (place.front.drain(node) if node in drained else place.front.resume(node))
            except OperatorError as error:
                problems.append(str(error))
        return problems

    async def _have_files_read(self, place: _Place) -> list[str]:
        if not place.unread:
            return []
        # Before: what is written from here on is to be read again.
        files, place.unread = place.unread, set()
        self.may_act()
        try:
            await place.front.reload(files)
        except OperatorError as error:
            place.unread |= files | TABLES
            return [str(error)]
        return []
