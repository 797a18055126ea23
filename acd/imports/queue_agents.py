"""The agents of a queue_log: from log-ins, pauses and talks to states without gaps and overlaps.

Only while an agent is known to be logged in: of static members of a queue nobody knows when they work, so
their talks are in the records of calls alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from acd.core.agents import AgentState
from acd.core.facts import AgentInterval
from acd.imports.durations import TOLERANCE_S
from acd.imports.names import Names
from acd.imports.refusals import Impossible, Place, Refusals
from acd.queue_log.line import NONE, Event, Line

WRAP_UP_REASONS = ("wrap-up", "wrapup", "acw", "after call work")
FOLLOWS_WITHIN_S = 5
"""After-call work begins so soon after the talk."""
NOT_LOGGED_IN = "line of an agent of whom no log-in is known"

WrappedUp = Callable[[str, str, float, float], None]
"""Told the call, the agent, and from when to when the after-call work was."""


@dataclass(slots=True)
class _Agent:
    """`queues`: whose member the agent is (NONE: of all, by AGENTLOGIN); `pauses`: their reasons by queue.

    `since`: up to when all is in intervals. `call` is talked to.
    """

    id: str
    queues: set[str] = field(default_factory=set)
    pauses: dict[str, str] = field(default_factory=dict)
    since: float = 0.0
    call: str = ""
    last_call: str = ""
    last_talk_until: float = 0.0
    wrap_up_since: float | None = None

    @property
    def pause(self) -> str | None:
        """The reason, where the agent gets no calls."""
        if NONE in self.pauses:
            return self.pauses[NONE]
        if self.queues and self.queues <= self.pauses.keys():
            return next(reversed(self.pauses.values()))
        return None


class QueueAgents:
    """Feed it the lines of agents, and tell it of talks (`AgentTimes`); `done` gathers intervals."""

    def __init__(
        self, names: Names, refusals: Refusals, wrap_up_reasons: Collection[str] = WRAP_UP_REASONS
    ) -> None:
        self._names = names
        self._refusals = refusals
        self._wrap_up_reasons = frozenset(reason.casefold() for reason in wrap_up_reasons)
        self._agents: dict[str, _Agent] = {}
        self.on_wrapped_up: WrappedUp = lambda *_: None
        self.done: list[AgentInterval] = []

    @property
    def logged_in(self) -> int:
        """How many agents are, at the end of what was fed."""
        return sum(bool(agent.queues) for agent in self._agents.values())

    def feed(self, line: Line, place: Place, text: str) -> None:
        """One line of an agent."""
        name = self._names.agent(line.agent)
        agent = self._agents.setdefault(name, _Agent(name))
        logs_in = line.event in _LOG_INS
        if not logs_in and not agent.queues:
            self._refusals.leave_out(place, NOT_LOGGED_IN, text)
            return
        if agent.queues and line.at < agent.since - TOLERANCE_S and not agent.call:
            behind_s = agent.since - line.at
            fault = Impossible(
                "disorder", f"disorder: {behind_s:.0f} s before what is known of the agent already"
            )
            self._refusals.refuse(place, fault, text)
            return
        at = float(line.at) if not agent.queues else max(float(line.at), agent.since)
        if not agent.queues:
            agent.since = at
        if not agent.call:
            self._close(agent, at)
        before = agent.pause
        _change(agent, line)
        if agent.call and not agent.queues:  # the rest of the talk is after the log-out
            self._add(agent, AgentState.TALKING, None, at, agent.call)
            agent.call = ""
        self._note_wrap_up(agent, before, at)

    def rang(self, agent: str, since: float, until: float) -> None:
        """See `AgentTimes`."""
        known = self._agents.get(agent)
        if known is not None and known.queues and not known.call and known.pause is None:
            self._close(known, since)
            self._add(known, AgentState.RINGING, None, until)

    def connected(self, agent: str, rung_since: float, at: float, call: str) -> None:
        """See `AgentTimes`."""
        known = self._agents.get(agent)
        if known is None:
            return
        if known.queues:
            if known.call:  # of the talk before nothing more was heard
                self._add(known, AgentState.TALKING, None, rung_since, known.call)
            else:
                self._close(known, rung_since)
            self._add(known, AgentState.RINGING, None, at)
        known.call = call

    def left(self, agent: str, at: float, call: str) -> None:
        """See `AgentTimes`."""
        known = self._agents.get(agent)
        if known is None or known.call != call:
            return
        if known.queues:
            self._add(known, AgentState.TALKING, None, at, call)
        known.call, known.last_call, known.last_talk_until = "", call, at
        if known.wrap_up_since is not None:
            known.wrap_up_since = max(known.wrap_up_since, at)

    def _close(self, agent: _Agent, at: float) -> None:
        """What the agent was so far, up to `at`."""
        pause = agent.pause
        if pause is None:
            self._add(agent, AgentState.READY, None, at)
        elif self._is_wrap_up(pause):
            self._add(agent, AgentState.WRAP_UP, None, at)
        else:
            self._add(agent, AgentState.NOT_READY, pause or None, at)

    def _add(
        self, agent: _Agent, state: AgentState, reason: str | None, until: float, call: str | None = None
    ) -> None:
        if until > agent.since:
            self.done.append(AgentInterval(agent.id, state.value, reason, agent.since, until, call))
            agent.since = until

    def _is_wrap_up(self, reason: str) -> bool:
        return reason.casefold() in self._wrap_up_reasons

    def _note_wrap_up(self, agent: _Agent, before: str | None, at: float) -> None:
        """Tell the call once its after-call work is over."""
        now = agent.pause
        was, is_now = (reason is not None and self._is_wrap_up(reason) for reason in (before, now))
        if is_now and not was:
            agent.wrap_up_since = at
        elif was and not is_now and agent.wrap_up_since is not None:
            since, agent.wrap_up_since = agent.wrap_up_since, None
            if agent.last_call and since - agent.last_talk_until <= FOLLOWS_WITHIN_S:
                self.on_wrapped_up(agent.last_call, agent.id, since, at)


def _change(agent: _Agent, line: Line) -> None:
    match line.event:
        case Event.ADDMEMBER:
            agent.queues.add(line.queue)
            if line.data and line.data[0] == "PAUSED":  # so does app_queue add one who is paused already
                agent.pauses[line.queue] = ""
        case Event.REMOVEMEMBER:
            agent.queues.discard(line.queue)
            agent.pauses.pop(line.queue, None)
        case Event.AGENTLOGIN | Event.AGENTCALLBACKLOGIN:
            agent.queues.add(NONE)
        case Event.AGENTLOGOFF | Event.AGENTCALLBACKLOGOFF:
            agent.queues.clear()
        case Event.PAUSE | Event.PAUSEALL:
            # The line for all queues may lack the reason that those of the queues have.
            reason = line.data[0] if line.data else next(reversed(agent.pauses.values()), "")
            agent.pauses[NONE if line.event == Event.PAUSEALL else line.queue] = reason
        case Event.UNPAUSE:
            agent.pauses.pop(line.queue, None)
            agent.pauses.pop(NONE, None)
        case Event.UNPAUSEALL:
            agent.pauses.clear()
    if not agent.queues:
        agent.pauses.clear()


_LOG_INS = frozenset({Event.ADDMEMBER, Event.AGENTLOGIN, Event.AGENTCALLBACKLOGIN})
OF_AGENTS = frozenset(
    {*_LOG_INS, Event.REMOVEMEMBER, Event.AGENTLOGOFF, Event.AGENTCALLBACKLOGOFF,
     Event.PAUSE, Event.UNPAUSE, Event.PAUSEALL, Event.UNPAUSEALL}
)  # fmt: skip
"""Events that are about an agent."""
