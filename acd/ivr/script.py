"""A caller and a world that follow a script: the test cases of flows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from acd.ivr.cases import HANG_UP, Case, ScriptedOutcome
from acd.ivr.flow import Callback, FlowSet, Queue, Step, Voicemail
from acd.ivr.machine import Machine, World
from acd.ivr.position import Frame, Position
from acd.ivr.talk import (
    AgentLeft,
    CustomerRequest,
    Dial,
    Done,
    FlowCommand,
    Found,
    GroupView,
    JoinQueue,
    KeepScore,
    Keys,
    Listen,
    Look,
    LookupFailed,
    NoAgents,
    NotFound,
    NotTaken,
    Outcome,
    Play,
    QueueClosed,
    QueueFull,
    QueueKey,
    QueueLeft,
    QueueTimeout,
    Recorded,
    RecordSound,
    Refused,
    TakeCallback,
)
from acd.ivr.trial import Ending, run, take_keys
from acd.ivr.values import Value
from acd.ivr.verdict import differences


class ScriptError(Exception):
    """The script says something that the flow cannot ask for; `step` is where it did."""

    def __init__(self, step: str, message: str) -> None:
        self.step = step
        super().__init__(f"outcome of step '{step}': {message}")


# Who is not mentioned in a case is there and has nothing to do.
QUIET_GROUP = GroupView(waiting=0, agents_ready=1, agents_logged_in=1, expected_wait_s=0.0)


class Script:
    """Answers the commands of one machine as the case says."""

    def __init__(self, case: Case, machine: Machine) -> None:
        self._case = case
        self._machine = machine
        self._keys = list(case.keys)
        self._ahead = ""
        self._used: dict[str, int] = {}

    def answer(self, command: FlowCommand) -> Outcome | None:
        """The outcome. Raises ScriptError where the script does not go with the step."""
        match command:
            case Listen():
                return self._listen(command)
            case Look():
                return self._look(command)
            case JoinQueue():
                return self._queue(command)
            case Dial():
                return self._dial(command)
            case RecordSound():
                return self._record()
            case TakeCallback():
                return self._callback()
            case Play() | KeepScore():
                return Done()
        return None

    def _listen(self, listen: Listen) -> Outcome | None:
        keyed = self._ahead
        if not keyed and self._keys:
            keyed = self._keys.pop(0)
            if keyed == HANG_UP:
                return None
        taken, self._ahead = take_keys(listen, keyed)
        return Keys(taken)

    def _look(self, look: Look) -> Outcome | None:
        match self._scripted():
            case None if isinstance(look.request, CustomerRequest):
                customer = self._case.customer
                return NotFound() if customer is None else Found(customer)
            case None:
                return LookupFailed("the test has no answer for this look-up")
            case "not_found":
                return NotFound()
            case "failed":
                return LookupFailed("as the test says")
            case Mapping() as values:
                return Found(values)
        raise self._misfit("a look-up gives a mapping of values, not_found or failed")

    def _queue(self, queue: JoinQueue) -> Outcome | None:
        match self._scripted():
            case None:
                view = self._case.groups.get(queue.group, QUIET_GROUP)
                return NoAgents() if queue.leave_without_agents and not view.agents_logged_in else None
            case "waits":
                return None
            case "agent":
                return AgentLeft()
            case "timeout" if queue.max_wait_s is not None:
                return QueueTimeout()
            case "no_agents" if queue.leave_without_agents:
                return NoAgents()
            case "full" if queue.leave_when_full:
                return QueueFull()
            case "closed" if queue.leave_when_closed:
                return QueueClosed()
            case str() as text if text.removeprefix("left ") in queue.exits:
                return QueueLeft(text.removeprefix("left "))
            case str() as text if text.removeprefix("key ") in queue.keys:
                return QueueKey(text.removeprefix("key "))
        exits = [f"key {key}" for key in sorted(queue.keys)]
        exits += ["timeout"] if queue.max_wait_s is not None else []
        exits += ["no_agents"] if queue.leave_without_agents else []
        exits += ["full"] if queue.leave_when_full else []
        exits += ["closed"] if queue.leave_when_closed else []
        exits += [f"left {name}" for name in sorted(queue.exits)]
        raise self._misfit(f"this queue step has {', '.join(['waits', 'agent', *exits])}")

    def _dial(self, _: Dial) -> Outcome | None:
        match self._scripted():
            case None | "taken":
                return None
            case "agent" | "over":
                return AgentLeft()
            case str() as reason:
                return NotTaken(reason)
        raise self._misfit("a transfer is taken, over, or a reason such as busy or no_answer")

    def _record(self) -> Outcome | None:
        match self._scripted():
            case None:
                return Recorded("recording", 5.0)
            case "hangup":
                return None
            case int() | float() as seconds:
                return Recorded("recording" if seconds > 0 else "", float(seconds))
        raise self._misfit("a recording is a number of seconds, or hangup")

    def _callback(self) -> Outcome | None:
        match self._scripted():
            case None | "done":
                return Done()
            case str() as reason:
                return Refused(reason)
        raise self._misfit("a callback is done, or the reason why not")

    def _here(self) -> str:
        position = self._machine.position
        return f"{position.flow}/{position.step}"

    def _scripted(self) -> ScriptedOutcome | None:
        for step in (self._here(), self._machine.position.step):
            outcomes = self._case.outcomes.get(step)
            if outcomes:
                used = self._used.get(step, 0)
                self._used[step] = used + 1
                return outcomes[min(used, len(outcomes) - 1)]
        return None

    def _misfit(self, message: str) -> ScriptError:
        return ScriptError(self._machine.position.step, message)

    def unused(self) -> list[str]:
        """Outcomes of steps that were never asked for, and keys that were never pressed."""
        left = [f"the outcome of step '{step}'" for step in self._case.outcomes if step not in self._used]
        return left + [f"the keys {keys!r}" for keys in self._keys if keys]


def play(flows: FlowSet, case: Case, world: World) -> tuple[Ending, list[str]]:
    """Run a case; its ending, and every difference to what was expected as a sentence.

    `world` gives what the case does not: the time zone.
    """
    start = Position.at_start(case.flow, flows.version)
    start = start.with_frame(Frame(case.flow, "", case.arguments))
    machine = Machine(flows, start)
    script = Script(case, machine)
    try:
        ending = run(machine, _world(flows, case, world), script.answer)
    except ScriptError as error:
        return Ending(end=str(error), trace=machine.take_trace()), [str(error)]
    found = differences(case.expected, ending)
    found += [f"{what} was never asked for" for what in script.unused()]
    return ending, found


def _world(flows: FlowSet, case: Case, world: World) -> World:
    names = {group for flow in flows.flows.values() for group in _groups_of(flow.steps.values())}
    groups = dict.fromkeys({*names, *world.groups}, QUIET_GROUP) | dict(case.groups)
    call: dict[str, Value] = {
        "id": "test",
        "dialed_number": case.dialed,
        "started_at": case.at.isoformat(timespec="seconds"),
    }
    caller = {"number": "", "name": "", **case.caller}
    return replace(
        world,
        now=case.at,
        caller=caller,
        call=call,
        customer=case.customer,
        groups=groups,
        announcements=case.announcements,
    )


def _groups_of(steps: Iterable[Step]) -> list[str]:
    return [step.group for step in steps if isinstance(step, Queue | Callback | Voicemail)]
