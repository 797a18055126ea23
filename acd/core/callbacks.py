"""Callbacks that keep their place: an entry stands in the group's line until an agent is there for it.

The entry is a call without a channel (`Channel.NONE`), in the same lanes as everybody else, so nobody is
overtaken, and nobody is dialled without an agent: either the agent's phone is rung first, or the agent is
kept while the customer is dialled. Not reached, the entry is back in line, at its old place, when a
pause is over. Once customer and agent have talked it ends as calls do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from acd.core import callback_events as events
from acd.core import callback_facts as told
from acd.core import conversations, facts, lines, offers, policy_run, rings
from acd.core.agents import Agent, AgentState
from acd.core.callback_facts import CallbackNews, CallbackNote
from acd.core.calls import Call, CallInput, CallState, Channel
from acd.core.commands import CancelOffer, ContinueCall, LeaveLine, NoteCallback
from acd.core.events import CallQueued
from acd.core.facts import CallKind, EndedBy, LeftBy, OfferFailure
from acd.core.floor import Floor
from acd.core.plan import CallbackRule
from acd.core.requirement import Requirement
from acd.core.timers import Timer

NO_LINE_FREE_S, NO_LINE_FREE_MOST_S = 10.0, 320.0
"""When no trunk is free it is tried again so much later, each further time twice as much, up to the second
number; it counts for nothing."""
_GROUP_GONE = "its group is gone"
_DEFAULT = CallbackRule()
_TO_HAND = {
    CallState.WAITING: CallInput.LEAVE_LINE,
    CallState.RINGING: CallInput.REFUSED,
    CallState.DIALING_OUT: CallInput.OUTSIDE_FAILED,
}


def rule_of(floor: Floor, call: Call) -> CallbackRule:
    """The group's rule; the usual one where a reload has taken it away."""
    policy = floor.policy(call)
    return _DEFAULT if policy is None or policy.callbacks is None else policy.callbacks


def handle(floor: Floor, call: Call, event: events.CallbackEvent) -> None:
    """One event; late news does nothing."""
    if call.kind is not CallKind.CALLBACK:
        return
    match event:
        case events.CallbackReached():
            reached(floor, call)
        case events.CallbackNotReached(_, why, counts, final):
            if not talked(call):
                not_reached(floor, call, why, counts=counts, final=final)
        case events.CallbackWithdrawn():
            _withdraw(floor, call)


# --- in line --------------------------------------------------------------------------------------
def place(floor: Floor, event: events.CallbackPlaced) -> None:
    """A caller's place is kept; in a group that has been removed meanwhile, in the line of its heir."""
    group = floor.plan.heir(event.group)
    if event.call_id in floor.calls:
        return
    if group is None:
        news = CallbackNote(event.call_id, floor.now, CallbackNews.PUT_BACK.value, None, _GROUP_GONE)
        floor.emit(NoteCallback(news))
        return
    origin = floor.calls.get(event.of_call)
    customer = origin.customer if origin is not None else None
    name = origin.caller_name if origin is not None else ""
    dialed = origin.dialed_number if origin is not None else ""
    arrived = facts.Arrived(floor.now, CallKind.CALLBACK, event.number, name, dialed, customer)
    call = Call.arrive(event.call_id, arrived)
    call.channel, call.present = Channel.NONE, False
    floor.admit(call)
    floor.note(call, told.CallbackPlaced(floor.now, event.of_call, event.number, event.language))
    wanted_at = floor.now if event.wanted_at is None else min(event.wanted_at, floor.now)
    call.group, call.waiting_since = group, wanted_at
    wish = CallQueued(call.id, group)
    if origin is not None and _has_place(floor, origin, group):
        call.waiting_since = origin.waiting_since
        wish = CallQueued(
            call.id,
            group,
            origin.base_priority,
            requirement=Requirement.kept(origin.requirement),
            alone=origin.requirement_alone,
            so_far=origin.so_far if origin.group == group else None,
        )
    call.priority = wish.priority + (0 if wish.so_far is None else wish.so_far.raised)
    floor.note(call, facts.Queued(floor.now, group, call.priority, wish.requirement.text))
    rings.begin(floor, call, wish)
    policy_run.go_on(floor, call, wish.so_far)
    rule = rule_of(floor, call)
    call.expires_at = wanted_at + rule.expire_after_s
    call.tries = event.tries
    if event.tried_at is not None and event.tried_at + rule.retry_after_s > floor.now:
        call.try_at = event.tried_at + rule.retry_after_s
    call.state, call.since = CallState.WAITING, floor.now
    _stand_if_due(floor, call)


