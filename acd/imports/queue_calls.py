"""The calls of a queue_log: from lines in order to the facts of whole calls.

Rules of this file:
* An impossible line spoils its call: what is left of it would be guesses, so none of it counts. A line
  that is there twice, or comes behind the end of its call, is refused alone. So is one of hold that does
  not fit: without it hold is talk, and everything else is as it was.
* A call is over when nothing has come of it for LINGER_S after an end: until then the caller may enter
  another queue, and the agent's after-call work may end. One that never ends is given up.
"""

from __future__ import annotations

from collections.abc import Iterator

from acd.core.facts import Ended, Fact, WrapUpEnd, WrapUpEnded, WrapUpStarted
from acd.imports.durations import TOLERANCE_S
from acd.imports.names import Names
from acd.imports.queue_steps import AgentTimes, Late, OpenCall, QueueSteps
from acd.imports.refusals import Impossible, Place, Refusals
from acd.queue_log.line import Event, Line

_BEGIN = frozenset({Event.ENTERQUEUE, Event.DID})
_HOLDS = frozenset({Event.CALLERONHOLD, Event.CALLEROFFHOLD})
LINGER_S = 1800
LONGEST_CALL_S = 12 * 3600
MOST_CALLS = 50_000
"""Kept in memory at most, of those that are over and of those that are not."""
NOT_COUNTED = "line of a call that is not counted"
SPOILED = "call that is not counted"


class QueueCalls:
    """Feed it the lines of calls; it yields (id, facts, place of the first line) of calls that are over."""

    def __init__(self, names: Names, refusals: Refusals, times: AgentTimes) -> None:
        self._refusals = refusals
        self._steps = QueueSteps(names, times)
        self._calls: dict[str, OpenCall] = {}  # in the order of their last lines

    @property
    def open(self) -> int:
        """How many calls go on, as far as is known."""
        calls = self._calls.values()
        return sum(bool(call.facts) and not call.is_over and not call.why_spoiled for call in calls)

    def feed(self, line: Line, place: Place, text: str) -> None:
        """One line with a call's id."""
        call = self._calls.pop(line.call, None)
        if call is None:
            if line.event not in _BEGIN:
                fault = Impossible("no ENTERQUEUE before it")
                self._refusals.refuse(place, fault, text)
                return
            call = OpenCall(line.call, place)
        self._calls[line.call] = call  # behind all others
        try:
            self._take(call, line, place, hash(text))
        except Impossible as fault:
            self._refusals.refuse(place, fault, text)

    def wrapped_up(self, call_id: str, agent: str, since: float, until: float) -> None:
        """The agent's after-call work for this call."""
        call = self._calls.get(call_id)
        if call is not None and not call.why_spoiled:
            since = max(since, call.talked_until.get(agent, since))
            if until > since:
                call.work += (WrapUpStarted(since, agent), WrapUpEnded(until, agent, WrapUpEnd.UNKNOWN))

    def over(self, now: int) -> Iterator[tuple[str, list[Fact], Place]]:
        """Calls that are over by now, or given up."""
        done: list[OpenCall] = []
        for call in self._calls.values():  # the oldest first
            idle_s = now - call.last_at
            if idle_s <= LINGER_S and len(self._calls) - len(done) <= MOST_CALLS:
                break
            is_crowded = len(self._calls) - len(done) > 2 * MOST_CALLS
            if call.is_over or call.why_spoiled or is_crowded or idle_s > LONGEST_CALL_S:
                done.append(call)
        for call in done:
            del self._calls[call.id]
            yield from self._whole(call)

    def restarted(self, at: int, place: Place) -> None:
        """Asterisk began anew: whoever was in a queue, or talked, is gone; when exactly is not known."""
        for call in self._calls.values():
            if call.is_over or call.why_spoiled or not call.facts:
                continue
            self._refusals.leave_out(
                call.first, "call cut off by a restart of Asterisk; it ends there, at " + str(place)
            )
            self._steps.cut_off(call, float(at))

    def rest(self) -> Iterator[tuple[str, list[Fact], Place]]:
        """At the end of the source: all calls that are over."""
        for call in list(self._calls.values()):
            if call.is_over or call.why_spoiled or not call.facts:
                del self._calls[call.id]
                yield from self._whole(call)

    def _whole(self, call: OpenCall) -> Iterator[tuple[str, list[Fact], Place]]:
        if call.why_spoiled:
            return
        if not call.facts:
            self._refusals.leave_out(call.first, "DID of a call that entered no queue", call.id)
            return
        if call.ended_at is None:
            fault = Impossible("call without an end", f"nothing more came of the call after {call.last}")
            self._refusals.refuse(call.first, fault, f"call {call.id}")
            return
        facts = [*call.facts, Ended(max(call.ended_at, call.latest), call.ended_by), *call.work]
        if call.work:
            facts.sort(key=lambda fact: fact.at)  # stable: they were in order before
        yield call.id, facts, call.first

    # --- one line ------------------------------------------------------------------------------
    def _take(self, call: OpenCall, line: Line, place: Place, mark: int) -> None:
        if mark in call.seen:
            raise Impossible("duplicate", "the same line has been there already")
        call.seen.add(mark)
        if call.why_spoiled:
            raise Impossible(NOT_COUNTED, f"{NOT_COUNTED}: {call.why_spoiled}")
        try:
            if line.at < call.last_at - TOLERANCE_S:
                raise Impossible(
                    "disorder", f"disorder: {call.last_at - line.at} s before {call.last} of the same call"
                )
            self._steps.take(call, line)
        except Late as late:
            raise Impossible("line behind the end of its call", str(late)) from None
        except Impossible as fault:
            if line.event in _HOLDS:
                raise
            call.why_spoiled = f"{place}: {fault}"
            if call.last is not None:
                self._refusals.refuse(call.first, Impossible(SPOILED, f"{SPOILED}: {call.why_spoiled}"))
            self._steps.abandon_talk(call)
            raise
        call.last_at, call.last = max(call.last_at, line.at), place
