"""Arrival, talk, hold, transfer and end of a call."""

from __future__ import annotations

from dataclasses import replace

from acd.core import callback_tries, callbacks, facts, lines, offers, policy_run, rings, wrap_up
from acd.core.agents import Agent, AgentInput, AgentState
from acd.core.calls import Call, CallInput, CallState, Channel
from acd.core.commands import LeaveLine
from acd.core.events import CallArrived, CallQueued, FlowNote, RecordingChanged
from acd.core.facts import CallKind, EndedBy, LeftBy, OfferFailure
from acd.core.floor import Floor
from acd.core.outside_facts import OutsideLeft

_CUSTOMERS = frozenset({CallKind.INBOUND, CallKind.CALLBACK})
_HELD_IN = frozenset({CallState.TALKING, CallState.OUTSIDE})
_TAPING = {
    facts.RecordingStep.STARTED: "on",
    facts.RecordingStep.PAUSED: "paused",
    facts.RecordingStep.RESUMED: "on",
    facts.RecordingStep.ENDED: None,
}
_ADOPT = {state: CallInput(f"adopt_{state}") for state in CallState if state is not CallState.ENDED}


def arrive(floor: Floor, event: CallArrived) -> None:
    """A new call; the agent who dialled it, if one did, is busy with it."""
    fact = facts.Arrived(
        floor.now if event.at is None else min(event.at, floor.now),
        event.kind,
        event.caller_number,
        event.caller_name,
        event.dialed_number,
        event.customer,
        event.origin_agent,
        event.trunk,
    )
    call = Call.arrive(event.call_id, fact)
    call.node = event.node
    floor.admit(call)
    begin_own_call(floor, call)


def begin_own_call(floor: Floor, call: Call) -> None:
    """The agent who has dialled it, if one has, is busy with it."""
    origin = floor.agents.get(call.origin_agent or "")
    if origin is not None and origin.logged_in:
        _begin_own_call(floor, origin, call)


def flow_started(floor: Floor, call: Call, flow: str, version: str) -> None:
    """A flow took the caller, who is in hand; too late for one who is elsewhere by now."""
    if call.state is CallState.IVR:
        call.agent_left = False
        floor.note(call, facts.FlowEntered(floor.now, flow, version))


def flow_noted(floor: Floor, call: Call, note: FlowNote) -> None:
    """A flow tells of its caller. A flow that goes on after an agent: the call is not the agent's to end."""
    is_sound = isinstance(note, facts.SoundKept)
    if call.state is CallState.ENDED and not (is_sound and call.recording is not None):
        return
    if isinstance(note, facts.StepTaken) and call.state is CallState.IVR:
        call.agent_left = False
    floor.note(call, replace(note, at=floor.now))
    if is_sound:
        recording_ended(floor, call)


def recording_started(floor: Floor, call: Call, name: str) -> None:
    """The caller's words are being recorded; the call cannot be finished meanwhile."""
    if call.state is not CallState.ENDED:
        call.recording = name
        floor.mark(call)


def recording_ended(floor: Floor, call: Call) -> None:
    """Kept or not: the recording no longer keeps the call from being finished."""
    if call.recording is not None:
        call.recording = None
        floor.mark(call)
        floor.settle(call)


def taken_back(floor: Floor, call: Call, reason: str) -> None:
    """Nobody could take the caller where the caller was to go."""
    if call.state is CallState.IVR:
        floor.note(call, facts.Returned(floor.now, reason))


