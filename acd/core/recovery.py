"""After an absence (killed, frozen, cut off from Asterisk): what was kept against what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from acd.core import (
    callback_entry,
    callback_tries,
    callbacks,
    conversations,
    desktops,
    facts,
    lines,
    lost_calls,
    offers,
    outside,
    wrap_up,
)
from acd.core.agents import BUSY_STATES, Agent, AgentInput, AgentState
from acd.core.calls import Call, CallInput, CallState, Channel
from acd.core.commands import AgentForgotten, CancelOffer, HoldInLine
from acd.core.events import FallbackServed, FloorSeen
from acd.core.facts import CallKind, EndedBy, OfferFailure, WrapUpEnd
from acd.core.floor import Floor
from acd.core.plan import AgentProfile
from acd.core.timers import Timer

_AGENT_STATES = {CallState.RINGING: AgentState.RINGING, CallState.TALKING: AgentState.TALKING}


def restore(floor: Floor, agents: Iterable[Agent], calls: Iterable[Call], lost: Iterable[Call]) -> None:
    """Put kept agents and calls on an empty floor. Agents who are no longer in the plan finish their work.

    `lost`: calls that ended with their node (`lost_calls.py`).

    Nobody is offered anything: whoever restores keeps dispatch suspended until the floor is known. A
    waiting caller enters the line when the channel asks again (`caller_returned`).
    """
    for call in calls:
        call.present = call.state not in (CallState.WAITING, CallState.IVR)
        floor.admit(call)
        lines.set_limits(floor, call, call.leave_at, call.exits)
        floor.router.next_turn(above=call.joined)
        is_kept = call.state is CallState.IVR and call.agent is not None  # a callback's agent
        if is_kept or call.state in (CallState.RINGING, CallState.DIALING_OUT):
            offers.arm_overdue(floor, call, offers.ring_timeout_s(floor, call))
    lost_calls.restore(floor, lost)
    for agent in agents:
        if agent.id not in floor.agents and not _lets_go(floor, agent):
            continue
        floor.agents[agent.id] = agent
        if agent.wrap_up_until is not None:
            floor.timers.set(Timer.WRAP_UP, agent.id, agent.wrap_up_until)
        if agent.back_off_until is not None:
            floor.timers.set(Timer.BACK_OFF, agent.id, agent.back_off_until)
        if agent.rest_until is not None:
            floor.timers.set(Timer.REST, agent.id, agent.rest_until)
        desktops.restored(floor, agent)
        floor.touch(agent)
    _drop_orphans(floor)
    _reconcile(floor)
    callbacks.restored(floor)


def _lets_go(floor: Floor, agent: Agent) -> bool:
    """Whether one who is no longer in the plan has work to finish; others are forgotten."""
    if agent.state not in BUSY_STATES:
        floor.emit(AgentForgotten(agent.id))
        return False
    floor.leaving[agent.id] = AgentProfile(agent.id, agent.id, agent.phone or "")
    floor.router.let_go(agent.id)
    agent.send_home()
    return True


def _drop_orphans(floor: Floor) -> None:
    """A call whose group or agent the plan no longer has goes back in hand; it will ask again."""
    for call in list(floor.calls.values()):
        if call.group is not None and call.group not in floor.plan.groups:
            heir = floor.plan.heir(call.group)
            if call.channel is Channel.NONE and heir is None:
                pass  # a callback: left to people, at once or when its ring is over
            elif call.state is CallState.RINGING and heir is None:
                call.direct = True  # there is no line to fall back into
            elif call.state is CallState.WAITING and heir is not None:
                floor.hand_on(call)
            elif call.state is CallState.WAITING:
                call.state = CallState.IVR
        is_in_line = call.state is CallState.WAITING
        if is_in_line and call.only_agent is not None and call.only_agent not in floor.agents:
            call.only_agent, call.only_until = None, None
            floor.note(call, facts.Unkept(floor.now))
        if _state_of_agent(call) is not None and call.agent not in floor.agents:
            _put_back(floor, call)


def _state_of_agent(call: Call) -> AgentState | None:
    """The state in which the agent of this call has to be; None: it has none."""
    if call.state in (CallState.IVR, CallState.DIALING_OUT) and call.agent is not None:
        return AgentState.RINGING if call.channel is Channel.NONE else AgentState.TALKING
    return _AGENT_STATES.get(call.state)


def _put_back(floor: Floor, call: Call) -> None:
    """The agent with the call is unknown: back to the line it came from, else in hand."""
    offers.clear_ring_timers(floor, call)
    if call.channel is not Channel.CALLER and call.state in (CallState.IVR, CallState.DIALING_OUT):
        call.agent = None  # the dial goes on; its end is told
        floor.mark(call)
        return
    in_line = call.state is CallState.RINGING and call.group is not None and not call.direct
    call.state = CallState.WAITING if in_line else CallState.IVR
    is_removed = call.group not in floor.plan.groups and floor.plan.heir(call.group) is not None
    if in_line and is_removed:
        floor.hand_on(call)
    call.agent, call.direct, call.on_hold, call.present = None, False, False, False
    floor.mark(call)


def _reconcile(floor: Floor) -> None:
    """Agents and calls are kept one by one; a sudden end may have kept only one side of a change."""
    for agent in floor.agents.values():
        _reconcile_agent(floor, agent)
    for call in floor.calls.values():
        if _state_of_agent(call) is not None and floor.agents[call.agent or ""].call_id != call.id:
            _put_back(floor, call)
    wrap_ups = Counter(agent.wrap_up_call_id for agent in floor.agents.values())
    for call in list(floor.calls.values()):
        if call.open_wrap_ups != wrap_ups[call.id]:
            call.open_wrap_ups = wrap_ups[call.id]
            floor.settle(call)


def _reconcile_agent(floor: Floor, agent: Agent) -> None:
    """Forget what the calls do not confirm; who then has nothing to do is free."""
    call = floor.calls.get(agent.call_id or "")
    if call is None or call.agent != agent.id or _state_of_agent(call) is not agent.state:
        agent.call_id = None
    own = floor.calls.get(agent.own_call_id or "")
    confirmed = own is not None and own.origin_agent == agent.id and own.state is not CallState.ENDED
    if not confirmed or agent.state not in BUSY_STATES:
        agent.own_call_id = None
    is_due = agent.state is AgentState.TALKING and agent.wrap_up_call_id in floor.calls
    if not is_due and agent.state is not AgentState.WRAP_UP:
        agent.wrap_up_call_id, agent.wrap_up_group = None, None  # else what came of it may still be said
    if agent.state is AgentState.RINGING and agent.call_id is None:
        floor.release_agent(agent)
    elif agent.state is AgentState.TALKING and agent.call_id is None and agent.own_call_id is None:
        conversations.leave_conversation(floor, agent)


def on_node(floor: Floor, call: Call, node: str) -> None:
    """The channel of a callback is made there."""
    if call.node != node:
        call.node = node
        floor.mark(call)


def node_suspended(floor: Floor, node: str) -> None:
    """Those in line there keep their places, and those behind them are served before them."""
    floor.nodes_away.add(node)
    _stand_anew(floor, node)


def node_resumed(floor: Floor, node: str) -> None:
    """Its callers can be served again."""
    floor.nodes_away.discard(node)
    floor.entered_line += _stand_anew(floor, node)
    offers.dispatch_all(floor)


def _stand_anew(floor: Floor, node: str) -> list[Call]:
    """Whether its node is away tells in which lane a call stands."""
    lines_ = floor.router.lines
    found = [c for c in floor.calls.values() if c.node == node and c.state is CallState.WAITING]
    moved = [c for c in found if c.group is not None and c.group in lines_ and c.id in lines_[c.group]]
    for call in moved:
        floor.stand(call)
    return moved


def floor_seen(floor: Floor, seen: FloorSeen) -> None:
    """Calls that no longer exist ended while nobody looked."""
    if not seen.lost:
        lost_calls.node_seen(floor, seen)
    suspended, floor.suspended = floor.suspended, True  # no agent is to be offered a call that is gone
    for call in list(floor.calls.values()):
        if call.id in seen.alive or call.state is CallState.ENDED:
            continue
        if seen.node is not None and call.node != seen.node:
            continue
        if call.kind is not CallKind.CALLBACK or not callback_tries.lost(floor, call):
            has_talked = call.state is CallState.TALKING or call.agent_left
            by_agent = has_talked and call.id in seen.ended_by_agent
            by = EndedBy.AGENT if by_agent else EndedBy.UNKNOWN
            if seen.lost and call.id not in seen.ended_at:
                call.lost_with = call.agent if call.state is CallState.TALKING else None
                conversations.end(floor, call, EndedBy.NODE, seen.node or "")
                lost_calls.keep(floor, call)
                continue
            conversations.end(floor, call, by, at=seen.ended_at.get(call.id))
    floor.suspended = suspended
    offers.dispatch_all(floor)


def served_after_all(floor: Floor, event: FallbackServed) -> None:
    """A call that was taken for lost with its node was with that node's own queue."""
    at = floor.lost[event.call_id].when(event.at, floor.now)
    fallback_served(floor, lost_calls.take_up(floor, event.call_id, "went on", at), event)


