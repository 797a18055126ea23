"""Offering calls to agents, and what follows when an agent does not take one."""

from __future__ import annotations

from acd.core import facts, lines, partial_reach, reasons
from acd.core.agents import Agent, AgentInput, AgentState
from acd.core.callback_facts import AgentJoined, AgentReserved
from acd.core.calls import Call, CallInput, CallState, Channel
from acd.core.commands import CallBack, CancelOffer, Leg, Offer, RefuseDirect
from acd.core.facts import CallKind, OfferFailure
from acd.core.floor import Floor
from acd.core.outside_facts import OutsideAnswered
from acd.core.plan import CallbackFirst, CallbackRule
from acd.core.timers import Timer

OVERDUE_GRACE_S = 5.0
_RINGS = frozenset({CallState.RINGING, CallState.DIALING_OUT})


def dispatch_call(floor: Floor, call: Call, asking: Agent | None = None) -> bool:
    """Offer a waiting call to the best agent, if its turn has come and there is one; tells whether.

    `asking`: who has just become free, and is to get it if nobody is better.
    """
    if floor.is_away(call) or call.state is not CallState.WAITING or call.group is None:
        return False
    if floor.lacking:
        choice = partial_reach.choice(floor, call, call.group, asking)
    elif floor.router.is_head(call.id, call.group):
        choice = floor.router.agent_for(call.id, call.group, floor.now, floor.plan.seed)
    else:
        return False  # somebody is before us; a free agent takes the head, not us
    if choice is None:
        return False
    why = reasons.of_choice(floor, call, choice) if floor.explains else ()
    offer(floor, call, floor.agents[choice.agent], why)
    return True


def dispatch_agent(floor: Floor, agent: Agent) -> None:
    """Offer the most urgent call of the agent's lines to an agent who has become free."""
    if floor.suspended or not floor.can_take_calls(agent):
        return
    _dispatch_free(floor, agent)
    for spared in floor.router.spare_agents(agent.id):
        _dispatch_free(floor, floor.agents[spared])


def _dispatch_free(floor: Floor, agent: Agent) -> None:
    """The head may suit somebody else better, then it goes there and the next one is looked at."""
    router = floor.router
    while floor.can_take_calls(agent):
        found = (
            partial_reach.call_for(floor, agent) if floor.lacking else router.call_for(agent.id, floor.now)
        )
        if found is None or not dispatch_call(floor, floor.calls[found], agent):
            return


def dispatch_all(floor: Floor) -> None:
    """After a suspension: everybody who can be served is."""
    # The most urgent first: agents who serve several lines must not go to whichever is named first. Who gets
    # nobody now gets nobody after the others either: each offer leaves fewer agents.
    for call_id in floor.router.heads(floor.now):
        dispatch_call(floor, floor.calls[call_id])
    # Whoever cannot be rung for a head may be for one behind it.
    there = [agent for phone in floor.lacking if (agent := floor.agent_on(phone)) is not None]
    for agent in sorted(there, key=lambda agent: (agent.ready_since, agent.id)):
        _dispatch_free(floor, agent)


def ring_timeout_s(floor: Floor, call: Call) -> float:
    """How long an agent's phone, or the one outside, rings for this call."""
    policy = floor.policy(call)
    if call.state is CallState.DIALING_OUT:
        return call.ring_timeout_s or floor.plan.outside_ring_timeout_s
    if policy is None or call.direct:
        return call.ring_timeout_s or floor.plan.direct_ring_timeout_s
    return policy.ring_timeout_s


def offer(floor: Floor, call: Call, agent: Agent, why: tuple[str, ...]) -> None:
    """Ring the agent for the call."""
    assert agent.phone is not None, agent.id
    agent.back_to = agent.reason  # a direct call to one who is not ready: afterwards back to that
    if call.channel is Channel.NONE and _customer_first(floor, call):
        _reserve(floor, call, agent, why)
        return
    floor.move_call(call, CallInput.OFFER)
    _take(floor, call, agent)
    _ring(floor, call, agent, why)


def _take(floor: Floor, call: Call, agent: Agent) -> None:
    """The agent is this call's and nobody else's."""
    call.agent, call.alerted = agent.id, False
    floor.move_agent(agent, AgentInput.OFFER)
    agent.call_id, agent.offered_at = call.id, floor.now


def _ring(floor: Floor, call: Call, agent: Agent, why: tuple[str, ...]) -> None:
    assert agent.phone is not None, agent.id
    policy = floor.policy(call)
    timeout_s = ring_timeout_s(floor, call)
    floor.note(call, facts.Offered(floor.now, agent.id, agent.phone, why))
    floor.timers.set(Timer.ALERT, call.id, floor.now + floor.plan.unreachable_after_s)
    arm_overdue(floor, call, timeout_s)
    music = policy.music if policy is not None else ""
    floor.emit(Offer(call.id, agent.id, agent.phone, timeout_s, music, call.group or "", leg_of(call)))


