"""A group's policy at work on one waiting call: steps are tried, what they say is done."""

from __future__ import annotations

from acd.core import facts, lines, offers, policy, rings
from acd.core.calls import Call, CallState, Channel, WaitSoFar
from acd.core.commands import AnnounceInLine
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
    if floor.is_away(call):
        floor.timers.set(Timer.POLICY, call.id, floor.now + policy.CHECK_S)
        return
    group = call.group
    steps = floor.plan.groups[group].steps
    waited_s = _waited_s(floor, call)
    is_open = False
    for number, step in enumerate(steps):
        earliest = step.earliest_s(call.step_runs.get(str(number)))
        if earliest is None or waited_s < earliest:
            continue
        if not step.condition.test(Seen(floor, call)) or has_led_out(call, step):
            continue
        if any(must_wait(floor, call, operation) for operation in step.operations):
            is_open = True
            continue
        call.step_runs[str(number)] = waited_s
        _take(floor, call, number, step)
        if call.state is not CallState.WAITING or call.group != group:
            return
    _arm(floor, call, steps, is_open=is_open)


def go_on(floor: Floor, call: Call, so_far: WaitSoFar | None) -> None:
    """A wait that had begun before: steps that were taken then are not taken again, and hold."""
    if so_far is None or call.group is None:
        return
    group = floor.plan.groups[call.group]
    if not call.requirement_alone:
        call.ring = max(call.ring, min(so_far.ring, len(group.rings)))
    numbered = {str(number): step for number, step in enumerate(group.steps)}
    taken = sorted((at_s, number) for number, at_s in so_far.step_runs.items() if number in numbered)
    call.step_runs = {number: at_s for at_s, number in taken}
    call.step_raises = dict(so_far.step_raises)
    for _, number in taken:
        for operation in numbered[number].operations:
            if isinstance(operation, policy.SetRequirement):
                call.requirement = operation.requirement.text


def carried_over(
    so_far: WaitSoFar, old: tuple[policy.PolicyStep, ...], new: tuple[policy.PolicyStep, ...]
) -> WaitSoFar:
    """The same wait under a policy that has changed: what steps did that are no longer there is undone."""
    kept: dict[tuple[object, ...], list[str]] = {}
    for number, step in enumerate(old):
        if str(number) in so_far.step_runs:
            kept.setdefault(_written(step), []).append(str(number))
    found = ((str(number), kept.get(_written(step))) for number, step in enumerate(new))
    was = {number: before.pop(0) for number, before in found if before}
    return WaitSoFar(
        so_far.ring,
        {number: so_far.step_runs[before] for number, before in was.items()},
        {n: so_far.step_raises[before] for n, before in was.items() if before in so_far.step_raises},
    )


def _written(step: policy.PolicyStep) -> tuple[object, ...]:
    return (step.condition.text, tuple(map(told, step.operations)), step.every_s)


def _arm(floor: Floor, call: Call, steps: tuple[policy.PolicyStep, ...], *, is_open: bool) -> None:
    """`is_open`: a step is due that could not be taken yet."""
    assert call.waiting_since is not None, call.id
    waited_s = _waited_s(floor, call)
    next_s = policy.next_check_s(steps, call.step_runs, waited_s)
    if is_open:
        soon_s = waited_s + policy.CHECK_S
        next_s = soon_s if next_s is None else min(next_s, soon_s)
    if next_s is None:
        floor.timers.clear(call.id, Timer.POLICY)
    else:
        at = max(call.waiting_since + next_s, floor.now + _SOONEST_S)
        floor.timers.set(Timer.POLICY, call.id, at)


def _waited_s(floor: Floor, call: Call) -> float:
    """Without the dust of binary fractions: a step that is due after 20 s is due when 20 s have passed."""
    return 0.0 if call.waiting_since is None else round(floor.now - call.waiting_since, 6)


def _take(floor: Floor, call: Call, number: int, step: policy.PolicyStep) -> None:
    floor.mark(call)
    for operation in step.operations:
        if call.state is not CallState.WAITING or call.group is None:
            return
        if changes(floor, call, operation):
            floor.note(call, facts.PolicyApplied(floor.now, number + 1, told(operation)))
            _operate(floor, call, number, operation)


