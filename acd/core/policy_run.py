"""A group's policy at work on one waiting call: steps are tried, what they say is done.

A step is taken as a whole: while something is in the way of one operation that can pass (the other group's
line is full), the step waits. What cannot be done for this call (an exit that its flow has not) is left
out, and a step of which nothing can be done is not taken. Noted is what was done.
"""

from __future__ import annotations

import math

from acd.core import facts, lines, offers, policy, rings
from acd.core.calls import Call, CallState
from acd.core.commands import AnnounceInLine
from acd.core.effects import Effect, effect
from acd.core.facts import LeftBy
from acd.core.floor import Floor
from acd.core.timers import Timer

_SOONEST_S = 0.001


def entered(floor: Floor, call: Call) -> None:
    """The call stands in line, for the first time or again: a step may be due at once."""
    if call.group is not None and floor.plan.groups[call.group].steps:
        timer_policy(floor, call.id)


def timer_policy(floor: Floor, call_id: str) -> None:
    """A step of the policy may be due."""
    call = floor.calls.get(call_id)
    if call is None or call.state is not CallState.WAITING or not call.present or call.group is None:
        return
    if floor.suspended:
        floor.timers.set(Timer.POLICY, call.id, floor.now + policy.CHECK_S)
        return
    group = call.group
    steps = floor.plan.groups[group].steps
    waited_s = _waited_s(floor, call)
    is_hindered = False
    for number, step in enumerate(steps):
        earliest = step.earliest_s(call.step_runs.get(str(number)))
        if earliest is None or waited_s < earliest:
            continue
        if not step.condition.test(Seen(floor, call)) or _has_led_out(call, step):
            continue
        effects = {effect(floor, call, operation) for operation in step.operations}
        if Effect.LATER in effects:
            is_hindered = True
            continue
        if effects == {Effect.NEVER}:
            continue
        call.step_runs[str(number)] = waited_s
        floor.mark(call)
        _take(floor, call, number + 1, step)
        if call.state is not CallState.WAITING or call.group != group:
            return
    _arm(floor, call, steps, is_hindered=is_hindered)


def carried_over(
    runs: dict[str, float], old: tuple[policy.PolicyStep, ...], new: tuple[policy.PolicyStep, ...]
) -> dict[str, float]:
    """When the steps were last taken (`Call.step_runs`), by their numbers in a policy that has changed."""
    kept: dict[tuple[object, ...], list[float]] = {}
    for number, step in enumerate(old):
        if str(number) in runs:
            kept.setdefault(_written(step), []).append(runs[str(number)])
    found = ((str(number), kept.get(_written(step))) for number, step in enumerate(new))
    return {number: last.pop(0) for number, last in found if last}


def _written(step: policy.PolicyStep) -> tuple[object, ...]:
    return (step.condition.text, tuple(map(told, step.operations)), step.every_s)


def _arm(floor: Floor, call: Call, steps: tuple[policy.PolicyStep, ...], *, is_hindered: bool) -> None:
    """`is_hindered`: a step is due, and something is in its way."""
    assert call.waiting_since is not None, call.id
    waited_s = _waited_s(floor, call)
    next_s = policy.next_check_s(steps, call.step_runs, waited_s)
    if is_hindered:
        next_s = min(waited_s + policy.CHECK_S, math.inf if next_s is None else next_s)
    if next_s is None:
        floor.timers.clear(call.id, Timer.POLICY)
    else:
        at = max(call.waiting_since + next_s, floor.now + _SOONEST_S)
        floor.timers.set(Timer.POLICY, call.id, at)


def _waited_s(floor: Floor, call: Call) -> float:
    """Without the dust of binary fractions: a step that is due after 20 s is due when 20 s have passed."""
    return 0.0 if call.waiting_since is None else round(floor.now - call.waiting_since, 6)


def _take(floor: Floor, call: Call, number: int, step: policy.PolicyStep) -> None:
    for operation in step.operations:
        if call.state is not CallState.WAITING or call.group is None:
            return
        if effect(floor, call, operation) is Effect.DOES:
            floor.note(call, facts.PolicyApplied(floor.now, number, told(operation)))
            _operate(floor, call, operation)


