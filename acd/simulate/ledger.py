"""Keeps account of a simulation, in equal parts of time (batches) and by half hour of the day."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

from acd.core.agents import AgentState
from acd.core.calls import Call
from acd.core.facts import AgentInterval
from acd.core.plan import GroupPolicy
from acd.simulate.callers import Caller
from acd.simulate.scenario import DAY_S, Scenario
from acd.simulate.visits import CallbackOutcome, OfferedCallback, Outcome, Visit, visits_of

SLOT_S = 1800.0
_WORK = (AgentState.TALKING.value, AgentState.WRAP_UP.value)


@dataclass(slots=True)
class Counts:
    """Of some visits. `abandoned` includes short ones; `wait_s` is of all, `answer_wait_s` of the answered.

    `blocked` and `closed` (who came outside of the opening hours) are no visits. `delayed`: who had to wait
    at all; `handled`: those answered whose `handle_s` is known, for it is over. `kept`: who waited for one
    agent alone at first, `kept_promises`: who got that agent. `callback_wait_s` is of the callbacks done.
    `hours`: how long it was counted.
    """

    hours: float = 0.0
    offered: int = 0
    blocked: int = 0
    closed: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    left: int = 0
    answered_in_time: int = 0
    abandoned_in_time: int = 0
    delayed: int = 0
    handled: int = 0
    wait_s: float = 0.0
    answer_wait_s: float = 0.0
    handle_s: float = 0.0
    kept: int = 0
    kept_promises: int = 0
    callbacks_offered: int = 0
    callbacks_accepted: int = 0
    callbacks_done: int = 0
    callbacks_failed: int = 0
    callbacks_by_hand: int = 0
    callback_dials: int = 0
    callback_wait_s: float = 0.0

    def add(self, other: Counts, sign: int = 1) -> None:
        """Add another account to this one, or take it off (`sign` -1)."""
        for name in _NAMES:
            setattr(self, name, getattr(self, name) + sign * getattr(other, name))

    def count(self, visit: Visit, policy: GroupPolicy) -> None:
        """Add one visit, measured by its group's thresholds."""
        wait_s = visit.wait_s
        self.offered += 1
        self.wait_s += wait_s
        self.delayed += wait_s > 0
        self.kept += visit.kept_for != ""
        match visit.outcome:
            case Outcome.ANSWERED:
                self.answered += 1
                self.answer_wait_s += wait_s
                self.kept_promises += visit.kept_for == visit.agent
                self.answered_in_time += wait_s <= policy.service_level_s
                if visit.handle_s is not None:
                    self.handled += 1
                    self.handle_s += visit.handle_s
            case Outcome.ABANDONED:
                self.abandoned += 1
                self.short_abandoned += wait_s < policy.short_abandon_s
                self.abandoned_in_time += wait_s <= policy.service_level_s
            case Outcome.LEFT:
                self.left += 1

    def count_callback(self, offered: OfferedCallback) -> None:
        """Add one that was offered."""
        outcome = offered.outcome
        self.callbacks_offered += 1
        self.callbacks_accepted += outcome is not CallbackOutcome.DECLINED
        self.callbacks_failed += outcome is CallbackOutcome.FAILED
        self.callbacks_by_hand += outcome is CallbackOutcome.BY_HAND
        self.callback_dials += offered.dials
        if outcome is CallbackOutcome.DONE:
            self.callbacks_done += 1
            self.callback_wait_s += offered.wait_s


_NAMES = tuple(f.name for f in fields(Counts))


def sum_of(some: Iterable[Counts], hours: float) -> Counts:
    """All of them in one, counted in the same `hours`."""
    total = Counts()
    for counts in some:
        total.add(counts)
    total.hours = hours
    return total


class Key(NamedTuple):
    """What an account is of. `segment` is the caller's class, `slot` the half hour of the day."""

    group: str
    segment: str
    batch: int
    slot: int


class Ledger:
    """An observer of one World. What began before the warm-up was over is not counted.

    `counts` by Key; `waits` of the answered by group and batch, `callback_waits` of the callbacks done;
    `busy_s` (talk, hold, wrap-up) and `ready_s` by agent and batch.
    """

    def __init__(self, groups: Mapping[str, GroupPolicy], scenario: Scenario) -> None:
        self.groups = groups
        self.batches = scenario.batches
        self.counts: defaultdict[Key, Counts] = defaultdict(Counts)
        self.waits: defaultdict[tuple[str, int], array[float]] = defaultdict(lambda: array("d"))
        self.callback_waits = array("d")
        self.busy_s: defaultdict[tuple[str, int], float] = defaultdict(float)
        self.ready_s: defaultdict[tuple[str, int], float] = defaultdict(float)
        self._of_state = dict.fromkeys(_WORK, self.busy_s) | {AgentState.READY.value: self.ready_s}
        self._begin, self._end = scenario.warm_up_s, scenario.length_s
        self._opens_s = scenario.opens_s
        self._batch_s = (self._end - self._begin) / scenario.batches

    @property
    def batch_hours(self) -> float:
        """The length of a batch."""
        return self._batch_s / 3600

    def blocked(self, caller: Caller) -> None:
        """See Observer."""
        if self._begin <= caller.at < self._end:
            self._account(caller.group, caller.segment, caller.at).blocked += 1

    def turned_away(self, caller: Caller) -> None:
        """See Observer."""
        if self._begin <= caller.at < self._end:
            self._account(caller.group, caller.segment, caller.at).closed += 1

    def callback_over(self, offered: OfferedCallback) -> None:
        """See Observer."""
        at = offered.offered_at
        if not self._begin <= at < self._end:
            return
        self._account(offered.group, offered.segment, at).count_callback(offered)
        if offered.outcome is CallbackOutcome.DONE:
            self.callback_waits.append(offered.wait_s)

    def call_over(self, call: Call) -> None:
        """See Observer."""
        for visit in visits_of(call):
            self.visit(visit)

    def visit(self, visit: Visit) -> None:
        """Count one."""
        at = visit.queued_at
        if not self._begin <= at < self._end:
            return
        batch = self._batch(at)
        self._account(visit.group, visit.segment, at, batch).count(visit, self.groups[visit.group])
        if visit.outcome is Outcome.ANSWERED:
            self.waits[visit.group, batch].append(visit.wait_s)

    def interval_over(self, interval: AgentInterval) -> None:
        """See Observer."""
        account = self._of_state.get(interval.state)
        if account is None:
            return
        since, until = max(interval.since, self._begin), min(interval.until, self._end)
        if since >= until:
            return
        first = self._batch(since)
        if until <= self._begin + (first + 1) * self._batch_s:  # nearly always
            account[interval.agent, first] += until - since
            return
        for batch in range(first, self._batch(until) + 1):
            begin = self._begin + batch * self._batch_s
            part_s = min(until, begin + self._batch_s) - max(since, begin)
            if part_s > 0:
                account[interval.agent, batch] += part_s

    def _batch(self, at: float) -> int:
        return min(int((at - self._begin) / self._batch_s), self.batches - 1)

    def _account(self, group: str, segment: str, at: float, batch: int | None = None) -> Counts:
        slot = int((self._opens_s + at) % DAY_S / SLOT_S)
        return self.counts[Key(group, segment, self._batch(at) if batch is None else batch, slot)]
