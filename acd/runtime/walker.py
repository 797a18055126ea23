"""Walks callers through flows: does what a flow's machine wants, and tells it what came of it.

A walk goes on in whichever session of the caller's channel is open: through music, rings and talks there
may be many. What happens between two of them waits in `_outcomes`, and `attend` takes it up. The
position is in the mirror before each step is begun, so that another process can go on from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from acd.core import events
from acd.core.calls import Call, CallState
from acd.core.commands import LeaveLine
from acd.core.facts import LeftBy
from acd.core.ports import Mirror, Refusal, Switch
from acd.ivr.machine import Machine
from acd.ivr.ports import CallerLine
from acd.ivr.position import Position
from acd.ivr.talk import (
    AgentLeft,
    Dial,
    End,
    FlowCommand,
    GiveUp,
    JoinQueue,
    NoAgents,
    NotTaken,
    Outcome,
    QueueKey,
    QueueTimeout,
    RecordSound,
)
from acd.runtime.flow_work import FlowWork, Services
from acd.runtime.queue_wait import QueueWait
from acd.runtime.shell import Shell
from acd.runtime.walk import Walk, may_come_back, missed

log = structlog.get_logger(__name__)

PREFIX = "flow:"


class Walker:
    """`current_id(call_id, line)`: the call that a line belongs to by now. `give_up(call, reason)` puts a
    caller whose flow cannot go on in somebody's hands.
    """

    def __init__(
        self,
        shell: Shell,
        switch: Switch,
        mirror: Mirror,
        services: Services,
        current_id: Callable[[str, CallerLine], str],
        give_up: Callable[[Call, str], None],
    ) -> None:
        self._shell = shell
        self._switch = switch
        self._mirror = mirror
        self._services = services
        self._work = FlowWork(shell, services)
        self._current_id = current_id
        self._give_up = give_up
        self._walks: dict[str, Walk] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._waiting: dict[str, CallerLine] = {}

    # --- who is in a flow -----------------------------------------------------------------------
    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Take up the positions that the mirror kept. One that cannot be read is set aside, and said."""
        for key, value in kept.items():
            if not key.startswith(PREFIX):
                continue
            call_id = key.removeprefix(PREFIX)
            try:
                position = Position.from_dict(value)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                log.error("kept place in a flow cannot be read", call=call_id, reason=str(error))
                self._mirror.put(f"unreadable:{key}", value)
                self._mirror.drop(key)
                continue
            flows = self._services.flows.get(position.version)
            if flows is None:
                log.error("kept version of flows is gone", call=call_id, version=position.version)
                flows = self._services.flows.active
            self._walks[call_id] = Walk(Machine(flows, position), language=position.language)

    def step_of(self, call_id: str) -> str | None:
        """Where in its flow the caller is, as flow/step."""
        walk = self._walks.get(call_id)
        return None if walk is None else f"{walk.machine.position.flow}/{walk.machine.position.step}"

    def knows(self, call_id: str) -> bool:
        """Whether the caller is in a flow, or will come back to one."""
        return call_id in self._walks

    def forget(self, call_id: str) -> None:
        """The call has ended, or has left its flow for good."""
        self._outcomes.pop(call_id, None)
        if self._walks.pop(call_id, None) is not None:
            self._mirror.drop(PREFIX + call_id)

    def ended(self, call_id: str) -> None:
        """The call has ended. What was recorded of it while no controller was there is kept."""
        call = self._call(call_id)
        if call is not None and call.recording is not None:
            order = self._command(call_id)
            wanted = order if isinstance(order, RecordSound) else None
            self._services.recordings.take_up(wanted, call)
        self.forget(call_id)

    def take_up(self) -> None:
        """After a restart, when the engine knows its calls: any that had ended, or is not kept, is over."""
        calls = self._shell.engine.floor.calls
        for call in list(calls.values()):
            if call.state is CallState.ENDED:
                self.ended(call.id)
        for call_id in self._walks.keys() - calls.keys():
            log.warning("a kept place in a flow is of no call that is kept", call=call_id)
            self.forget(call_id)

    def sent_elsewhere(self, call_id: str) -> None:
        """An agent has transferred the caller: the line's exits no longer count, what comes after does."""
        walk = self._walks.get(call_id)
        if walk is not None:
            walk.in_line = False

    def merged(self, call_id: str, consult_id: str) -> None:
        """The caller takes the place that the consultation has in a flow."""
        walk, outcome = self._walks.get(consult_id), self._outcomes.get(consult_id)
        waiting = self._waiting.pop(consult_id, None)
        self.forget(consult_id)
        if walk is None:
            self.sent_elsewhere(call_id)
            return
        self._walks[call_id] = walk
        self._mirror.put(PREFIX + call_id, walk.machine.position.to_dict())
        if outcome is not None:
            self._outcomes[call_id] = outcome
        if waiting is not None:
            self._waiting[call_id] = waiting

    def dialling(self, call_id: str) -> Dial | None:
        """The call to the outside, or to an agent, that the caller's flow has begun last."""
        command = self._command(call_id)
        return command if isinstance(command, Dial) else None

    # --- what happens while no session is open ------------------------------------------------------
    def agent_left(self, call_id: str) -> bool:
        """Whoever talked with the caller has hung up; whether the flow goes on with the caller."""
        command = self._command(call_id)
        if not isinstance(command, JoinQueue | Dial) or not command.back_after_agent:
            return False
        self._outcomes[call_id] = AgentLeft()
        return True

    def not_taken(self, call_id: str, reason: str) -> bool:
        """The one who was rung directly could not take the call; whether the flow had wanted that."""
        walk = self._walks.get(call_id)
        if walk is None or not walk.in_line or not isinstance(self._command(call_id), Dial):
            return False
        self._outcomes[call_id] = NotTaken(reason)
        return True

    def left_line(self, command: LeaveLine) -> bool:
        """The engine has taken the caller out of the line; whether there is a flow to go on with."""
        walk = self._walks.get(command.call_id)
        if walk is None:
            return False
        self._outcomes[command.call_id] = QueueTimeout() if command.how is LeftBy.TIMEOUT else NoAgents()
        line = self._waiting.get(command.call_id)
        if line is not None:
            line.nudge()
        return True

    # --- the walk -------------------------------------------------------------------------------
    async def start(self, call_id: str, flow: str, line: CallerLine) -> None:
        """A caller enters a flow."""
        flows = self._services.flows.active
        self._shell.feed(events.FlowStarted(call_id, flow, flows.version))
        if self._call(call_id) is None:
            return
        self.forget(call_id)
        self._walks[call_id] = Walk(Machine(flows, Position.at_start(flow, flows.version)))
        await self.resume(call_id, line)

    async def resume(self, call_id: str, line: CallerLine) -> None:
        """Begin the present step, from its beginning; not where something has happened meanwhile."""
        walk, call = self._walks[call_id], self._call(call_id)
        if call is None or call_id in self._outcomes:
            return
        await line.answer()
        outcome = missed(call) if walk.command is None else None
        command = self._begin(call, walk)
        if outcome is not None and isinstance(command, JoinQueue | Dial):
            self._outcomes[call_id] = outcome
        else:
            await self._run(walk, command, call_id, line)

    async def attend(self, call_id: str, line: CallerLine) -> None:
        """On a session that is open: go on with what has happened, and watch over a caller in line."""
        while True:
            call_id = self._current_id(call_id, line)
            walk, call = self._walks.get(call_id), self._call(call_id)
            if walk is None or call is None or call.state is CallState.ENDED:
                return
            outcome = self._outcomes.pop(call_id, None)
            if outcome is not None:
                await line.answer()
                await self._run(walk, self._handle(call, walk, outcome), call_id, line)
            elif not await self._wait_in_line(call, walk, line):
                return

    async def _wait_in_line(self, call: Call, walk: Walk, line: CallerLine) -> bool:
        """Until something has happened; False if there is nothing to wait for here."""
        order = self._command(call.id)
        if call.state is not CallState.WAITING or not walk.in_line or not isinstance(order, JoinQueue):
            return False
        self._waiting[call.id] = line
        try:
            wait = QueueWait(self._shell, self._services.outlook.groups, order, line)
            key = await wait.until_left(call, lambda: self._current_id(call.id, line) in self._outcomes)
        finally:
            for call_id in [c for c, waiting in self._waiting.items() if waiting is line]:
                del self._waiting[call_id]
        if key is not None:
            self._outcomes[call.id] = key
        return self._current_id(call.id, line) in self._outcomes

    async def _run(self, walk: Walk, command: FlowCommand, call_id: str, line: CallerLine) -> None:
        """From step to step, until the caller is in other hands."""
        while True:
            call_id = self._current_id(call_id, line)
            call = self._call(call_id)
            if call is None or call.state is CallState.ENDED:
                return  # hung up meanwhile: nobody would ever drop the position
            walk.command, walk.in_line = command, True
            self._mirror.put(PREFIX + call_id, walk.machine.position.to_dict())
            if self._hand_over(call, command):
                return
            outcome = await self._work.do(call, command, line)
            call = self._call(self._current_id(call_id, line))
            if call is None:
                return
            command = self._handle(call, walk, outcome)

    def _hand_over(self, call: Call, command: FlowCommand) -> bool:
        """What ends the walk, or has it wait for news from elsewhere."""
        match command:
            case JoinQueue(group, priority):
                exits = frozenset({LeftBy.NO_AGENTS.value} if command.leave_without_agents else ())
                if not may_come_back(command):
                    self.forget(call.id)
                self._shell.feed(events.CallQueued(call.id, group, priority, command.max_wait_s, exits))
            case Dial():
                refusal = self._services.dialer.begin(call, command)
                if refusal is not None:
                    self._outcomes[call.id] = NotTaken(refusal)
            case End():
                self.forget(call.id)
                self._switch.hang_up(call.id, Refusal.NORMAL)
            case GiveUp(reason):
                log.error("a flow cannot go on", call=call.id, step=self.step_of(call.id), reason=reason)
                self.forget(call.id)
                self._give_up(call, reason)
            case _:
                return False
        return True

    # --- the machine ------------------------------------------------------------------------------
    def _command(self, call_id: str) -> FlowCommand | None:
        """What the flow had wanted last; after a restart it is asked for again."""
        walk, call = self._walks.get(call_id), self._call(call_id)
        if walk is None or call is None:
            return None
        if walk.command is None:
            walk.command = self._begin(call, walk)
        return walk.command

    def _begin(self, call: Call, walk: Walk) -> FlowCommand:
        return self._told(call, walk, walk.machine.begin(self._services.outlook.of(call)))

    def _handle(self, call: Call, walk: Walk, outcome: Outcome) -> FlowCommand:
        command = self._command(call.id)
        if isinstance(outcome, QueueTimeout | NoAgents | QueueKey) and not isinstance(command, JoinQueue):
            # After a restart, where the place that could be kept is one before the line: from there again.
            return command if command is not None else self._begin(call, walk)
        return self._told(call, walk, walk.machine.handle(outcome, self._services.outlook.of(call)))

    def _told(self, call: Call, walk: Walk, command: FlowCommand) -> FlowCommand:
        """The steps on the way to this command go on record."""
        for note in walk.take_notes():
            self._shell.feed(events.FlowNoted(call.id, note))
        return command

    def _call(self, call_id: str) -> Call | None:
        return self._shell.engine.floor.calls.get(call_id)
