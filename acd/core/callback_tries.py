"""A callback whose turn it is: the customer is dialled, and reached or not; in the end both have talked."""

from __future__ import annotations

from acd.core import callback_entry, conversations, facts, lines, offers
from acd.core import callback_facts as told
from acd.core.agents import Agent, AgentState
from acd.core.callback_facts import CallbackNews
from acd.core.calls import Call, CallInput, CallState, Channel
from acd.core.commands import CancelOffer, ContinueCall, LeaveLine
from acd.core.facts import CallKind, LeftBy, OfferFailure
from acd.core.floor import Floor
from acd.core.timers import Timer

NO_LINE_FREE_S, NO_LINE_FREE_MOST_S = 10.0, 320.0
"""When no trunk is free it is tried again so much later, each further time twice as much, up to the second
number; it counts for nothing."""
_TO_HAND = {
    CallState.WAITING: CallInput.LEAVE_LINE,
    CallState.RINGING: CallInput.REFUSED,
    CallState.DIALING_OUT: CallInput.OUTSIDE_FAILED,
}


def talked(call: Call) -> bool:
    """Whether the customer has been with an agent."""
    return any(map(is_with_agent, call.facts))


def is_with_agent(fact: facts.Fact) -> bool:
    return isinstance(fact, facts.Answered) or (isinstance(fact, facts.FellBack) and fact.agent is not None)


def reached(floor: Floor, call: Call) -> None:
    """The customer's channel asks. Where the reserved agent is still there, that agent is rung at once."""
    if call.channel is not Channel.NONE or call.state is CallState.ENDED:
        return
    agent = floor.agents.get(call.agent or "")
    call.channel, call.present, call.try_at, call.blocked = Channel.CALLER, True, None, 0
    floor.timers.clear(call.id, Timer.CALLBACK)
    if call.state is CallState.DIALING_OUT and agent is not None:
        offers.ring_reserved(floor, call, agent)
        return
    if floor.plan.heir(call.group) is None:
        _to_nobodys_line(floor, call, agent)
        floor.emit(LeaveLine(call.id, LeftBy.REMOVED, floor.plan.heir_flow(call.group or "")))
        return
    if call.state is CallState.WAITING:
        assert call.group is not None, call.id
        floor.router.dequeue(call.id, call.group)
        floor.enter_line(call)
    else:  # what we believed of it was lost in between
        drop_agent(floor, call)
        floor.move_call(call, CallInput.BACK_IN_LINE)
        if agent is not None:
            _let_go(floor, call, agent)
    offers.dispatch_call(floor, call)


def _to_nobodys_line(floor: Floor, call: Call, agent: Agent | None) -> None:
    """The customer is here, and the group is gone: in hand."""
    drop_agent(floor, call)
    if call.state in _TO_HAND:
        floor.move_call(call, _TO_HAND[call.state])
    if agent is not None:
        _let_go(floor, call, agent)


def reached_elsewhere(floor: Floor, call: Call) -> None:
    """The customer has answered while no controller was there, and Asterisk's own queue took over."""
    agent = floor.agents.get(call.agent or "")
    drop_agent(floor, call)
    if call.state is CallState.WAITING and call.group is not None:
        floor.router.dequeue(call.id, call.group)
    call.channel, call.present, call.try_at = Channel.CALLER, False, None
    floor.timers.clear(call.id, Timer.CALLBACK)
    if floor.plan.heir(call.group) is None:
        _to_nobodys_line(floor, call, agent)
        return
    floor.move_call(call, CallInput.BACK_IN_LINE)
    if agent is not None:
        _let_go(floor, call, agent)


def agent_asks_again(floor: Floor, call: Call) -> None:
    """The agent's channel asks what next, and no dial has been reported to have ended."""
    if call.state is CallState.IVR and not talked(call):
        offers.call_customer(floor, call)
        return
    if call.state is CallState.TALKING:
        call.agent_left = True
        floor.mark(call)
    elif not talked(call):
        not_reached(floor, call, "the dial was broken off")
    floor.emit(ContinueCall(call.id))


def outlives(floor: Floor, call: Call, why: str) -> bool:
    """A channel of the callback is gone: whether it is not over with that."""
    if call.channel is Channel.NONE:
        return True  # a leg that comes to nothing is told of otherwise
    if talked(call):
        return False
    if call.channel is Channel.AGENT and not why:
        _agent_hung_up(floor, call)
    else:
        not_reached(floor, call, why or "the customer hung up too early")
    return True


