"""The calls of a queue_log: from lines in order to the facts of whole calls.

Rules of this file:
* The figures are those that the line says (wait, talk); the line's own time only has to agree with them.
* An impossible line spoils its call: what is left of it would be guesses, so none of it counts. A line
  that is there twice, or comes behind the end of its call, is refused alone. So is one of hold that does
  not fit: without it hold is talk, and everything else is as it was.
* A call is over when nothing has come of it for LINGER_S after an end: until then the caller may enter
  another queue, and the agent's after-call work may end. One that never ends is given up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from acd.core.facts import (
    AgentLeft,
    Answered,
    Arrived,
    CallKind,
    Ended,
    EndedBy,
    Fact,
    Held,
    LeftBy,
    LeftLine,
    Offered,
    OfferFailed,
    OfferFailure,
    Queued,
    Resumed,
    Transferred,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.imports.durations import LONGEST_S, TOLERANCE_S, length_s, whole_number
from acd.imports.names import Names
from acd.imports.refusals import Impossible, Place, Refusals
from acd.queue_log.line import NO_KEY, Event, Line

LINGER_S = 1800
LONGEST_CALL_S = 12 * 3600
MOST_CALLS = 50_000
"""Kept in memory at most, of those that are over and of those that are not."""
NOT_COUNTED = "line of a call that is not counted"
SPOILED = "call that is not counted"


class AgentTimes(Protocol):
    """Who is told what calls say of agents' states; times in Unix seconds."""

    def rang(self, agent: str, since: float, until: float) -> None:
        """The agent did not take a call."""

    def connected(self, agent: str, rung_since: float, at: float, call: str) -> None:
        """The agent took one, and talks."""

    def left(self, agent: str, at: float, call: str) -> None:
        """That talk is over."""


@dataclass(slots=True)
class OpenCall:
    """One call in the making. `queue` and `agent` are where the caller is now, '' for nowhere."""

    id: str
    first: Place
    facts: list[Fact] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    dialed: str = ""
    last_at: int = 0
    last: Place | None = None
    queue: str = ""
    agent: str = ""
    queued_at: float = 0.0
    answered_at: float = 0.0
    wait_s: float = 0.0
    rings: list[Fact] = field(default_factory=list)
    holds: list[Fact] = field(default_factory=list)
    ended_at: float | None = None
    ended_by: EndedBy = EndedBy.UNKNOWN
    leaver: str = ""  # the agent who ended the last talk, while the caller may go on
    talked_until: dict[str, float] = field(default_factory=dict)
    work: list[Fact] = field(default_factory=list)  # after calls
    why_spoiled: str = ""

    @property
    def is_over(self) -> bool:
        """Nothing more need come."""
        return self.ended_at is not None

    @property
    def latest(self) -> float:
        """The time of the last fact."""
        return self.facts[-1].at if self.facts else 0.0


