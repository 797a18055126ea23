"""All lanes of a plan: made when a call needs one, kept for the next of its kind, found by who serves it."""

from __future__ import annotations

from collections.abc import Iterable

from acd.core.lanes import Lane, LaneKey, Standing, lane_key
from acd.core.pools import Pool
from acd.core.reach import Reach

MAX_EMPTY_LANES = 2000
"""Empty lanes are kept for the next call of their kind, but not without end."""


class LaneBook:
    """`waiting`: the lanes in which somebody stands."""

    def __init__(self, reach: Reach, pools: Iterable[Pool]) -> None:
        self._reach = reach
        self._kept: dict[LaneKey, Lane] = {}
        self._empty: dict[Lane, None] = {}  # of these, the longest empty first
        self._of_pool: dict[Pool, dict[Lane, None]] = {pool: {} for pool in pools}
        self._of_agent: dict[str, dict[Lane, None]] = {}
        self.waiting: dict[Lane, None] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def lane(self, standing: Standing) -> Lane:
        """The one for a call that stands so."""
        key = lane_key(standing)
        lane = self._kept.get(key)
        if lane is None:
            lane = self._kept[key] = self._new_lane(key, standing)
            self._now_empty(lane)
        return lane

    def joined(self, lane: Lane) -> None:
        """Somebody stands in the lane."""
        self.waiting[lane] = None
        self._empty.pop(lane, None)

    def left(self, lane: Lane) -> None:
        """Somebody has left it."""
        if not lane.calls:
            self.waiting.pop(lane, None)
            self._now_empty(lane)

    def open_to(self, agent: str, pool: Pool) -> Iterable[Lane]:
        """Those that this agent of this pool can serve; there may be empty ones among them."""
        lanes: Iterable[Lane] = self._of_pool[pool]
        if len(self.waiting) < len(self._of_pool[pool]):
            lanes = (lane for lane in self.waiting if pool in lane.agents)
        return (*lanes, *self._of_agent[agent]) if agent in self._of_agent else lanes

    def of_agent(self, agent: str) -> Iterable[Lane]:
        """Those that wait for this agent alone."""
        return self._of_agent.get(agent, ())

    def _now_empty(self, lane: Lane) -> None:
        self._empty[lane] = None
        if len(self._empty) > MAX_EMPTY_LANES:
            self._forget(next(iter(self._empty)))

    def _new_lane(self, key: LaneKey, standing: Standing) -> Lane:
        if standing.only is not None:
            lane = Lane(key, standing.requirement, (), standing.only)
            self._of_agent.setdefault(standing.only, {})[lane] = None
            return lane
        requirement, tiers = self._reach.tiers(standing)
        lane = Lane(key, requirement, tiers, None)
        for pool in lane.agents:
            self._of_pool[pool][lane] = None
        return lane

    def _forget(self, lane: Lane) -> None:
        del self._empty[lane], self._kept[lane.key]
        for pool in lane.agents:
            del self._of_pool[pool][lane]
        if lane.only is not None:
            own = self._of_agent[lane.only]
            del own[lane]
            if not own:
                del self._of_agent[lane.only]
