"""Callbacks that keep their place: an entry stands in the group's line until an agent is there for it.

The entry is a call without a channel (`Channel.NONE`), in the same lanes as everybody else, so nobody is
overtaken, and nobody is dialled without an agent: either the agent's phone is rung first, or the agent is
kept while the customer is dialled. Not reached, the entry is back in line, at its old place, when a
pause is over. Once customer and agent have talked it ends as calls do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from acd.core import callback_entry, callback_tries, facts, lines, offers, policy_run, rings
from acd.core import callback_events as events
from acd.core import callback_facts as told
from acd.core.callback_facts import CallbackNews, CallbackNote
from acd.core.calls import Call, CallInput, CallState, Channel
from acd.core.commands import CancelOffer, NoteCallback
from acd.core.events import CallQueued
from acd.core.facts import CallKind, EndedBy, OfferFailure
from acd.core.floor import Floor
from acd.core.requirement import Requirement
from acd.core.timers import Timer


def handle(floor: Floor, call: Call, event: events.CallbackEvent) -> None:
    """One event; late news does nothing."""
    if call.kind is not CallKind.CALLBACK:
        return
    match event:
        case events.CallbackReached():
            callback_tries.reached(floor, call)
        case events.CallbackNotReached(_, why, counts, final):
            if not callback_tries.talked(call):
                callback_tries.not_reached(floor, call, why, counts=counts, final=final)
        case events.CallbackWithdrawn():
            _withdraw(floor, call)


def place(floor: Floor, event: events.CallbackPlaced) -> None:
    """A caller's place is kept; in a group that has been removed meanwhile, in the line of its heir."""
    group = floor.plan.heir(event.group)
    if event.call_id in floor.calls or event.call_id in floor.lost:
        return
    if group is None:
        news = CallbackNote(
            event.call_id, floor.now, CallbackNews.PUT_BACK.value, None, callback_entry.GROUP_GONE
        )
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
    floor.note(call, facts.Queued(floor.now, group, call.priority, wish.requirement.text, wish.alone))
    rings.begin(floor, call, wish)
    policy_run.go_on(floor, call, wish.so_far)
    rule = callback_entry.rule_of(floor, call)
    call.expires_at = max(wanted_at, event.due_at or wanted_at) + rule.expire_after_s
    call.tries = event.tries
    if event.due_at is not None and event.due_at > floor.now:
        call.try_at = event.due_at
    if event.tried_at is not None and event.tried_at + rule.retry_after_s > floor.now:
        call.try_at = event.tried_at + rule.retry_after_s
    call.state, call.since = CallState.WAITING, floor.now
    callback_entry.stand_if_due(floor, call)


def _has_place(floor: Floor, origin: Call, group: str) -> bool:
    """Whether the caller stood in this line, and has not been with an agent since."""
    if origin.waiting_since is None or floor.plan.heir(origin.group) != group:
        return False
    for fact in _backwards(origin.facts):
        if isinstance(fact, facts.Queued) or callback_tries.is_with_agent(fact):
            return isinstance(fact, facts.Queued)
    return True


def _backwards(history: Sequence[facts.Fact]) -> Iterator[facts.Fact]:
    """With those of consultations whose place the caller took over."""
    for fact in reversed(history):
        yield fact
        if isinstance(fact, facts.Transferred):
            yield from _backwards(fact.consult)


def timer_callback(floor: Floor, call_id: str) -> None:
    """A pause is over, or the callback has expired. One that is being dialled is looked at afterwards."""
    call = floor.calls.get(call_id)
    if call is None or not callback_entry.in_line(call):
        return
    if call.try_at is not None and call.try_at <= floor.now:
        call.try_at = None
        floor.mark(call)
    if not callback_entry.expire(floor, call):
        callback_entry.stand_if_due(floor, call)


def hours(floor: Floor, group: str, *, is_open: bool) -> None:
    """Customers of the group may be called from here on, or no longer; who is being dialled still is."""
    (floor.callbacks_closed.discard if is_open else floor.callbacks_closed.add)(group)
    for call in floor.of_kind(CallKind.CALLBACK):
        if not callback_entry.in_line(call) or call.group != group:
            continue
        if is_open:
            callback_entry.stand_if_due(floor, call)
        elif call.present:
            lines.step_aside(floor, call)


def _withdraw(floor: Floor, call: Call) -> None:
    if call.channel is Channel.NONE and call.state is CallState.RINGING and call.agent is not None:
        agent = floor.agents[call.agent]
        floor.emit(CancelOffer(call.id))
        callback_tries.drop_agent(floor, call)
        call.present = False
        floor.move_call(call, CallInput.BACK_IN_LINE)
        offers.give_back(floor, agent, OfferFailure.WITHDRAWN)
        callback_entry.close(floor, call, None, "withdrawn")
        offers.dispatch_agent(floor, agent)
    elif callback_entry.in_line(call):
        callback_entry.close(floor, call, None, "withdrawn")


def over(floor: Floor, call: Call) -> None:
    """Customer and agent have callback_tries.talked, and the call has ended."""
    floor.timers.clear(call.id, Timer.CALLBACK)
    met = [f.agent for f in call.facts if isinstance(f, facts.Answered | facts.FellBack) and f.agent]
    callback_entry.tell(floor, call, CallbackNews.DONE, met[-1] if met else None, f"call {call.id}")


def ended_by(call: Call, by: EndedBy) -> EndedBy:
    """Of one that has the agent's channel: in the books the customer is the caller."""
    if by is EndedBy.UNKNOWN:
        return by
    return EndedBy.CALLER if call.agent_left else EndedBy.AGENT


def restored(floor: Floor) -> None:
    """Entries that were kept stand in line again, at their old places."""
    for call in floor.of_kind(CallKind.CALLBACK):
        if call.state is CallState.ENDED:
            continue
        if call.group is None:
            callback_entry.group_removed(floor, call)
        elif callback_entry.in_line(call):
            call.present = False
            callback_entry.stand_if_due(floor, call)