def _has_place(floor: Floor, origin: Call, group: str) -> bool:
    """Whether the caller stood in this line, and has not been with an agent since."""
    if origin.waiting_since is None or floor.plan.heir(origin.group) != group:
        return False
    for fact in _backwards(origin.facts):
        if isinstance(fact, facts.Queued) or _is_with_agent(fact):
            return isinstance(fact, facts.Queued)
    return True


def _backwards(history: Sequence[facts.Fact]) -> Iterator[facts.Fact]:
    """With those of consultations whose place the caller took over."""
    for fact in reversed(history):
        yield fact
        if isinstance(fact, facts.Transferred):
            yield from _backwards(fact.consult)


def _stand_if_due(floor: Floor, call: Call) -> None:
    """Into the line, if it is time for it; else when it is."""
    if call.group not in floor.plan.groups:
        group_removed(floor, call)
        return
    _arm(floor, call)
    if call.try_at is not None or call.group in floor.callbacks_closed or call.present:
        return
    call.present = True
    floor.enter_line(call)
    offers.dispatch_call(floor, call)


def _arm(floor: Floor, call: Call) -> None:
    due = [at for at in (call.try_at, call.expires_at) if at is not None]
    if due:
        floor.timers.set(Timer.CALLBACK, call.id, max(min(due), floor.now))


def timer_callback(floor: Floor, call_id: str) -> None:
    """A pause is over, or the callback has expired. One that is being dialled is looked at afterwards."""
    call = floor.calls.get(call_id)
    if call is None or not _in_line(call):
        return
    if call.try_at is not None and call.try_at <= floor.now:
        call.try_at = None
        floor.mark(call)
    if not expire(floor, call):
        _stand_if_due(floor, call)


def expire(floor: Floor, call: Call) -> bool:
    """Whether the entry's time was over; then it is given up."""
    if not _in_line(call) or call.expires_at is None or call.expires_at > floor.now:
        return False
    _close(floor, call, CallbackNews.EXPIRED, "its time was over")
    return True


def hours(floor: Floor, group: str, *, is_open: bool) -> None:
    """Customers of the group may be called from here on, or no longer; who is being dialled still is."""
    (floor.callbacks_closed.discard if is_open else floor.callbacks_closed.add)(group)
    for call in floor.of_kind(CallKind.CALLBACK):
        if not _in_line(call) or call.group != group:
            continue
        if is_open:
            _stand_if_due(floor, call)
        elif call.present:
            _step_aside(floor, call)


def _step_aside(floor: Floor, call: Call) -> None:
    assert call.group is not None, call.id
    call.present = False
    floor.router.dequeue(call.id, call.group)
    floor.mark(call)


def _in_line(call: Call) -> bool:
    return call.channel is Channel.NONE and call.state is CallState.WAITING


def _withdraw(floor: Floor, call: Call) -> None:
    if call.channel is Channel.NONE and call.state is CallState.RINGING and call.agent is not None:
        agent = floor.agents[call.agent]
        floor.emit(CancelOffer(call.id))
        _drop_agent(floor, call)
        call.present = False
        floor.move_call(call, CallInput.BACK_IN_LINE)
        offers.give_back(floor, agent, OfferFailure.WITHDRAWN)
        _close(floor, call, None, "withdrawn")
        offers.dispatch_agent(floor, agent)
    elif _in_line(call):
        _close(floor, call, None, "withdrawn")


def _close(floor: Floor, call: Call, news: CallbackNews | None, why: str) -> None:
    """Nobody tries any more; `news` None: whoever has closed it says so themselves."""
    lines.drop_limits(floor, call)
    floor.timers.clear(call.id, Timer.CALLBACK)
    floor.note(call, facts.Ended(floor.now, EndedBy.SYSTEM, why))
    floor.move_call(call, CallInput.END)
    if news is not None:
        _tell(floor, call, news, None, why)
    floor.settle(call)


def _tell(floor: Floor, call: Call, news: CallbackNews, agent: str | None, note: str) -> None:
    floor.emit(NoteCallback(CallbackNote(call.id, floor.now, news.value, agent, note)))


