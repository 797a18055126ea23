"""The steps of a group's policy as they stand for one waiting call: taken, due, or not to be done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.core import policy, policy_run
from acd.core.calls import Call, Channel
from acd.core.facts import PolicyApplied
from acd.core.floor import Floor
from acd.core.policy import PolicyStep


@dataclass(frozen=True, slots=True)
class StepSeen:
    """A step of the group's policy.

    `taken_at_s`: how long the wait was when it was last taken. `due_in_s`: when it can be taken next by
    the time waited; None where that is not what it waits for, or it will not be taken again. `holds`: its
    condition, now. `seen`: the values that the condition looks at. `hindered`: why something of it cannot be
    done to this call, '' where all can; `idle`: nothing of it can, and nothing has been.
    """

    number: int
    when: str
    does: str
    taken_at_s: float | None
    again_s: float | None
    due_in_s: float | None
    holds: bool
    seen: Mapping[str, float | str] = field(default_factory=dict)
    hindered: str = ""
    idle: bool = False


def step_seen(floor: Floor, call: Call, number: int, step: PolicyStep, waited_s: float) -> StepSeen:
    """The `number`th step, from 1, as it is for a call that has waited so long."""
    taken_at_s = call.step_runs.get(str(number - 1))
    seen = policy_run.Seen(floor, call)
    seen["waited_s"] = round(waited_s, 6)
    holds = step.condition.test(seen)
    reasons = [_hindrance(floor, call, step, operation) for operation in step.operations]
    was_applied = taken_at_s is not None and any(
        isinstance(fact, PolicyApplied) and fact.step == number for fact in call.facts
    )
    may_pass = any(policy_run.must_wait(floor, call, operation) for operation in step.operations)
    return StepSeen(
        number,
        step.condition.text,
        "; ".join(policy_run.told(operation) for operation in step.operations),
        taken_at_s,
        step.every_s,
        _due_in_s(step, taken_at_s, waited_s),
        holds,
        {name: seen[name] for name in sorted(step.condition.names)},
        "; ".join(dict.fromkeys(filter(None, reasons))),
        all(reasons) and not was_applied and not may_pass,
    )


def _due_in_s(step: PolicyStep, taken_at_s: float | None, waited_s: float) -> float | None:
    """When the time waited next changes something for this step."""
    earliest = step.earliest_s(taken_at_s)
    if earliest is None:
        return None
    moments = [max(earliest, moment) for moment in step.moments_s()] or [earliest]
    return min((moment - waited_s for moment in moments if moment > waited_s), default=None)


def _hindrance(floor: Floor, call: Call, step: PolicyStep, operation: policy.Operation) -> str:
    """Why the operation cannot be done to this call, as it is or at this moment; '' if it can.

    What would change nothing because it has been done already is not hindered.
    """
    is_entry = call.channel is Channel.NONE
    match operation:
        case policy.Announce() if is_entry:
            return "nobody is on the line to hear it"
        case policy.LeaveBy() if is_entry:
            return "a callback's entry has no flow to go on with"
        case policy.LeaveBy(exit_) if policy.leads_out(exit_):
            return "it has led out once already" if policy_run.has_led_out(call, step) else ""
        case policy.LeaveBy(exit_) if exit_ not in call.exits:
            return f"this call has no exit {exit_!r}"
        case policy.WidenTo() if call.requirement_alone:
            return "what the call requires is asked for alone, without rings"
        case policy.MoveTo(group) if policy_run.must_wait(floor, call, operation):
            is_closed = is_entry and group in floor.callbacks_closed
            may_be_called = f"waits until customers of {group} may be called"
            return may_be_called if is_closed else f"waits for room in {group}"
        case policy.MoveTo() if not policy_run.changes(floor, call, operation):
            return "the call has been there in this wait"
    return ""
