"""One caller in a flow, pure: what happened in, what to do next out.

    machine = Machine(flows, Position.at_start("main", flows.version))
    command = machine.begin(world)                   # Play(...)
    command = machine.handle(Done(), world)          # Listen(...)
    command = machine.handle(Keys("1"), world)       # JoinQueue("sales", ...)

A machine does one thing at a time: it answers exactly one command and waits for its outcome, until
it answers End or GiveUp. `position` says all there is to know of the caller's place, so that another
process can go on from it. Whatever outcome comes, nothing is raised: what a step cannot use leads to
its `failure`, or to the flow's `error`, or to GiveUp; so does what needs a secret that a restart has lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from acd.ivr import flow as kinds
from acd.ivr.expressions import ExpressionError
from acd.ivr.flow import Call, FlowSet, Step
from acd.ivr.position import Frame, Position, Progress
from acd.ivr.steps import asking, collecting, deciding, handing, keys, talking, ways
from acd.ivr.talk import (
    AgentLeft,
    End,
    FlowCommand,
    GiveUp,
    Keys,
    Listen,
    Outcome,
    Play,
    QueueKey,
    QueueTimeout,
    RecordSound,
    StepTaken,
)
from acd.ivr.values import Value
from acd.ivr.walk import LONGEST_DETAIL, Answer, Back, Enter, Leave, LostValue, Over, Walk, entered
from acd.ivr.world import World as World

MOST_QUIET_STEPS = 200
"""So many steps in which the caller hears nothing and does nothing are an endless loop."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a kind of step does. A step that never gives a command has no outcome to handle."""

    begin: Callable[[Walk, Any], Answer]
    handle: Callable[[Walk, Any, Outcome], Answer | None] = lambda *_: None


KINDS: Mapping[type[Step], _Kind] = {
    kinds.Say: _Kind(talking.begin_say, talking.handle_say),
    kinds.Announce: _Kind(talking.begin_announce, talking.handle_announce),
    kinds.HangUp: _Kind(talking.begin_hangup, talking.handle_hangup),
    kinds.Menu: _Kind(keys.begin_menu, keys.handle_menu),
    kinds.Survey: _Kind(keys.begin_survey, keys.handle_survey),
    kinds.Collect: _Kind(collecting.begin_collect, collecting.handle_collect),
    kinds.Hours: _Kind(deciding.begin_hours),
    kinds.Set: _Kind(deciding.begin_set),
    kinds.If: _Kind(deciding.begin_if),
    kinds.Switch: _Kind(deciding.begin_switch),
    kinds.Language: _Kind(deciding.begin_language),
    kinds.Recording: _Kind(deciding.begin_recording),
    kinds.Lookup: _Kind(asking.begin_lookup, asking.handle_lookup),
    kinds.Callback: _Kind(asking.begin_callback, asking.handle_callback),
    kinds.Queue: _Kind(handing.begin_queue, handing.handle_queue),
    kinds.Transfer: _Kind(handing.begin_transfer, handing.handle_transfer),
    kinds.Voicemail: _Kind(handing.begin_voicemail, handing.handle_voicemail),
    kinds.Record: _Kind(handing.begin_record, handing.handle_record),
    kinds.Goto: _Kind(ways.begin_goto),
    kinds.Call: _Kind(ways.begin_call),
    kinds.Return: _Kind(ways.begin_return),
}