def queue(floor: Floor, call: Call, event: CallQueued) -> None:
    """Into a group's line, at the place that the waiting time so far gives.

    A caller whom nobody could take after a transfer has been here since arrival and goes by that. A group
    that has been removed may still be named by a flow of before; its heir has its callers.
    """
    heir = floor.plan.heir(event.group)
    if heir is None:
        floor.emit(LeaveLine(call.id, LeftBy.REMOVED, floor.plan.heir_flow(event.group)))
        return
    if heir != event.group:
        event = replace(event, group=heir)
    back_after_transfer = any(isinstance(f, facts.Returned) for f in call.facts[-1:])
    raised = 0 if event.so_far is None else event.so_far.raised
    call.group, call.priority, call.direct, call.present = event.group, event.priority + raised, False, True
    call.agent_left = False
    call.waiting_since = call.arrived_at if back_after_transfer else floor.now
    if event.waiting_since is not None:
        call.waiting_since = min(event.waiting_since, floor.now)
    leave_at = None if event.max_wait_s is None else floor.now + event.max_wait_s
    lines.set_limits(floor, call, leave_at, event.exits)
    floor.note(call, facts.Queued(floor.now, event.group, call.priority, event.requirement.text, event.alone))
    if event.resumes is not None:
        waited_s = floor.now - call.waiting_since
        floor.note(call, facts.WaitTakenUp(floor.now, event.resumes, waited_s))
    rings.begin(floor, call, event)
    policy_run.go_on(floor, call, event.so_far)
    floor.move_call(call, CallInput.QUEUE)
    if not offers.dispatch_call(floor, call):
        lines.check_full(floor, call)


def dial_returned(floor: Floor, call: Call, at: float | None = None) -> None:
    """The agent is out of the conversation, as the caller's channel says.

    An agent's own call is left as it is until it ends, which is all that can follow: a transfer that
    takes the colleague out of it looks the same, and may be told a moment later.
    """
    if not call.is_customers:
        call.agent_left = True
        floor.mark(call)
    else:
        agent_hung_up(floor, call, at)


def agent_disconnected(floor: Floor, call: Call, phone: str, at: float | None = None) -> None:
    """The agent's phone hung up: the agent is free at once, the caller's channel will ask what next.

    Not so in an agent's own call, see `dial_returned`.
    """
    agent = floor.agent_on(phone)
    if call.is_customers and agent is not None and agent.id == call.agent:
        agent_hung_up(floor, call, at)


def agent_hung_up(floor: Floor, call: Call, at: float | None = None) -> None:
    """The conversation is over and the caller still there. `at`: when, if not now.

    The agent's state changes now in any case: what the agent was seen to do is not rewritten.
    """
    if call.state is not CallState.TALKING or call.agent is None:
        return
    agent = floor.agents[call.agent]
    when = call.when(at, floor.now)
    floor.note(call, facts.AgentLeft(when, agent.id))
    call.agent_left = True
    floor.move_call(call, CallInput.AGENT_LEFT)
    finish_conversation(floor, call, agent, when)


def blind_transfer(floor: Floor, call: Call, target: str) -> None:
    """The agent sent the caller elsewhere and is free of the call."""
    left = call.left_by if call.state is CallState.IVR and call.agent_left else None
    if left is not None:
        # The phone's hang-up was told first: it ended the transfer, not the call.
        call.agent_left = False
        floor.note(call, facts.Transferred(floor.now, left, target, "blind"))
        return
    if call.state is not CallState.TALKING or call.agent is None or call.channel is Channel.AGENT:
        return
    agent = floor.agents[call.agent]
    floor.note(call, facts.Transferred(floor.now, agent.id, target, "blind"))
    floor.move_call(call, CallInput.AGENT_LEFT)
    finish_conversation(floor, call, agent)