def must_wait(floor: Floor, call: Call, operation: policy.Operation) -> bool:
    """Whether something that may pass stands in the way: a step is taken as a whole, or is not."""
    if not isinstance(operation, policy.MoveTo) or not changes(floor, call, operation):
        return False
    limit = floor.plan.groups[operation.group].max_waiting
    if limit is not None and floor.callers_waiting(operation.group) >= limit:
        return True
    # A callback, at an hour when that group's customers are not called.
    return call.channel is Channel.NONE and operation.group in floor.callbacks_closed


def changes(floor: Floor, call: Call, operation: policy.Operation) -> bool:
    """Whether there is anything for the operation to do.

    A callback hears nothing and has no flow to go on with. Nobody is moved back to a group that has handed
    the caller on: two groups that hand a caller to each other would do so for ever.
    """
    assert call.group is not None, call.id
    match operation:
        case policy.SetPriority(priority):
            return priority != call.priority
        case policy.WidenTo(ring):
            rings_there = 0 if call.requirement_alone else len(floor.plan.groups[call.group].rings)
            return call.ring < min(ring, rings_there)
        case policy.Announce():
            return call.channel is not Channel.NONE
        case policy.LeaveBy(exit_):
            return call.channel is not Channel.NONE and (exit_ in call.exits or policy.leads_out(exit_))
        case policy.MoveTo(group):
            return group != call.group and group not in _moved_out_of(call)
    return True


def has_led_out(call: Call, step: policy.PolicyStep) -> bool:
    """A caller who came back from where a step led (nobody answered there) is not sent there again."""
    exits = {
        op.exit for op in step.operations if isinstance(op, policy.LeaveBy) and policy.leads_out(op.exit)
    }
    return bool(exits) and any(isinstance(f, facts.LeftLine) and f.exit in exits for f in call.facts)


def _operate(floor: Floor, call: Call, number: int, operation: policy.Operation) -> None:
    assert call.group is not None, call.id
    match operation:
        case policy.SetPriority(priority):
            _raise(floor, call, number, priority - call.priority)
        case policy.RaisePriority(by):
            _raise(floor, call, number, by)
        case policy.SetRequirement(requirement):
            call.requirement = requirement.text
            _restand(floor, call)
            rings.widen(floor, call)  # of those whom it asks for now perhaps nobody is at work
            lines.check_limits(floor, call)
        case policy.WidenTo(ring):
            rings.widen(floor, call, ring)
        case policy.Announce(name):
            floor.emit(AnnounceInLine(call.id, call.group, name))
        case policy.LeaveBy(exit_):
            lines.lead_out(floor, call, LeftBy.POLICY, exit_)
        case policy.MoveTo(group):
            move_to(floor, call, group, LeftBy.POLICY)


def _raise(floor: Floor, call: Call, number: int, by: int) -> None:
    call.priority += by
    call.step_raises[str(number)] = call.step_raises.get(str(number), 0) + by
    _restand(floor, call)


def _restand(floor: Floor, call: Call) -> None:
    floor.stand(call)
    offers.dispatch_call(floor, call)


def move_to(floor: Floor, call: Call, group: str, how: LeftBy) -> None:
    """Into another group's line with the time waited so far, and with the priority that it has by now."""
    assert call.group is not None, call.id
    floor.router.dequeue(call.id, call.group)
    floor.note(call, facts.LeftLine(floor.now, call.group, how, group))
    call.group, call.ring, call.step_runs, call.step_raises = group, 0, {}, {}
    call.only_agent, call.only_until = None, None
    wish = (call.requirement, call.requirement_alone)
    floor.note(call, facts.Queued(floor.now, group, call.priority, *wish))
    call.ring = rings.ring_due(floor, call)
    floor.enter_line(call)
    offers.dispatch_call(floor, call)


def _moved_out_of(call: Call) -> set[str]:
    """The groups that handed the caller on in this wait."""
    left: set[str] = set()
    for fact in reversed(call.facts):
        if isinstance(fact, facts.StepTaken | facts.Answered | facts.Returned):
            break
        if isinstance(fact, facts.LeftLine):
            left.add(fact.group)
    return left


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