def _goes_on(call: Call, agent: Agent) -> bool:
    """Whether it is the talk that was taken for lost, and nothing else has been since."""
    return isinstance(call.facts[-1], facts.Returned) and call.lost_with == agent.id


def caller_returned(floor: Floor, call: Call) -> None:
    """The channel asks what next although no offer ended: whatever we believed, it is with us now."""
    if call.channel is not Channel.CALLER:
        if call.channel is Channel.AGENT:
            callback_tries.agent_asks_again(floor, call)
        return
    call.present = True
    floor.mark(call)
    if call.state is CallState.RINGING and call.agent is not None:
        offers.ended(floor, call, OfferFailure.WITHDRAWN)
    elif call.state is CallState.TALKING:
        conversations.agent_hung_up(floor, call)
    elif call.state in (CallState.DIALING_OUT, CallState.OUTSIDE):
        outside.caller_returned(floor, call)
    elif call.state is CallState.WAITING and call.group is not None:
        if call.id in floor.router.lines[call.group]:
            floor.emit(HoldInLine(call.id, call.group))  # the channel asks anew: it has no music now
        else:
            floor.enter_line(call)
        offers.dispatch_call(floor, call)


def caller_away(floor: Floor, call: Call) -> None:
    """The channel asks us no more: whoever waits keeps the place, and is not rung for.

    Nor is a phone that we have just wanted to ring: the channel had left before it could be told to.
    """
    if call.channel is Channel.CALLER:
        _take_out_of_line(floor, call)


