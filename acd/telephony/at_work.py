"""Tells Asterisk who is at work, so that its own queues ring those first while no controller is there.

It is kept in Asterisk's own database, which outlives Asterisk and us. Family `acd-work`: the extensions of
agents who are logged in and not on a break. Family `acd-staffed`: the groups that have at least one of them,
`EVERYBODY` included. The dialplan's [acd-member] looks there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

import structlog

from acd.core.agents import AgentState
from acd.core.floor import Floor
from acd.core.plan import Plan
from acd.errors import TelephonyError
from acd.telephony.ami import AmiLink
from acd.telephony.provision_queues import EVERYBODY

log = structlog.get_logger(__name__)

WORK, STAFFED = "acd-work", "acd-staffed"
TELL_INTERVAL_S = 1.0
TELL_AT_ONCE = 100
"""Entries that are written without waiting for those before."""
_AT_WORK = frozenset({AgentState.READY, AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP})

Entries = frozenset[tuple[str, str]]
"""Family and key of each entry; all have the value 1."""


class AtWork:
    """Writes the differences, once a second. After `anew`, what is there is read first."""

    def __init__(self, floor: Floor, link: AmiLink) -> None:
        self._floor = floor
        self._link = link
        self._there: Entries | None = None
        self._wanted: tuple[Plan, frozenset[str], Entries] | None = None
        self._failing = False

    def anew(self) -> None:
        """Asterisk may be another one, or may have lost its database."""
        self._there = None

    async def keep(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(TELL_INTERVAL_S)
            if not self._floor.suspended:
                await self.tell_if_there()

    async def tell_if_there(self) -> None:
        """Where Asterisk is there. Raises nothing: a fault of ours in this is no reason to end."""
        if self._link.up:
            try:
                await self.tell()
            except Exception:
                log.exception("who is at work cannot be told")

    async def tell(self) -> None:
        """What has changed since. Where Asterisk does not take it, it is tried again the next time."""
        try:
            if self._there is None:
                self._there = await self._read()
            wanted = self.wanted()
            there, self._there = self._there, None
            await self._do(self._link.action("DBPut", Family=f, Key=k, Val="1") for f, k in wanted - there)
            await self._do(self._link.action("DBDel", Family=f, Key=k) for f, k in there - wanted)
            self._there = wanted
        except TelephonyError as error:
            if not self._failing:
                log.warning("asterisk does not keep who is at work", reason=str(error))
            self._failing = True
        else:
            self._failing = False

    def wanted(self) -> Entries:
        """As it is now."""
        plan = self._floor.plan
        ids = frozenset(agent.id for agent in self._floor.agents.values() if agent.state in _AT_WORK)
        if self._wanted is None or self._wanted[0] is not plan or self._wanted[1] != ids:
            self._wanted = (plan, ids, _entries(plan, ids))
        return self._wanted[2]

    async def _read(self) -> Entries:
        found: set[tuple[str, str]] = set()
        for family in (WORK, STAFFED):
            try:
                entries = await self._link.list_action("DBGetTree", Family=family)
            except TelephonyError:
                if not self._link.up:
                    raise
                continue  # refused: there is none
            keys = (str(entry.get("Key", "")).removeprefix(f"/{family}/") for entry in entries)
            found |= {(family, key) for key in keys if key}
        return frozenset(found)

    async def _do(self, actions: Iterable[Coroutine[Any, Any, object]]) -> None:
        """All of them, some at a time. Raises TelephonyError, once all that began are done."""
        waiting = list(actions)
        while waiting:
            now, waiting = waiting[:TELL_AT_ONCE], waiting[TELL_AT_ONCE:]
            results = await asyncio.gather(*now, return_exceptions=True)
            failed = [r for r in results if isinstance(r, BaseException)]
            if failed:
                for action in waiting:
                    action.close()
                raise failed[0]


def _entries(plan: Plan, ids: frozenset[str]) -> Entries:
    at_work = [plan.agents[agent] for agent in ids if agent in plan.agents]  # not those who are leaving
    out = {(WORK, agent.extension) for agent in at_work}
    if at_work:
        out.add((STAFFED, EVERYBODY))
    for group in plan.groups.values():
        if any(group.requirement.admits(agent.skills) for agent in at_work):
            out.add((STAFFED, group.id))
    return frozenset(out)