def _agent_hung_up(floor: Floor, call: Call) -> None:
    """Before the customer has answered: no try, the next agent's turn at once, and a call not taken."""
    agent = floor.agents.get(call.agent or "")
    call.agent = None
    if agent is not None and agent.own_call_id is None:
        floor.note(call, facts.OfferFailed(floor.now, agent.id, OfferFailure.DECLINED))
    not_reached(floor, call, "the agent hung up too early", counts=False, pause_s=0.0)
    if agent is None:
        return
    if agent.own_call_id is not None:
        _let_go(floor, call, agent)
        return
    offers.give_back(floor, agent, OfferFailure.DECLINED)
    offers.dispatch_agent(floor, agent)


def agent_is_elsewhere(floor: Floor, call: Call) -> None:
    """The agent kept for it was found in another conversation: the customer is not to be dialled alone."""
    floor.emit(CancelOffer(call.id))
    call.agent = None
    not_reached(floor, call, "the agent was in another call", counts=False)


def timer_overdue(floor: Floor, call_id: str) -> None:
    """Nobody has dialled, or has said how the dial ended: the agent is not kept any longer."""
    call = floor.calls.get(call_id)
    if call is None or call.kind is not CallKind.CALLBACK or call.state is not CallState.IVR or talked(call):
        offers.timer_overdue(floor, call_id)
    elif call.agent is not None:
        has_channel = call.channel is Channel.AGENT
        not_reached(floor, call, "nobody was dialled", counts=False)
        if has_channel:
            floor.emit(ContinueCall(call.id))


def lost(floor: Floor, call: Call) -> bool:
    """After an absence no channel of it was found: whether it stands in line all the same."""
    if callback_entry.in_line(call):
        return True
    if talked(call):
        return False
    if call.channel is Channel.NONE and call.state is CallState.RINGING:
        offers.ended(floor, call, OfferFailure.WITHDRAWN)
    else:
        not_reached(floor, call, "the dial was lost sight of")
    return True


def not_reached(
    floor: Floor,
    call: Call,
    why: str,
    *,
    counts: bool = True,
    final: bool = False,
    pause_s: float | None = None,
) -> None:
    """The agent is free again; the entry is back in line after a pause, or is given up.

    `pause_s` None: as the group says, or as for want of a line.
    """
    if callback_entry.in_line(call) or call.state is CallState.ENDED:
        return
    rule, agent = callback_entry.rule_of(floor, call), floor.agents.get(call.agent or "")
    was_waiting = call.state is CallState.WAITING
    drop_agent(floor, call)
    lines.drop_limits(floor, call)
    if was_waiting and call.group is not None:
        floor.router.dequeue(call.id, call.group)
    call.channel, call.present, call.agent_left = Channel.NONE, False, False
    call.node = ""  # the next try may be made by another one
    call.outside_trunk, call.outside_number = None, None
    call.tries += int(counts)
    if pause_s is None:
        call.blocked = 0 if counts else call.blocked + 1
        pause_s = rule.retry_after_s if counts else no_line_pause_s(call.blocked)
    call.try_at = floor.now + pause_s if pause_s else None
    floor.note(call, told.CallbackTried(floor.now, call.tries, why, floor.now + pause_s))
    floor.move_call(call, CallInput.BACK_IN_LINE)
    if counts or final:
        callback_entry.tell(floor, call, CallbackNews.TRIED, None if agent is None else agent.id, why)
    if final or call.tries > rule.retries:
        callback_entry.close(floor, call, CallbackNews.FAILED, why)
    elif not callback_entry.expire(floor, call):
        callback_entry.stand_if_due(floor, call)
    if agent is not None:
        _let_go(floor, call, agent)


def no_line_pause_s(times: int) -> float:
    """After so many tries in a row for which no line was free."""
    return min(NO_LINE_FREE_MOST_S, NO_LINE_FREE_S * 2.0 ** min(times - 1, 10))


def drop_agent(floor: Floor, call: Call) -> None:
    """No agent is with the call any more, and none is rung for it."""
    offers.clear_ring_timers(floor, call)
    if call.state is CallState.RINGING and call.agent is not None:
        floor.note(call, facts.OfferFailed(floor.now, call.agent, OfferFailure.WITHDRAWN))
    call.agent = None


def _let_go(floor: Floor, call: Call, agent: Agent) -> None:
    if agent.state is AgentState.RINGING:
        offers.give_back(floor, agent, OfferFailure.WITHDRAWN)
        offers.dispatch_agent(floor, agent)
        return
    agent.call_id = None
    if agent.own_call_id is not None:
        floor.touch(agent)
    else:
        conversations.leave_conversation(floor, agent, call.id)