class Machine:
    """Walks one caller through the flows of one version."""

    def __init__(self, flows: FlowSet, position: Position) -> None:
        self.flows = flows
        self.position = position
        self._trace: list[StepTaken] = []
        self._quiet_steps = 0

    # --- what others may look at ----------------------------------------------------------------
    @property
    def language(self) -> str:
        """The caller's language here; '' in a flow that does not exist."""
        chosen, flow = self.position.language, self.flows.flows.get(self.position.flow)
        if flow is None:
            return chosen or ""
        return chosen if chosen is not None and chosen in flow.languages else flow.languages[0]

    @property
    def variables(self) -> Mapping[str, Value]:
        """Those of the running flow; masked ones are not shown."""
        return self.position.frame.shown()

    def take_trace(self) -> list[StepTaken]:
        """The steps left since this was last asked."""
        trace, self._trace = self._trace, []
        return trace

    # --- the two ways in ------------------------------------------------------------------------
    def begin(self, world: World) -> FlowCommand:
        """Start, or start again after a crash, the step where the caller is."""
        return self._advance(world, None)

    def handle(self, outcome: Outcome, world: World) -> FlowCommand:
        """Go on after the outcome of the last command."""
        if isinstance(outcome, Keys | AgentLeft | QueueKey | QueueTimeout):
            self._quiet_steps = 0
        return self._advance(world, outcome)

    # --- the gate -------------------------------------------------------------------------------
    def _advance(self, world: World, outcome: Outcome | None) -> FlowCommand:
        while not self.position.over:
            if self._is_lost():
                return self._give_up(f"no step {self.position.flow}/{self.position.step}")
            walk = Walk(self.flows, world, self.position)
            try:
                answer = self._step(walk, outcome)
                self.position = walk.position
                command = self._follow(walk, answer)
            except ExpressionError as error:
                self.position = replace(walk.position, progress=Progress())
                command = self._fail(str(error))
            outcome = None
            if isinstance(command, Play | Listen | RecordSound):
                self._quiet_steps = 0
            if command is not None:
                return command
            self._quiet_steps += 1
            if self._quiet_steps > MOST_QUIET_STEPS:
                return self._give_up(f"endless loop at {self.position.flow}/{self.position.step}")
        return End()

    def _is_lost(self) -> bool:
        """Whether the position is none of these flows: they are not those that it was kept with."""
        *callers, top = self.position.frames
        flow = self.flows.flows.get(top.flow)
        if flow is None or (top.step or flow.start) not in flow.steps:
            return True
        return any(not isinstance(self._step_of(caller), Call) for caller in callers)

    def _step_of(self, frame: Frame) -> Step | None:
        flow = self.flows.flows.get(frame.flow)
        return None if flow is None else flow.steps.get(frame.step)

    def _step(self, walk: Walk, outcome: Outcome | None) -> Answer:
        if not walk.position.step:
            walk.open_flow()
            walk.position = walk.position.with_frame(replace(walk.position.frame, step=walk.flow.start))
            outcome = None
        step = walk.flow.steps[walk.position.step]
        kind = KINDS[type(step)]
        try:
            answer = kind.begin(walk, step) if outcome is None else kind.handle(walk, step, outcome)
            reason = f"{type(outcome).__name__} came and was not expected"
        except LostValue as error:
            answer, reason = None, str(error)
        if answer is not None:
            return answer
        failure: str | None = getattr(step, "failure", None)
        if failure is None:
            raise ExpressionError(reason)
        return Leave("failure", failure, reason)

    def _follow(self, walk: Walk, answer: Answer) -> FlowCommand | None:
        """The command that a step has answered; None when it has been left for another one."""
        match answer:
            case Leave(arrow, to, detail):
                self._go(arrow, to, detail)
            case Enter(flow, for_good=for_good):
                self._note(f"{'goto' if for_good else 'call'} {flow}")
                self.position = entered(self.position, answer)
            case Back():
                self._note("return")
                self._come_back(walk)
            case Over(detail):
                is_return = isinstance(walk.flow.steps[self.position.step], kinds.Return)
                self._note("return" if is_return else "end", detail=detail)
                self.position = replace(self.position, over=True)
            case _:
                return answer
        return None

    def _come_back(self, walk: Walk) -> None:
        step = self._step_of(self.position.frames[-2])
        assert isinstance(step, Call)  # see _is_lost
        leave = ways.come_back(walk, step)
        self.position = walk.position
        self._go(leave.arrow, leave.to, leave.detail)

    def _go(self, arrow: str, to: str, detail: str) -> None:
        self._note(arrow, to, detail)
        frame = replace(self.position.frame, step=to)
        self.position = replace(self.position.with_frame(frame), progress=Progress())

    def _fail(self, reason: str) -> FlowCommand | None:
        """To the `error` step of the flow, or of the nearest flow that called it and has one."""
        failed = self.position
        step = failed.step or self.flows.flows[failed.flow].start
        for depth in range(len(failed.frames), 0, -1):
            frame = failed.frames[depth - 1]
            error = self.flows.flows[frame.flow].error
            if error is None or error == frame.step:
                continue  # what fails in the way for errors is not to be sent there again
            if depth < len(failed.frames):
                self._note("error", "", reason)
            self.position = replace(failed, frames=failed.frames[:depth], progress=Progress())
            self._go("error", error, reason)
            return None
        self._note("error", "", reason)
        return self._give_up(f"{failed.flow}/{step}: {reason}")

    def _give_up(self, reason: str) -> GiveUp:
        self.position = replace(self.position, over=True)
        return GiveUp(reason)

    def _note(self, arrow: str, to: str = "", detail: str = "") -> None:
        frame = self.position.frame
        step = frame.step or self.flows.flows[frame.flow].start
        self._trace.append(StepTaken(frame.flow, step, arrow, to, detail[:LONGEST_DETAIL]))
