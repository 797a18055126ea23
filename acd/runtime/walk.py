"""One caller's walk through a flow, and what can be told from the caller's last order and facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acd.core import facts
from acd.core.calls import Call
from acd.core.events import FlowNote
from acd.core.facts import AgentLeft as AgentLeftFact
from acd.core.facts import LeftBy, LeftLine
from acd.ivr.machine import Machine
from acd.ivr.talk import AgentLeft, FlowCommand, JoinQueue, NoAgents, Outcome, QueueTimeout


@dataclass(slots=True)
class Walk:
    """One caller in a flow. `command` is under way; None after a restart, before it has been asked for.

    `in_line`: the caller waits, or was rung and talked to, because the flow said so; false when an
    agent has sent the caller elsewhere since.
    """

    machine: Machine
    command: FlowCommand | None = None
    in_line: bool = True
    language: str | None = None

    def take_notes(self) -> Iterator[FlowNote]:
        """The steps taken since the last time, and the language if it is another; each once."""
        position = self.machine.position
        for taken in self.machine.take_trace():
            where = (taken.flow, position.version, taken.step)
            yield facts.StepTaken(0.0, *where, taken.arrow, taken.to, taken.detail)
        if position.language is not None and position.language != self.language:
            self.language = position.language
            yield facts.LanguageChosen(0.0, position.language)


def may_come_back(order: JoinQueue) -> bool:
    """Whether the flow has plans for the caller in line, or afterwards."""
    exits = order.keys or order.max_wait_s is not None or order.leave_without_agents
    return bool(exits or order.news is not None or order.back_after_agent)


def missed(call: Call) -> Outcome | None:
    """After a restart: what had happened last to the caller of a queue or dial step."""
    wrap_up = facts.WrapUpStarted | facts.WrapUpExtended | facts.WrapUpEnded
    past = (f for f in reversed(call.facts) if not isinstance(f, wrap_up))
    match next(past, None):
        case LeftLine(how=LeftBy.TIMEOUT):
            return QueueTimeout()
        case LeftLine(how=LeftBy.NO_AGENTS):
            return NoAgents()
        case AgentLeftFact():
            return AgentLeft()
        case _:
            return None
