"""Leaving a waiting line without an agent: by key, after the longest wait, for want of agents.

While dispatch is suspended nobody is taken out of a line: what we believe of the floor may be wrong,
and a caller who talks elsewhere must not be led on. `resumed` makes up for it.
"""

from __future__ import annotations

from acd.core import facts
from acd.core.calls import Call, CallInput, CallState
from acd.core.commands import LeaveLine
from acd.core.facts import LeftBy
from acd.core.floor import Floor
from acd.core.timers import Timer


def set_limits(floor: Floor, call: Call, leave_at: float | None, *, without_agents: bool) -> None:
    """When the caller leaves the line on which he or she enters now."""
    call.leave_at, call.leave_without_agents = leave_at, without_agents
    if leave_at is None:
        floor.timers.clear(Timer.MAX_WAIT, call.id)
    else:
        floor.timers.set(Timer.MAX_WAIT, call.id, leave_at)


def drop_limits(floor: Floor, call: Call) -> None:
    """The wait is over for good."""
    set_limits(floor, call, None, without_agents=False)


def move_limits(floor: Floor, old: Call, new: Call) -> None:
    """`new` takes the place of `old`."""
    leave_at, without_agents = old.leave_at, old.leave_without_agents
    drop_limits(floor, old)
    set_limits(floor, new, leave_at, without_agents=without_agents)


def leave(floor: Floor, call: Call, how: LeftBy) -> bool:
    """Out of the line, back in hand; not for one who is not waiting, or not with us. Tells whether."""
    if call.state is not CallState.WAITING or not call.present or call.group is None:
        return False
    drop_limits(floor, call)
    floor.note(call, facts.LeftLine(floor.now, call.group, how))
    floor.move_call(call, CallInput.LEAVE_LINE)
    return True


def check(floor: Floor) -> None:
    """After each event: those who have just come into a line, and the lines of agents who went home."""
    calls, floor.entered_line = floor.entered_line, []
    agents, floor.went_home = floor.went_home, []
    if floor.suspended:
        return
    groups = {group for agent in agents for group in floor.router.groups_of(agent.id)}
    for group in sorted(groups):
        calls += [floor.calls[call_id] for call_id in floor.router.lines[group]]
    for call in calls:
        _check_call(floor, call)


def resumed(floor: Floor) -> None:
    """Dispatch is on again: everybody in line is looked at."""
    for line in floor.router.lines.values():
        floor.entered_line += [floor.calls[call_id] for call_id in line]


def timer_max_wait(floor: Floor, call_id: str) -> None:
    """The longest wait is over. Whoever is being rung for then leaves when that ring has failed."""
    call = floor.calls.get(call_id)
    if call is not None and not floor.suspended:
        _check_call(floor, call)


def _check_call(floor: Floor, call: Call) -> None:
    if call.state is not CallState.WAITING or not call.present or call.group is None:
        return
    how: LeftBy | None = None
    if call.leave_at is not None and call.leave_at <= floor.now:
        how = LeftBy.TIMEOUT
    elif call.leave_without_agents and not staffed(floor, call.group):
        how = LeftBy.NO_AGENTS
    if how is not None and leave(floor, call, how):
        floor.emit(LeaveLine(call.id, how))


def staffed(floor: Floor, group: str) -> bool:
    """Whether anybody is logged in who could serve the group, ready or not."""
    return any(
        agent.logged_in and group in floor.router.groups_of(agent.id) for agent in floor.agents.values()
    )
