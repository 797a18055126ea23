"""A drill from outside: looks, brings it about, watches until all is as before, and has it judged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from acd.drills.judge import Before, checks, sort_calls
from acd.drills.kinds import WHOLE_WITHIN_S, Drill
from acd.drills.report import Report
from acd.errors import OperatorError, RequestRefused
from acd.runtime.leader import Leader

LOOK_S = 0.1
ANSWER_WITHIN_S = 1.0
FAULT_SEEN_WITHIN_S = 3.0
WRITTEN_WITHIN_S = 10.0
"""Records are gathered for up to 2 s before they are written."""
WRITTEN_LOOK_S = 0.5
OTHERS = "all"
"""Nodes, where no controller routed calls at any."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds that never jump, and how they pass; the machine's, unless told otherwise."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


WALL_CLOCK = Clock()
Ended = Callable[[Collection[str]], Mapping[str, str]]
"""Of these calls those on record, and by whom each was ended: 'caller', 'agent' or something else."""


async def look(leader: Leader) -> Before:
    """Raises OperatorError where nobody leads, or no calls are routed now."""
    status = await leader.request(do="status")
    if not status["dispatching"]:
        raise OperatorError(
            "no calls are routed at the moment: there is a fault already, so this is no time for a drill"
        )
    standings = await leader.standings()
    told: dict[str, Any] = {"leader": "", "fence": 0}
    if standings:
        told = await leader.request(do="leadership")
    at = {str(call["id"]): str(call.get("node", "")) for call in status["calls"]}
    nodes = {str(n["name"]): bool(n["known"] and not n["drained"]) for n in status.get("nodes", [])}
    leads, fence = str(told["leader"]), int(told["fence"])
    in_redis, away_s = status["live_state"]["in_redis"], float(status["records"]["away_s"])
    return Before(list(at), leads, fence, standings, int(status["pid"]), nodes, at, in_redis, away_s)


async def carry_out(
    drill: Drill,
    for_s: float,
    leader: Leader,
    before: Before,
    report: Report,
    ended: Ended,
    clock: Clock = WALL_CLOCK,
) -> None:
    """Bring it about, watch, and put what was seen into the report. Raises OperatorError, RequestRefused.

    `for_s`: how long it is there, where it lasts. `report.node`: the one that it is about.
    """
    lasts_s = for_s if drill.lasts else 0.0
    fields = {**drill.fields, **({"for_s": for_s} if drill.lasts else {})}
    if report.node:
        fields["node"] = report.node
    await leader.request(do=drill.do, who=report.who, **fields)
    watch = _Watch(leader, drill, report.node, clock)
    await watch.until_over(lasts_s)
    report.resumed_s = watch.resumed_s
    after = await watch.until_whole(before, lasts_s)
    report.whole_s = watch.whole_s
    report.over = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "")
    report.in_progress = before.calls
    gone = [call for call in report.in_progress if call not in after.calls]
    sort_calls(report, drill, before, gone, await watch.until_written(gone, ended))
    report.leader_after = after.leader
    report.checks = checks(drill, report, before, after, was_seen=watch.was_seen, disturbed=watch.disturbed)


class _Watch:
    """What the centre says while the fault is there, which begins as this is made.

    `resumed_s`: when calls were routed again for good, at `node` if it is about one; `was_seen`: the fault
    showed. `whole_s`: how long after its end all was as before. `disturbed`: other nodes at which calls were
    not routed meanwhile.
    """

    def __init__(self, leader: Leader, drill: Drill, node: str, clock: Clock) -> None:
        self._leader = leader
        self._drill = drill
        self._clock = clock
        self._began = clock.monotonic()
        self._node = node
        self.resumed_s: float | None = 0.0
        self.whole_s: float | None = None
        self.was_seen = False
        self.disturbed: set[str] = set()

    async def until_over(self, lasts_s: float) -> None:
        """Look on for as long as the fault lasts, and until calls are routed again."""
        until = self._began + max(lasts_s, FAULT_SEEN_WITHIN_S)
        limit = self._began + lasts_s + WHOLE_WITHIN_S
        while self._clock.monotonic() < limit:
            health = await self._health()
            now = self._clock.monotonic()
            routes = self._routes(health)
            if not routes:
                self.resumed_s = None
            elif self.resumed_s is None:
                self.resumed_s = round(now - self._began, 2)
            self.was_seen |= self._shows(health, routes=routes)
            if self.resumed_s is not None and now > until:
                return
            await self._clock.sleep(LOOK_S)

    def _routes(self, health: Mapping[str, Any] | None) -> bool:
        """Whether calls are routed where the fault is."""
        if health is None or not health["dispatching"]:
            self.disturbed |= {OTHERS} if self._node else set()
            return False
        if not self._node:
            return True
        known = {str(node["name"]): bool(node["known"]) for node in health["nodes"]}
        self.disturbed |= {name for name, is_known in known.items() if name != self._node and not is_known}
        return known.get(self._node, False)

    def _shows(self, health: Mapping[str, Any] | None, *, routes: bool) -> bool:
        """Whether this very fault is to be seen now."""
        if not self._drill.takes_away:
            return not routes
        if health is None:
            return False
        if self._drill.takes_away == "redis":
            return health["live_state_in_redis"] is False
        return not health["records_database"]

    async def until_whole(self, before: Before, lasts_s: float) -> Before:
        """Wait until as many controllers stand by as before, with Redis and database; what is there then."""
        limit = self._clock.monotonic() + WHOLE_WITHIN_S
        while True:
            health = await self._health()
            found = await self._look()
            now = self._clock.monotonic()
            if found is not None and health is not None and _is_whole(before, found, health):
                self.whole_s = round(max(0.0, now - self._began - lasts_s), 2)
                return found
            if now > limit:
                return found or Before([], "", 0, [], 0)
            await self._clock.sleep(LOOK_S)

    async def until_written(self, calls: Collection[str], ended: Ended) -> Mapping[str, str]:
        """By whom these were ended, when all are on record or nothing waits to be written; within a limit.

        Under load something always waits, and what ended just before the last look is written a moment later.
        """
        limit = self._clock.monotonic() + WRITTEN_WITHIN_S
        while True:
            health = await self._health()
            by = ended(calls)
            nothing_waits = health is not None and not health["records_waiting"]
            if len(by) >= len(calls) or nothing_waits or self._clock.monotonic() > limit:
                return by
            await self._clock.sleep(WRITTEN_LOOK_S)

    async def _look(self) -> Before | None:
        try:
            return await look(self._leader)
        except (OperatorError, RequestRefused):
            return None

    async def _health(self) -> dict[str, Any] | None:
        try:
            return await self._leader.request(limit_s=ANSWER_WITHIN_S, do="health")
        except (OperatorError, RequestRefused):
            return None


def _is_whole(before: Before, found: Before, health: Mapping[str, Any]) -> bool:
    has_redis = before.in_redis is None or health["live_state_in_redis"] is True
    has_database = health["records_database"] and not health["records_away_s"]
    return has_redis and has_database and len(found.standing_by) >= len(before.standing_by)
