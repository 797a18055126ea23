"""Agents, calls and groups as the live feed shows them.

Moments are engine seconds (Unix time) and not durations, so that nothing changes by the mere passing of time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.core.agents import Agent, AgentState
from acd.core.calls import Call, CallState
from acd.core.consults import main_of
from acd.core.expected_wait import WaitRange
from acd.core.facts import WrapUpStarted
from acd.core.floor import Floor
from acd.runtime.call_tally import Tally
from acd.runtime.feed_figures import Figures
from acd.runtime.status import next_state, occupied

BROWSER_PHONE = "w"
"""With the extension behind it: the phone in the agent's browser."""


def agent_object(floor: Floor, agent: Agent, language: str, team: str | None = None) -> dict[str, Any]:
    """One agent. `language`: of the reason's name. `busy_s` is counted up to `since_at`."""
    profile, phone = floor.profile(agent.id), floor.phones.get(agent.phone or "")
    reason = floor.plan.reason(agent.reason) if agent.reason is not None else None
    return {
        "id": agent.id,
        "name": profile.name,
        "team": team,
        "extension": profile.extension,
        "phone": agent.phone,
        "browser_phone": agent.phone == BROWSER_PHONE + profile.extension,
        "phone_reachable": phone is not None and phone.reachable,
        "state": agent.state.value,
        "reason": agent.reason,
        "reason_label": reason.label(language) if reason is not None else agent.reason,
        "reason_max_s": None if reason is None else reason.max_s,
        "since_at": agent.since,
        "until_at": _until_at(agent),
        "pending": AgentState.LOGGED_OUT.value if agent.pending_logout else agent.next_reason,
        "next_state": next_state(agent),
        "occupied": occupied(floor, agent),
        "login_at": agent.login_at,
        "busy_s": agent.busy_s,
        "calls_taken": agent.calls_taken,
        "calls_today": agent.calls_today if floor.day in ("", agent.day) else 0,
        "call": agent.call_id,
        "own_call": _own_call(floor, agent),
        "wrap_up_call": agent.wrap_up_call_id,
        "wrap_up_wanted": agent.wrap_up_wanted,
        "groups": floor.router.groups_of(agent.id),
        "leaving": agent.id in floor.leaving,
        "desktop": agent.desktop,
    }


def _own_call(floor: Floor, agent: Agent) -> str | None:
    """What the agent has dialled; a consultation about such a call belongs to that."""
    main = floor.calls.get(main_of(agent.own_call_id or "") or "")
    is_about_own = main is not None and main.origin_agent == agent.id and main.state is not CallState.ENDED
    return main.id if main is not None and is_about_own else agent.own_call_id


def _until_at(agent: Agent) -> float | None:
    """When a wrap-up, a rest or a back-off ends by itself."""
    if agent.state is AgentState.WRAP_UP:
        return agent.wrap_up_until
    return agent.back_off_until if agent.state is AgentState.READY else agent.rest_until


def is_shown(call: Call) -> bool:
    """Whether the call goes on, or somebody still works on it."""
    return call.state is not CallState.ENDED or call.open_wrap_ups > 0


def call_object(
    floor: Floor, call: Call, position: int | None, step_of: Callable[[str], str | None]
) -> dict[str, Any]:
    """One call. `position`: in its line, 1 is next; `step_of`: where in a flow the caller is, flow/step.

    `tally`: waits and talks so far, and who has served the caller, as the record will have them.
    """
    customer = call.customer
    waits = call.state is CallState.WAITING
    return {
        "id": call.id,
        "kind": call.kind.value,
        "state": call.state.value,
        "since_at": call.since,
        "arrived_at": call.arrived_at,
        "queued_at": call.waiting_since,
        "caller_number": call.caller_number,
        "caller_name": call.caller_name,
        "dialed_number": call.dialed_number,
        "trunk": call.trunk,
        "customer": None
        if customer is None
        else {"id": customer.id, "name": customer.name, "segment": customer.segment},
        "group": call.group,
        "position": position if waits else None,
        "priority": call.priority,
        "ring": call.ring if waits else None,
        "kept_for": call.only_agent if waits else None,
        "agent": call.agent,
        "own_call_of": call.origin_agent,
        "on_hold": call.on_hold,
        "outside_number": call.outside_number,
        "outside_trunk": call.outside_trunk,
        "flow_step": step_of(call.id),
        "wrap_up_for": _wrapped_up_by(floor, call),
        "tally": Tally(call.facts).as_object(),
    }


def _wrapped_up_by(floor: Floor, call: Call) -> str | None:
    """The agent whose after-call work for this call goes on, the last one of several."""
    if call.open_wrap_ups == 0:
        return None
    for fact in reversed(call.facts):
        if isinstance(fact, WrapUpStarted):
            agent = floor.agents.get(fact.agent)
            if agent is not None and agent.wrap_up_call_id == call.id:
                return agent.id
    return None


def group_object(
    floor: Floor, group: str, figures: Figures, expected: dict[str, float] | None
) -> dict[str, Any]:
    """One group: who waits, and its agents by state. Those who ring, or whose phone is in use, are apart."""
    staff = figures.staff(group)
    return {
        "id": group,
        "name": floor.plan.groups[group].name,
        "waiting": figures.waiting(group),
        "oldest_at": figures.oldest_at(group),
        "calling_back": figures.calling_back(group),
        "expected_wait_s": expected,
        "ready": staff["ready"],
        "occupied": staff["occupied"],
        "ringing": staff["ringing"],
        "talking": staff["talking"],
        "wrap_up": staff["wrap_up"],
        "not_ready": staff["not_ready"],
        "staffed": sum(staff.values()),
        "service_level_s": floor.plan.groups[group].service_level_s,
        "service_level_target": floor.plan.groups[group].service_level_target,
    }


def expected_object(expected: WaitRange) -> dict[str, float] | None:
    """In whole seconds, so that it does not change all the time; None: nobody is there to serve."""
    if not expected.known:
        return None
    return {"p50": float(round(expected.p50_s)), "p90": float(round(expected.p90_s))}