def _has_led_out(call: Call, step: policy.PolicyStep) -> bool:
    """A caller who came back from where a step led (nobody answered there) is not sent there again."""
    exits = {
        op.exit for op in step.operations if isinstance(op, policy.LeaveBy) and policy.leads_out(op.exit)
    }
    return bool(exits) and any(isinstance(f, facts.LeftLine) and f.exit in exits for f in call.facts)


def _operate(floor: Floor, call: Call, operation: policy.Operation) -> None:
    assert call.group is not None, call.id
    match operation:
        case policy.SetPriority(priority):
            _restand(floor, call, priority=priority)
        case policy.RaisePriority(by):
            _restand(floor, call, priority=call.priority + by)
        case policy.SetRequirement(requirement):
            call.requirement = requirement.text
            _restand(floor, call, priority=call.priority)
            rings.widen(floor, call)  # of those whom it asks for now perhaps nobody is at work
            lines.check_limits(floor, call)
        case policy.WidenTo(ring):
            rings.widen(floor, call, ring)
        case policy.Announce(name):
            floor.emit(AnnounceInLine(call.id, call.group, name))
        case policy.LeaveBy(exit_):
            lines.lead_out(floor, call, LeftBy.POLICY, exit_)
        case policy.MoveTo(group):
            _move_to(floor, call, group)


def _restand(floor: Floor, call: Call, priority: int) -> None:
    call.priority = priority
    floor.stand(call)
    offers.dispatch_call(floor, call)


def _move_to(floor: Floor, call: Call, group: str) -> None:
    """Into another group's line with the time waited so far."""
    assert call.group is not None, call.id
    floor.router.dequeue(call.id, call.group)
    floor.note(call, facts.LeftLine(floor.now, call.group, LeftBy.POLICY, group))
    call.group, call.ring, call.step_runs = group, 0, {}
    call.only_agent, call.only_until = None, None
    floor.note(call, facts.Queued(floor.now, group, call.priority, call.requirement))
    call.ring = rings.ring_due(floor, call)
    floor.enter_line(call)
    offers.dispatch_call(floor, call)


def told(operation: policy.Operation) -> str:
    """An operation in a few words."""
    match operation:
        case policy.SetPriority(priority):
            return f"priority {priority}"
        case policy.RaisePriority(by):
            return f"priority {by:+d}"
        case policy.SetRequirement(requirement):
            return f"requires {requirement}"
        case policy.WidenTo(ring):
            return f"ring {ring}"
        case policy.Announce(name):
            return f"announce {name}"
        case policy.LeaveBy(exit_):
            return f"leave by {exit_}"
        case policy.MoveTo(group):
            return f"to group {group}"


class Seen(dict[str, float | str]):
    """What a condition may look at, worked out when it does."""

    def __init__(self, floor: Floor, call: Call) -> None:
        super().__init__()
        self._floor, self._call = floor, call

    def __missing__(self, name: str) -> float | str:
        value = self[name] = self._value(name)
        return value

    def _value(self, name: str) -> float | str:
        floor, call = self._floor, self._call
        assert call.group is not None, call.id
        match name:
            case "waited_s":
                return _waited_s(floor, call)
            case "position":
                return float(floor.router.lines[call.group].position(call.id, floor.now) or 0)
            case "calls_waiting":
                return float(len(floor.router.lines[call.group]))
            case "agents_ready":
                return float(floor.router.ready(call.group))
            case "agents_logged_in":
                return float(floor.router.logged_in(call.group))
            case "expected_wait_s":
                return floor.expected_wait_s(call)
            case "hour":
                return float(floor.hour)
            case "priority":
                return float(call.priority)
            case "ring":
                return float(call.ring)
            case "customer_value":
                return 0.0 if call.customer is None else call.customer.value
            case "segment":
                return "" if call.customer is None else call.customer.segment
        raise KeyError(name)
