"""What happens to callers, as lines of queue_log, fact by fact. Pure.

Rules of this file:
* Only calls of customers who called us: what agents dial, and callbacks, are not in group reports either.
* How many lines a fact makes depends on the facts of its call alone: after a restart the lines of a call
  that are in the file already are left out by event and number. (Positions depend on who else waits.)
* Between the lines of one visit there is always an end: ENTERQUEUE, perhaps CONNECT, then one of
  ABANDON, EXIT…, COMPLETE…, BLINDTRANSFER, ATTENDEDTRANSFER.
* A talk that ends on hold has its CALLEROFFHOLD, too: programs add up the time between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from acd.core.facts import (
    AgentLeft,
    Answered,
    Arrived,
    CallKind,
    Ended,
    EndedBy,
    Fact,
    FellBack,
    FlowEntered,
    Held,
    LeftBy,
    LeftLine,
    Offered,
    OfferFailed,
    OfferFailure,
    Queued,
    Resumed,
    Returned,
    Transferred,
)
from acd.core.outside_facts import OutsideDialed
from acd.queue_log.line import NO_KEY, NONE, Event, Line

CONTEXT = "acd"
"""The context of a transfer's target; there is one dial plan."""
_EXITS = {
    LeftBy.KEY: Event.EXITWITHKEY,
    LeftBy.NO_AGENTS: Event.EXITEMPTY,
    LeftBy.CLOSED: Event.EXITEMPTY,
    LeftBy.REMOVED: Event.EXITEMPTY,
}
_HUNG_UP_IN_LINE = {EndedBy.CALLER, EndedBy.OUTSIDE, EndedBy.UNKNOWN}


@dataclass(slots=True)
class _Way:
    """Where one caller is: in a group's line, with an agent through it, or elsewhere (`group` None)."""

    call: str
    caller_number: str = ""
    caller_name: str = ""
    dialed_number: str = ""
    has_entered: bool = False
    group: str | None = None
    entered: float = 0.0
    place: int = 1  # on entering
    agent: str | None = None
    answered: float = 0.0
    wait_s: int = 0
    on_hold: bool = False
    rings: dict[str, float] = field(default_factory=dict)

    @property
    def in_line(self) -> bool:
        return self.group is not None and self.agent is None


class CallLines:
    """The lines of all calls that go on; feed each call's facts once, in order."""

    def __init__(self) -> None:
        self._ways: dict[str, _Way] = {}
        self._waiting: dict[str, list[str]] = {}  # by group, in the order of their coming

    def of(self, call: str, facts: Iterable[Fact]) -> list[Line]:
        """The lines of these next facts of the call."""
        lines: list[Line] = []
        for fact in facts:
            if isinstance(fact, Arrived) and fact.kind is CallKind.INBOUND and call not in self._ways:
                self._ways[call] = _Way(call, fact.caller_number, fact.caller_name, fact.dialed_number)
            way = self._ways.get(call)
            if way is not None and type(fact) in _STEPS:
                _STEPS[type(fact)](_Writing(way, fact.at, lines, self._waiting), fact)
                if isinstance(fact, Ended):
                    self.forget(call)
                    if fact.by is EndedBy.NODE:  # it may be found again, and go on
                        known = (way.caller_number, way.caller_name, way.dialed_number)
                        self._ways[call] = _Way(call, *known, has_entered=way.has_entered)
        return lines

    def forget(self, call: str) -> None:
        """It is over, or goes on in another call."""
        way = self._ways.pop(call, None)
        if way is not None and way.in_line and way.group is not None:
            _step_out(self._waiting, way.group, call)


@dataclass(slots=True)
class _Writing:
    """One fact's effect on one way."""

    way: _Way
    at: float
    lines: list[Line]
    waiting: dict[str, list[str]]

    def say(self, agent: str, event: Event, *data: object) -> None:
        way = self.way
        queue = way.group or NONE
        self.lines.append(Line(int(self.at), way.call, queue, agent, event, tuple(map(str, data))))

    def enter(self, group: str) -> None:
        way = self.way
        if way.in_line and way.group == group:
            return
        self.leave(Event.EXITWITHTIMEOUT, Event.COMPLETEAGENT)
        line = self.waiting.setdefault(group, [])
        line.append(way.call)
        way.group, way.entered, way.place = group, self.at, len(line)
        if not way.has_entered and way.dialed_number:
            self.say(NONE, Event.DID, way.dialed_number)
        way.has_entered = True
        self.say(NONE, Event.ENTERQUEUE, "", way.caller_number, way.place, way.caller_name)

    def connect(self, agent: str) -> None:
        way = self.way
        rung_since = way.rings.pop(agent, None)
        self.cancel_rings()
        if not way.in_line:
            if way.agent != agent:
                self.leave(Event.EXITWITHTIMEOUT, Event.COMPLETEAGENT)
            return
        way.wait_s = _whole(self.at - way.entered)
        rung_s = 0 if rung_since is None else min(way.wait_s, _whole(self.at - rung_since))
        self.say(agent, Event.CONNECT, way.wait_s, way.call, rung_s)
        way.agent, way.answered = agent, self.at
        _step_out(self.waiting, way.group or "", way.call)

    def hold(self, begins: bool) -> None:
        """The talk is on hold from now on, or no longer."""
        way = self.way
        if way.agent is not None and way.on_hold != begins:
            way.on_hold = begins
            self.say(way.agent, Event.CALLERONHOLD if begins else Event.CALLEROFFHOLD)

    def leave(self, from_line: Event, from_talk: Event, *first: object) -> None:
        """Out of the line or the talk, whichever it is; `first`: what comes before the usual data."""
        way = self.way
        self.cancel_rings()
        if way.group is None:
            return
        if way.agent is None:
            place = self.waiting[way.group].index(way.call) + 1
            self.say(NONE, from_line, *first, place, way.place, _whole(self.at - way.entered))
            _step_out(self.waiting, way.group, way.call)
        else:
            self.hold(False)
            self.say(way.agent, from_talk, *first, way.wait_s, _whole(self.at - way.answered), way.place)
        way.group = way.agent = None

    def cancel_rings(self) -> None:
        for agent, since in self.way.rings.items():
            if self.way.in_line:
                self.say(agent, Event.RINGCANCELED, _whole((self.at - since) * 1000))
        self.way.rings.clear()


