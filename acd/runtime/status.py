"""The live picture as plain data: what `acd status` draws and the control socket answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from acd.core.calls import Call, CallState
from acd.core.floor import Floor
from acd.core.plan import SYSTEM_REASONS


def picture(
    floor: Floor, now: float, step_of: Callable[[str], str | None], *, asterisk: bool
) -> dict[str, Any]:
    """Groups, agents and calls of this moment; durations in seconds. `step_of`: a caller's flow/step."""
    return {
        "asterisk": asterisk,
        "dispatching": not floor.suspended,
        "groups": [_group(floor, group, now) for group in floor.plan.groups],
        "agents": [_agent(floor, agent, now) for agent in floor.plan.agents],
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


def _agent(floor: Floor, agent_id: str, now: float) -> dict[str, Any]:
    agent, profile = floor.agents[agent_id], floor.plan.agents[agent_id]
    phone = floor.phones.get(agent.phone or "")
    call = floor.calls.get(agent.call_id or agent.own_call_id or "")
    reasons = {**SYSTEM_REASONS, **floor.plan.reasons}
    return {
        "id": agent_id,
        "name": profile.name,
        "extension": profile.extension,
        "phone": agent.phone,
        "phone_reachable": phone is not None and phone.reachable,
        "state": agent.state.value,
        "reason": agent.reason,
        "reason_label": reasons.get(agent.reason or "", agent.reason),
        "pending": "logged_out" if agent.pending_logout else agent.pending_reason,
        "state_s": now - agent.since if agent.logged_in else 0.0,
        "call": call.id if call is not None else None,
        "customer": call.customer.name if call is not None and call.customer is not None else None,
        "groups": list(floor.router.groups_of(agent_id)),
    }


def _call(floor: Floor, call: Call, now: float) -> dict[str, Any]:
    line = floor.router.lines.get(call.group or "")
    customer = call.customer
    waiting = call.state is CallState.WAITING  # a failed ring does not start the wait anew
    return {
        "id": call.id,
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
        "agent": call.agent,
        "on_hold": call.on_hold,
    }
