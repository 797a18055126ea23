"""How long callers in line will wait, from the floor as it is and what was learnt of each group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from acd.core import rings
from acd.core.agents import BUSY_STATES, AgentState
from acd.core.calls import Call
from acd.core.expected_wait import Crew, WaitRange, expected_wait, service
from acd.core.floor import Floor
from acd.core.lanes import Standing
from acd.core.paces import Paces
from acd.core.requirement import ANYBODY
from acd.core.router import Router

_Urge: TypeAlias = tuple[float, float]
"""Strict priority, and the points gathered for a second of waiting."""


class Forecast:
    """Looks at the floor when it is asked."""

    def __init__(self, floor: Floor, paces: Paces) -> None:
        self._floor = floor
        self._paces = paces

    def of_next(self, group: str, now: float) -> WaitRange:
        """Of somebody of priority 0 who would join the group's line now, behind all others."""
        lines, plan = self._floor.router.lines, self._floor.plan
        ahead = {g: len(line) for g, line in lines.items()}
        standing = Standing(group, ANYBODY, now, rate=plan.rate(group, 0))
        ring = rings.passed_over(self._floor, standing)
        return self._expected(standing._replace(ring=ring), ahead, now)

    def of_call(self, call: Call, now: float) -> WaitRange | None:
        """From now on, of a caller in line; None for one who is not in a line."""
        lines = self._floor.router.lines
        lane = lines[call.group].lane_of(call.id) if call.group in lines else None
        if call.group is None or lane is None:
            return None
        urgency = lane.urgency(call.id, now)
        ahead = {g: sum(other.before(urgency, now) for other in line.lanes) for g, line in lines.items()}
        return self._expected(self._floor.standing(call), ahead, now, call)

    def p50_s(self, call: Call) -> float:
        """For the engine's policies: the expected wait of a caller in line, 0 for anybody else."""
        expected = self.of_call(call, self._floor.now)
        return 0.0 if expected is None else expected.p50_s

    def logged_in(self, group: str) -> list[str]:
        """The agents at work who can serve the group."""
        return list(self._floor.router.at_work_for(group))

    def ready(self, staff: list[str]) -> int:
        """How many of them can be offered a call now."""
        return sum(self._floor.router.is_free(agent) for agent in staff)

    def _can_ring(self, agent: str, call: Call | None) -> bool:
        """Whether the call's node can ring the agent; of one who is still to come the node is not known."""
        missing = self._floor.missing(self._floor.agents[agent])
        return not missing or (call is not None and call.node not in missing)

    def _expected(
        self, standing: Standing, ahead: Mapping[str, int], now: float, call: Call | None = None
    ) -> WaitRange:
        """Of a caller who stands so, with this call if there is one.

        Ready agents whom he or she may not have yet (an outer ring's, those without what the call asks for,
        the reserves' of other groups, those whose phones the call's node lacks) come later, if at all.
        """

        def handle_time_s(of: str) -> float:
            return self._paces.habit(of, now).handle_time_s

        group, router = standing.group, self._floor.router
        staff, kept = self.logged_in(group), Kept(router, group)
        at_hand = [agent for agent in staff if not kept.takes(agent)]
        crews = self._crews(at_hand)
        offered = service(group, ahead, crews, handle_time_s)
        overtaking_per_s = self._overtaking(crews, (standing.level, standing.rate), kept, now)
        offered = replace(offered, overtaking_per_s=overtaking_per_s)
        position = ahead[group] + 1 + kept.lacking
        can_ring = at_hand
        if self._floor.lacking:
            can_ring = [agent for agent in at_hand if self._can_ring(agent, call)]
        ready = sum(router.is_free(agent) and router.is_open_to(agent, standing) for agent in can_ring)
        return expected_wait(position, ready, offered, self._paces.habit(group, now))

    def _overtaking(self, crews: Sequence[Crew], urge: _Urge, kept: Kept, now: float) -> float:
        """Callers a second who will come and be served before one with this urge, by the same agents."""
        found = 0.0
        shared: dict[str, int] = {}  # how many of the agents serve each group
        for crew in crews:
            for group in crew.groups:
                shared[group] = shared.get(group, 0) + crew.count
        for group, priority, per_s in self._paces.arrivals.per_s(now):
            if group not in shared or group not in self._floor.plan.groups:
                continue
            share = 1.0 if group in kept.groups else _share_before(self._urge(group, priority), urge)
            if share:
                here = shared[group] / max(1, self._floor.router.logged_in(group))
                found += share * per_s * min(1.0, here)
        return found

    def _urge(self, group: str, priority: int) -> _Urge:
        plan = self._floor.plan
        return (0.0 if plan.ageing else float(priority), plan.rate(group, priority))

    def _crews(self, staff: list[str]) -> list[Crew]:
        """Those of them who will take the next callers, put together where they are alike."""
        alike = Counter(
            (self._floor.router.groups_of(agent), self._paces.busy_with(agent))
            for agent in staff
            if self._goes_on(agent)
        )
        return [Crew(count, groups, busy_with) for (groups, busy_with), count in alike.items()]

    def _goes_on(self, agent_id: str) -> bool:
        """Not those on a break, nor those who go there, or home, after the present call."""
        agent = self._floor.agents[agent_id]
        at_work = agent.state is AgentState.READY or agent.state in BUSY_STATES
        return at_work and not agent.pending_logout and agent.pending_reason is None


class Kept:
    """Ready agents whom the reserves of other groups keep from the calls of this one.

    `groups`: those whose calls go before, for an agent who becomes free is theirs until the reserve is whole;
    `lacking`: how many agents it still takes for that.
    """

    def __init__(self, router: Router, group: str) -> None:
        self._router = router
        self._group = group
        against = list(router.reserves_against(group))
        self._left = {name: min(wanted, ready) for name, wanted, ready in against}
        self.groups = frozenset(self._left)
        self.lacking = max((wanted - ready for _, wanted, ready in against if wanted > ready), default=0)

    def takes(self, agent: str) -> bool:
        """Whether this one is kept; each ready agent may be asked for once."""
        if not self._left or not self._router.is_free(agent):
            return False
        reserves = self._router.reserved_by(agent)
        if self._group in reserves:
            return False  # those who reserve the same agents are equals
        wanting = [group for group in reserves if self._left.get(group, 0)]
        for group in wanting:  # one agent may count for several reserves
            self._left[group] -= 1
        return bool(wanting)


def _share_before(other: _Urge, own: _Urge) -> float:
    """Which share of those who come while one waits is served before, where all wait long.

    Of those who gather points at the rate c, faster than the b of the other: who comes within the first
    1 − b/c of the wait (L. Kleinrock, "A delay dependent queue discipline", 1964).
    """
    if other[0] != own[0]:
        return float(other[0] > own[0])
    return max(0.0, 1.0 - own[1] / other[1])
