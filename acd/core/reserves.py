"""Ready agents whom a group keeps from the calls of others (`GroupPolicy.reserve`).

Groups that reserve the same agents are equals: the reserve of one does not keep them from another.
"""

from __future__ import annotations

from collections.abc import Iterator

from acd.core.plan import Plan
from acd.core.pools import IdleOrder, Pool, Tally
from acd.core.reach import Reach


class Reserves:
    """Of all groups of a plan. A reserve is of the agents of the group's inner ring."""

    def __init__(self, plan: Plan, reach: Reach, pools: tuple[Pool, ...]) -> None:
        self._reach = reach
        self._wanted = {group.id: group.reserve for group in plan.groups.values() if group.reserve}
        self._ready = {group: Tally.of(reach.rings[group][0]) for group in self._wanted}
        self._has_kept: set[str] = set()  # the groups whose reserve has kept somebody waiting
        for pool in pools:
            pool.reserved_by = tuple(g for g in self._wanted if pool in reach.rings[g][0])

    def spares(self, pool: Pool, group: str) -> bool:
        """Whether a call of `group` may have an agent of this pool now."""
        return not pool.reserved_by or self.keeper(pool, group) is None

    def keeper(self, pool: Pool, group: str) -> str | None:
        """The group whose reserve keeps this pool's agents from calls of `group`; None: none does."""
        if group in pool.reserved_by:
            return None
        for other in pool.reserved_by:
            if not self._is_beyond(other):
                self._has_kept.add(other)
                return other
        return None

    def set_free_by(self, pool: Pool) -> Iterator[str]:
        """Those who were kept before an agent of this pool became ready, as long as they are taken."""
        for group in pool.reserved_by:
            if group not in self._has_kept:
                continue
            for other in self._reach.rings[group][0]:
                head, idle = None, other.idle[IdleOrder.SINCE]
                while self._is_beyond(group) and idle.head() not in (None, head):
                    head = idle.head()
                    assert head is not None, other.index
                    yield head[1]
            if self._is_beyond(group):
                self._has_kept.discard(group)

    def against(self, group: str) -> Iterator[tuple[str, int, int]]:
        """Reserves that may keep agents from this group: whose, how many, and how many of them are ready."""
        for other, wanted in self._wanted.items():
            inner = self._reach.rings[other][0]
            if any(group in self._reach.groups_of_pool[p] and group not in p.reserved_by for p in inner):
                yield other, wanted, self._ready[other].ready

    def _is_beyond(self, group: str) -> bool:
        """Whether more agents are ready than the group keeps back."""
        return self._ready[group].ready > self._wanted[group]
