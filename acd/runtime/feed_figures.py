"""Who waits for each group, and how many of its agents are in which state.

Counted as agents and calls change: a change costs the same in a group of two agents as in one of a thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from acd.core.agents import AgentState
from acd.core.calls import Call, CallState, Channel
from acd.core.floor import Floor
from acd.core.ordered import Ordered

OCCUPIED = "occupied"
"""Ready, and cannot be rung: the phone is off the hook, or a missed call is not long ago."""


class Figures:
    """Of the floor as it is made; later only by what it is told of."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._agents: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._calls: dict[str, str] = {}
        self._staff: dict[str, Counter[str]] = {group: Counter() for group in floor.plan.groups}
        self._callers: dict[str, Ordered] = {group: Ordered() for group in floor.plan.groups}
        self._callbacks: dict[str, Ordered] = {group: Ordered() for group in floor.plan.groups}
        for agent in floor.agents:
            self.agent_changed(agent)
        for call in floor.calls:
            self.call_changed(call)

    def staff(self, group: str) -> Mapping[str, int]:
        """How many of its agents are in which state; those who are logged out are in none."""
        return self._staff[group]

    def waiting(self, group: str) -> int:
        """How many callers wait."""
        return len(self._callers[group])

    def calling_back(self, group: str) -> int:
        """How many of those who are to be called back keep a place."""
        return len(self._callbacks[group])

    def oldest_at(self, group: str) -> float | None:
        """Since when the caller waits who waits longest."""
        head = self._callers[group].head()
        return None if head is None else head[0][0]

    def agent_changed(self, agent_id: str) -> Iterable[str]:
        """Count the agent as now; the groups whose figures that changes."""
        before = self._agents.pop(agent_id, None)
        now = self._place(agent_id)
        if now is not None:
            self._agents[agent_id] = now
        if before == now:
            return ()
        touched = dict.fromkeys((*(before[1] if before else ()), *(now[1] if now else ())))
        self._count(before, -1)
        self._count(now, 1)
        return touched

    def _count(self, place: tuple[str, tuple[str, ...]] | None, by: int) -> None:
        state, groups = place or ("", ())
        for group in groups:
            self._staff[group][state] += by

    def _place(self, agent_id: str) -> tuple[str, tuple[str, ...]] | None:
        """State and groups of an agent at work."""
        agent = self._floor.agents.get(agent_id)
        if agent is None or not agent.logged_in:
            return None
        state = agent.state.value
        if agent.state is AgentState.READY and not self._floor.router.is_free(agent_id):
            state = OCCUPIED
        return state, self._floor.router.groups_of(agent_id)

    def call_changed(self, call_id: str) -> Iterable[str]:
        """Count the call as now; the groups whose lines that may change."""
        call = self._floor.calls.get(call_id)
        before = self._calls.pop(call_id, None)
        if before is not None:
            self._callers[before].remove(call_id)
            self._callbacks[before].remove(call_id)
        now = call.group if call is not None and _waits(call) else None
        if now is None or now not in self._callers:
            return () if before is None else (before,)
        assert call is not None
        self._calls[call_id] = now
        lines = self._callbacks if call.channel is Channel.NONE else self._callers
        lines[now].add(call_id, (call.waiting_since or call.since, float(call.joined)))
        return (now,) if before in (None, now) else (before, now)


def _waits(call: Call) -> bool:
    return call.state is CallState.WAITING
