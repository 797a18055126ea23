"""Every caller who asks what next comes here: new, transferred, returned, or after a talk.

Decides where callers go; flows are walked by `walker.py`, callers whom nobody could take are `in_hand.py`'s.
"""

from __future__ import annotations

import time
from dataclasses import replace
from traceback import format_tb

import structlog

from acd.core import events, facts
from acd.core.calls import Call, CallState
from acd.core.commands import LeaveLine, RefuseDirect
from acd.core.facts import LeftBy
from acd.core.outside_events import OutsideAnswered, OutsideLeft
from acd.core.ports import Ask, AskKind, Mirror, Refusal, Switch
from acd.errors import TelephonyError
from acd.ivr.ports import CallerLine
from acd.runtime.arrival import Clocks, FindCustomer, arrive
from acd.runtime.callback_calls import CallbackCalls
from acd.runtime.caller_gate import CallerGate
from acd.runtime.dial_plan import DialPlan
from acd.runtime.features import FeatureDesk
from acd.runtime.flow_work import Services
from acd.runtime.in_hand import InHand
from acd.runtime.numbers import NumberBook, ToAgent, ToOutside, ToRoute
from acd.runtime.outbound import OutboundDesk, Sender
from acd.runtime.outside_guard import OutsideGuard
from acd.runtime.shell import Shell
from acd.runtime.walker import Walker
from acd.settings.centre_now import CentreView
from acd.settings.outside import NumberRoute
from acd.settings.pins import PinBook

log = structlog.get_logger(__name__)