class QueueCalls:
    """Feed it the lines of calls; it yields (id, facts, place of the first line) of calls that are over."""

    def __init__(self, names: Names, refusals: Refusals, times: AgentTimes) -> None:
        self._names = names
        self._refusals = refusals
        self._times = times
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
            if call.agent:
                self._end_talk(call, max(float(at), call.answered_at))
            self._settle_rings(call, float(at))
            self._over(call, max(float(at), call.latest), EndedBy.UNKNOWN)

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
            _STEPS[line.event](self, call, line)
        except _Late as late:
            raise Impossible("line behind the end of its call", str(late)) from None
        except Impossible as fault:
            if line.event in _HOLDS:
                raise
            call.why_spoiled = f"{place}: {fault}"
            if call.last is not None:
                self._refusals.refuse(call.first, Impossible(SPOILED, f"{SPOILED}: {call.why_spoiled}"))
            self._abandon_talk(call)
            raise
        call.last_at, call.last = max(call.last_at, line.at), place

    def _abandon_talk(self, call: OpenCall) -> None:
        """The agent is no longer known to talk."""
        if call.agent:
            self._end_talk(call, call.answered_at)

    def _did(self, call: OpenCall, line: Line) -> None:
        if line.data:
            call.dialed = line.data[0]

    def _enter(self, call: OpenCall, line: Line) -> None:
        if call.queue:
            where = f"with {call.agent}" if call.agent else "in line"
            raise Impossible("enters twice", f"enters {line.queue} while {where} in {call.queue}")
        if call.is_over and call.ended_by is EndedBy.CALLER:
            raise _Late("the caller had hung up")
        at = max(float(line.at), call.latest, call.ended_at or 0.0)
        if not call.facts:
            number, name = _at(line.data, 1), _at(line.data, 3)
            call.facts.append(Arrived(at, CallKind.INBOUND, number, name, call.dialed))
        elif call.leaver and call.ended_at is not None:
            call.facts.append(AgentLeft(call.ended_at, call.leaver))
        call.facts.append(Queued(at, self._names.group(line.queue)))
        call.queue, call.queued_at, call.ended_at, call.leaver = line.queue, at, None, ""

    def _connect(self, call: OpenCall, line: Line) -> None:
        self._must_be_in_line(call, line)
        wait_s = length_s(_at(line.data, 0), "wait", line.at - call.queued_at)
        rung_s = length_s(_at(line.data, 2) or "0", "time rung", line.at - call.queued_at)
        agent = self._names.agent(line.agent)
        call.answered_at = call.queued_at + wait_s
        rung_since = max(call.queued_at, call.answered_at - rung_s)
        call.rings.append(Offered(rung_since, agent, line.agent))
        self._settle_rings(call, call.answered_at)
        call.facts.append(Answered(call.answered_at, agent))
        call.agent, call.wait_s = line.agent, wait_s
        self._times.connected(agent, rung_since, call.answered_at, call.id)

    def _hold(self, call: OpenCall, line: Line) -> None:
        self._must_talk(call, line)
        at = max(float(line.at), call.answered_at)
        is_held = bool(call.holds) and isinstance(call.holds[-1], Held)
        if is_held != (line.event == Event.CALLERONHOLD):
            call.holds.append(Held(at) if line.event == Event.CALLERONHOLD else Resumed(at))

    def _ring_failed(self, call: OpenCall, line: Line) -> None:
        self._must_be_in_line(call, line)
        at = max(float(line.at), call.queued_at)
        rung_s = whole_number(_at(line.data, 0) or "0", "time rung") / 1000
        if rung_s > at - call.queued_at + TOLERANCE_S:
            raise Impossible(
                "end before start", f"end before start: rang for {rung_s:g} s, longer than the wait"
            )
        agent = self._names.agent(line.agent)
        failure = OfferFailure.WITHDRAWN if line.event == Event.RINGCANCELED else OfferFailure.NO_ANSWER
        call.rings.append(Offered(max(call.queued_at, at - rung_s), agent, line.agent))
        call.rings.append(OfferFailed(at, agent, failure))
        self._times.rang(agent, max(call.queued_at, at - rung_s), at)

    def _abandon(self, call: OpenCall, line: Line) -> None:
        at = self._out_of_line(call, line, 2)
        self._over(call, at, EndedBy.CALLER)

    def _exit(self, call: OpenCall, line: Line) -> None:
        group = self._names.group(line.queue)
        at = self._out_of_line(call, line, 3 if line.event == Event.EXITWITHKEY else 2)
        key = _at(line.data, 0) if line.event == Event.EXITWITHKEY else ""
        how = _LEFT_BY.get(line.event, LeftBy.TIMEOUT)
        call.facts.append(LeftLine(at, group, how, key="" if key == NO_KEY else key))
        self._over(call, at, EndedBy.UNKNOWN)

    def _dropped(self, call: OpenCall, line: Line) -> None:
        self._must_be_in_line(call, line)
        at = max(float(line.at), call.queued_at)
        self._settle_rings(call, at)
        call.queue = ""
        self._over(call, at, EndedBy.SYSTEM)

    def _agent_hung_up_on_announcement(self, call: OpenCall, line: Line) -> None:
        self._must_be_in_line(call, line)

    def _complete(self, call: OpenCall, line: Line) -> None:
        by_agent = line.event == Event.COMPLETEAGENT
        at = self._out_of_talk(call, line, _at(line.data, 0), _at(line.data, 1))
        call.leaver = self._names.agent(line.agent) if by_agent else ""
        self._over(call, at, EndedBy.AGENT if by_agent else EndedBy.CALLER)

    def _transfer(self, call: OpenCall, line: Line) -> None:
        attended = line.event == Event.ATTENDEDTRANSFER
        wait, talk = (_at(line.data, -3), _at(line.data, -2)) if attended else line.data[2:4] or ("", "")
        at = self._out_of_talk(call, line, wait, talk)
        how, target = ("attended", _at(line.data, 1)) if attended else ("blind", _at(line.data, 0))
        call.facts.append(Transferred(at, self._names.agent(line.agent), target, how))
        self._over(call, at, EndedBy.UNKNOWN)

    # --- what they have in common ----------------------------------------------------------------
    def _must_be_in_line(self, call: OpenCall, line: Line) -> None:
        if call.is_over:
            raise _Late(f"the caller had left the queue at {call.last}")
        if call.agent:
            raise Impossible("still talking", f"{line.event} while the caller talks with {call.agent}")
        if call.queue != line.queue:
            raise Impossible(
                "another queue", f"{line.event} of {line.queue}, but the caller is in {call.queue or 'none'}"
            )

    def _out_of_line(self, call: OpenCall, line: Line, place_of_wait: int) -> float:
        self._must_be_in_line(call, line)
        elapsed_s = max(0.0, line.at - call.queued_at)
        said = _at(line.data, place_of_wait)  # old versions say less
        at = call.queued_at + (length_s(said, "wait", elapsed_s) if said else elapsed_s)
        self._settle_rings(call, at)
        call.queue = ""
        return at

    def _must_talk(self, call: OpenCall, line: Line) -> None:
        if call.is_over:
            raise _Late(f"the talk had ended at {call.last}")
        if not call.agent:
            raise Impossible("no CONNECT before it", f"{line.event} of a caller who was not connected")
        if call.queue != line.queue:
            raise Impossible(
                "another queue", f"{line.event} of {line.queue}, but the caller is in {call.queue}"
            )
        if self._names.agent(call.agent) != self._names.agent(line.agent):
            raise Impossible("another agent", f"{line.event} of {line.agent}, but {call.agent} was connected")

    def _out_of_talk(self, call: OpenCall, line: Line, wait: str, talk: str) -> float:
        self._must_talk(call, line)
        if wait and abs(whole_number(wait, "wait") - call.wait_s) > TOLERANCE_S:
            raise Impossible("another wait", f"a wait of {wait} s, but CONNECT said {call.wait_s:.0f}")
        elapsed_s = max(0.0, line.at - call.answered_at)
        until = call.answered_at + (length_s(talk, "talk", elapsed_s) if talk else elapsed_s)
        if until - call.answered_at > LONGEST_S:
            raise Impossible("longer than a week")
        self._end_talk(call, until)
        return until

    def _end_talk(self, call: OpenCall, until: float) -> None:
        agent = self._names.agent(call.agent)
        call.facts += (type(fact)(min(fact.at, until)) for fact in call.holds)
        call.holds.clear()
        call.talked_until[agent] = until
        call.queue = call.agent = ""
        self._times.left(agent, until, call.id)

    def _settle_rings(self, call: OpenCall, at: float) -> None:
        """Rings of this visit, in order; no fact lies behind `at`."""
        for fact in sorted(call.rings, key=lambda ring: ring.at):
            call.facts.append(fact if fact.at <= at else type(fact)(at, *_rest(fact)))
        call.rings.clear()

    def _over(self, call: OpenCall, at: float, by: EndedBy) -> None:
        call.queue = call.agent = ""
        call.ended_at, call.ended_by = at, by


