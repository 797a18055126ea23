"""Which pools of agents may serve which calls, ring by ring. Fixed by the plan."""

from __future__ import annotations

from acd.core.lanes import Standing
from acd.core.plan import GroupPolicy, Plan
from acd.core.pools import Pool
from acd.core.requirement import Requirement


class Reach:
    """Of a plan's groups. `rings`: a group's pools by ring, each in the innermost that has it."""

    def __init__(self, plan: Plan, pools: tuple[Pool, ...]) -> None:
        self._groups = plan.groups
        self._pools = pools
        self.rings = {group.id: _rings(group, pools) for group in plan.groups.values()}
        self.groups_of_pool: dict[Pool, tuple[str, ...]] = dict.fromkeys(pools, ())
        for group, rings in self.rings.items():
            for pool in (pool for ring in rings for pool in ring):
                self.groups_of_pool[pool] += (group,)
        self._inner = {group: frozenset(rings[0]) for group, rings in self.rings.items()}

    def tiers(self, standing: Standing) -> tuple[Requirement, tuple[frozenset[Pool], ...]]:
        """What the call asks for, and the pools by ring up to the one in which it is."""
        policy = self._groups[standing.group]
        wanted = requirement_of(policy, standing, 0)
        if standing.ring == 0 and wanted == policy.requirement:
            return wanted, (self._inner[standing.group],)
        seen: set[Pool] = set()
        tiers = []
        for ring in range(standing.ring + 1):
            requirement = requirement_of(policy, standing, ring)
            tier = frozenset(p for p in self._pools if p not in seen and requirement.admits(p.skills))
            seen.update(tier)
            tiers.append(tier)
        return wanted, tuple(tiers)

    def ring_of(self, pool: Pool, standing: Standing) -> int | None:
        """The innermost ring that has the pool, of those open to a call that stands so; None: none has."""
        policy = self._groups[standing.group]
        rings = range(standing.ring + 1)
        return next((r for r in rings if requirement_of(policy, standing, r).admits(pool.skills)), None)


def requirement_of(policy: GroupPolicy, standing: Standing, ring: int) -> Requirement:
    """What an agent of this ring must know for a call that stands so."""
    if standing.alone:
        return standing.requirement
    if ring == 0:
        return Requirement.all_of((policy.requirement, standing.requirement))
    wider = policy.rings[ring - 1]
    if wider.drops_call_requirement:
        return wider.requirement
    return Requirement.all_of((wider.requirement, standing.requirement))


def _rings(group: GroupPolicy, pools: tuple[Pool, ...]) -> tuple[tuple[Pool, ...], ...]:
    seen: set[Pool] = set()
    rings = []
    for requirement in (group.requirement, *(ring.requirement for ring in group.rings)):
        ring = tuple(p for p in pools if p not in seen and requirement.admits(p.skills))
        seen.update(ring)
        rings.append(ring)
    return tuple(rings)
