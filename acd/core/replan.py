"""Another plan while callers wait and agents work.

Everybody keeps place, state and counters; what has changed holds at once, for those who wait, too. A ring
under way goes on. A call keeps the ring of agents that it has reached, and widens by the new plan from
there. Steps of a policy that were taken are not taken again; what a step has added to a priority goes with
the step, so that one that is written anew counts once.

An agent who is no longer in the plan finishes what is in hand, gets no further call, and is forgotten when
at home. Callers of a group that is gone go to its heir (`Plan.removed`): into the heir's line with the time
they have waited, or out of the line. Who talks or wraps up by such a group goes on by its rules.
"""

from __future__ import annotations

from acd.core import callback_entry, desk, limits, lines, offers, policy_run
from acd.core.agents import BUSY_STATES, Agent, AgentState
from acd.core.calls import Call, CallInput, CallState, Channel, WaitSoFar
from acd.core.commands import HoldInLine, LeaveLine
from acd.core.facts import LeftBy, LeftLine
from acd.core.floor import Floor
from acd.core.plan import Plan
from acd.core.router import Router
from acd.core.work_rules import LIMIT_REASONS


def change(floor: Floor, plan: Plan) -> None:
    """From now on `plan` holds."""
    before, floor.plan = floor.plan, plan
    _retire_groups(floor, before)
    came_back = [agent for agent in floor.leaving if agent in plan.agents]
    known = {**floor.leaving, **before.agents}
    floor.leaving = {agent: known[agent] for agent in floor.agents if agent not in plan.agents}
    _change_router(floor)
    for agent_id in came_back:
        _stays(floor, floor.agents[agent_id])
    for agent_id in list(floor.leaving):
        _let_go(floor, floor.agents[agent_id])
    for call in list(floor.calls.values()):
        _change_call(floor, call, before)
    for agent in floor.agents.values():
        _apply_limits(floor, agent)
    offers.dispatch_all(floor)
    # Rings that are due by now, steps, limits, lines without agents: `waits.check` looks at them.
    lines.resumed(floor)


def _retire_groups(floor: Floor, before: Plan) -> None:
    """Keep the rules of groups that are gone for those who still work by them."""
    named = {call.group for call in floor.calls.values()} | {a.wrap_up_group for a in floor.agents.values()}
    known = {**floor.retired, **before.groups}
    floor.retired = {g: rules for g, rules in known.items() if g in named and g not in floor.plan.groups}


def _change_router(floor: Floor) -> None:
    """New pools and lines, with everybody who is idle as they were; the calls follow one by one."""
    old = floor.router
    everybody = floor.agents
    floor.agents = {
        agent: everybody.get(agent, Agent(agent)) for agent in (*floor.plan.agents, *floor.leaving)
    }
    floor.router = Router(floor.plan, floor.leaving, old.turn)
    for agent in floor.agents.values():
        floor.router.agent_present(agent.id, logged_in=agent.logged_in)
        if agent.id not in everybody:
            floor.touch(agent)
        elif (idle := old.idle_as(agent.id)) is not None:
            floor.router.agent_free(agent.id, idle)


def _stays(floor: Floor, agent: Agent) -> None:
    """One who was to go home is in the plan again; who wanted to go home still does."""
    if agent.sent_home:
        agent.pending_logout = agent.sent_home = False
    floor.touch(agent)


def _let_go(floor: Floor, agent: Agent) -> None:
    """One who is no longer in the plan: home, at once or after the work in hand."""
    if agent.state in BUSY_STATES:
        agent.send_home()
        floor.touch(agent)
    elif agent.logged_in:
        desk.log_out(floor, agent)  # forgotten by `waits.check`
    else:
        floor.forget_agent(agent)


def _change_call(floor: Floor, call: Call, before: Plan) -> None:
    if call.group is None:
        return
    if call.group not in floor.plan.groups:
        if call.state is CallState.WAITING:
            _leave_removed_group(floor, call)
        elif call.state is CallState.RINGING and _has_no_line(floor, call):
            call.direct = True  # there is no line to fall back into
            floor.mark(call)
        return
    group = floor.plan.groups[call.group]
    old = before.groups.get(call.group)
    call.ring = min(call.ring, len(group.rings))
    if old is not None and old.steps != group.steps:
        _change_steps(call, policy_run.carried_over(call.so_far, old.steps, group.steps))
    floor.mark(call)
    if call.state is CallState.WAITING and call.present:
        floor.stand(call)
        if old is not None and old.music != group.music and call.channel is not Channel.NONE:
            floor.emit(HoldInLine(call.id, call.group))


def _change_steps(call: Call, so_far: WaitSoFar) -> None:
    call.priority = call.base_priority + so_far.raised
    call.step_runs, call.step_raises = dict(so_far.step_runs), dict(so_far.step_raises)


def _has_no_line(floor: Floor, call: Call) -> bool:
    """A callback without a line is left to people when its ring is over."""
    return call.channel is not Channel.NONE and floor.plan.heir(call.group or "") is None


def _leave_removed_group(floor: Floor, call: Call) -> None:
    assert call.group is not None, call.id
    if call.channel is Channel.NONE:
        callback_entry.group_removed(floor, call)
        return
    if floor.plan.heir(call.group) is not None:
        floor.hand_on(call)
        if call.present:
            floor.enter_line(call)
        return
    flow = floor.plan.heir_flow(call.group)
    lines.drop_limits(floor, call)
    floor.note(call, LeftLine(floor.now, call.group, LeftBy.REMOVED, flow))
    floor.move_call(call, CallInput.LEAVE_LINE)
    if call.present:  # or the caller's channel asks again
        floor.emit(LeaveLine(call.id, LeftBy.REMOVED, flow))


def _apply_limits(floor: Floor, agent: Agent) -> None:
    """Limits of work that have changed: who is at one now gets no calls, who is no longer does again."""
    if agent.id in floor.leaving:
        return
    reason = limits.against_ready(agent, floor.limits(agent), floor.now, floor.day)
    was_limited = agent.state is AgentState.NOT_READY and agent.reason in LIMIT_REASONS
    if (agent.state is AgentState.READY and reason is not None) or (was_limited and reason is None):
        floor.make_ready(agent)
    elif agent.rest_until is not None:
        floor.rest(agent)  # which may last longer or less long now