def fallback_served(floor: Floor, call: Call, event: FallbackServed) -> None:
    """Note that Asterisk's fallback queue had the caller, and with whom; who talks is not in line."""
    agent_id, last = event.agent, call.facts[-1]
    talking = call.state is CallState.TALKING and call.agent == agent_id
    if call.state is CallState.ENDED or talking or call.channel is Channel.AGENT:
        return
    if call.channel is Channel.NONE:
        callback_tries.reached_elsewhere(floor, call)
    if not (isinstance(last, facts.FellBack) and agent_id in (None, last.agent)):
        floor.note(call, facts.FellBack(call.when(event.at, floor.now), agent_id))
    if agent_id is not None:
        _take_out_of_line(floor, call)
    if event.over:
        call.agent_left = True
        floor.mark(call)


def _take_out_of_line(floor: Floor, call: Call) -> None:
    """The caller is elsewhere: no offer may reach, let alone cut off, a talk there."""
    if call.state is CallState.RINGING and call.agent is not None:
        agent = floor.agents[call.agent]
        _withdraw(floor, call, call.facts[-1].at)  # later than the end, it would be taken for the end
        offers.give_back(floor, agent, OfferFailure.WITHDRAWN)
        offers.dispatch_agent(floor, agent)
    elif call.state is CallState.WAITING and call.present:
        lines.step_aside(floor, call)