class _Late(Exception):
    """The line is behind the end: it is refused, its call is not."""


def _rest(fact: Fact) -> tuple[object, ...]:
    match fact:
        case Offered(_, agent, phone):
            return agent, phone
        case OfferFailed(_, agent, failure):
            return agent, failure
    return ()


def _at(data: tuple[str, ...], place: int) -> str:
    try:
        return data[place]
    except IndexError:
        return ""


_BEGIN = frozenset({Event.ENTERQUEUE, Event.DID})
_HOLDS = frozenset({Event.CALLERONHOLD, Event.CALLEROFFHOLD})
_LEFT_BY: dict[str, LeftBy] = {
    Event.EXITWITHKEY: LeftBy.KEY,
    Event.EXITEMPTY: LeftBy.NO_AGENTS,
    Event.WITHDRAW: LeftBy.PERSON,
}
_STEPS: dict[str, Callable[[QueueCalls, OpenCall, Line], None]] = {
    Event.DID: QueueCalls._did,
    Event.ENTERQUEUE: QueueCalls._enter,
    Event.CONNECT: QueueCalls._connect,
    Event.CALLERONHOLD: QueueCalls._hold,
    Event.CALLEROFFHOLD: QueueCalls._hold,
    Event.RINGNOANSWER: QueueCalls._ring_failed,
    Event.RINGCANCELED: QueueCalls._ring_failed,
    Event.ABANDON: QueueCalls._abandon,
    Event.EXITWITHKEY: QueueCalls._exit,
    Event.EXITWITHTIMEOUT: QueueCalls._exit,
    Event.EXITEMPTY: QueueCalls._exit,
    Event.WITHDRAW: QueueCalls._exit,
    Event.COMPLETEAGENT: QueueCalls._complete,
    Event.COMPLETECALLER: QueueCalls._complete,
    Event.BLINDTRANSFER: QueueCalls._transfer,
    Event.TRANSFER: QueueCalls._transfer,
    Event.ATTENDEDTRANSFER: QueueCalls._transfer,
    Event.AGENTDUMP: QueueCalls._agent_hung_up_on_announcement,
    Event.SYSCOMPAT: QueueCalls._dropped,
}
OF_CALLS = frozenset(_STEPS)
"""Events that are about a call."""
