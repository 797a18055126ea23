"""A group's waiting line and its lanes.

Calls that want the same agents and whose urgency grows at the same rate stand in one lane; their order there
never changes, so only the heads of lanes have to be compared. Urgency is a pair: the priority, and the
points gathered by waiting, `rate` a second (an accumulating priority: L. Kleinrock, "A delay dependent
queue discipline", 1964). Where all rates are equal that is: higher priority first, then first come first
served.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from acd.core.ordered import Key, Ordered
from acd.core.pools import Pool
from acd.core.requirement import Requirement

Urgency: TypeAlias = tuple[float, float, float, float]
"""Smaller is more urgent: minus the priority, minus the points, waiting since, order of joining."""


class Standing(NamedTuple):
    """Where a call is to stand.

    `ring` counts the rings of the group's configuration from 0. `requirement` comes with the call and is
    wanted beside the group's; with `alone`, instead of it. `only` names the one agent whom the call waits
    for. `level` is the strict priority, `rate` the points gathered for a second of waiting.
    """

    group: str
    requirement: Requirement
    since: float
    level: float = 0.0
    rate: float = 1.0
    ring: int = 0
    only: str | None = None
    alone: bool = False


LaneKey: TypeAlias = tuple[str, str, bool, int, str | None, float]


def lane_key(standing: Standing) -> LaneKey:
    """Calls with equal keys share a lane."""
    s = standing
    return (s.group, s.requirement.text, s.alone, s.ring, s.only, s.rate)


class Lane:
    """Calls that want the same agents. `tiers`: pools by ring, the inner one first; none for `only`."""

    __slots__ = (
        "agents",
        "at_work",
        "calls",
        "group",
        "head",
        "key",
        "members",
        "only",
        "rate",
        "requirement",
        "tiers",
    )

    def __init__(
        self, key: LaneKey, requirement: Requirement, tiers: tuple[frozenset[Pool], ...], only: str | None
    ) -> None:
        self.key = key
        self.group = key[0]
        self.rate = key[5]
        self.requirement = requirement
        self.tiers = tiers
        self.agents = frozenset(pool for tier in tiers for pool in tier)
        self.members = sum(len(pool.members) for pool in self.agents)
        self.only = only
        self.calls = Ordered()
        self.head: tuple[Key, str] | None = None  # of `calls`, see GroupLine
        self.at_work = (0, 0)  # as many, when the router had seen so many come and go

    def first_of(self, has: Callable[[str], bool]) -> str | None:
        """The first call of which this holds."""
        return next((call_id for call_id in self.calls if has(call_id)), None)

    def head_urgency(self, now: float) -> Urgency:
        """Of the first call; only for a lane that is not empty."""
        assert self.head is not None, self.key
        (minus_level, since, joined), _ = self.head
        return (minus_level, self.rate * (since - now), since, joined)

    def urgency(self, call_id: str, now: float) -> Urgency:
        """Of a call that stands here."""
        minus_level, since, joined = self.calls.key_of(call_id)
        return (minus_level, self.rate * (since - now), since, joined)

    def before(self, urgency: Urgency, now: float) -> int:
        """How many calls of this lane are more urgent."""
        minus_level, minus_points, since, joined = urgency
        if minus_points != self.rate * (since - now):
            since, joined = now + minus_points / self.rate, -1.0
        place = self.calls.before((minus_level, since, joined))
        # That may be off by those who have as many points, or nearly, by what a division rounds.
        while place < len(self.calls) and self.urgency(self.calls.at(place), now) < urgency:
            place += 1
        while place > 0 and self.urgency(self.calls.at(place - 1), now) >= urgency:
            place -= 1
        return place


class GroupLine:
    """Everybody who waits for one group, in all its lanes."""

    def __init__(self) -> None:
        self.lanes: dict[Lane, None] = {}
        self._lane_of: dict[str, Lane] = {}

    def add(self, call_id: str, lane: Lane, key: Key) -> None:
        """Join."""
        lane.calls.add(call_id, key)
        lane.head = lane.calls.head()
        self._lane_of[call_id] = lane
        self.lanes[lane] = None

    def remove(self, call_id: str) -> Lane | None:
        """Leave; the lane in which the call stood."""
        lane = self._lane_of.pop(call_id, None)
        if lane is not None:
            lane.calls.remove(call_id)
            lane.head = lane.calls.head()
            if not lane.calls:
                del self.lanes[lane]
        return lane

    def replace(self, call_id: str, successor: str) -> None:
        """`successor` takes the very place of the call."""
        lane = self._lane_of.pop(call_id)
        lane.calls.replace(call_id, successor)
        lane.head = lane.calls.head()
        self._lane_of[successor] = lane

    def lane_of(self, call_id: str) -> Lane | None:
        """Where the call stands, if it does."""
        return self._lane_of.get(call_id)

    def position(self, call_id: str, now: float) -> int | None:
        """Place in line, 1 is the most urgent; None when not there."""
        lane = self._lane_of.get(call_id)
        if lane is None:
            return None
        urgency = lane.urgency(call_id, now)
        return 1 + sum(other.before(urgency, now) for other in self.lanes)

    def in_order(self, now: float) -> Iterator[str]:
        """The most urgent first."""
        lanes = [[(lane.urgency(c, now), c) for c in lane.calls] for lane in self.lanes]
        return (call_id for _, call_id in heapq.merge(*lanes))

    def __len__(self) -> int:
        return len(self._lane_of)

    def __iter__(self) -> Iterator[str]:
        return iter(self._lane_of)

    def __contains__(self, call_id: str) -> bool:
        return call_id in self._lane_of
