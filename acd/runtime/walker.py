"""Walks callers through flows: does what a flow's machine wants, and tells it what came of it.

A walk goes on in whichever session of the caller's channel is open: through music, rings and talks there
may be many. What happens between two of them waits in `_outcomes`, and `attend` takes it up. The
position is in the mirror before each step is begun, so that another process can go on from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from acd.core import events
from acd.core.calls import Call, CallState
from acd.core.commands import LeaveLine
from acd.core.policy import TO_FLOW, TO_NUMBER, leads_out
from acd.core.ports import Mirror, Refusal, Switch
from acd.ivr.flow import TransferKind
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
    NotTaken,
    Outcome,
    QueueExit,
    RecordSound,
)
from acd.ivr.values import Value
from acd.runtime.flow_work import FlowWork, Services
from acd.runtime.in_line import InLine
from acd.runtime.joining import as_it_stood
from acd.runtime.shell import Shell
from acd.runtime.walk import Walk, led_to, may_come_back, missed, outcome_of, was_led_out

log = structlog.get_logger(__name__)

PREFIX = "flow:"
COLLECTED_MAX = 2_000
"""Of so many callers who have left their flows for an agent it is known what they had said there."""
LED_OUT_RING_S = 30.0
"""How long a number rings to which a policy has led the caller."""


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
        self._in_line = InLine(shell, services.outlook.groups, services.line_announcements, current_id)
        self._current_id = current_id
        self._give_up = give_up
        self._walks: dict[str, Walk] = {}
        self._collected: dict[str, Mapping[str, Value]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._led_into: dict[str, str] = {}  # call → the flow into which its group's policy leads it

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
            self._walks[call_id] = Walk(
                Machine(flows, position), language=position.language, agreed=position.agreed
            )

    def step_of(self, call_id: str) -> str | None:
        """Where in its flow the caller is, as flow/step."""
        walk = self._walks.get(call_id)
        return None if walk is None else f"{walk.machine.position.flow}/{walk.machine.position.step}"

    def collected(self, call_id: str) -> Mapping[str, Value]:
        """The variables of the caller's flows, also of one that is left; what is masked stays hidden."""
        walk = self._walks.get(call_id)
        return self._collected.get(call_id, {}) if walk is None else _variables(walk.machine.position)

    def knows(self, call_id: str) -> bool:
        """Whether the caller is in a flow, or will come back to one."""
        return call_id in self._walks

    def forget(self, call_id: str) -> None:
        """The call has ended, or has left its flow for good."""
        self._outcomes.pop(call_id, None)
        self._led_into.pop(call_id, None)
        walk = self._walks.pop(call_id, None)
        if walk is not None:
            self._mirror.drop(PREFIX + call_id)
            self._collected[call_id] = _variables(walk.machine.position)
            if len(self._collected) > COLLECTED_MAX:
                del self._collected[next(iter(self._collected))]

    def ended(self, call_id: str) -> None:
        """The call has ended. What was recorded of it while no controller was there is kept."""
        call = self._call(call_id)
        if call is not None and call.recording is not None:
            order = self._command(call_id)
            wanted = order if isinstance(order, RecordSound) else None
            self._services.recordings.take_up(wanted, call)
        self._in_line.forget(call_id)
        self.forget(call_id)
        self._collected.pop(call_id, None)

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
        led_into = self._led_into.get(consult_id)
        self._in_line.merged(call_id, consult_id)
        self.forget(consult_id)
        if led_into is not None:
            self._led_into[call_id] = led_into
        if walk is None:
            self.sent_elsewhere(call_id)
            return
        self._walks[call_id] = walk
        self._mirror.put(PREFIX + call_id, walk.machine.position.to_dict())
        if outcome is not None:
            self._outcomes[call_id] = outcome

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

    def may_go_on(self, call_id: str) -> bool:
        """Whether the flow may have plans for the caller when whoever is dialled now has hung up."""
        walk = self._walks.get(call_id)
        if walk is None:
            return False
        command = walk.command
        return not isinstance(command, JoinQueue | Dial) or command.back_after_agent

    def not_taken(self, call_id: str, reason: str) -> bool:
        """The one who was rung directly could not take the call; whether the flow had wanted that."""
        walk, call = self._walks.get(call_id), self._call(call_id)
        if walk is None or call is None or not walk.in_line:
            return False
        match self._command(call_id):
            case Dial():
                self._outcomes[call_id] = NotTaken(reason)
                return True
            case JoinQueue() if was_led_out(call):
                return self._rejoin(call, reason)
        return False

    def left_line(self, command: LeaveLine) -> bool:
        """The engine has taken the caller out of the line; whether there is something to go on with."""
        call = self._call(command.call_id)
        if call is not None and leads_out(command.exit):
            return self._lead_out(call, command.exit)
        outcome = outcome_of(command.how, command.exit)
        if command.call_id not in self._walks or outcome is None:
            return False
        self._outcomes[command.call_id] = outcome
        self._in_line.nudge(command.call_id)
        return True

    def _lead_out(self, call: Call, exit_: str) -> bool:
        """Into a flow or to a number that the group's policy names; where that fails, back into the line."""
        if exit_.startswith(TO_NUMBER):
            order = Dial(TransferKind.NUMBER, exit_.removeprefix(TO_NUMBER), LED_OUT_RING_S)
            refusal = self._services.dialer.begin(call, order)
        else:
            flow = exit_.removeprefix(TO_FLOW)
            refusal = None if flow in self._services.flows.active.flows else f"no flow {flow}"
            if refusal is None:
                self._led_into[call.id] = flow
                self._in_line.nudge(call.id)
        return refusal is None or self._rejoin(call, refusal)

    def _rejoin(self, call: Call, reason: str) -> bool:
        """Back into the line that a policy led the caller out of: the wait goes on, with all its exits."""
        walk, order = self._walks.get(call.id), self._command(call.id)
        if walk is None or not isinstance(order, JoinQueue) or call.group is None:
            return False
        since = call.waiting_since or call.since
        left_s = order.max_wait_s
        if left_s is not None:
            left_s = max(1.0, left_s - (self._shell.clock() - since))
        again = replace(order, group=call.group, max_wait_s=left_s)
        self._shell.feed(events.CallTakenBack(call.id, reason))
        event = self._services.joining.by_flow(call, again, walk.machine.position.customer)
        self._shell.feed(replace(as_it_stood(event, call), resumes=None, waiting_since=since))
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
        if call is None or call_id in self._outcomes or call_id in self._led_into:
            return
        exit_ = led_to(call) if walk.command is None else ""
        if exit_:
            self._lead_out(call, exit_)
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
            if call is None or call.state is CallState.ENDED:
                return
            led_into = self._led_into.pop(call_id, None)
            if led_into is not None:
                await self.start(call_id, led_into, line)
                continue
            outcome = self._outcomes.pop(call_id, None)
            if walk is not None and outcome is not None:
                await line.answer()
                await self._run(walk, self._handle(call, walk, outcome), call_id, line)
            elif not await self._wait_in_line(call, walk, line):
                return

    async def _wait_in_line(self, call: Call, walk: Walk | None, line: CallerLine) -> bool:
        """Until something has happened; False if there is nothing to wait for here."""
        order = self._command(call.id) if walk is not None and walk.in_line else None
        if call.state is not CallState.WAITING or not isinstance(order, JoinQueue):
            order = self._in_line.order_without_flow(call)
        if order is None:
            return False
        key = await self._in_line.wait(call, order, line, self._goes_on)
        if key is not None:
            self._outcomes[call.id] = key
        return self._goes_on(self._current_id(call.id, line))

    def _goes_on(self, call_id: str) -> bool:
        """Whether something waits to be done for this caller."""
        return call_id in self._outcomes or call_id in self._led_into

    async def _run(self, walk: Walk, command: FlowCommand, call_id: str, line: CallerLine) -> None:
        """From step to step, until the caller is in other hands."""
        while True:
            call_id = self._current_id(call_id, line)
            call = self._call(call_id)
            if call is None or call.state is CallState.ENDED:
                return  # hung up meanwhile: nobody would ever drop the position
            walk.command, walk.in_line = command, True
            if not isinstance(command, JoinQueue) or may_come_back(command):
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
            case JoinQueue():
                found = self._walks[call.id].machine.position.customer
                if not may_come_back(command):
                    self.forget(call.id)
                self._shell.feed(self._services.joining.by_flow(call, command, found))
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
        if isinstance(outcome, QueueExit) and not isinstance(command, JoinQueue):
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


def _variables(position: Position) -> Mapping[str, Value]:
    """Of all flows of the stack, those of the inner ones last."""
    return {name: value for frame in position.frames for name, value in frame.shown().items()}
