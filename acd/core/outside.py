"""Calls to somebody outside, over a trunk.

Whether a number may be dialled and over which trunk is decided before (`acd.runtime.outbound`). Here the
caller is the agent who dialled, or a customer whom an agent has sent outside; the agent's phone or
the customer's channel dials, nobody of ours is rung.
"""

from __future__ import annotations

from acd.core import outside_events as events
from acd.core import outside_facts as facts
from acd.core.calls import Call, CallInput, CallState, Channel
from acd.core.commands import ContinueCall, DialOut
from acd.core.facts import Answered
from acd.core.floor import Floor
from acd.core.offers import arm_overdue, clear_ring_timers, count_call, leg_of, ring_timeout_s
from acd.core.outside_facts import DialFailure
from acd.core.timers import Timer


def handle(floor: Floor, call: Call, event: events.OutsideEvent) -> None:
    """One event; late news does nothing."""
    match event:
        case events.OutsideDialed():
            _dial(floor, call, event)
        case events.OutsideAlerting(_, rings):
            _alerting(floor, call, rings=rings)
        case events.OutsideAnswered():
            answered(floor, call)
        case events.OutsideFailed(_, failure, cause):
            failed(floor, call, failure, cause)
        case events.OutsideLeft():
            if call.state is CallState.OUTSIDE:
                _left(floor, call)
                floor.emit(ContinueCall(call.id))
        case events.OutsideRefused(_, number, agent, reason):
            if call.state is CallState.IVR:
                floor.note(call, facts.OutsideRefused(floor.now, number, agent, reason))


def _dial(floor: Floor, call: Call, event: events.OutsideDialed) -> None:
    if call.state is not CallState.IVR:
        return
    call.outside_number, call.outside_trunk = event.number, event.trunk
    call.alerted, call.agent_left, call.present = False, False, True
    call.ring_timeout_s = event.ring_timeout_s
    fact = facts.OutsideDialed(floor.now, event.number, event.trunk, event.agent, event.caller_id)
    floor.note(call, fact)
    floor.move_call(call, CallInput.DIAL_OUT)
    timeout_s = ring_timeout_s(floor, call)
    # A trunk that is dead says nothing at all, and SIP itself would wait for half a minute.
    floor.timers.set(Timer.ALERT, call.id, floor.now + floor.plan.unreachable_after_s)
    arm_overdue(floor, call, timeout_s)
    group = call.group or ""
    command = DialOut(
        call.id, event.trunk, event.number, event.digits, event.shown, timeout_s, group, leg_of(call)
    )
    floor.emit(command)


def _alerting(floor: Floor, call: Call, *, rings: bool) -> None:
    if call.state is not CallState.DIALING_OUT:
        return
    if not call.alerted:
        call.alerted = True
        floor.timers.clear(call.id, Timer.ALERT)
        floor.mark(call)
    if rings and not isinstance(call.facts[-1], facts.OutsideAlerted):
        floor.note(call, facts.OutsideAlerted(floor.now))


def answered(floor: Floor, call: Call) -> None:
    """Somebody outside took the call; a callback's customer is with the agent at once."""
    if call.state is not CallState.DIALING_OUT or call.channel is Channel.NONE:
        return
    if call.channel is Channel.AGENT and call.agent is not None:
        _with_agent(floor, call)
        return
    clear_ring_timers(floor, call)
    floor.move_call(call, CallInput.OUTSIDE_ANSWERED)
    floor.note(call, facts.OutsideAnswered(floor.now))


def _with_agent(floor: Floor, call: Call) -> None:
    assert call.agent is not None, call.id
    clear_ring_timers(floor, call)
    floor.note(call, facts.OutsideAnswered(floor.now))
    floor.move_call(call, CallInput.ANSWER)
    floor.note(call, Answered(floor.now, call.agent))
    count_call(floor, call, floor.agents[call.agent])


def failed(floor: Floor, call: Call, failure: DialFailure, cause: str = "") -> None:
    """The dial ended; the caller is back in hand."""
    if call.state is not CallState.DIALING_OUT:
        return
    clear_ring_timers(floor, call)
    trunk, call.outside_trunk = call.outside_trunk or "", None
    call.present = True
    floor.note(call, facts.OutsideFailed(floor.now, trunk, failure, cause))
    floor.move_call(call, CallInput.OUTSIDE_FAILED)
    if call.agent is not None:
        arm_overdue(floor, call, 0.0)  # the agent is not kept for nothing: another trunk comes at once


def _left(floor: Floor, call: Call) -> None:
    """The one outside is out of the conversation, as the caller's channel says.

    An agent's own call is left as it is until it ends, which is all that can follow: a transfer that
    takes the other one out of it looks the same, and may be told a moment later.
    """
    call.agent_left = True
    floor.mark(call)
    if call.is_customers:
        call.outside_trunk = None
        floor.note(call, facts.OutsideLeft(floor.now))
        floor.move_call(call, CallInput.OUTSIDE_LEFT)


def caller_returned(floor: Floor, call: Call) -> None:
    """The caller's channel asks anew although the dial was not reported to have ended."""
    if call.state is CallState.DIALING_OUT:
        failed(floor, call, DialFailure.WITHDRAWN)
    elif call.state is CallState.OUTSIDE:
        call.agent_left, call.outside_trunk = True, None
        floor.note(call, facts.OutsideLeft(floor.now))
        floor.move_call(call, CallInput.OUTSIDE_LEFT)
