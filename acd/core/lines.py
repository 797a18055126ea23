"""Leaving a waiting line without an agent: by key, by a limit, for want of agents, by the group's policy.

While dispatch is suspended, or the call's node is away, nobody is taken out of a line: what we believe of
the floor may be wrong, and a caller who talks elsewhere must not be led on. `resumed` makes up for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from acd.core import facts
from acd.core.calls import Call, CallInput, CallState, Channel
from acd.core.commands import LeaveLine
from acd.core.facts import LeftBy
from acd.core.floor import Floor
from acd.core.timers import Timer

_LINE_TIMERS = (Timer.MAX_WAIT, Timer.WIDEN, Timer.POLICY)


def set_limits(floor: Floor, call: Call, leave_at: float | None, exits: Iterable[str]) -> None:
    """When and how the caller may leave the line on which he or she enters now."""
    call.leave_at, call.exits = leave_at, tuple(sorted(exits))
    if leave_at is None:
        floor.timers.clear(call.id, Timer.MAX_WAIT)
    else:
        floor.timers.set(Timer.MAX_WAIT, call.id, leave_at)


def step_aside(floor: Floor, call: Call) -> None:
    """Whoever waits keeps the place, and is not rung for until back in line."""
    assert call.group is not None, call.id
    call.present = False
    floor.router.dequeue(call.id, call.group)
    floor.mark(call)


def drop_limits(floor: Floor, call: Call) -> None:
    """The wait is over for good."""
    call.leave_at, call.exits = None, ()
    floor.timers.clear(call.id, *_LINE_TIMERS)


def move_limits(floor: Floor, old: Call, new: Call) -> None:
    """`new` takes the place of `old`."""
    leave_at, exits = old.leave_at, old.exits
    drop_limits(floor, old)
    set_limits(floor, new, leave_at, exits)


def leave(floor: Floor, call: Call, how: LeftBy, exit_: str = "", key: str = "") -> bool:
    """Out of the line, back in hand; not for one who is not waiting, or not with us. Tells whether."""
    if call.state is not CallState.WAITING or not call.present or call.group is None:
        return False
    if call.channel is Channel.NONE:
        return False
    drop_limits(floor, call)
    floor.note(call, facts.LeftLine(floor.now, call.group, how, exit_, key))
    floor.move_call(call, CallInput.LEAVE_LINE)
    return True


def lead_out(floor: Floor, call: Call, how: LeftBy, exit_: str = "") -> bool:
    """`leave`, by our own will: have the flow go on. Tells whether."""
    left = leave(floor, call, how, exit_)
    if left:
        floor.emit(LeaveLine(call.id, how, exit_))
    return left


def resumed(floor: Floor) -> None:
    """Dispatch is on again: everybody in line is looked at."""
    for line in floor.router.lines.values():
        floor.entered_line += [floor.calls[call_id] for call_id in line.in_order(floor.now)]


def closed(floor: Floor, group: str, at: float | None) -> None:
    """The group's day is over. Who is not with us at this moment leaves when back (`check_limits`)."""
    floor.closed_at[group] = floor.now if at is None else min(at, floor.now)
    if floor.suspended:
        return
    line = floor.router.lines.get(group)
    for call_id in () if line is None else list(line.in_order(floor.now)):
        check_limits(floor, floor.calls[call_id])


def timer_max_wait(floor: Floor, call_id: str) -> None:
    """The longest wait is over. Whoever is being rung for then leaves when that ring has failed."""
    call = floor.calls.get(call_id)
    if call is not None:
        check_limits(floor, call)


def check_limits(floor: Floor, call: Call) -> None:
    """Whether a limit takes the caller out of the line now."""
    if floor.is_away(call) or call.state is not CallState.WAITING or not call.present or call.group is None:
        return
    if call.leave_at is not None and call.leave_at <= floor.now:
        lead_out(floor, call, LeftBy.TIMEOUT)
    elif LeftBy.NO_AGENTS in call.exits and not _is_staffed(floor, call):
        lead_out(floor, call, LeftBy.NO_AGENTS)
    elif LeftBy.CLOSED in call.exits and _was_there(call, floor.closed_at.get(call.group)):
        lead_out(floor, call, LeftBy.CLOSED)


def _is_staffed(floor: Floor, call: Call) -> bool:
    """Whether anybody at work could serve; who waits for one agent alone has that one, of whatever skills."""
    return call.only_agent is not None or floor.router.staffed(floor.widest(call))


def _was_there(call: Call, closed_at: float | None) -> bool:
    """Whether the caller stood in this line when the group closed."""
    if closed_at is None:
        return False
    joined = (f.at for f in reversed(call.facts) if isinstance(f, facts.Queued))
    return next(joined, closed_at) < closed_at


def check_full(floor: Floor, call: Call) -> None:
    """For one who has just joined the line."""
    if call.state is not CallState.WAITING or call.group is None or floor.is_away(call):
        return
    limit = floor.plan.groups[call.group].max_waiting
    if limit is not None and LeftBy.FULL in call.exits and floor.callers_waiting(call.group) > limit:
        lead_out(floor, call, LeftBy.FULL)
