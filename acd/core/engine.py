"""The ACD engine: one event at a time in, commands out; one deadline.

    engine = Engine(plan)
    commands = engine.handle(CallQueued("c1", "sales"), now)
    deadline = engine.next_deadline()     # call handle_timer(now) then

`now` is in engine seconds and never decreases (an earlier one is taken as the last). An event about
a call that is not known, or that comes too late to matter, does nothing: Asterisk's two channels of
news (AMI and FastAGI) are not ordered against each other. A request of an agent that cannot be
granted raises RequestRefused and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mypy_extensions import mypyc_attr

from acd.core import (
    callback_events,
    callback_tries,
    callbacks,
    conversations,
    desk,
    desktops,
    events,
    facts,
    lines,
    lost_calls,
    offers,
    outside,
    policy_run,
    recovery,
    replan,
    rings,
    supervise,
    waits,
    wrap_up,
)
from acd.core.agents import Agent
from acd.core.callback_events import CallbackEvent
from acd.core.calls import Call, CallState, Channel
from acd.core.commands import Command, ContinueCall
from acd.core.events import Event
from acd.core.floor import Floor, Phone
from acd.core.outside_events import OutsideEvent
from acd.core.plan import Plan
from acd.core.timers import Timer
from acd.errors import RequestRefused


@mypyc_attr(allow_interpreted_subclasses=True)
class Engine:
    """See the module. `floor` may be read from outside; changed only in what it is to tell."""

    def __init__(self, plan: Plan) -> None:
        self.floor = Floor(plan)

    def restore(
        self, agents: Iterable[Agent], calls: Iterable[Call], now: float, lost: Iterable[Call] = ()
    ) -> list[Command]:
        """Begin with kept state; dispatch is suspended until DispatchResumed. `lost`: see `Floor`."""
        self.floor.now = now
        self.floor.suspended = True
        recovery.restore(self.floor, agents, calls, lost)
        return self.floor.take_commands()

    def handle(self, event: Event, now: float) -> list[Command]:
        """Take in one event. Raises RequestRefused for a request that cannot be granted."""
        floor = self.floor
        floor.now = max(floor.now, now)
        self._handle(event)
        if floor.entered_line or floor.went_home:
            waits.check(floor)
        return floor.take_commands()

    def next_deadline(self) -> float | None:
        """When `handle_timer` has to be called at the latest; None: no need."""
        return self.floor.timers.next()

    def handle_timer(self, now: float) -> list[Command]:
        """Act on every deadline that has passed."""
        floor = self.floor
        floor.now = max(floor.now, now)
        while (due := floor.timers.pop_due(floor.now)) is not None:
            kind, key = due
            match kind:
                case Timer.ALERT:
                    offers.timer_alert(floor, key)
                case Timer.OVERDUE:
                    callback_tries.timer_overdue(floor, key)
                case Timer.WRAP_UP:
                    wrap_up.timer(floor, floor.agents[key])
                case Timer.MAX_WAIT:
                    lines.timer_max_wait(floor, key)
                case Timer.WIDEN:
                    rings.timer_widen(floor, key)
                case Timer.POLICY:
                    policy_run.timer_policy(floor, key)
                case Timer.CALLBACK:
                    callbacks.timer_callback(floor, key)
                case Timer.BACK_OFF:
                    offers.timer_back_off(floor, key)
                case Timer.REST:
                    desk.timer_rest(floor, key)
                case Timer.DESKTOP:
                    desktops.timer(floor, floor.agents[key])
            waits.check(floor)
        return floor.take_commands()

    def _handle(self, event: Event) -> None:
        usual = _USUAL.get(type(event))
        if usual is not None:
            call = self.floor.calls.get(event.call_id)  # type: ignore[union-attr]
            if call is not None:
                usual(self.floor, call, event)
            return
        match event:
            case events.CallArrived():
                self._arrived(event)
            case callback_events.CallbackPlaced():
                callbacks.place(self.floor, event)
            case events.PhoneChanged() | events.DesktopOpened() | events.DesktopClosed():
                self._of_workplace(event)
            case (
                events.DispatchSuspended()
                | events.DispatchResumed()
                | events.NodeSuspended()
                | events.NodeResumed()
                | events.FloorSeen()
                | events.GroupClosed()
                | events.HourBegan()
                | events.DayBegan()
                | callback_events.CallbackHours()
                | events.PlanChanged()
            ):
                self._of_centre(event)
            case (
                events.AgentLoggedIn()
                | events.AgentLoggedOut()
                | events.AgentWentReady()
                | events.AgentWentNotReady()
                | events.PendingRevoked()
                | events.WrapUpWanted()
                | events.WrapUpExtended()
                | events.WrapUpDone()
                | events.CallMoved()
                | events.CallPrioritised()
            ):
                self._request(event)
            case events.FallbackServed() if event.call_id in self.floor.lost:
                recovery.served_after_all(self.floor, event)
            case _:
                call = self.floor.calls.get(event.call_id)
                if call is None:
                    return
                if isinstance(event, OutsideEvent):
                    outside.handle(self.floor, call, event)
                elif isinstance(event, CallbackEvent):
                    callbacks.handle(self.floor, call, event)
                else:
                    self._of_call(event, call)

    def _arrived(self, event: events.CallArrived) -> None:
        if event.call_id in self.floor.lost:
            lost_calls.found_again(self.floor, event)
        elif event.call_id not in self.floor.calls:
            conversations.arrive(self.floor, event)

    def _of_workplace(self, event: Event) -> None:
        floor = self.floor
        match event:
            case events.PhoneChanged(phone, reachable, in_use, missing):
                desk.phone_changed(floor, phone, Phone(reachable, in_use, missing))
            case events.DesktopOpened(agent) if agent in floor.agents:
                desktops.opened(floor, floor.agents[agent])
            case events.DesktopClosed(agent) if agent in floor.agents:
                desktops.closed(floor, floor.agents[agent])

    def _of_centre(self, event: Event) -> None:
        match event:
            case events.DispatchSuspended():
                self.floor.suspended = True
            case events.DispatchResumed():
                self.floor.suspended = False
                offers.dispatch_all(self.floor)
                lines.resumed(self.floor)
            case events.NodeSuspended(node):
                recovery.node_suspended(self.floor, node)
            case events.NodeResumed(node):
                recovery.node_resumed(self.floor, node)
            case events.GroupClosed(group, at):
                lines.closed(self.floor, group, at)
            case events.HourBegan(hour):
                self.floor.hour = hour
            case events.FloorSeen():
                recovery.floor_seen(self.floor, event)
            case events.PlanChanged(plan):
                replan.change(self.floor, plan)
            case events.DayBegan(day):
                desk.day_began(self.floor, day)
                lost_calls.day_began(self.floor)
            case callback_events.CallbackHours(group, is_open):
                callbacks.hours(self.floor, group, is_open=is_open)

    def _request(self, event: Event) -> None:
        floor = self.floor
        match event:
            case events.AgentLoggedIn(agent, phone):
                desk.log_in(floor, self._who_stays(agent), phone)
            case events.AgentLoggedOut(agent):
                desk.log_out(floor, self._agent(agent))
            case events.AgentWentReady(agent, forced):
                desk.go_ready(floor, self._who_stays(agent), forced=forced)
            case events.AgentWentNotReady(agent, reason):
                desk.go_not_ready(floor, self._who_stays(agent), reason)
            case events.PendingRevoked(agent):
                desk.revoke(floor, self._who_stays(agent))
            case events.WrapUpWanted(agent):
                wrap_up.want(floor, self._agent(agent))
            case events.WrapUpExtended(agent):
                wrap_up.extend(floor, self._agent(agent))
            case events.WrapUpDone(agent, forced):
                wrap_up.done(floor, self._agent(agent), forced=forced)
            case events.CallMoved(call_id, group, by):
                supervise.move(floor, call_id, group, by)
            case events.CallPrioritised(call_id, priority, by):
                supervise.prioritise(floor, call_id, priority, by)

    def _agent(self, agent_id: str) -> Agent:
        try:
            return self.floor.agents[agent_id]
        except KeyError:
            known = ", ".join(self.floor.agents)
            raise RequestRefused("unknown-agent", f"there is no agent {agent_id!r}; ids: {known}") from None

    def _who_stays(self, agent_id: str) -> Agent:
        """Not one who goes home after the present work, and has no say in it."""
        agent = self._agent(agent_id)
        if agent_id in self.floor.leaving:
            text = f"{agent_id} is no longer in the configuration, and is logged out after the present work"
            raise RequestRefused("unknown-agent", text)
        return agent

    def _of_call(self, event: Event, call: Call) -> None:
        floor = self.floor
        match event:
            case events.AgentHungUp(_, at):
                if call.state is CallState.TALKING:
                    conversations.dial_returned(floor, call, at)
                    floor.emit(ContinueCall(call.id))
            case (
                events.FlowStarted()
                | events.FlowNoted()
                | events.RecordingStarted()
                | events.RecordingDropped()
                | events.CallLeftLine()
                | events.CallDirected()
            ):
                self._of_flow(event, call)
            case _:
                self._of_conversation(event, call)

    def _of_flow(self, event: Event, call: Call) -> None:
        floor = self.floor
        match event:
            case events.FlowStarted(_, flow, version):
                conversations.flow_started(floor, call, flow, version)
            case events.FlowNoted(_, note):
                conversations.flow_noted(floor, call, note)
            case events.RecordingStarted(_, name):
                conversations.recording_started(floor, call, name)
            case events.RecordingDropped():
                conversations.recording_ended(floor, call)
            case events.CallLeftLine(_, how, key):
                lines.leave(floor, call, how, key=key)
            case events.CallDirected(_, agent, ring_timeout_s):
                if call.state is CallState.IVR and _is_free(call):
                    offers.direct(floor, call, agent, ring_timeout_s)

    def _of_conversation(self, event: Event, call: Call) -> None:
        floor = self.floor
        match event:
            case events.CallHeld(_, phone):
                conversations.hold(floor, call, phone)
            case events.CallResumed(_, phone):
                conversations.resume(floor, call, phone)
            case events.CallBlindTransferred(_, target):
                conversations.blind_transfer(floor, call, target)
            case events.CallAttendedTransferred(_, consult_id):
                consult = floor.calls.get(consult_id)
                if consult is not None and consult.state is not CallState.ENDED:
                    conversations.attended_transfer(floor, call, consult)
            case events.OwnCallsJoined(_, other_id, phone):
                conversations.own_calls_joined(floor, call, floor.calls.get(other_id), phone)
            case events.CallTakenBack(_, reason):
                conversations.taken_back(floor, call, reason)
            case events.CallDisposed(_, agent, code, label):
                wrap_up.dispose(floor, call, facts.Disposed(floor.now, agent, code, label))
            case _:
                self._of_absence(event, call)

    def _of_absence(self, event: Event, call: Call) -> None:
        """What is found of a call that nobody had looked after for a while."""
        floor = self.floor
        match event:
            case events.CallerReturned():
                recovery.caller_returned(floor, call)
            case events.CallerAway():
                recovery.caller_away(floor, call)
            case events.FallbackServed():
                recovery.fallback_served(floor, call, event)
            case events.ConversationFound(_, phone, at):
                recovery.conversation_found(floor, call, phone, at)


def _queued(floor: Floor, call: Call, event: events.CallQueued) -> None:
    if call.state is CallState.IVR and _is_free(call):
        conversations.queue(floor, call, event)


def _is_free(call: Call) -> bool:
    """Whether a flow, or an agent's transfer, may lead the call on: not one that we are dialling for."""
    return call.channel is Channel.CALLER


# What happens to every call, found at once: a table is twice as fast as a row of cases.
_USUAL: Mapping[type, Callable[[Floor, Call, Any], None]] = {
    events.CallQueued: _queued,
    events.CallOnNode: lambda floor, call, e: recovery.on_node(floor, call, e.node),
    events.CallEnded: lambda floor, call, e: conversations.end(floor, call, e.by, e.reason, e.at),
    events.RecordingChanged: conversations.recording_changed,
    events.OfferAlerting: lambda floor, call, e: offers.alerting(floor, call, e.phone, e.at),
    events.OfferAnswered: lambda floor, call, e: recovery.answered(floor, call, e.phone, e.at),
    events.OfferEnded: lambda floor, call, e: offers.ended(floor, call, e.failure),
    events.AgentDisconnected: lambda floor, call, e: conversations.agent_disconnected(
        floor, call, e.phone, e.at
    ),
}
