"""Who hung up in line a moment ago: calls again within some seconds, and goes on where the wait was."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog

from acd.core import policy_run
from acd.core.calls import Call, CallState, WaitSoFar
from acd.core.facts import (
    Alerted,
    CallKind,
    Ended,
    EndedBy,
    Kept,
    LeftLine,
    Moved,
    NotKept,
    Offered,
    OfferFailed,
    PolicyApplied,
    Prioritised,
    Queued,
    Unkept,
    WaitTakenUp,
    Widened,
)
from acd.core.plan import GroupPolicy
from acd.core.ports import Mirror

log = structlog.get_logger(__name__)

KEY = "abandoned:"
MOST_CALLERS = 10_000
_BROKEN_OFF = (EndedBy.CALLER, EndedBy.NODE)
"""Whose Asterisk node died calls again, too, and arrives at another one."""
_IN_LINE = (
    Moved,
    Prioritised,
    Alerted,
    Ended,
    Kept,
    NotKept,
    Offered,
    OfferFailed,
    PolicyApplied,
    Unkept,
    WaitTakenUp,
    Widened,
)


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A wait that its caller broke off; times in engine seconds.

    `groups`: whose line it was at the end, and before a policy moved the caller there. `so_far`: what time
    had done to it in the first of them.
    """

    number: str
    call_id: str
    waiting_since: float
    ended_at: float
    groups: tuple[str, ...]
    so_far: WaitSoFar

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Abandoned:
        """The inverse of `asdict`. Raises KeyError, TypeError or ValueError for what is none."""
        done = data["so_far"]
        return cls(
            str(data["number"]),
            str(data["call_id"]),
            float(data["waiting_since"]),
            float(data["ended_at"]),
            tuple(map(str, data["groups"])),
            WaitSoFar(int(done["ring"]), dict(done["step_runs"]), dict(done["step_raises"])),
        )


class AbandonedWaits:
    """By caller's number and group, kept over a restart. `within_s`: how long a wait can be taken up; 0: not.

    Who hides the number cannot be told from others and has no wait to go on with.
    """

    def __init__(
        self, within_s: float, clock: Callable[[], float], mirror: Mirror, most: int = MOST_CALLERS
    ) -> None:
        self.within_s = within_s
        self._clock = clock
        self._mirror = mirror
        self._most = most
        self._waits: OrderedDict[tuple[str, str], Abandoned] = OrderedDict()  # the oldest first

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Begin with the waits from before a restart; what is too old, or unreadable, is dropped."""
        found = []
        for key, value in kept.items():
            if not key.startswith(KEY):
                continue
            try:
                found.append(Abandoned.from_dict(value))
            except (KeyError, TypeError, ValueError) as error:
                log.warning("a wait that was broken off is dropped", reason=repr(error))
                self._mirror.drop(key)
        for wait in sorted(found, key=lambda wait: wait.ended_at):
            self._add(wait)
        self._drop_old()

    def call_changed(self, call: Call) -> None:
        """As the call is now: only one that has ended says something."""
        if not self.within_s or call.state is not CallState.ENDED or not call.caller_number:
            return
        groups = _broken_off(call)
        if call.waiting_since is None or not groups:
            return
        wait = Abandoned(
            call.caller_number, call.id, call.waiting_since, call.facts[-1].at, groups, call.so_far
        )
        self._add(wait)
        self._keep(wait)
        self._drop_old()

    def groups_changed(self, before: Mapping[str, GroupPolicy], after: Mapping[str, GroupPolicy]) -> None:
        """A reload: waits go on by the policies as they are now."""
        for key, wait in self._waits.items():
            old, new = before.get(wait.groups[0]), after.get(wait.groups[0])
            if old is not None and new is not None and old.steps != new.steps:
                so_far = policy_run.carried_over(wait.so_far, old.steps, new.steps)
                self._waits[key] = replace(wait, so_far=so_far)
                self._keep(self._waits[key])

    def take(self, call: Call, group: str) -> Abandoned | None:
        """The wait that this caller goes on with; each is taken up once."""
        if call.kind is not CallKind.INBOUND:
            return None
        found = self._waits.get((call.caller_number, group))
        if found is None or found.call_id == call.id:
            return None
        self._remove(found)
        return None if self._is_old(found) else found

    def _keep(self, wait: Abandoned) -> None:
        self._mirror.put(KEY + wait.call_id, asdict(wait))

    def _add(self, wait: Abandoned) -> None:
        for group in wait.groups:
            before = self._waits.get((wait.number, group))
            if before is not None:
                self._remove(before)
        for group in wait.groups:
            self._waits[wait.number, group] = wait

    def _drop_old(self) -> None:
        """Nobody calls again for them; so the mirror does not grow."""
        while self._waits:
            oldest = next(iter(self._waits.values()))
            if len(self._waits) <= self._most and not self._is_old(oldest):
                return
            self._remove(oldest)

    def _remove(self, wait: Abandoned) -> None:
        for group in wait.groups:
            other = self._waits.get((wait.number, group))
            if other is not None and other.call_id == wait.call_id:
                del self._waits[wait.number, group]
        self._mirror.drop(KEY + wait.call_id)

    def _is_old(self, wait: Abandoned) -> bool:
        return self._clock() - wait.ended_at > self.within_s


def _broken_off(call: Call) -> tuple[str, ...]:
    """The groups of the wait, or of the ring out of the line, that the caller's hang-up ended; or none."""
    last = call.facts[-1]
    if call.kind is not CallKind.INBOUND or not isinstance(last, Ended) or last.by not in _BROKEN_OFF:
        return ()
    groups: list[str] = []
    for fact in reversed(call.facts):
        is_move = isinstance(fact, LeftLine) and groups and fact.exit == groups[-1]
        if isinstance(fact, Queued):
            groups.append(fact.group)
        elif not is_move and not isinstance(fact, _IN_LINE):
            break
    return tuple(groups)
