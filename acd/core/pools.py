"""Agents with equal skills form a pool; a pool keeps its idle agents in every order that a group asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from acd.core.ordered import Key, Ordered


class AgentChoice(StrEnum):
    """Which of several ready agents gets the call."""

    LONGEST_IDLE = "longest_idle"
    LEAST_OCCUPIED = "least_occupied"  # the smallest share of the time since log-in spent on calls
    MOST_SKILLED = "most_skilled"  # the highest sum of proficiency in the skills that the call asks for
    LEAST_SKILLED = "least_skilled"  # the smallest sum of all proficiencies: experts are kept free
    FEWEST_CALLS = "fewest_calls"  # answered since log-in
    ROUND_ROBIN = "round_robin"  # who was offered a call longest ago
    WEIGHTED_RANDOM = "weighted_random"  # by the agents' weights, repeatable by the plan's seed


class IdleOrder(StrEnum):
    """An order in which a pool keeps its idle agents; smaller first, ties by longest idle."""

    SINCE = "since"
    OCCUPANCY = "occupancy"
    CALLS = "calls"
    OFFERED = "offered"


ORDER_OF: Mapping[AgentChoice, IdleOrder] = {
    AgentChoice.LONGEST_IDLE: IdleOrder.SINCE,
    AgentChoice.LEAST_OCCUPIED: IdleOrder.OCCUPANCY,
    AgentChoice.MOST_SKILLED: IdleOrder.SINCE,
    AgentChoice.LEAST_SKILLED: IdleOrder.SINCE,
    AgentChoice.FEWEST_CALLS: IdleOrder.CALLS,
    AgentChoice.ROUND_ROBIN: IdleOrder.OFFERED,
    AgentChoice.WEIGHTED_RANDOM: IdleOrder.SINCE,
}


class Idle(NamedTuple):
    """An agent at the moment of becoming idle: what choices are made by.

    `busy_s` were spent on calls since log-in at `login_at`: the share `occupancy` (0..1) of that time.
    `calls` were answered, too; the last offer was at `offered_at`, `turn` counts up with everybody who
    becomes idle.
    """

    since: float
    occupancy: float
    calls: int
    offered_at: float
    turn: int
    busy_s: float = 0.0
    login_at: float = 0.0

    def key(self, order: IdleOrder) -> Key:
        """For an Ordered."""
        match order:
            case IdleOrder.OCCUPANCY:
                return (self.occupancy, self.since, self.turn, self.busy_s, self.login_at)
            case IdleOrder.CALLS:
                return (float(self.calls), self.since, self.turn)
            case IdleOrder.OFFERED:
                return (self.offered_at, self.since, self.turn)
            case _:
                return (self.since, 0.0, self.turn)


PoolKey = tuple[frozenset[tuple[str, int]], float]
"""Skills with proficiency, and the weight of each agent."""


@dataclass(slots=True)
class Tally:
    """How many agents of some pools are at work, and how many can be offered calls now."""

    logged_in: int = 0
    ready: int = 0

    @classmethod
    def of(cls, pools: Iterable[Pool]) -> Tally:
        """Kept right by the pools from now on: whoever asks does not look through them."""
        tally = cls()
        for pool in pools:
            tally.logged_in += pool.logged_in
            tally.ready += pool.ready
            pool.tallies.append(tally)
        return tally


class Pool:
    """The agents of one profile. Pools are compared by identity; `index` is their order in the plan."""

    __slots__ = (
        "idle",
        "index",
        "logged_in",
        "members",
        "ready",
        "reserved_by",
        "skills",
        "tallies",
        "total_skill",
        "weight",
    )

    def __init__(self, index: int, key: PoolKey, orders: Iterable[IdleOrder]) -> None:
        self.index = index
        self.skills: Mapping[str, int] = dict(key[0])
        self.weight = key[1]
        self.total_skill = sum(self.skills.values())
        self.idle: dict[IdleOrder, Ordered] = {order: Ordered() for order in orders}
        self.members: list[str] = []
        self.logged_in = 0
        self.ready = 0
        """How many can be offered calls now."""
        self.reserved_by: tuple[str, ...] = ()
        """Groups that keep a reserve of ready agents and whose calls these agents can serve."""
        self.tallies: list[Tally] = []

    def free(self, agent: str, idle: Idle) -> None:
        """The agent can be offered calls."""
        for order, agents in self.idle.items():
            agents.add(agent, idle.key(order))
        self._count_ready()

    def taken(self, agent: str) -> None:
        """The agent cannot."""
        for agents in self.idle.values():
            agents.remove(agent)
        self._count_ready()

    def part(self, has: Callable[[str], bool]) -> Pool:
        """Another pool, with those alone who are ready and of whom this holds."""
        part = Pool(self.index, (frozenset(self.skills.items()), self.weight), ())
        for order, agents in self.idle.items():
            part.idle[order] = some = Ordered()
            for key, agent in agents.first(len(agents)):
                if has(agent):
                    some.add(agent, key)
        part.ready = len(part.idle[IdleOrder.SINCE])
        return part

    def present(self, change: int) -> None:
        """So many more are at work."""
        self.logged_in += change
        for tally in self.tallies:
            tally.logged_in += change

    def _count_ready(self) -> None:
        ready = len(self.idle[IdleOrder.SINCE])
        for tally in self.tallies:
            tally.ready += ready - self.ready
        self.ready = ready
