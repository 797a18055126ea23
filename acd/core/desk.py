"""What agents ask for, and what their phones do."""

from __future__ import annotations

from acd.core import conversations, offers
from acd.core.agents import BUSY_STATES, Agent, AgentInput, AgentState
from acd.core.floor import Floor, Phone
from acd.core.plan import REASON_LOGIN, REASON_UNREACHABLE, SYSTEM_REASONS
from acd.errors import RequestRefused


def log_in(floor: Floor, agent: Agent, phone: str) -> None:
    """Start work on a phone; not ready until the agent says so. Again on another phone: moves."""
    other = floor.agent_on(phone)
    if other is not None and other is not agent:
        raise RequestRefused("phone-taken", f"{other.id} is logged in on phone {phone}")
    if agent.phone == phone and agent.logged_in:
        if agent.pending_logout:
            agent.pending_logout = False
            floor.touch(agent)
        return
    if agent.logged_in:
        if agent.state in BUSY_STATES or agent.own_call_id is not None:
            raise RequestRefused("agent-busy", f"{agent.id} is busy on phone {agent.phone}")
        agent.phone = phone
        _follow_phone(floor, agent, is_new=True)
        return
    agent.phone = phone
    floor.move_agent(agent, AgentInput.LOG_IN, REASON_LOGIN)


def log_out(floor: Floor, agent: Agent) -> None:
    """Go home; during a call, when its work is over."""
    agent.ready_when_reachable = False
    if agent.state is AgentState.LOGGED_OUT:
        return
    if agent.state in BUSY_STATES:
        agent.pending_logout = True
        floor.touch(agent)
        return
    agent.phone = None
    floor.move_agent(agent, AgentInput.LOG_OUT)


def go_ready(floor: Floor, agent: Agent) -> None:
    """Want calls: now, or when the present work ends; in wrap-up it ends the wrap-up."""
    _must_be_logged_in(agent)
    phone = floor.phones.get(agent.phone or "")
    if phone is None or not phone.reachable:
        text = f"phone {agent.phone} is not registered; switch it on or log in on another one"
        raise RequestRefused("phone-unreachable", text)
    agent.pending_reason, agent.pending_logout, agent.ready_when_reachable = None, False, False
    if agent.state is AgentState.NOT_READY:
        floor.move_agent(agent, AgentInput.GO_READY)
        offers.dispatch_agent(floor, agent)
    elif agent.state is AgentState.WRAP_UP:
        conversations.end_wrap_up(floor, agent)
    else:
        floor.touch(agent)


def go_not_ready(floor: Floor, agent: Agent, reason: str) -> None:
    """Want no calls, with a reason code: now, or when the present work ends."""
    _must_be_logged_in(agent)
    if reason in SYSTEM_REASONS or reason not in floor.plan.reasons:
        known = ", ".join(floor.plan.reasons) or "none is configured"
        raise RequestRefused("unknown-reason", f"no reason code {reason!r}; choose one of: {known}")
    agent.ready_when_reachable = False
    if agent.state in BUSY_STATES:
        agent.pending_reason = reason
        floor.touch(agent)
    elif (agent.state, agent.reason) != (AgentState.NOT_READY, reason):
        floor.move_agent(agent, AgentInput.GO_NOT_READY, reason)


def wrap_up_done(floor: Floor, agent: Agent) -> None:
    """The after-call work is done before its time."""
    if agent.state is not AgentState.WRAP_UP:
        raise RequestRefused("not-in-wrap-up", f"{agent.id} is not in wrap-up")
    conversations.end_wrap_up(floor, agent)


def phone_changed(floor: Floor, phone_id: str, news: Phone) -> None:
    """A phone came, went, became busy or idle; its agent follows."""
    phone = floor.phones.setdefault(phone_id, Phone())
    is_new = phone.reachable != news.reachable
    phone.reachable, phone.in_use = news.reachable, news.in_use
    agent = floor.agent_on(phone_id)
    if agent is not None:
        _follow_phone(floor, agent, is_new=is_new)


def _follow_phone(floor: Floor, agent: Agent, *, is_new: bool) -> None:
    """`is_new`: reachable or not, the phone was not so before.

    A phone that kept silent although it counts as reachable has not come back when its failed ring
    ends: without the difference it would be offered call after call.
    """
    phone = floor.phones.setdefault(agent.phone or "", Phone())
    if not phone.reachable and agent.state is AgentState.READY:
        agent.ready_when_reachable = True
        floor.move_agent(agent, AgentInput.GO_NOT_READY, REASON_UNREACHABLE)
    elif is_new and phone.reachable and agent.ready_when_reachable and agent.state is AgentState.NOT_READY:
        agent.ready_when_reachable = False
        floor.move_agent(agent, AgentInput.GO_READY)
    else:
        floor.touch(agent)
    offers.dispatch_agent(floor, agent)


def timer_busy(floor: Floor, agent_id: str) -> None:
    """The phone that was busy may be tried again."""
    agent = floor.agents[agent_id]
    agent.busy_until = None
    floor.touch(agent)
    offers.dispatch_agent(floor, agent)


def _must_be_logged_in(agent: Agent) -> None:
    if agent.state is AgentState.LOGGED_OUT:
        raise RequestRefused("logged-out", f"{agent.id} is not logged in")
