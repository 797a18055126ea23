"""A drill from outside: looks, brings it about, watches until all is as before, and judges."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from acd.drills.kinds import CRASH_WITH_STANDBY_S, Drill
from acd.drills.report import Check, Report
from acd.errors import OperatorError, RequestRefused
from acd.runtime.leader import Leader, Standing

LOOK_S = 0.1
ANSWER_WITHIN_S = 1.0
FAULT_SEEN_WITHIN_S = 3.0
WHOLE_WITHIN_S = 60.0
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


@dataclass(frozen=True, slots=True)
class Before:
    """What is there before it begins. `leader` is '' where there is one controller only.

    `nodes`: of each Asterisk that has a name, whether it takes part, and is not drained; `at`: the node of
    each call.
    """

    calls: list[str]
    leader: str
    fence: int
    standings: list[Standing]
    pid: int
    nodes: Mapping[str, bool] = field(default_factory=dict)
    at: Mapping[str, str] = field(default_factory=dict)

    def calls_at(self, node: str) -> list[str]:
        """All of them where nodes have no names."""
        return [call for call in self.calls if not self.nodes or self.at.get(call) == node]

    @property
    def standing_by(self) -> list[str]:
        """The controllers that could take over."""
        return [one.name for one in self.standings if not one.leads and one.reason == "stands by"]


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
    return Before(list(at), leads, fence, standings, int(status["pid"]), nodes, at)


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
    watch = _Watch(leader, report.node, clock)
    await watch.until_over(lasts_s)
    report.resumed_s = watch.resumed_s
    after = await watch.until_whole(before)
    report.over = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "")
    report.in_progress = before.calls
    _sort_calls(report, drill, before, after.calls, ended)
    report.leader_after = after.leader
    report.checks = _checks(drill, report, before, after, watch)


class _Watch:
    """What the centre says while the fault is there, which begins as this is made.

    `resumed_s`: when calls were routed again for good, at `node` if it is about one; `was_seen`: the fault
    showed. `disturbed`: other nodes at which calls were not routed meanwhile.
    """

    def __init__(self, leader: Leader, node: str, clock: Clock) -> None:
        self._leader = leader
        self._clock = clock
        self._began = clock.monotonic()
        self._node = node
        self.resumed_s: float | None = 0.0
        self.was_seen = False
        self.disturbed: set[str] = set()

    async def until_over(self, lasts_s: float) -> None:
        """Look on for as long as the fault lasts, and until calls are routed again."""
        until = self._began + max(lasts_s, FAULT_SEEN_WITHIN_S)
        limit = self._began + lasts_s + WHOLE_WITHIN_S
        while self._clock.monotonic() < limit:
            health = await self._health()
            now = self._clock.monotonic()
            if not self._routes(health):
                self.was_seen, self.resumed_s = True, None
            elif self.resumed_s is None:
                self.resumed_s = round(now - self._began, 2)
            if health is not None and (
                health["live_state_in_redis"] is False or not health["records_database"]
            ):
                self.was_seen = True
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

    async def until_whole(self, before: Before) -> Before:
        """Wait until as many controllers stand by as before, and nothing waits; what is there then."""
        limit = self._clock.monotonic() + WHOLE_WITHIN_S
        while True:
            health = await self._health()
            found = await self._look()
            if found is not None and health is not None:
                stands_by = len(found.standing_by) >= len(before.standing_by)
                if stands_by and not health["records_away_s"] and health["live_state_in_redis"] is not False:
                    return found
            if self._clock.monotonic() > limit:
                return found or Before([], "", 0, [], 0)
            await self._clock.sleep(LOOK_S)

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


def _sort_calls(report: Report, drill: Drill, before: Before, after: Collection[str], ended: Ended) -> None:
    gone = [call for call in report.in_progress if call not in after]
    by = ended(gone)
    report.kept = [call for call in report.in_progress if call in after]
    # An Asterisk that stops hangs up in order: who ended its calls, as it is on record, is nobody.
    dies = set(before.calls_at(report.node)) if drill.ends_calls else set()
    report.ended = [call for call in gone if call not in dies and by.get(call) in ("caller", "agent")]
    rest = [call for call in gone if call not in report.ended]
    report.unseen = [call for call in rest if call not in dies and by.get(call) == "unknown"]
    report.lost = [call for call in rest if call not in report.unseen]


def _checks(drill: Drill, report: Report, before: Before, after: Before, watch: _Watch) -> list[Check]:
    limit_s = drill.resumes_within_s
    if drill.name == "controller-crash" and before.standing_by:
        limit_s = CRASH_WITH_STANDBY_S
    resumed = "never" if report.resumed_s is None else f"{report.resumed_s:g} s"
    in_time = report.resumed_s is not None and report.resumed_s <= limit_s
    where = f" at node {report.node}" if report.node else ""
    found = [Check(f"calls are routed again{where}", f"within {limit_s:g} s", resumed, in_time)]
    if drill.ends_calls:
        dies = set(before.calls_at(report.node))
        allowed = f"those {where.strip() or 'on the Asterisk that started again'}: at most {len(dies)}"
        found.append(Check("calls lost", allowed, str(len(report.lost)), dies.issuperset(report.lost)))
    else:
        found.append(Check("calls lost", "0", str(len(report.lost)), not report.lost))
    if report.node:
        disturbed = ", ".join(sorted(watch.disturbed))
        found.append(
            Check(
                "calls are routed at the other nodes", "throughout", disturbed or "throughout", not disturbed
            )
        )
    if drill.do in ("drill-crash", "drill-freeze", "drill-asterisk"):
        seen = "seen" if watch.was_seen else "not seen"
        found.append(Check("the fault showed from outside", "seen", seen, watch.was_seen))
    if drill.changes_leader or (drill.name == "controller-crash" and before.standing_by):
        passed = after.leader not in ("", before.leader) and after.fence > before.fence
        found.append(
            Check("another controller leads", f"not {before.leader}", after.leader or "nobody", passed)
        )
    elif before.leader:
        same = after.leader == before.leader
        found.append(Check("the same controller leads", before.leader, after.leader or "nobody", same))
    if before.standings:
        stand_by = len(after.standing_by) >= len(before.standing_by)
        told = ", ".join(after.standing_by) or "nobody"
        found.append(Check("controllers stand by as before", f"{len(before.standing_by)}", told, stand_by))
    return found
