"""Who may serve a waiting call, over time: one agent who is waited for, then rings that widen."""

from __future__ import annotations

from acd.core import facts, offers
from acd.core.agents import Agent
from acd.core.calls import Call, CallState
from acd.core.events import CallQueued
from acd.core.floor import Floor
from acd.core.lanes import Standing
from acd.core.timers import Timer

DAY_S = 86_400.0


def begin(floor: Floor, call: Call, event: CallQueued) -> None:
    """A call comes into its group's line: how it stands there."""
    call.requirement, call.requirement_alone = event.requirement.text, event.alone
    call.ring, call.joined, call.step_runs, call.step_raises = 0, 0, {}, {}
    call.only_agent, call.only_until = None, None
    _keep_for_one(floor, call, event)
    call.ring = ring_due(floor, call)


def _keep_for_one(floor: Floor, call: Call, event: CallQueued) -> None:
    last = floor.plan.groups[event.group].last_agent
    wanted = [(event.prefer, event.prefer_wait_s, "preferred")]
    if last is not None and event.last_agent is not None:
        is_recent = event.last_agent_at >= floor.now - last.days * DAY_S
        known = event.last_agent if is_recent and _serves(floor, call, event.last_agent) else None
        wanted.append((known, last.wait_s, "last_agent"))
    for agent_id, wait_s, why in wanted:
        agent = floor.agents.get(agent_id or "")
        if agent is None or not is_at_work(floor, agent.id):
            if agent_id is not None and why == "preferred":
                floor.note(call, facts.NotKept(floor.now, agent_id, _why_not(agent)))
            continue
        call.only_agent, call.only_until = agent.id, floor.now + wait_s
        floor.note(call, facts.Kept(floor.now, agent.id, wait_s, why))
        return


def _serves(floor: Floor, call: Call, agent: str) -> bool:
    """Whether the agent serves the group, in whichever ring: the last talk may have been of other things."""
    return agent in floor.plan.agents and floor.router.ring_of(agent, floor.widest(call)) is not None


def _why_not(agent: Agent | None) -> str:
    return "unknown" if agent is None else "not at work"


def entered(floor: Floor, call: Call) -> None:
    """The call stands in line, for the first time or again: to where it should be by now."""
    if call.group is None or call.waiting_since is None:
        return
    if call.ring or call.only_agent is not None or floor.plan.groups[call.group].rings:
        widen(floor, call)


def timer_widen(floor: Floor, call_id: str) -> None:
    """The next ring is due, or the time for one agent alone is over."""
    call = floor.calls.get(call_id)
    if call is not None:
        widen(floor, call)


def widen(floor: Floor, call: Call, ring: int = 0) -> None:
    """To where the call should be by now, and at least to `ring`."""
    if call.state is not CallState.WAITING or not call.present or call.group is None:
        return  # who is not with us is looked at when back
    was = (call.ring, call.only_agent)
    if call.only_agent is not None and not is_kept(floor, call):
        call.only_agent, call.only_until = None, None
        floor.note(call, facts.Unkept(floor.now))
        floor.entered_line.append(call)  # of the others perhaps nobody is at work: see `waits.check`
    since = floor.now if call.waiting_since is None else call.waiting_since
    call.ring = max(call.ring, min(ring, len(floor.plan.groups[call.group].rings)))
    call.ring = ring_due(floor, call)
    if was == (call.ring, call.only_agent):
        _arm_ring(floor, call)
        return
    if call.ring > was[0]:
        due = since + floor.plan.groups[call.group].rings[call.ring - 1].after_s <= floor.now
        floor.note(call, facts.Widened(floor.now, call.ring, "waited" if due else "nobody at work"))
    floor.stand(call)
    _arm_ring(floor, call)
    offers.dispatch_call(floor, call)


def is_kept(floor: Floor, call: Call) -> bool:
    """Whether the call still waits for one agent alone."""
    at_work = is_at_work(floor, call.only_agent or "")
    return at_work and call.only_until is not None and call.only_until > floor.now


def is_at_work(floor: Floor, agent_id: str) -> bool:
    """Whether it makes sense to wait for this agent."""
    agent = floor.agents.get(agent_id)
    return agent is not None and agent.logged_in and agent_id not in floor.leaving


def ring_due(floor: Floor, call: Call) -> int:
    """By the time waited; a ring in which nobody new is at work is passed over at once."""
    assert call.group is not None, call.id
    rings = floor.plan.groups[call.group].rings
    if call.requirement_alone or not rings:
        return 0
    since = floor.now if call.waiting_since is None else call.waiting_since
    ring = max(call.ring, sum(1 for wider in rings if since + wider.after_s <= floor.now))
    return passed_over(floor, floor.standing(call)._replace(ring=ring))


def passed_over(floor: Floor, standing: Standing) -> int:
    """The ring that a call reaches at once which stands so: past those in which nobody new is at work."""
    ring, last = standing.ring, len(floor.plan.groups[standing.group].rings)
    while ring < last and not floor.router.widened(standing._replace(ring=ring, only=None)):
        ring += 1
    return ring


def _arm_ring(floor: Floor, call: Call) -> None:
    assert call.group is not None, call.id
    assert call.waiting_since is not None, call.id
    rings = floor.plan.groups[call.group].rings
    due = [] if call.only_until is None else [call.only_until]
    if call.ring < len(rings) and not call.requirement_alone:
        due.append(call.waiting_since + rings[call.ring].after_s)
    if due:
        floor.timers.set(Timer.WIDEN, call.id, max(min(due), floor.now))
    else:
        floor.timers.clear(call.id, Timer.WIDEN)