def conversation_found(floor: Floor, call: Call, phone: str, at: float | None = None) -> None:
    """The caller talks on this phone: answered while we were away, or by the fallback queue."""
    agent = floor.agent_on(phone)
    if agent is None or (call.state is CallState.TALKING and call.agent == agent.id):
        return
    if call.origin_agent == agent.id or call.channel is Channel.AGENT:
        return  # the phone that dialled is the caller here, not the one called
    if call.state is CallState.RINGING and call.agent == agent.id:
        offers.answered(floor, call, at=at)
        return
    if call.state is CallState.ENDED:
        return
    if agent.state is AgentState.TALKING:
        _second_on_the_phone(floor, call, agent, at)
        return
    goes_on, call.lost_with = _goes_on(call, agent), None
    if not goes_on:
        floor.note(call, facts.FellBack(call.when(at, floor.now), agent.id))
    other = floor.agents[call.agent] if call.agent is not None else None
    if other is not None:
        _release_other(floor, call, other)
    if agent.state is AgentState.NOT_READY:
        agent.back_to = agent.reason
    lines.drop_limits(floor, call)
    if call.channel is Channel.NONE:
        call.channel, call.present, call.try_at = Channel.CALLER, True, None
        floor.timers.clear(call.id, Timer.CALLBACK)
    floor.move_call(call, CallInput.FOUND_TALKING)
    before = agent.state
    floor.move_agent(agent, AgentInput.FOUND_TALKING)
    _leave_previous_work(floor, agent, before)
    call.agent, call.direct, call.agent_left, agent.call_id = agent.id, False, False, call.id
    floor.note(call, facts.Answered(call.when(at, floor.now), agent.id))
    if goes_on:
        offers.forgive_misses(floor, agent)  # whoever rang meanwhile met a phone in a talk
    else:
        offers.count_call(floor, call, agent)
    if other is not None:
        offers.dispatch_agent(floor, other)


def answered(floor: Floor, call: Call, phone: str | None, at: float | None) -> None:
    """The offer is taken; or a ring that was given up (`_withdraw`) went on, and is answered all the same."""
    is_elsewhere = not call.present and call.state in (CallState.WAITING, CallState.IVR)
    if is_elsewhere and phone is not None:
        conversation_found(floor, call, phone, at)
    else:
        offers.answered(floor, call, phone, at)


def _second_on_the_phone(floor: Floor, call: Call, agent: Agent, at: float | None) -> None:
    """As far as we know: a talk all the same, and nobody else is to be rung for it."""
    if call.state in (CallState.IVR, CallState.WAITING, CallState.RINGING):
        fallback_served(floor, call, FallbackServed(call.id, agent.id, at))


def _release_other(floor: Floor, call: Call, agent: Agent) -> None:
    """The agent whom we believed to be with this caller is not."""
    offers.clear_ring_timers(floor, call)
    if call.state is CallState.TALKING:
        conversations.agent_hung_up(floor, call)
    else:
        floor.note(call, facts.OfferFailed(floor.now, agent.id, OfferFailure.WITHDRAWN))
        call.agent = None
        offers.give_back(floor, agent, OfferFailure.WITHDRAWN)


def _leave_previous_work(floor: Floor, agent: Agent, before: AgentState) -> None:
    if before is AgentState.WRAP_UP:
        wrap_up.close(floor, agent, WrapUpEnd.CALL)
    elif before is AgentState.RINGING and agent.call_id is not None:
        other = floor.calls.get(agent.call_id)
        if other is not None and other.state is CallState.RINGING:
            _withdraw(floor, other, floor.now)
        elif other is not None and other.agent == agent.id:
            callback_tries.agent_is_elsewhere(floor, other)


def _withdraw(floor: Floor, call: Call, at: float) -> None:
    """The ring that we believed in is none; the caller is back in line or in hand, and not with us."""
    assert call.agent is not None, call.id
    offers.clear_ring_timers(floor, call)
    floor.note(call, facts.OfferFailed(at, call.agent, OfferFailure.WITHDRAWN))
    call.agent, call.present = None, False
    floor.move_call(call, CallInput.OFFER_FAILED if not call.direct else CallInput.REFUSED)
    call.direct = False
    if call.channel is Channel.NONE:  # a callback asks nothing: it stands where it stood by itself
        floor.emit(CancelOffer(call.id))
        callback_entry.stand_if_due(floor, call)
