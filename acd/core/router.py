"""Who may serve whom, and who is next: pools of idle agents, lanes of waiting calls.

A free agent looks only at the heads of lanes, a new call only at the fronts of pools: a decision costs the
same with ten agents as with ten thousand, and with ten calls waiting as with twenty thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heapify, heappop, heapreplace
from itertools import takewhile
from typing import NamedTuple

from acd.core.choosing import Choice, choose
from acd.core.lane_book import LaneBook
from acd.core.lanes import GroupLine, Lane, Standing, Urgency
from acd.core.ordered import Key
from acd.core.plan import Plan
from acd.core.pools import ORDER_OF, Idle, IdleOrder, Pool, PoolKey, Tally
from acd.core.reach import Reach
from acd.core.reserves import Reserves


class Crowd(NamedTuple):
    """Of those at work who could serve a call: all, those who are ready, and of these who may not have it.

    `ready`: in the ring that has the call and in those inside it, kept for nobody. `kept`: by the group whose
    reserve keeps them; `outer`: by ring, outside of the one that has the call.
    """

    logged_in: int
    ready: int
    kept: Mapping[str, int]
    outer: Mapping[int, int]


class Router:
    """Pools and lines of one plan. `leaving`: agents at work who are in it no longer, and get no calls."""

    def __init__(self, plan: Plan, leaving: Iterable[str] = (), turn: int = 0) -> None:
        self._plan = plan
        orders = {IdleOrder.SINCE, *(ORDER_OF[group.choice] for group in plan.groups.values())}
        pools: dict[PoolKey, Pool] = {}
        self._pool_of: dict[str, Pool] = {}
        for agent in plan.agents.values():
            key = (frozenset(agent.skills.items()), agent.weight)
            if key not in pools:
                pools[key] = Pool(len(pools), key, sorted(orders))
            pools[key].members.append(agent.id)
            self._pool_of[agent.id] = pools[key]
        self.pools = tuple(pools.values())
        self.lines: dict[str, GroupLine] = {group: GroupLine() for group in plan.groups}
        self._reach = Reach(plan, self.pools)
        self._reserves = Reserves(plan, self._reach, self.pools)
        self._tallies: dict[str, Tally] = {}
        self._is_even = not plan.ageing and len({group.weight for group in plan.groups.values()}) < 2
        self._apart = Pool(len(pools), (frozenset(), 1.0), orders)  # of those who are leaving: serves no line
        self._pool_of |= dict.fromkeys(leaving, self._apart)
        self._reach.groups_of_pool[self._apart] = ()
        self._lanes = LaneBook(self._reach, (*self.pools, self._apart))
        self._ready: dict[Pool, None] = {}
        self._at_work: set[str] = set()
        self._came_or_went = 0
        self._turn = turn
        self._idle: dict[str, Idle] = {}

    # --- agents -------------------------------------------------------------------------------
    def groups_of(self, agent: str) -> tuple[str, ...]:
        """The groups that this agent can serve, in whichever ring."""
        return self._reach.groups_of_pool[self._pool_of[agent]]

    def agent_free(self, agent: str, idle: Idle) -> None:
        """The agent can be offered calls."""
        pool = self._pool_of[agent]
        pool.free(agent, idle)
        self._ready[pool] = None
        self._idle[agent] = idle

    def agent_taken(self, agent: str) -> None:
        """The agent cannot be offered calls."""
        pool = self._pool_of[agent]
        pool.taken(agent)
        self._idle.pop(agent, None)
        if not pool.ready:
            self._ready.pop(pool, None)
            if not self._ready:
                self._ready = {}  # a dictionary that many have left is slow to look through

    def idle_as(self, agent: str) -> Idle | None:
        """As what a free agent is chosen by; None for one who is not free."""
        return self._idle.get(agent)

    def let_go(self, agent: str) -> None:
        """The agent is not in the plan, and finishes some work."""
        self._pool_of[agent] = self._apart

    def forget(self, agent: str) -> None:
        """The agent, who is not in the plan, has gone home."""
        self.agent_taken(agent)
        self.agent_present(agent, logged_in=False)
        del self._pool_of[agent]

    def is_free(self, agent: str) -> bool:
        """Whether the agent can be offered calls."""
        return agent in self._idle

    def agent_present(self, agent: str, *, logged_in: bool) -> None:
        """The agent is at work, or is not; the same may be said again."""
        if logged_in != (agent in self._at_work):
            self._came_or_went += 1
            self._pool_of[agent].present(1 if logged_in else -1)
            (self._at_work.add if logged_in else self._at_work.discard)(agent)

    def left_behind(self, agent: str) -> list[str]:
        """The calls that may have nobody left of the agents they stand for, now that this one is gone."""
        calls = [call for lane in self._lanes.of_agent(agent) for call in lane.calls]
        pool = self._pool_of[agent]
        if pool.logged_in == 0:
            calls += [call for group in self._reach.groups_of_pool[pool] for call in self.lines[group]]
            calls += [call for lane in self._lanes.waiting if pool in lane.agents for call in lane.calls]
        return list(dict.fromkeys(calls))

    def logged_in(self, group: str) -> int:
        """How many are at work who can serve the group, in whichever ring."""
        return self._tally(group).logged_in

    def at_work_for(self, group: str) -> Iterator[str]:
        """Who they are."""
        pools = (pool for ring in self._reach.rings[group] for pool in ring)
        return (agent for pool in pools for agent in pool.members if agent in self._at_work)

    def candidates(self, call_id: str, group: str, limit: int) -> tuple[int, list[str]]:
        """How many in the plan could serve a call in line, and who; nobody is named of more than `limit`."""
        lane = self.lines[group].lane_of(call_id)
        if lane is None or lane.members > limit:
            return (0 if lane is None else lane.members), []
        pools = sorted(lane.agents, key=lambda pool: pool.index)
        return lane.members, [agent for pool in pools for agent in pool.members]

    def crowd(self, call_id: str, group: str, ring: int) -> Crowd:
        """Those at work who could serve a call in line, which gets somebody of this ring."""
        lane = self.lines[group].lane_of(call_id)
        assert lane is not None, call_id
        kept: dict[str, int] = {}
        outer: dict[int, int] = {}
        ready = 0
        for number, tier in enumerate(lane.tiers):
            for pool in self._ready_of(tier):
                keeper = self._reserves.keeper(pool, group)
                if keeper is not None:
                    kept[keeper] = kept.get(keeper, 0) + pool.ready
                elif number > ring:
                    outer[number] = outer.get(number, 0) + pool.ready
                else:
                    ready += pool.ready
        if lane.at_work[0] != self._came_or_went:
            lane.at_work = (self._came_or_went, sum(pool.logged_in for pool in lane.agents))
        return Crowd(lane.at_work[1], ready, kept, outer)

    def ring_of(self, agent: str, standing: Standing) -> int | None:
        """The innermost ring that has the agent, of those open to a call that stands so; None: none has."""
        return self._reach.ring_of(self._pool_of[agent], standing)

    def is_open_to(self, agent: str, standing: Standing) -> bool:
        """Whether the agent serves a call that stands so, in a ring that it has reached; reserves aside."""
        lane = self._lanes.lane(standing)
        return agent == lane.only or self._pool_of[agent] in lane.agents

    def ready(self, group: str) -> int:
        """How many of them can be offered a call now."""
        return self._tally(group).ready

    def _tally(self, group: str) -> Tally:
        """Counted from the first time that somebody asks: most groups have no policy that does."""
        if group not in self._tallies:
            self._tallies[group] = Tally.of(pool for ring in self._reach.rings[group] for pool in ring)
        return self._tallies[group]

    # --- calls --------------------------------------------------------------------------------
    @property
    def turn(self) -> int:
        """The last number that `next_turn` gave."""
        return self._turn

    def next_turn(self, above: int = 0) -> int:
        """A number that grows, and is greater than `above`."""
        self._turn = max(self._turn, above) + 1
        return self._turn

    def enqueue(self, call_id: str, standing: Standing, joined: int) -> None:
        """The call joins the line, or moves to another lane of it; `joined` breaks ties (see `next_turn`)."""
        self.dequeue(call_id, standing.group)
        lane = self._lanes.lane(standing)
        key = (-standing.level, standing.since, float(joined))
        self.lines[standing.group].add(call_id, lane, key)
        self._lanes.joined(lane)

    def dequeue(self, call_id: str, group: str) -> None:
        """The call leaves the line; not being there is fine."""
        line = self.lines.get(group)  # None: a group of a plan of before
        lane = None if line is None else line.remove(call_id)
        if lane is not None:
            self._lanes.left(lane)

    def is_head(self, call_id: str, group: str) -> bool:
        """Whether nobody of the same lane is before the call."""
        lane = self.lines[group].lane_of(call_id)
        return lane is not None and lane.head is not None and lane.head[1] == call_id

    def before(self, call_id: str, group: str) -> Iterator[str]:
        """The calls of the same lane that are before this one, the first first."""
        lane = self.lines[group].lane_of(call_id)
        return iter(()) if lane is None else takewhile(lambda other: other != call_id, lane.calls)

    def staffed(self, standing: Standing) -> bool:
        """Whether anybody is at work who could serve a call that stands so."""
        lane = self._lanes.lane(standing)
        return any(pool.logged_in for pool in lane.agents)

    def widened(self, standing: Standing) -> bool:
        """Whether ring `standing.ring` has anybody at work whom the rings inside it have not."""
        lane = self._lanes.lane(standing)
        return any(pool.logged_in for pool in lane.tiers[standing.ring])

    # --- decisions ----------------------------------------------------------------------------
    def agent_for(self, call_id: str, group: str, now: float, seed: int = 0) -> Choice | None:
        """The agent who should take a waiting call now; None if nobody may."""
        lane = self.lines[group].lane_of(call_id)
        if lane is None:
            return None
        if lane.only is not None:
            free = self.is_free(lane.only) and self._reserves.spares(self._pool_of[lane.only], group)
            return Choice(lane.only, 1, "asked for by name") if free else None
        if not self._ready:
            return None
        policy = self._plan.groups[group]
        for tier in lane.tiers:
            ready = [pool for pool in self._ready_of(tier) if self._reserves.spares(pool, group)]
            if ready:
                return choose(policy.choice, lane.requirement, ready, now, f"{seed}/{call_id}")
        return None

    def agent_for_one_of(
        self, call_id: str, group: str, now: float, may: Callable[[str], bool], seed: int = 0
    ) -> Choice | None:
        """Like `agent_for`, out of those of whom `may` holds: all who are ready are looked at."""
        lane = self.lines[group].lane_of(call_id)
        if lane is None or lane.only is not None:
            choice = self.agent_for(call_id, group, now, seed)
            return choice if choice is not None and may(choice.agent) else None
        for tier in lane.tiers:
            spared = (pool.part(may) for pool in self._ready_of(tier) if self._reserves.spares(pool, group))
            if ready := [pool for pool in spared if pool.ready]:
                rule = self._plan.groups[group].choice
                return choose(rule, lane.requirement, ready, now, f"{seed}/{call_id}")
        return None

    def _ready_of(self, tier: frozenset[Pool]) -> Iterable[Pool]:
        """The pools of it that have somebody ready."""
        if len(self._ready) < len(tier):
            return (pool for pool in self._ready if pool in tier)
        return (pool for pool in tier if pool.ready)

    def call_for(self, agent: str, now: float) -> str | None:
        """The call that this agent should serve next: the most urgent of the heads of the lanes."""
        lanes = self._lanes_for(agent)
        heads: list[tuple[Key | Urgency, str]]
        if self._is_even:  # where all gather points at one rate, the order of the heads is that of urgency
            heads = [lane.head for lane in lanes if lane.head is not None]
        else:
            heads = [(lane.head_urgency(now), lane.head[1]) for lane in lanes if lane.head is not None]
        return min(heads)[1] if heads else None

    def call_for_among(self, agent: str, now: float, may: Callable[[str], bool]) -> str | None:
        """Likewise, of those calls of which `may` holds: lanes are looked through as far as the first."""
        found = [(lane, lane.first_of(may)) for lane in self._lanes_for(agent) if lane.head is not None]
        urgent = [(lane.urgency(call_id, now), call_id) for lane, call_id in found if call_id is not None]
        return min(urgent)[1] if urgent else None

    def _lanes_for(self, agent: str) -> Iterable[Lane]:
        """Those that the agent may serve now; there may be empty ones among them."""
        pool = self._pool_of[agent]
        lanes = self._lanes.open_to(agent, pool)
        if not pool.reserved_by:
            return lanes
        spares = self._reserves.spares
        return [lane for lane in lanes if lane.head is not None and spares(pool, lane.group)]

    def heads(self, now: float) -> Iterator[str]:
        """The head of every lane, the most urgent first; of a lane whose head has left meanwhile the next."""
        heap = [(lane.head_urgency(now), lane) for lane in self._lanes.waiting]
        heapify(heap)  # urgencies are all different: lanes are never compared
        while heap:
            lane = heap[0][1]
            call_id = _first(lane)
            assert call_id is not None, lane.key
            yield call_id
            if _first(lane) in (None, call_id):
                heappop(heap)
            else:
                heapreplace(heap, (lane.head_urgency(now), lane))

    def spare_agents(self, agent: str) -> Iterator[str]:
        """Those whom a reserve kept from calls before this agent became ready, as long as they are taken."""
        return self._reserves.set_free_by(self._pool_of[agent])

    def reserves_against(self, group: str) -> Iterator[tuple[str, int, int]]:
        """Reserves that may keep agents from this group: whose, how many, and how many of them are ready."""
        return self._reserves.against(group)

    def reserved_by(self, agent: str) -> tuple[str, ...]:
        """The groups whose reserve this agent may belong to."""
        return self._pool_of[agent].reserved_by

    def keeper(self, agent: str, group: str) -> str | None:
        """The group whose reserve keeps this agent from calls of `group` now; None: no reserve does."""
        return self._reserves.keeper(self._pool_of[agent], group)


def _first(lane: Lane) -> str | None:
    """The call at its head, as it is now: asked anew after others had their turn."""
    return None if lane.head is None else lane.head[1]