def leg_of(call: Call) -> Leg | None:
    """Of a callback that has no channel yet: the one to be made. The same history gives the same id."""
    if call.channel is not Channel.NONE:
        return None
    name = call.caller_name if call.customer is None else call.customer.name
    return Leg(f"{call.id}.{len(call.facts)}", call.caller_number, name)


def _customer_first(floor: Floor, call: Call) -> bool:
    policy = floor.policy(call)
    rule = policy.callbacks if policy is not None else None
    return rule is not None and rule.first is CallbackFirst.CUSTOMER


def _reserve(floor: Floor, call: Call, agent: Agent, why: tuple[str, ...]) -> None:
    """A callback: the agent is kept, and in the agent's books being rung, while the customer is dialled."""
    floor.move_call(call, CallInput.RESERVE)
    _take(floor, call, agent)
    floor.note(call, AgentReserved(floor.now, agent.id, why))
    call_customer(floor, call)


def call_customer(floor: Floor, call: Call) -> None:
    """A callback whose agent is there, or kept: whoever knows the ways outside dials."""
    policy = floor.policy(call)
    rule = policy.callbacks if policy is not None and policy.callbacks is not None else CallbackRule()
    arm_overdue(floor, call, rule.ring_timeout_s)
    floor.emit(CallBack(call.id, call.caller_number, rule.ring_timeout_s))


def arm_overdue(floor: Floor, call: Call, timeout_s: float) -> None:
    """By then a ring of so many seconds has ended."""
    floor.timers.set(Timer.OVERDUE, call.id, floor.now + timeout_s + OVERDUE_GRACE_S)


def ring_reserved(floor: Floor, call: Call, agent: Agent) -> None:
    """The customer has answered: the agent who was kept is rung."""
    clear_ring_timers(floor, call)
    call.alerted = False
    call.direct = floor.plan.heir(call.group) is None  # there is no line to fall back into
    floor.note(call, OutsideAnswered(floor.now))
    floor.move_call(call, CallInput.OFFER)
    _ring(floor, call, agent, ("kept for this callback",))


def direct(floor: Floor, call: Call, agent_id: str, timeout_s: float | None = None) -> None:
    """Put the caller through to one agent, who need not be ready but must be free."""
    floor.note(call, facts.Directed(floor.now, agent_id))
    agent = floor.agents.get(agent_id, Agent(agent_id))  # one whom a plan of before had is at home
    lacks = floor.lacks(agent, call)
    if agent.state not in (AgentState.READY, AgentState.NOT_READY) or lacks or not floor.phone_idle(agent):
        phone = floor.phones.get(agent.phone or "")
        there = agent.logged_in and phone is not None and phone.reachable and not lacks
        failure = OfferFailure.BUSY if there else OfferFailure.UNREACHABLE
        floor.emit(RefuseDirect(call.id, agent_id, failure))
        return
    call.direct, call.present, call.ring_timeout_s = True, True, timeout_s
    offer(floor, call, agent, ("a direct call for this agent",))


def alerting(floor: Floor, call: Call, phone: str | None = None, at: float | None = None) -> None:
    """The phone rings; `phone` None: the one that was offered the call. `at`: since when, if not now."""
    if call.state is not CallState.RINGING or call.alerted:
        return
    agent = _offered_agent(floor, call)
    if phone in (None, agent.phone):
        call.alerted = True
        floor.timers.clear(call.id, Timer.ALERT)
        floor.note(call, facts.Alerted(call.when(at, floor.now), agent.id))


def answered(floor: Floor, call: Call, phone: str | None = None, at: float | None = None) -> None:
    """The agent took the call; `phone` None: on the phone that was offered it. `at`: when, if not now."""
    if call.state is not CallState.RINGING:
        return
    agent = _offered_agent(floor, call)
    if phone not in (None, agent.phone):
        return
    clear_ring_timers(floor, call)
    lines.drop_limits(floor, call)
    if call.channel is Channel.NONE:
        _joined(floor, call, agent)
        return
    floor.move_call(call, CallInput.ANSWER)
    floor.move_agent(agent, AgentInput.ANSWER)
    call.agent_left = False
    floor.note(call, facts.Answered(call.when(at, floor.now), agent.id))
    count_call(floor, call, agent)


def _joined(floor: Floor, call: Call, agent: Agent) -> None:
    """A callback: the agent is on the line, the customer comes next."""
    call.channel, call.present, call.agent_left = Channel.AGENT, True, False
    floor.move_call(call, CallInput.AGENT_JOINED)
    floor.move_agent(agent, AgentInput.ANSWER)
    agent.misses.clear()
    floor.note(call, AgentJoined(floor.now, agent.id))
    call_customer(floor, call)


