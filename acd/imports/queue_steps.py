"""What each line of a queue_log does to the call that it is about.

The figures are those that the line says (wait, talk); the line's own time only has to agree with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from acd.core.facts import (
    AgentLeft,
    Answered,
    Arrived,
    CallKind,
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
)
from acd.imports.durations import LONGEST_S, TOLERANCE_S, length_s, whole_number
from acd.imports.names import Names
from acd.imports.refusals import Impossible, Place
from acd.queue_log.line import NO_KEY, Event, Line


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


class QueueSteps:
    """Each line of a call in its turn; agents' times go to `times`."""

    def __init__(self, names: Names, times: AgentTimes) -> None:
        self._names = names
        self._times = times

    def take(self, call: OpenCall, line: Line) -> None:
        """Raises Impossible for a line that cannot be, Late for one behind the end of its call."""
        _STEPS[line.event](self, call, line)

    def abandon_talk(self, call: OpenCall) -> None:
        """The agent is no longer known to talk."""
        if call.agent:
            self._end_talk(call, call.answered_at)

    def cut_off(self, call: OpenCall, at: float) -> None:
        """Asterisk has ended, about then, and the call with it."""
        if call.agent:
            self._end_talk(call, max(at, call.answered_at))
        self._settle_rings(call, at)
        self._over(call, max(at, call.latest), EndedBy.UNKNOWN)

    # --- by event -------------------------------------------------------------------------------
    def _did(self, call: OpenCall, line: Line) -> None:
        if line.data:
            call.dialed = line.data[0]

    def _enter(self, call: OpenCall, line: Line) -> None:
        if call.queue:
            where = f"with {call.agent}" if call.agent else "in line"
            raise Impossible("enters twice", f"enters {line.queue} while {where} in {call.queue}")
        if call.is_over and call.ended_by is EndedBy.CALLER:
            raise Late("the caller had hung up")
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
            raise Late(f"the caller had left the queue at {call.last}")
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
            raise Late(f"the talk had ended at {call.last}")
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


class Late(Exception):
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


_LEFT_BY: dict[str, LeftBy] = {
    Event.EXITWITHKEY: LeftBy.KEY,
    Event.EXITEMPTY: LeftBy.NO_AGENTS,
    Event.WITHDRAW: LeftBy.PERSON,
}
_STEPS: dict[str, Callable[[QueueSteps, OpenCall, Line], None]] = {
    Event.DID: QueueSteps._did,
    Event.ENTERQUEUE: QueueSteps._enter,
    Event.CONNECT: QueueSteps._connect,
    Event.CALLERONHOLD: QueueSteps._hold,
    Event.CALLEROFFHOLD: QueueSteps._hold,
    Event.RINGNOANSWER: QueueSteps._ring_failed,
    Event.RINGCANCELED: QueueSteps._ring_failed,
    Event.ABANDON: QueueSteps._abandon,
    Event.EXITWITHKEY: QueueSteps._exit,
    Event.EXITWITHTIMEOUT: QueueSteps._exit,
    Event.EXITEMPTY: QueueSteps._exit,
    Event.WITHDRAW: QueueSteps._exit,
    Event.COMPLETEAGENT: QueueSteps._complete,
    Event.COMPLETECALLER: QueueSteps._complete,
    Event.BLINDTRANSFER: QueueSteps._transfer,
    Event.TRANSFER: QueueSteps._transfer,
    Event.ATTENDEDTRANSFER: QueueSteps._transfer,
    Event.AGENTDUMP: QueueSteps._agent_hung_up_on_announcement,
    Event.SYSCOMPAT: QueueSteps._dropped,
}
OF_CALLS = frozenset(_STEPS)
"""Events that are about a call."""