def attended_transfer(floor: Floor, call: Call, consult: Call) -> None:
    """The caller takes the place that the consultation has: in a flow, in line, with an agent.

    Only a call of an agent can be a consultation: no customer ever vanishes into another's call.
    """
    if call.state is not CallState.TALKING or call.agent is None or call.channel is Channel.AGENT:
        return
    if consult is call or consult.kind in _CUSTOMERS:
        return
    first = floor.agents[call.agent]
    state = consult.state
    assert state in _ADOPT, (consult.id, state)
    fact = facts.Transferred(floor.now, first.id, consult.id, "attended", tuple(consult.facts))
    floor.note(call, fact)
    group = call.group  # the first agent's wrap-up is for the group it came through
    if consult.group is not None:
        call.group = consult.group
    call.stand_as(consult)
    call.present, call.direct = consult.present, consult.direct
    call.ring_timeout_s = consult.ring_timeout_s
    lines.move_limits(floor, consult, call)
    call.recording = consult.recording or call.recording
    call.alerted, call.on_hold, call.agent_left = consult.alerted, False, False
    call.agent = consult.agent
    call.outside_number, call.outside_trunk = consult.outside_number, consult.outside_trunk
    if state is CallState.WAITING and consult.present:
        floor.take_over_place(consult, call)
        floor.entered_line.append(call)
    call.apply(_ADOPT[state], floor.now)
    if state in (CallState.RINGING, CallState.DIALING_OUT):
        offers.move_ring_timers(floor, consult, call)
    if call.agent is not None:
        second = floor.agents[call.agent]
        second.call_id = call.id
        floor.touch(second)
        if state is CallState.TALKING:
            offers.count_call(floor, call, second)
    wrap_up.inherit(floor, consult, call)
    floor.merge(consult)
    origin = floor.agents.get(consult.origin_agent or "")
    if origin is not None:
        end_own_call(floor, origin, consult, release=origin is not first)
    _finish(floor, call, first, group)


def own_calls_joined(floor: Floor, call: Call, other: Call | None, phone: str) -> None:
    """The agent who had dialled both is out; whoever is on `phone` is the caller of `call` now.

    Only agents' own calls: no customer's call ever ends so. `other` may be over already.
    """
    colleague = floor.agent_on(phone)
    kinds = {call.kind} if other is None else {call.kind, other.kind}
    if call is other or call.state is CallState.ENDED or CallKind.INBOUND in kinds:
        return
    if call.kind is CallKind.CALLBACK or (other is not None and other.is_customers):
        return
    if colleague is not None and colleague.id == call.agent:
        return
    resume(floor, call, None)
    origin = floor.agents.get(call.origin_agent or "")
    call.origin_agent, call.agent_left = None, False  # nobody hung up
    floor.mark(call)
    if colleague is not None:
        profile = floor.profile(colleague.id)
        call.origin_agent = colleague.id
        call.caller_number, call.caller_name = profile.extension, profile.name
        floor.note(call, facts.CallerReplaced(floor.now, colleague.id, other.id if other is not None else ""))
        _begin_own_call(floor, colleague, call)
    if origin is not None and origin is not colleague:
        end_own_call(floor, origin, call, release=True)
    if other is not None:
        other.agent_left = False
        end(floor, other, EndedBy.CALLER, f"joined with call {call.id}")


def hold(floor: Floor, call: Call, phone: str | None) -> None:
    """The agent put the other side on hold."""
    if call.state in _HELD_IN and not call.on_hold and _is_agents(floor, call, phone):
        call.on_hold = True
        floor.note(call, facts.Held(floor.now))


def resume(floor: Floor, call: Call, phone: str | None) -> None:
    """The hold ended. (Every transfer by REFER ends a hold that may never have begun.)"""
    if call.on_hold and _is_agents(floor, call, phone):
        call.on_hold = False
        floor.note(call, facts.Resumed(floor.now))


def recording_changed(floor: Floor, call: Call, event: RecordingChanged) -> None:
    """The talk is recorded, or that is paused; what changes nothing is not news."""
    step = event.step
    begins = step is facts.RecordingStep.STARTED
    if call.state is CallState.ENDED or begins is (call.taping is not None):
        return
    if not begins and _TAPING[step] == call.taping:
        return
    call.taping = _TAPING[step]
    floor.note(call, facts.TalkRecorded(floor.now, step, event.name, event.agent, event.reason))


def _is_agents(floor: Floor, call: Call, phone: str | None) -> bool:
    """Whether this is the phone of the agent who talks, and not that of a colleague who dialled."""
    agent = floor.agent_on(phone) if phone is not None else None
    return phone is None or (agent is not None and agent.id == call.agent)