def ended(floor: Floor, call: Call, failure: OfferFailure) -> None:
    """The dial failed; the caller's channel is back in our hands."""
    if call.state is not CallState.RINGING:
        return
    agent = _offered_agent(floor, call)
    if failure is OfferFailure.NO_ANSWER and floor.phone_gone(agent):
        failure = OfferFailure.UNREACHABLE  # nobody could have answered it
    was_direct, call.direct = call.direct, False
    clear_ring_timers(floor, call)
    call.agent, call.present = None, True
    if call.channel is Channel.NONE:
        _stand_by(floor, call)
    floor.note(call, facts.OfferFailed(floor.now, agent.id, failure))
    floor.move_call(call, CallInput.REFUSED if was_direct else CallInput.OFFER_FAILED)
    give_back(floor, agent, failure)
    if was_direct:
        floor.emit(RefuseDirect(call.id, agent.id, failure))
    dispatch_agent(floor, agent)  # first: a more urgent call may have come while the phone rang
    if call.present:
        dispatch_call(floor, call)


def _stand_by(floor: Floor, call: Call) -> None:
    """A callback whose ring has failed: in line only at hours when its customer may be called."""
    call.node = ""
    is_known = call.group in floor.plan.groups
    call.present = is_known and call.group not in floor.callbacks_closed
    if call.expires_at is not None:
        due = max(call.expires_at, floor.now) if is_known else floor.now  # a group that is gone: to people
        floor.timers.set(Timer.CALLBACK, call.id, due)


def count_call(floor: Floor, call: Call, agent: Agent) -> None:
    """The agent has taken the call: what was missed before no longer counts, and a customer's call does."""
    if call.kind in (CallKind.INBOUND, CallKind.CALLBACK):
        agent.count_call(floor.day)
    forgive_misses(floor, agent)


def forgive_misses(floor: Floor, agent: Agent) -> None:
    """The agent is at work: what was missed before no longer counts."""
    agent.misses.clear()
    floor.mark_agent(agent)


def give_back(floor: Floor, agent: Agent, failure: OfferFailure) -> None:
    """The agent after an offer that came to nothing: by the rule for its cause.

    One that was called off costs nothing; who has missed one is no longer the one who is idle longest.
    """
    if failure is not OfferFailure.WITHDRAWN:
        agent.ready_since = floor.now
    rule = floor.plan.missed_rings.get(failure)
    if rule is None:
        floor.release_agent(agent)
        return
    misses = agent.misses.get(failure.value, 0) + 1
    agent.misses[failure.value] = misses
    if not 0 < rule.not_ready_after <= misses:
        agent.back_off_until = floor.now + rule.back_off(misses)
        floor.timers.set(Timer.BACK_OFF, agent.id, agent.back_off_until)
    elif agent.next_reason is None and not agent.pending_logout:
        agent.misses.clear()
        agent.ready_when_reachable = failure is OfferFailure.UNREACHABLE
        if agent.own_call_id is None and agent.state is AgentState.RINGING:
            agent.wrap_up_wanted = False  # there is no talk that it could follow
            floor.move_agent(agent, AgentInput.MISS, rule.reason)
            agent.call_id = None
            return
        agent.pending_reason = rule.reason  # after the own call that kept the agent from answering
    floor.release_agent(agent)


def timer_back_off(floor: Floor, agent_id: str) -> None:
    """The agent may be offered calls again."""
    agent = floor.agents[agent_id]
    end_back_off(floor, agent)
    dispatch_agent(floor, agent)


def end_back_off(floor: Floor, agent: Agent) -> None:
    """There may be offers again."""
    agent.back_off_until = None
    floor.timers.clear(agent.id, Timer.BACK_OFF)
    floor.touch(agent)


def timer_alert(floor: Floor, call_id: str) -> None:
    """The phone has said nothing: it is dead. Stop the dial; its end will be reported.

    While suspended we may be deaf to a phone that does ring: leave it to the ring timeout.
    """
    call = floor.calls.get(call_id)
    if call is None or floor.is_away(call):
        return
    if call.state in _RINGS and not call.alerted:
        floor.emit(CancelOffer(call.id))


def timer_overdue(floor: Floor, call_id: str) -> None:
    """Asterisk's own ring timeout should have ended this; ask again and keep asking."""
    call = floor.calls.get(call_id)
    if call is not None and call.state in _RINGS:
        floor.emit(CancelOffer(call.id))
        floor.timers.set(Timer.OVERDUE, call.id, floor.now + OVERDUE_GRACE_S)


def clear_ring_timers(floor: Floor, call: Call) -> None:
    """No ring is under way."""
    floor.timers.clear(call.id, Timer.ALERT, Timer.OVERDUE)


def move_ring_timers(floor: Floor, old: Call, new: Call) -> None:
    """The ring under way is now for `new`."""
    clear_ring_timers(floor, old)
    if not new.alerted:
        floor.timers.set(Timer.ALERT, new.id, floor.now + floor.plan.unreachable_after_s)
    arm_overdue(floor, new, ring_timeout_s(floor, new))


def _offered_agent(floor: Floor, call: Call) -> Agent:
    assert call.agent is not None, call.id
    return floor.agents[call.agent]
