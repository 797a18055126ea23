"""What agents do, as lines of queue_log. Pure.

An agent who logs in becomes a member of the queues whose calls the agent can get, and is paused while not
ready and in wrap-up. The state during a call of any kind says nothing new of that: the pause stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from acd.core.agents import AgentState
from acd.queue_log.line import NONE, Event, Line

WRAP_UP = "wrap-up"
"""The reason of the pause."""
_KEEPS_PAUSE = {AgentState.RINGING, AgentState.TALKING}


@dataclass(slots=True)
class _Member:
    """`paused`: by queue the reason; NONE stands for all queues, which app_queue says beside each."""

    queues: tuple[str, ...] = ()
    paused: dict[str, str] = field(default_factory=dict)


class AgentLines:
    """The lines of all agents. What the file says already is told by `known`."""

    def __init__(self) -> None:
        self._members: dict[str, _Member] = {}

    @property
    def names(self) -> frozenset[str]:
        """Who is a member of something."""
        return frozenset(name for name, member in self._members.items() if member.queues)

    def known(self, line: Line) -> None:
        """A line that is in the file."""
        member = self._members.setdefault(line.agent, _Member())
        match line.event:
            case Event.ADDMEMBER:
                member.queues = (*(q for q in member.queues if q != line.queue), line.queue)
            case Event.REMOVEMEMBER:
                member.queues = tuple(q for q in member.queues if q != line.queue)
                member.paused.pop(line.queue, None)
            case Event.PAUSE | Event.PAUSEALL:
                member.paused[line.queue] = line.data[0] if line.data else ""
            case Event.UNPAUSE | Event.UNPAUSEALL:
                member.paused.pop(line.queue, None)

    def changed(
        self, agent: str, state: str, reason: str | None, at: float, queues: Sequence[str]
    ) -> list[Line]:
        """The agent is in this state; `queues`: whose calls the agent can get."""
        member = self._members.setdefault(agent, _Member())
        wanted = () if state == AgentState.LOGGED_OUT else tuple(queues)
        pause = _pause(member, state, reason) if wanted else None
        new = [queue for queue in wanted if queue not in member.queues]
        gone = [queue for queue in member.queues if queue not in wanted]
        paused = {} if pause is None else dict.fromkeys((NONE, *wanted), pause)
        said = [  # as app_queue does: what is said of all queues stands before what is said of each
            # Of a queue that is left while the pause goes on, nothing more is to be said.
            *_each(member.paused, paused, gone if paused else (), (Event.UNPAUSE, Event.UNPAUSEALL)),
            *((queue, Event.REMOVEMEMBER, "") for queue in gone),
            *((queue, Event.ADDMEMBER, "") for queue in new),
            *_each(paused, member.paused, (), (Event.PAUSE, Event.PAUSEALL)),
        ]
        self._members[agent] = _Member(wanted, paused)
        if not wanted:
            del self._members[agent]
        return [Line(int(at), NONE, queue, agent, event, (why,) if why else ()) for queue, event, why in said]


def _pause(member: _Member, state: str, reason: str | None) -> str | None:
    if state == AgentState.NOT_READY:
        return reason or ""
    if state == AgentState.WRAP_UP:
        return WRAP_UP
    return member.paused.get(NONE) if state in _KEEPS_PAUSE else None


def _each(
    ones: Mapping[str, str], others: Mapping[str, str], without: Sequence[str], events: tuple[Event, Event]
) -> list[tuple[str, Event, str]]:
    """Where the pauses of `ones` are not among `others`; the reason only with a pause."""
    in_one, in_all = events
    return [
        (queue, in_all if queue == NONE else in_one, reason if in_one is Event.PAUSE else "")
        for queue, reason in ones.items()
        if others.get(queue) != reason and queue not in without
    ]
