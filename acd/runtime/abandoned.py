"""Who hung up in line a moment ago: calls again within some seconds, and goes on where the wait was."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from acd.core.calls import Call, CallState
from acd.core.facts import (
    Alerted,
    CallKind,
    Ended,
    EndedBy,
    Kept,
    NotKept,
    Offered,
    OfferFailed,
    PolicyApplied,
    Queued,
    Unkept,
    WaitTakenUp,
    Widened,
)

MOST_CALLERS = 10_000
_IN_LINE = (Alerted, Ended, Kept, NotKept, Offered, OfferFailed, PolicyApplied, Unkept, WaitTakenUp, Widened)


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A wait that its caller broke off; times in engine seconds."""

    call_id: str
    waiting_since: float
    ended_at: float


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
        if call.group is None or call.waiting_since is None or not _hung_up_in_line(call):
            return
        key = (call.caller_number, call.group)
        self._waits[key] = Abandoned(call.id, call.waiting_since, call.facts[-1].at)
        self._waits.move_to_end(key)
        while len(self._waits) > self._most:
            self._waits.popitem(last=False)

    def take(self, call: Call, group: str) -> Abandoned | None:
        """The wait that this caller goes on with; each is taken up once."""
        if call.kind is not CallKind.INBOUND:
            return None
        found = self._waits.get((call.caller_number, group))
        if found is None or found.call_id == call.id:
            return None
        del self._waits[call.caller_number, group]
        return found if self._clock() - found.ended_at <= self.within_s else None


def _hung_up_in_line(call: Call) -> bool:
    """Whether the caller's own hang-up ended a wait, or a ring out of the line."""
    last = call.facts[-1]
    if call.kind is not CallKind.INBOUND or not isinstance(last, Ended) or last.by is not EndedBy.CALLER:
        return False
    before = next((fact for fact in reversed(call.facts) if not isinstance(fact, _IN_LINE)), None)
    return isinstance(before, Queued)
