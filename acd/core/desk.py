"""What agents ask for, and what their phones do."""

from __future__ import annotations

from acd.core import limits, offers, wrap_up
from acd.core.agents import BUSY_STATES, Agent, AgentInput, AgentState
from acd.core.facts import WrapUpEnd
from acd.core.floor import Floor, Phone
from acd.core.work_rules import (
    REASON_DAY_LIMIT,
    REASON_LOGIN,
    REASON_UNREACHABLE,
    SYSTEM_REASONS,
)
from acd.errors import RequestRefused


def log_in(floor: Floor, agent: Agent, phone: str) -> None:
    """Start work on a phone; not ready until the agent says so. Again on another phone: moves."""
    other = floor.agent_on(phone)
    if other is not None and other is not agent:
        text = f"{other.id} is logged in on phone {phone}: log out there first, or take another phone"
        raise RequestRefused("phone-taken", text)
    if agent.phone == phone and agent.logged_in:
        if agent.pending_logout:
            agent.pending_logout = False
            floor.touch(agent)
        return
    if agent.logged_in:
        if agent.state in BUSY_STATES or agent.own_call_id is not None:
            text = f"{agent.id} is busy on phone {agent.phone}: end the work there first"
            raise RequestRefused("agent-busy", text)
        agent.phone = phone
        floor.touch(agent)
        _follow_phone(floor, agent, is_new=True)
        return
    agent.phone = phone
    _forgive(floor, agent)
    floor.move_agent(agent, AgentInput.LOG_IN, REASON_LOGIN)


def log_out(floor: Floor, agent: Agent) -> None:
    """Go home; during a call, when its work is over."""
    agent.ready_when_reachable = False
    if agent.state is AgentState.LOGGED_OUT:
        return
    if agent.state in BUSY_STATES:
        agent.pending_logout, agent.sent_home, agent.pending_reason = True, False, None
        floor.touch(agent)
        return
    agent.phone = None
    _forgive(floor, agent)
    floor.move_agent(agent, AgentInput.LOG_OUT)


def go_ready(floor: Floor, agent: Agent, *, forced: bool = False) -> None:
    """Want calls: now, or when the present work ends; in wrap-up it ends the wrap-up."""
    _must_be_logged_in(agent)
    phone = floor.phones.get(agent.phone or "")
    if phone is None or not phone.reachable:
        text = f"phone {agent.phone} is not registered; switch it on or log in on another one"
        raise RequestRefused("phone-unreachable", text)
    _must_not_be_limited(floor, agent)
    if agent.state is AgentState.WRAP_UP and not forced:
        wrap_up.must_be_disposed(floor, agent)
    agent.ready_when_reachable = False
    agent.forget_wishes()
    agent.desktop_missing = False  # who asks for calls takes them without one
    _forgive(floor, agent)
    if agent.state is AgentState.NOT_READY:
        floor.make_ready(agent)
    elif agent.state is AgentState.WRAP_UP:
        wrap_up.end(floor, agent, WrapUpEnd.AGENT)
    offers.dispatch_agent(floor, agent)


def go_not_ready(floor: Floor, agent: Agent, reason: str) -> None:
    """Want no calls, with a reason code: now, or when the present work ends."""
    _must_be_logged_in(agent)
    if reason in SYSTEM_REASONS or reason not in floor.plan.reasons:
        known = ", ".join(floor.plan.reasons) or "none is configured"
        wrong = (
            f"{reason!r} is set by the system only" if reason in SYSTEM_REASONS else f"no reason {reason!r}"
        )
        raise RequestRefused("unknown-reason", f"{wrong}; choose one of: {known}")
    agent.ready_when_reachable = False
    if agent.state in BUSY_STATES:
        agent.pending_reason, agent.pending_logout = reason, False
        floor.touch(agent)
    elif (agent.state, agent.reason) != (AgentState.NOT_READY, reason):
        floor.move_agent(agent, AgentInput.GO_NOT_READY, reason)


def revoke(floor: Floor, agent: Agent) -> None:
    """What was asked for to follow the present work is not wanted any more."""
    if not agent.pending_logout and agent.pending_reason is None:
        raise RequestRefused("nothing-pending", f"{agent.id} has asked for nothing that could be taken back")
    agent.pending_logout, agent.pending_reason = False, None
    floor.touch(agent)


def timer_rest(floor: Floor, agent_id: str) -> None:
    """The rest is over: ready again."""
    agent = floor.agents[agent_id]
    agent.calls_in_a_row = 0
    floor.make_ready(agent)
    offers.dispatch_agent(floor, agent)


def day_began(floor: Floor, day: str) -> None:
    """A new date: calls are counted anew, and who had taken all of the day is ready again."""
    if day == floor.day:
        return
    floor.day = day
    for agent in floor.agents.values():
        agent.begin_day(day)
        floor.touch(agent)
        if agent.state is AgentState.NOT_READY and agent.reason == REASON_DAY_LIMIT:
            floor.make_ready(agent)
            offers.dispatch_agent(floor, agent)


def phone_changed(floor: Floor, phone_id: str, news: Phone) -> None:
    """A phone came, went, became busy or idle; its agent follows."""
    phone = floor.phones.setdefault(phone_id, Phone())
    is_new = phone.reachable != news.reachable
    phone.reachable, phone.in_use, phone.missing = news.reachable, news.in_use, news.missing
    if news.missing or floor.lacking:
        (floor.lacking.add if news.missing else floor.lacking.discard)(phone_id)
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
        floor.make_ready(agent)
    else:
        floor.place(agent)  # a phone that is in use, or no longer, is nothing of the agent's to be kept
    offers.dispatch_agent(floor, agent)


def _forgive(floor: Floor, agent: Agent) -> None:
    """Whoever says so is there: what was missed before no longer counts."""
    agent.misses.clear()
    offers.end_back_off(floor, agent)


def _must_be_logged_in(agent: Agent) -> None:
    if agent.state is AgentState.LOGGED_OUT:
        raise RequestRefused("logged-out", f"{agent.id} is not logged in")


def _must_not_be_limited(floor: Floor, agent: Agent) -> None:
    """A rest, and the end of a day's calls, cannot be cut short."""
    if agent.state is not AgentState.NOT_READY:
        return
    if agent.rest_until is not None:
        text = f"{agent.id} rests for {agent.rest_until - floor.now:.0f} s more, and is ready by itself then"
        raise RequestRefused("resting", text)
    if limits.against_ready(agent, floor.limits(agent), floor.now, floor.day) == REASON_DAY_LIMIT:
        text = f"{agent.id} has taken {agent.calls_today} calls today, which is the limit"
        raise RequestRefused("day-limit", text)
