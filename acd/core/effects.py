"""What an operation of a group's policy would do to a waiting call at this moment."""

from __future__ import annotations

from enum import Enum

from acd.core import facts, policy
from acd.core.calls import Call, Channel
from acd.core.floor import Floor


class Effect(Enum):
    """Of one operation on one call."""

    DOES = "does what it says"
    HOLDS = "all is as it says already"
    LATER = "something is in the way that can pass"
    NEVER = "not for this call in this wait"


def effect(floor: Floor, call: Call, operation: policy.Operation) -> Effect:
    """Of an operation on a call in line, now."""
    match operation:
        case policy.SetPriority(priority):
            return Effect.HOLDS if call.priority == priority else Effect.DOES
        case policy.RaisePriority(by):
            return Effect.DOES if by else Effect.HOLDS
        case policy.SetRequirement(requirement):
            return Effect.HOLDS if call.requirement == requirement.text else Effect.DOES
        case policy.WidenTo(ring):
            return _of_widening(floor, call, ring)
        case policy.Announce():
            return Effect.NEVER if call.channel is Channel.NONE else Effect.DOES
        case policy.LeaveBy(exit_):
            has_way = exit_ in call.exits or policy.leads_out(exit_)
            return Effect.DOES if has_way and call.channel is not Channel.NONE else Effect.NEVER
        case policy.MoveTo(group):
            return _of_move(floor, call, group)


def _of_widening(floor: Floor, call: Call, ring: int) -> Effect:
    assert call.group is not None, call.id
    rings = 0 if call.requirement_alone else len(floor.plan.groups[call.group].rings)
    if rings == 0:
        return Effect.NEVER
    return Effect.DOES if min(ring, rings) > call.ring else Effect.HOLDS


def _of_move(floor: Floor, call: Call, group: str) -> Effect:
    """Not back to where a step has moved the caller from: two groups that hand a caller to each other would
    do so for ever."""
    if group == call.group or group in _moved_out_of(call):
        return Effect.NEVER
    limit = floor.plan.groups[group].max_waiting
    if limit is not None and floor.callers_waiting(group) >= limit:
        return Effect.LATER
    if call.channel is Channel.NONE and group in floor.callbacks_closed:
        return Effect.LATER  # a callback, at an hour when that group's customers are not called
    return Effect.DOES


def _moved_out_of(call: Call) -> set[str]:
    """The groups that handed the caller on in this wait."""
    left: set[str] = set()
    for fact in reversed(call.facts):
        if isinstance(fact, facts.StepTaken | facts.Answered | facts.Returned):
            break
        if isinstance(fact, facts.LeftLine):
            left.add(fact.group)
    return left
