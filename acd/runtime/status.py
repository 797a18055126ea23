"""The live picture as plain data: what `acd status` draws and the control socket answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from acd.core.agents import BUSY_STATES, Agent, AgentState
from acd.core.calls import Call, CallState
from acd.core.floor import Floor


def picture(
    floor: Floor,
    now: float,
    step_of: Callable[[str], str | None],
    *,
    asterisk: bool,
    language: str = "en",
) -> dict[str, Any]:
    """Groups, agents and calls of this moment; durations in seconds. `step_of`: a caller's flow/step.

    `language`: of the names of reasons.
    """
    return {
        "asterisk": asterisk,
        "dispatching": not floor.suspended,
        "groups": [_group(floor, group, now) for group in floor.plan.groups],
        "agents": [agent_picture(floor, agent, now, language) for agent in floor.agents],
        "calls": [
            {**_call(floor, call, now), "step": step_of(call.id)}
            for call in floor.calls.values()
            if call.state is not CallState.ENDED
        ],
    }


def _group(floor: Floor, group: str, now: float) -> dict[str, Any]:
    policy = floor.plan.groups[group]
    waiting = [floor.calls[c] for c in floor.router.lines[group].in_order(now)]
    members = [a for a in floor.plan.agents if group in floor.router.groups_of(a)]
    states = Counter(floor.agents[m].state.value for m in members)
    return {
        "id": group,
        "name": policy.name,
        "waiting": len(waiting),
        "longest_wait_s": max((now - (c.waiting_since or now) for c in waiting), default=0.0),
        "talking": sum(c.group == group and c.state is CallState.TALKING for c in floor.calls.values()),
        "ready": sum(floor.router.is_free(m) for m in members),
        "staffed": len(members) - states["logged_out"],
    }


def agent_picture(floor: Floor, agent_id: str, now: float, language: str) -> dict[str, Any]:
    """One agent of the picture."""
    agent, profile = floor.agents[agent_id], floor.profile(agent_id)
    phone = floor.phones.get(agent.phone or "")
    call = floor.calls.get(agent.call_id or agent.own_call_id or "")
    reason = floor.plan.reason(agent.reason)
    state_s = now - agent.since if agent.logged_in else 0.0
    return {
        "id": agent_id,
        "name": profile.name,
        "extension": profile.extension,
        "phone": agent.phone,
        "phone_reachable": phone is not None and phone.reachable,
        "state": agent.state.value,
        "reason": agent.reason,
        "reason_label": reason.label(language) if reason is not None else agent.reason,
        "over_s": max(0.0, state_s - reason.max_s) if reason is not None and reason.max_s else 0.0,
        "occupied": occupied(floor, agent),
        "pending": "logged_out" if agent.pending_logout else agent.next_reason,
        "next_state": next_state(agent),
        "state_s": state_s,
        "until_s": _until_s(agent, now),
        "wrap_up_wanted": agent.wrap_up_wanted,
        "logged_in_s": now - agent.login_at if agent.login_at is not None else 0.0,
        "busy_s": agent.busy_s_at(now),
        "calls_taken": agent.calls_taken,
        "calls_today": agent.calls_today,
        "leaving": agent_id in floor.leaving,
        "call": call.id if call is not None else None,
        "customer": call.customer.name if call is not None and call.customer is not None else None,
        "groups": list(floor.router.groups_of(agent_id)),
        "desktop": agent.desktop,
    }


def occupied(floor: Floor, agent: Agent) -> str | None:
    """Why a ready agent is not offered calls: the phone is off the hook, or a missed call is not long ago."""
    if agent.state is not AgentState.READY or floor.can_take_calls(agent):
        return None
    return "back_off" if agent.back_off_until is not None and floor.phone_idle(agent) else "phone_in_use"


def next_state(agent: Agent) -> str | None:
    """What follows the present work; None: there is none."""
    if agent.state not in BUSY_STATES:
        return None
    if agent.pending_logout:
        return AgentState.LOGGED_OUT.value
    return (AgentState.READY if agent.next_reason is None else AgentState.NOT_READY).value


def _until_s(agent: Agent, now: float) -> float | None:
    """In how many seconds a wrap-up, a rest or a back-off ends by itself."""
    until = agent.wrap_up_until if agent.state is AgentState.WRAP_UP else agent.rest_until
    if agent.state is AgentState.READY:
        until = agent.back_off_until
    return None if until is None else max(0.0, until - now)


def _call(floor: Floor, call: Call, now: float) -> dict[str, Any]:
    line = floor.router.lines.get(call.group or "")
    customer = call.customer
    waiting = call.state is CallState.WAITING  # a failed ring does not start the wait anew
    return {
        "id": call.id,
        "node": call.node,
        "kind": call.kind.value,
        "state": call.state.value,
        "state_s": now - (call.waiting_since if waiting and call.waiting_since else call.since),
        "total_s": now - call.arrived_at,
        "caller_number": call.caller_number,
        "caller_name": call.caller_name,
        "dialed_number": call.dialed_number,
        "trunk": call.trunk,
        "outside_number": call.outside_number,
        "outside_trunk": call.outside_trunk,
        "customer": None if customer is None else {"name": customer.name, "segment": customer.segment},
        "group": call.group,
        "position": line.position(call.id, now) if line is not None else None,
        "priority": call.priority,
        "ring": call.ring if waiting else None,
        "kept_for": call.only_agent if waiting else None,
        "agent": call.agent,
        "on_hold": call.on_hold,
    }
