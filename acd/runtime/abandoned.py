"""Who hung up in line a moment ago: calls again within some seconds, and goes on where the wait was."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from acd.core import policy_run
from acd.core.calls import Call, CallState, WaitSoFar
from acd.core.facts import (
    Alerted,
    CallKind,
    Ended,
    EndedBy,
    Kept,
    LeftLine,
    NotKept,
    Offered,
    OfferFailed,
    PolicyApplied,
    Queued,
    Unkept,
    WaitTakenUp,
    Widened,
)
from acd.core.plan import GroupPolicy

MOST_CALLERS = 10_000
_IN_LINE = (Alerted, Ended, Kept, NotKept, Offered, OfferFailed, PolicyApplied, Unkept, WaitTakenUp, Widened)


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A wait that its caller broke off; times in engine seconds.

    `groups`: whose line it was at the end, and before a policy moved the caller there. `so_far`: what time
    had done to it in the first of them.
    """

    call_id: str
    waiting_since: float
    ended_at: float
    groups: tuple[str, ...]
    so_far: WaitSoFar


class AbandonedWaits:
    """By caller's number and group. `within_s`: how long a wait can be taken up; 0: not at all.

    Who hides the number cannot be told from others and has no wait to go on with.
    """

    def __init__(self, within_s: float, clock: Callable[[], float], most: int = MOST_CALLERS) -> None:
        self.within_s = within_s
        self._clock = clock
        self._most = most
        self._waits: OrderedDict[tuple[str, str], Abandoned] = OrderedDict()

    def call_changed(self, call: Call) -> None:
        """As the call is now: only one that has ended says something."""
        if not self.within_s or call.state is not CallState.ENDED or not call.caller_number:
            return
        groups = _broken_off(call)
        if call.waiting_since is None or not groups:
            return
        wait = Abandoned(call.id, call.waiting_since, call.facts[-1].at, groups, call.so_far)
        for group in groups:
            self._waits[call.caller_number, group] = wait
            self._waits.move_to_end((call.caller_number, group))
        while len(self._waits) > self._most:
            self._waits.popitem(last=False)

    def groups_changed(self, before: Mapping[str, GroupPolicy], after: Mapping[str, GroupPolicy]) -> None:
        """A reload: waits go on by the policies as they are now."""
        for key, wait in self._waits.items():
            old, new = before.get(wait.groups[0]), after.get(wait.groups[0])
            if old is not None and new is not None and old.steps != new.steps:
                so_far = policy_run.carried_over(wait.so_far, old.steps, new.steps)
                self._waits[key] = replace(wait, so_far=so_far)

    def take(self, call: Call, group: str) -> Abandoned | None:
        """The wait that this caller goes on with; each is taken up once."""
        if call.kind is not CallKind.INBOUND:
            return None
        found = self._waits.get((call.caller_number, group))
        if found is None or found.call_id == call.id:
            return None
        for each in found.groups:
            other = self._waits.get((call.caller_number, each))
            if other is not None and other.call_id == found.call_id:
                del self._waits[call.caller_number, each]
        return found if self._clock() - found.ended_at <= self.within_s else None


def _broken_off(call: Call) -> tuple[str, ...]:
    """The groups of the wait, or of the ring out of the line, that the caller's hang-up ended; or none."""
    last = call.facts[-1]
    if call.kind is not CallKind.INBOUND or not isinstance(last, Ended) or last.by is not EndedBy.CALLER:
        return ()
    groups: list[str] = []
    for fact in reversed(call.facts):
        is_move = isinstance(fact, LeftLine) and groups and fact.exit == groups[-1]
        if isinstance(fact, Queued):
            groups.append(fact.group)
        elif not is_move and not isinstance(fact, _IN_LINE):
            break
    return tuple(groups)