# --- its turn -------------------------------------------------------------------------------------
def talked(call: Call) -> bool:
    """Whether the customer has been with an agent."""
    return any(map(_is_with_agent, call.facts))


def _is_with_agent(fact: facts.Fact) -> bool:
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
        _drop_agent(floor, call)
        floor.move_call(call, CallInput.BACK_IN_LINE)
        if agent is not None:
            _let_go(floor, call, agent)
    offers.dispatch_call(floor, call)


def _to_nobodys_line(floor: Floor, call: Call, agent: Agent | None) -> None:
    """The customer is here, and the group is gone: in hand."""
    _drop_agent(floor, call)
    if call.state in _TO_HAND:
        floor.move_call(call, _TO_HAND[call.state])
    if agent is not None:
        _let_go(floor, call, agent)


def reached_elsewhere(floor: Floor, call: Call) -> None:
    """The customer has answered while no controller was there, and Asterisk's own queue took over."""
    agent = floor.agents.get(call.agent or "")
    _drop_agent(floor, call)
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


# --- not reached ----------------------------------------------------------------------------------
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
    if _in_line(call):
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
    if _in_line(call) or call.state is CallState.ENDED:
        return
    rule, agent = rule_of(floor, call), floor.agents.get(call.agent or "")
    was_waiting = call.state is CallState.WAITING
    _drop_agent(floor, call)
    lines.drop_limits(floor, call)
    if was_waiting and call.group is not None:
        floor.router.dequeue(call.id, call.group)
    call.channel, call.present, call.agent_left = Channel.NONE, False, False
    call.outside_trunk, call.outside_number = None, None
    call.tries += int(counts)
    if pause_s is None:
        call.blocked = 0 if counts else call.blocked + 1
        pause_s = rule.retry_after_s if counts else no_line_pause_s(call.blocked)
    call.try_at = floor.now + pause_s if pause_s else None
    floor.note(call, told.CallbackTried(floor.now, call.tries, why, floor.now + pause_s))
    floor.move_call(call, CallInput.BACK_IN_LINE)
    if counts or final:
        _tell(floor, call, CallbackNews.TRIED, None if agent is None else agent.id, why)
    if final or call.tries > rule.retries:
        _close(floor, call, CallbackNews.FAILED, why)
    elif not expire(floor, call):
        _stand_if_due(floor, call)
    if agent is not None:
        _let_go(floor, call, agent)


def no_line_pause_s(times: int) -> float:
    """After so many tries in a row for which no line was free."""
    return min(NO_LINE_FREE_MOST_S, NO_LINE_FREE_S * 2.0 ** min(times - 1, 10))


def _drop_agent(floor: Floor, call: Call) -> None:
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


# --- the end --------------------------------------------------------------------------------------
def over(floor: Floor, call: Call) -> None:
    """Customer and agent have talked, and the call has ended."""
    floor.timers.clear(call.id, Timer.CALLBACK)
    met = [f.agent for f in call.facts if isinstance(f, facts.Answered | facts.FellBack) and f.agent]
    _tell(floor, call, CallbackNews.DONE, met[-1] if met else None, f"call {call.id}")


def ended_by(call: Call, by: EndedBy) -> EndedBy:
    """Of one that has the agent's channel: in the books the customer is the caller."""
    if by is EndedBy.UNKNOWN:
        return by
    return EndedBy.CALLER if call.agent_left else EndedBy.AGENT


# --- after a restart --------------------------------------------------------------------------------
def restored(floor: Floor) -> None:
    """Entries that were kept stand in line again, at their old places."""
    for call in floor.of_kind(CallKind.CALLBACK):
        if call.state is CallState.ENDED:
            continue
        if call.group is None:
            group_removed(floor, call)
        elif _in_line(call):
            call.present = False
            _stand_if_due(floor, call)


def group_removed(floor: Floor, call: Call) -> None:
    """The plan has no such group any more: into the line of its heir, or to people.

    One that is being dialled goes on.
    """
    if call.channel is not Channel.NONE or call.agent is not None:
        return
    if call.group is not None and floor.plan.heir(call.group) is not None:
        floor.hand_on(call)
        call.present = False
        _stand_if_due(floor, call)
        return
    call.state = CallState.WAITING
    _close(floor, call, CallbackNews.PUT_BACK, _GROUP_GONE)
