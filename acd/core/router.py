"""Who may serve whom, and who is next: pools of idle agents, lines of waiting calls.

Agents with equal skills form a pool; which pools can serve which line is worked out when the plan
is loaded. A free agent then looks only at the heads of its lines, a new call only at the fronts of
its pools: a decision costs the same with ten agents as with a thousand.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from acd.core.plan import Plan

PoolKey = frozenset[tuple[str, int]]


@dataclass(slots=True)
class Ordered:
    """Names in the order of their keys; equal keys keep the order of joining."""

    _entries: list[tuple[tuple[float, ...], int, str]] = field(default_factory=list)
    _places: dict[str, tuple[tuple[float, ...], int, str]] = field(default_factory=dict)
    _counter: int = 0

    def add(self, name: str, key: tuple[float, ...]) -> None:
        """Join; a name that is already there moves to its new key."""
        self.remove(name)
        self._counter += 1
        entry = (key, self._counter, name)
        self._places[name] = entry
        insort(self._entries, entry)

    def remove(self, name: str) -> None:
        """Leave; not being there is fine."""
        entry = self._places.pop(name, None)
        if entry is not None:
            del self._entries[bisect_left(self._entries, entry)]

    def replace(self, name: str, successor: str) -> None:
        """`successor` takes the very place of `name`."""
        key, counter, _ = old = self._places.pop(name)
        entry = (key, counter, successor)
        self._entries[bisect_left(self._entries, old)] = entry
        self._places[successor] = entry

    def head(self) -> tuple[tuple[float, ...], str] | None:
        """Key and name of the first, or None."""
        if not self._entries:
            return None
        key, _, name = self._entries[0]
        return key, name

    def second(self) -> tuple[tuple[float, ...], str] | None:
        """Key and name of the runner-up, or None."""
        if len(self._entries) < 2:
            return None
        key, _, name = self._entries[1]
        return key, name

    def position(self, name: str) -> int | None:
        """Place in line, 1 is the head; None when not there."""
        entry = self._places.get(name)
        return None if entry is None else bisect_left(self._entries, entry) + 1

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return (name for _, _, name in self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._places


@dataclass(frozen=True, slots=True)
class Choice:
    """An agent chosen for a call: idle since when, out of how many, and who would have been next."""

    agent: str
    idle_since: float
    ready: int
    next_agent: str | None
    next_idle_since: float | None


class Router:
    """Pools and lines of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._pool_of: dict[str, PoolKey] = {
            profile.id: frozenset(profile.skills.items()) for profile in plan.agents.values()
        }
        keys = set(self._pool_of.values())
        self._idle: dict[PoolKey, Ordered] = {key: Ordered() for key in keys}
        self.lines: dict[str, Ordered] = {group: Ordered() for group in plan.groups}
        self._pools_of_group: dict[str, tuple[PoolKey, ...]] = {
            group.id: tuple(key for key in keys if group.requirement.admits(dict(key)))
            for group in plan.groups.values()
        }
        self._groups_of_pool: dict[PoolKey, tuple[str, ...]] = {
            key: tuple(g for g, pools in self._pools_of_group.items() if key in pools) for key in keys
        }

    def groups_of(self, agent: str) -> tuple[str, ...]:
        """The groups whose lines this agent can serve."""
        return self._groups_of_pool[self._pool_of[agent]]

    def agent_free(self, agent: str, idle_since: float) -> None:
        """The agent can be offered calls."""
        self._idle[self._pool_of[agent]].add(agent, (idle_since,))

    def agent_taken(self, agent: str) -> None:
        """The agent cannot be offered calls."""
        self._idle[self._pool_of[agent]].remove(agent)

    def is_free(self, agent: str) -> bool:
        """Whether the agent stands in an idle pool."""
        return agent in self._idle[self._pool_of[agent]]

    def enqueue(self, call_id: str, group: str, priority: int, waiting_since: float) -> None:
        """The call joins the line: higher priority first, then who has waited longest."""
        self.lines[group].add(call_id, (-float(priority), waiting_since))

    def dequeue(self, call_id: str, group: str) -> None:
        """The call leaves the line."""
        self.lines[group].remove(call_id)

    def agent_for(self, group: str) -> Choice | None:
        """The agent who has been idle longest among those who can serve the group."""
        best: tuple[tuple[float, ...], str] | None = None
        runner_up: tuple[tuple[float, ...], str] | None = None
        ready = 0
        for key in self._pools_of_group[group]:
            pool = self._idle[key]
            ready += len(pool)
            for candidate in (pool.head(), pool.second()):
                if candidate is None:
                    continue
                if best is None or candidate < best:
                    best, runner_up = candidate, best
                elif runner_up is None or candidate < runner_up:
                    runner_up = candidate
        if best is None:
            return None
        next_agent = runner_up[1] if runner_up else None
        next_since = runner_up[0][0] if runner_up else None
        return Choice(best[1], best[0][0], ready, next_agent, next_since)

    def call_for(self, agent: str) -> tuple[str, str] | None:
        """Call and group that this agent should serve next: the best head of the agent's lines."""
        best: tuple[tuple[float, ...], str, str] | None = None
        for group in self.groups_of(agent):
            head = self.lines[group].head()
            if head is not None and (best is None or head[0] < best[0]):
                best = (head[0], head[1], group)
        return None if best is None else (best[1], best[2])