def _step_out(waiting: dict[str, list[str]], group: str, call: str) -> None:
    line = waiting.get(group, [])
    if call in line:
        line.remove(call)
    if not line:
        waiting.pop(group, None)


def _whole(number: float) -> int:
    return max(0, round(number))


def _left_line(writing: _Writing, fact: LeftLine) -> None:
    if not writing.way.in_line:
        return
    event = _EXITS.get(fact.how, Event.EXITWITHTIMEOUT)
    key = (fact.key or NO_KEY,) if event is Event.EXITWITHKEY else ()
    writing.leave(event, Event.COMPLETEAGENT, *key)


def _offered(writing: _Writing, fact: Offered) -> None:
    if writing.way.in_line:
        writing.way.rings[fact.agent] = fact.at


def _offer_failed(writing: _Writing, fact: OfferFailed) -> None:
    since = writing.way.rings.pop(fact.agent, None)
    if since is None:
        return
    event = Event.RINGCANCELED if fact.failure is OfferFailure.WITHDRAWN else Event.RINGNOANSWER
    writing.say(fact.agent, event, _whole((fact.at - since) * 1000))


def _fell_back(writing: _Writing, fact: FellBack) -> None:
    if fact.agent is not None:
        writing.connect(fact.agent)


def _agent_left(writing: _Writing, fact: AgentLeft) -> None:
    if writing.way.agent == fact.agent:
        writing.leave(Event.EXITWITHTIMEOUT, Event.COMPLETEAGENT)


def _transferred(writing: _Writing, fact: Transferred) -> None:
    if fact.how == "attended":
        if writing.way.agent is not None:
            writing.leave(Event.EXITWITHTIMEOUT, Event.ATTENDEDTRANSFER, "BRIDGE", fact.target)
        _take_over(writing, fact.consult)
    elif writing.way.agent == fact.agent:
        writing.leave(Event.EXITWITHTIMEOUT, Event.BLINDTRANSFER, fact.target, CONTEXT)


def _take_over(writing: _Writing, consult: Sequence[Fact]) -> None:
    """The caller steps into the place that the consultation has: into a line, a visit that begins now.

    With an agent who talks already there is none: nobody waited, and a queue that has no line of the visit
    cannot count it as an offer that was answered at once.
    """
    other = _Way(writing.way.call)
    line: dict[str, list[str]] = {}
    for fact in consult:
        if type(fact) in _STEPS:
            _STEPS[type(fact)](_Writing(other, fact.at, [], line), fact)
    if other.group is None or other.agent is not None:
        return
    writing.enter(other.group)
    writing.way.rings.update(dict.fromkeys(other.rings, writing.at))


def _ended(writing: _Writing, fact: Ended) -> None:
    by_agent = fact.by is EndedBy.AGENT
    from_talk = Event.COMPLETEAGENT if by_agent else Event.COMPLETECALLER
    hung_up = fact.by in _HUNG_UP_IN_LINE
    writing.leave(Event.ABANDON if hung_up else Event.EXITWITHTIMEOUT, from_talk)


def _elsewhere(writing: _Writing, _fact: Fact) -> None:
    writing.leave(Event.EXITWITHTIMEOUT, Event.COMPLETEAGENT)


# Any because each entry takes its own kind of fact. What is not here says nothing of a queue.
_STEPS: Mapping[type[Fact], Callable[[_Writing, Any], None]] = {
    Queued: lambda writing, fact: writing.enter(fact.group),
    LeftLine: _left_line,
    Offered: _offered,
    OfferFailed: _offer_failed,
    Answered: lambda writing, fact: writing.connect(fact.agent),
    Held: lambda writing, _fact: writing.hold(True),
    Resumed: lambda writing, _fact: writing.hold(False),
    FellBack: _fell_back,
    AgentLeft: _agent_left,
    Transferred: _transferred,
    Returned: _elsewhere,
    FlowEntered: _elsewhere,
    OutsideDialed: _elsewhere,
    Ended: _ended,
}