def end(floor: Floor, call: Call, by: EndedBy, reason: str = "", at: float | None = None) -> None:
    """The caller is gone."""
    if call.state is CallState.ENDED:
        return
    is_callback = call.kind is CallKind.CALLBACK
    if is_callback and callback_tries.outlives(floor, call, reason if by is EndedBy.SYSTEM else ""):
        return
    state, agent = call.state, floor.agents[call.agent] if call.agent is not None else None
    when, as_told = call.when(at, floor.now), by
    if by not in (EndedBy.UNKNOWN, EndedBy.NODE) and call.agent_left and state is not CallState.RINGING:
        # The other side hung up and nothing but the hang-up was left to do.
        was_outside = state is CallState.OUTSIDE or isinstance(call.facts[-1], OutsideLeft)
        by = EndedBy.OUTSIDE if was_outside else EndedBy.AGENT
    if call.channel is Channel.AGENT:
        by = callbacks.ended_by(call, as_told)
    offers.clear_ring_timers(floor, call)
    if state is CallState.RINGING and agent is not None:
        floor.note(call, facts.OfferFailed(when, agent.id, OfferFailure.WITHDRAWN))
    if call.taping is not None:
        call.taping = None
        floor.note(call, facts.TalkRecorded(when, facts.RecordingStep.ENDED))
    floor.note(call, facts.Ended(when, by, reason))
    lines.drop_limits(floor, call)
    floor.move_call(call, CallInput.END)
    if agent is not None and state is CallState.RINGING:
        call.agent = None
        offers.give_back(floor, agent, OfferFailure.WITHDRAWN)
    elif agent is not None and state is CallState.TALKING:
        finish_conversation(floor, call, agent)
    origin = floor.agents.get(call.origin_agent or "")
    if origin is not None:
        end_own_call(floor, origin, call, release=True)
    floor.settle(call)
    if is_callback:
        callbacks.over(floor, call)
    if agent is not None:
        offers.dispatch_agent(floor, agent)


def finish_conversation(floor: Floor, call: Call, agent: Agent, at: float | None = None) -> None:
    """An agent is out of the conversation: wrap-up if the rules of the group say so, else free."""
    _finish(floor, call, agent, call.group, at)


def _finish(floor: Floor, call: Call, agent: Agent, group: str | None, at: float | None = None) -> None:
    if call.agent == agent.id:
        call.agent, call.on_hold, call.direct = None, False, False
    agent.call_id = None
    wrap_up.note_due(floor, call, agent, group)
    if agent.own_call_id is not None:
        floor.touch(agent)  # a consultation outlives the customer's call; the wrap-up comes after it
    else:
        leave_conversation(floor, agent, call.id, at)


def leave_conversation(floor: Floor, agent: Agent, work: str | None = None, at: float | None = None) -> None:
    """The agent talks to nobody any more: wrap-up if one is due, else free. `work`: the call left.

    `at`: when, for the call's record, if not now.
    """
    call = floor.calls.get(agent.wrap_up_call_id or "")
    if call is None:
        agent.wrap_up_call_id, agent.wrap_up_group = None, None
        floor.release_agent(agent, work)
        offers.dispatch_agent(floor, agent)
    else:
        wrap_up.begin(floor, agent, call, at)


def _begin_own_call(floor: Floor, agent: Agent, call: Call) -> None:
    agent.own_call_id = call.id
    if agent.state in (AgentState.READY, AgentState.NOT_READY):
        agent.back_to = agent.reason
        floor.move_agent(agent, AgentInput.DIAL)  # leaves a state in which there was no call
    else:
        floor.touch(agent)


def end_own_call(floor: Floor, agent: Agent, call: Call, *, release: bool) -> None:
    """The agent's own call is over; with `release` and no other call, the agent is free again."""
    if agent.own_call_id != call.id:
        return
    agent.own_call_id = _other_own_call(floor, agent, call)
    alone = agent.own_call_id is None and agent.call_id is None
    if release and alone and agent.state is AgentState.TALKING:
        leave_conversation(floor, agent, call.id)
    else:
        floor.touch(agent)


def _other_own_call(floor: Floor, agent: Agent, call: Call) -> str | None:
    """Another call that the agent has dialled and that goes on (a phone may have several lines)."""
    own = floor.of_kind(CallKind.INTERNAL, CallKind.OUTBOUND)
    others = (c for c in own if c.origin_agent == agent.id and c is not call)
    return next((c.id for c in others if c.state is not CallState.ENDED), None)
