"""What a supervisor does with calls that wait: another group's line, another priority."""

from __future__ import annotations

from acd.core import facts, offers, policy_run
from acd.core.calls import Call, CallState, Channel
from acd.core.facts import LeftBy
from acd.core.floor import Floor
from acd.errors import RequestRefused

PRIORITY_MAX = 100


def move(floor: Floor, call_id: str, group: str, by: str) -> None:
    """Into another group's line, with the time waited so far and the priority that the call has."""
    call = _waiting(floor, call_id)
    if group not in floor.plan.groups:
        known = ", ".join(floor.plan.groups)
        raise RequestRefused("unknown-group", f"there is no group {group!r}; there are: {known}")
    if group == call.group:
        raise RequestRefused("same-group", f"{call_id} waits for {group} already")
    assert call.group is not None, call.id
    floor.note(call, facts.Moved(floor.now, by, call.group, group))
    policy_run.move_to(floor, call, group, LeftBy.PERSON)


def prioritise(floor: Floor, call_id: str, priority: int, by: str) -> None:
    """What the call's urgency is from here on; steps of its group's policy may add to it."""
    call = _waiting(floor, call_id)
    if not 0 <= priority <= PRIORITY_MAX:
        raise RequestRefused(
            "bad-priority", f"a priority is a whole number from 0 to {PRIORITY_MAX}, not {priority}"
        )
    if priority == call.priority:
        return
    call.priority = priority
    floor.note(call, facts.Prioritised(floor.now, by, priority))
    floor.stand(call)
    offers.dispatch_call(floor, call)


def _waiting(floor: Floor, call_id: str) -> Call:
    call = floor.calls.get(call_id)
    if call is None or call.state is CallState.ENDED:
        raise RequestRefused("unknown-call", f"no call {call_id!r} goes on")
    in_line = call.state is CallState.WAITING and call.present and call.channel is not Channel.NONE
    if not in_line or call.group is None:
        where = "rings at an agent's phone" if call.state is CallState.RINGING else "is not in a line"
        raise RequestRefused("not-waiting", f"{call_id} {where}: only callers who wait can be moved")
    return call
