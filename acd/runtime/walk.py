"""One caller's walk through a flow, and what can be told from the caller's last order and facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acd.core import facts
from acd.core.calls import Call
from acd.core.events import FlowNote
from acd.core.facts import AgentLeft as AgentLeftFact
from acd.core.facts import Consent, LeftBy, LeftLine
from acd.core.policy import leads_out
from acd.ivr.machine import Machine
from acd.ivr.talk import (
    AgentLeft,
    FlowCommand,
    JoinQueue,
    NoAgents,
    Outcome,
    QueueClosed,
    QueueFull,
    QueueLeft,
    QueueTimeout,
)


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
    agreed: bool | None = None

    def take_notes(self) -> Iterator[FlowNote]:
        """The steps taken since the last time; language and consent if they are new; each once."""
        position = self.machine.position
        for taken in self.machine.take_trace():
            where = (taken.flow, position.version, taken.step)
            yield facts.StepTaken(0.0, *where, taken.arrow, taken.to, taken.detail)
        if position.language is not None and position.language != self.language:
            self.language = position.language
            yield facts.LanguageChosen(0.0, position.language)
        if position.agreed is not None and position.agreed != self.agreed:
            self.agreed = position.agreed
            yield facts.ConsentSaid(0.0, Consent.GIVEN if position.agreed else Consent.DECLINED)


def may_come_back(order: JoinQueue) -> bool:
    """Whether the flow has plans for the caller in line, or afterwards."""
    exits = (order.leave_without_agents, order.leave_when_full, order.leave_when_closed)
    timed = order.max_wait_s is not None or order.news is not None
    return bool(any(exits) or order.keys or order.exits or timed or order.back_after_agent)


def outcome_of(how: LeftBy, exit_: str) -> Outcome | None:
    """What a flow is told of a caller whom the engine took out of the line; None: nothing, see `led_to`."""
    match how:
        case LeftBy.TIMEOUT:
            return QueueTimeout()
        case LeftBy.NO_AGENTS:
            return NoAgents()
        case LeftBy.FULL:
            return QueueFull()
        case LeftBy.CLOSED:
            return QueueClosed()
        case LeftBy.POLICY if exit_ and not leads_out(exit_):
            return QueueLeft(exit_)
        case _:
            return None


def led_to(call: Call) -> str:
    """Where the group's policy has led the caller last, if nothing has come of that yet; '' for nowhere."""
    last = _last(call)
    return last.exit if isinstance(last, LeftLine) and leads_out(last.exit) else ""


def was_led_out(call: Call) -> bool:
    """Whether it was the group's policy that took the caller out of the line last."""
    left = next((f for f in reversed(call.facts) if isinstance(f, LeftLine)), None)
    return left is not None and leads_out(left.exit)


def missed(call: Call) -> Outcome | None:
    """After a restart: what had happened last to the caller of a queue or dial step."""
    match _last(call):
        case LeftLine(how=how, exit=exit_):
            return outcome_of(how, exit_)
        case AgentLeftFact():
            return AgentLeft()
        case _:
            return None


def _last(call: Call) -> facts.Fact | None:
    """The last fact that is about the caller, not about an agent's after-call work."""
    wrap_up = facts.WrapUpStarted | facts.WrapUpExtended | facts.WrapUpEnded
    return next((f for f in reversed(call.facts) if not isinstance(f, wrap_up)), None)