class Reception:
    """`serve` is given each question of a channel; the engine's own questions come as callbacks."""

    def __init__(
        self,
        centre: CentreView,
        shell: Shell,
        switch: Switch,
        mirror: Mirror,
        find_customer: FindCustomer,
        services: Services,
        pins: PinBook | None = None,
        guard: OutsideGuard | None = None,
    ) -> None:
        self._centre = centre
        self._shell = shell
        self._switch = switch
        self._find_customer = find_customer
        self._flows = services.flows
        self._dialer = services.dialer
        self._joining = services.joining
        self._features = FeatureDesk(centre, shell, pins)
        plan = DialPlan(centre)
        self._numbers = NumberBook(centre, plan, lambda: services.flows.numbers)
        self._in_hand = InHand(centre, shell, switch, services.joining, self._into_flow)
        self.walker = Walker(shell, switch, mirror, services, self._current_id, self._in_hand.take_back)
        self._outbound = OutboundDesk(centre, plan, shell, switch, self._not_outside, guard)
        self._dialer.outside = self._outbound
        self.callbacks = CallbackCalls(
            shell, switch, self._outbound, lambda number: number not in centre.do_not_call
        )
        shell.on_call_back = self.callbacks.begin
        shell.on_continue = self._continue
        shell.on_refused = self._refused
        shell.on_left = self._left_line
        shell.on_ended = self._ended
        self.gate = CallerGate(centre, shell.clock)
        self._clocks = Clocks(time.time(), shell.clock())
        self._lines: dict[str, CallerLine] = {}
        self._asks_for_room: set[str] = set()
        self._led: dict[str, str] = {}  # call → the flow that it is to enter when its channel asks again

    # --- the caller asks ----------------------------------------------------------------------
    async def serve(self, ask: Ask, line: CallerLine) -> None:
        """Answer one question, or leave the caller in the engine's hands."""
        structlog.contextvars.bind_contextvars(call=ask.call_id, **self._whose(ask.phone))  # for this session
        log.debug("ask", ask=ask)
        if ask.kind is AskKind.NEW and ask.phone is not None and ask.dialed_number.startswith("*"):
            await self._feature(ask, line)
            return
        self._lines[ask.call_id] = line
        try:
            call = self._call(ask.call_id)
            if ask.kind is AskKind.LEFT_ON_HOLD and call is not None and not call.is_customers:
                ask = replace(ask, kind=AskKind.AGENT_LEFT)  # a colleague's browser is gone: the talk is over
            if not self.callbacks.serve(call, ask) and not self._left_on_hold(call, ask):
                await self._serve(ask, line)
            await self.walker.attend(self._current_id(ask.call_id, line), line)
        except TelephonyError:
            raise
        except Exception as error:
            if not self._rescue(self._current_id(ask.call_id, line), error):
                raise
        finally:
            for call_id in [c for c, other in self._lines.items() if other is line]:
                del self._lines[call_id]  # the call may have another id by now

    def _whose(self, phone: str | None) -> dict[str, str]:
        """The agent on the phone that asks, for the log."""
        agent = None if phone is None else self._shell.engine.floor.agent_on(phone)
        return {} if agent is None else {"agent": agent.id}

    def _rescue(self, call_id: str, error: Exception) -> bool:
        """A fault of ours in a flow: the caller would ask again and meet it again, for ever.

        Whether there was a flow. The error's own text is not logged: it may hold what was keyed in secret.
        """
        if not self.walker.knows(call_id):
            return False
        where = "".join(format_tb(error.__traceback__))
        kind, step = type(error).__name__, self.walker.step_of(call_id)
        log.error("a fault in a flow", call=call_id, step=step, error=kind, where=where)
        self.walker.forget(call_id)
        call = self._call(call_id)
        if call is not None and call.state is CallState.IVR:
            self._in_hand.take_back(call, f"a fault in the flow: {kind}")
        return True

    def _make_up_for_lost_news(self, call: Call | None, ask: Ask) -> None:
        """The news of an answer got lost (Asterisk away, a restart); there was one all the same."""
        if call is not None and call.state is CallState.RINGING and _was_answered(ask):
            self._feed(events.OfferAnswered(ask.call_id))
        if call is not None and call.state is CallState.DIALING_OUT and ask.kind is AskKind.AGENT_LEFT:
            self._feed(OutsideAnswered(ask.call_id))

    async def _serve(self, ask: Ask, line: CallerLine) -> None:
        floor = self._shell.engine.floor
        known = None if ask.call_id in floor.lost else self._call(ask.call_id)
        self._make_up_for_lost_news(known, ask)
        state = known.state if known is not None else None
        match ask.kind:
            case AskKind.DIAL_FAILED if known is not None and state is CallState.DIALING_OUT:
                self._outbound.dial_failed(known, ask)
            case AskKind.DIAL_FAILED if known is not None and self._was_outside(known):
                self.walker.not_taken(known.id, ask.failure.value)
            case AskKind.AGENT_LEFT if state is CallState.OUTSIDE:
                self._feed(OutsideLeft(ask.call_id))
            case AskKind.DIAL_FAILED if state is CallState.RINGING:
                self._feed(events.OfferEnded(ask.call_id, ask.failure))
            case AskKind.AGENT_LEFT | AskKind.AFTER_FALLBACK if state is CallState.TALKING:
                self._feed(events.AgentHungUp(ask.call_id))
            case AskKind.AFTER_FALLBACK | AskKind.AGENT_LEFT if _has_talked_elsewhere(known, ask):
                self._served_elsewhere(ask)
            case AskKind.AGENT_LEFT if _is_left(known) or self._was_outside(known):
                self._continue(ask.call_id)  # the phone's hang-up was told before
            case AskKind.BLIND_TRANSFER if known is None or state is CallState.TALKING or _is_left(known):
                if known is None:
                    await self._arrive(ask, line)
                agent = _sending_agent(known)
                sender = Sender(agent) if agent is not None else None
                self._feed(events.CallBlindTransferred(ask.call_id, ask.target))
                self.walker.sent_elsewhere(ask.call_id)
                await self._lead(ask.call_id, ask.target, line, sender)
            case AskKind.AGENT_LEFT if known is None or state is CallState.ENDED:
                self._switch.hang_up(ask.call_id, Refusal.NORMAL)
            case _ if known is not None:
                await self._returned(ask, line)
            case _:
                await self._arrive(ask, line)
                await self._first_step(ask, line)

    def _left_on_hold(self, call: Call | None, ask: Ask) -> bool:
        """The agent's phone is gone, and not by the agent's wish: the customer is served by somebody else."""
        if ask.kind is not AskKind.LEFT_ON_HOLD or call is None:
            return False
        if call.state not in (CallState.TALKING, CallState.IVR):
            return False
        if call.state is CallState.TALKING and call.agent is not None:
            phone = self._shell.engine.floor.agents[call.agent].phone or ""
            self._feed(events.AgentDisconnected(call.id, phone))
        self.walker.sent_elsewhere(call.id)
        self._in_hand.take_back(call, "the agent was gone while the caller was on hold")
        return True

    def _served_elsewhere(self, ask: Ask) -> None:
        """We had nothing to do with the conversation; nothing is left but to say goodbye."""
        agent = ask.served_by if ask.served_by in self._centre.plan.agents else None
        self._feed(events.FallbackServed(ask.call_id, agent, ask.served_at, over=True))
        self._switch.hang_up(ask.call_id, Refusal.NORMAL)

    async def _arrive(self, ask: Ask, line: CallerLine) -> None:
        await arrive(self._shell, self._numbers, self._find_customer, ask, line, self._switch, self._clocks)

    async def _first_step(self, ask: Ask, line: CallerLine) -> None:
        if ask.kind is AskKind.FALLBACK:
            self._feed(events.FallbackServed(ask.call_id))
        call, group = self._call(ask.call_id), self._centre.plan.heir(ask.group)
        if call is not None and ask.kind is AskKind.NEW and await self._calls_too_often(call, ask, line):
            return
        if call is not None and ask.kind is AskKind.FALLBACK and group in self._centre.plan.groups:
            self._feed(self._joining.by_number(call, ask.group))
        else:
            await self._lead(ask.call_id, self._numbers.dialed_by_caller(ask), line, self._sender(ask))

    async def _calls_too_often(self, call: Call, ask: Ask, line: CallerLine) -> bool:
        """A caller over a trunk who has called too often is refused, or led to a flow; whether that is so."""
        if ask.phone is not None or ask.sent_by is not None or ask.trunk is None:
            return False
        most, limits = self.gate.exceeded(call.caller_number), self._centre.caller_limits
        if most is None:
            return False
        flow = limits.flow if limits.flow in self._flows.active.flows else None
        note = facts.CallerLimited(0.0, most, limits.within_s, flow or "")
        self._feed(events.FlowNoted(call.id, note))
        if flow is not None:
            await self.walker.start(call.id, flow, line)
        else:
            self._switch.hang_up(call.id, Refusal(limits.refuse_with))
        return True

    def _sender(self, ask: Ask) -> Sender | None:
        """Who dials, or sent somebody here: only on their authority does a call go outside."""
        phone = ask.phone if ask.phone is not None else ask.sent_by
        if phone is None:
            return None
        agent = self._shell.engine.floor.agent_on(phone)
        return Sender(agent.id if agent is not None else None)

    async def _returned(self, ask: Ask, line: CallerLine) -> None:
        if ask.kind is AskKind.FALLBACK:
            self._feed(events.FallbackServed(ask.call_id))
        self._feed(events.CallerReturned(ask.call_id))
        call = self._call(ask.call_id)
        if call is None or call.state is not CallState.IVR:
            return
        flow = self._led.pop(ask.call_id, None)
        if flow is not None and flow in self._flows.active.flows:
            await self.walker.start(ask.call_id, flow, line)
        elif self.walker.knows(ask.call_id):
            await self.walker.resume(ask.call_id, line)
        elif call.agent_left:
            self._switch.hang_up(ask.call_id, Refusal.NORMAL)
        else:
            await self._lead(ask.call_id, call.dialed_number, line, self._sender(ask))

    # --- where a number leads -----------------------------------------------------------------
    async def _lead(self, call_id: str, number: str, line: CallerLine, sender: Sender | None) -> None:
        """`sender`: on whose authority the number may lead outside; None: it may not."""
        call = self._call(call_id)
        found = self._numbers.destination(number) if sender is not None else self._numbers.inside(number)
        if found is None and call is not None and not _is_ours(call):
            found = self._numbers.default_of(call.trunk)
        match found:
            case ToAgent(agent):
                self._feed(events.CallDirected(call_id, agent))
            case ToRoute(route):
                await self._follow(call_id, route, line)
            case ToOutside(outside) if sender is not None:
                denial = self._outbound.begin(call_id, outside, sender)
                if denial is not None:
                    await self._outbound.refuse(call_id, outside, sender, denial, line)
            case _:
                self._no_such_number(call_id, number)

    async def _follow(self, call_id: str, route: NumberRoute, line: CallerLine) -> None:
        call = self._call(call_id)
        if route.group is not None and call is not None:
            joins = self._joining.by_number(call, route.group, route.priority)
            if self._finds_room(joins, route):
                return
            assert route.full is not None, route
            await self.walker.start(call_id, route.full, line)
        elif route.flow is not None:
            await self.walker.start(call_id, route.flow, line)

    def _finds_room(self, joins: events.CallQueued, route: NumberRoute) -> bool:
        """Into the line, or on to an agent; false where as many wait as may, and the route says what then."""
        if route.full is None:
            self._feed(joins)
            return True
        self._asks_for_room.add(joins.call_id)
        self._feed(replace(joins, exits=frozenset({LeftBy.FULL.value})))
        turned_away = joins.call_id not in self._asks_for_room
        self._asks_for_room.discard(joins.call_id)
        return not turned_away

    def _no_such_number(self, call_id: str, number: str) -> None:
        call = self._call(call_id)
        if call is not None and call.is_customers and _is_ours(call):
            self._in_hand.take_back(call, f"no such number: {number}")
        else:
            self._switch.hang_up(call_id, Refusal.UNKNOWN_NUMBER)

    def _current_id(self, call_id: str, line: CallerLine) -> str:
        """The call that this line belongs to now: an attended transfer may have merged it."""
        if self._lines.get(call_id) is line:
            return call_id
        return next((c for c, other in self._lines.items() if other is line), call_id)

    def _was_outside(self, call: Call | None) -> bool:
        """Whether the caller comes back from a SIP address that a flow dialled without the engine."""
        return call is not None and call.state is CallState.IVR and self.walker.dialling(call.id) is not None

    # --- the engine asks ----------------------------------------------------------------------
    def _continue(self, call_id: str) -> None:
        """Whom the caller talked with has hung up: on with the flow, if it has plans for the caller."""
        if not self.walker.agent_left(call_id):
            self.walker.forget(call_id)
            self._switch.hang_up(call_id, Refusal.NORMAL)

    def ends_with_agent(self, call_id: str) -> bool:
        """Whether nothing but the hang-up follows when the agent who is put through now has hung up."""
        call = self._call(call_id)
        return call is not None and call.kind is facts.CallKind.INBOUND and not self.walker.may_go_on(call_id)

    def _left_line(self, command: LeaveLine) -> None:
        """The caller has waited long enough, or nobody is there to wait for."""
        call = self._call(command.call_id)
        if command.how is LeftBy.FULL and command.call_id in self._asks_for_room:
            self._asks_for_room.remove(command.call_id)
            return  # `_follow` goes on
        if command.how is LeftBy.REMOVED and call is not None:
            self._in_hand.take_back(call, f"group {call.group} has been removed")
        elif not self.walker.left_line(command) and call is not None:
            self._in_hand.take_back(call, f"left the line: {command.how.value}")  # its flow is gone

    def _into_flow(self, call_id: str, flow: str) -> None:
        """Out of whatever the caller hears, and into a flow of the active version."""
        self.walker.forget(call_id)
        self._led[call_id] = flow
        self._switch.ask_again(call_id)

    def _ended(self, call_id: str) -> None:
        self._led.pop(call_id, None)
        self.walker.ended(call_id)

    def _refused(self, command: RefuseDirect) -> None:
        if not self.walker.not_taken(command.call_id, command.failure.value):
            self._in_hand.refused(command)

    def _not_outside(self, call: Call, reason: str) -> None:
        """Nobody outside took the call: a flow has a way for that, an agent's transfer brings it back."""
        if not self.walker.not_taken(call.id, reason):
            self._in_hand.take_back(call, reason)

    def merged(self, call_id: str, consult_id: str) -> None:
        """An attended transfer: the consultation's place in a flow is the caller's now."""
        line = self._lines.pop(consult_id, None)
        if line is not None:
            self._lines[call_id] = line
        self.walker.merged(call_id, consult_id)

    # --- feature codes ------------------------------------------------------------------------
    async def _feature(self, ask: Ask, line: CallerLine) -> None:
        assert ask.phone is not None
        prompt = await self._features.perform(ask.phone, ask.dialed_number, line)
        await line.answer()
        await line.play((prompt,))
        self._switch.hang_up(ask.call_id, Refusal.NORMAL)

    def _call(self, call_id: str) -> Call | None:
        return self._shell.engine.floor.calls.get(call_id)

    def _feed(self, event: events.Event) -> None:
        self._shell.feed(event)


def _is_ours(call: Call) -> bool:
    """Whether somebody of ours has had the caller: then we never answer with 'no such number'."""
    return call.group is not None or any(isinstance(f, facts.Transferred) for f in call.facts)


def _is_left(call: Call | None) -> bool:
    """Whether the agent's end of the conversation is known, and nothing has become of the caller yet."""
    return call is not None and call.state is CallState.IVR and call.agent_left


def _has_talked_elsewhere(call: Call | None, ask: Ask) -> bool:
    """Whether it was with Asterisk's own queue, or as the second caller on a phone, as far as we know."""
    if ask.kind is AskKind.AFTER_FALLBACK:
        return True
    if call is None or call.state is not CallState.WAITING or call.present:
        return False
    last = call.facts[-1]
    return isinstance(last, facts.FellBack) and last.agent is not None


def _sending_agent(call: Call | None) -> str | None:
    """Who transfers the caller; the phone's hang-up may have been told before the transfer."""
    if call is None:
        return None
    return call.left_by if _is_left(call) else call.agent


def _was_answered(ask: Ask) -> bool:
    return ask.kind in (AskKind.AGENT_LEFT, AskKind.BLIND_TRANSFER)
