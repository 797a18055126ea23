"""Every caller who asks what next comes here: new, transferred, returned, or after a talk.

Leads callers to where a number leads, and walks them through flows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from acd.core import events, facts
from acd.core.calls import Call, CallState
from acd.core.facts import CallKind, Customer
from acd.core.outside_events import OutsideAnswered, OutsideLeft
from acd.core.ports import Ask, AskKind, Mirror, Refusal, Switch
from acd.ivr.machine import (
    End,
    FlowCommand,
    JoinQueue,
    Key,
    Listen,
    Machine,
    NoKey,
    Outcome,
    Play,
    Played,
    Position,
)
from acd.ivr.ports import CallerLine
from acd.runtime.arrival import arrive
from acd.runtime.dial_plan import DialPlan
from acd.runtime.features import FeatureDesk
from acd.runtime.in_hand import InHand
from acd.runtime.numbers import NumberBook, ToAgent, ToOutside, ToRoute
from acd.runtime.outbound import OutboundDesk, Sender
from acd.runtime.shell import Shell
from acd.settings.model import Centre
from acd.settings.outside import NumberRoute

log = structlog.get_logger(__name__)

FindCustomer = Callable[[str], Customer | None]


class Reception:
    """`serve` is given each question of a channel; the engine's own questions come as callbacks."""

    def __init__(
        self, centre: Centre, shell: Shell, switch: Switch, mirror: Mirror, find_customer: FindCustomer
    ) -> None:
        self._centre = centre
        self._shell = shell
        self._switch = switch
        self._mirror = mirror
        self._find_customer = find_customer
        self._features = FeatureDesk(centre, shell)
        plan = DialPlan(centre)
        self._numbers = NumberBook(centre, plan)
        self._in_hand = InHand(centre, shell, switch)
        self._outbound = OutboundDesk(centre, plan, shell, switch, self._in_hand.take_back)
        self._positions: dict[str, Position] = {}
        shell.on_continue = self._in_hand.go_on
        shell.on_refused = self._in_hand.refused
        shell.on_ended = self._leave_flow
        self._lines: dict[str, CallerLine] = {}

    def restore(self, kept: Mapping[str, Mapping[str, object]]) -> None:
        """Take up the flow positions that the mirror kept."""
        for key, value in kept.items():
            if key.startswith("flow:"):
                self._positions[key.removeprefix("flow:")] = Position(**value)  # type: ignore[arg-type]

    def step_of(self, call_id: str) -> str | None:
        """Where in its flow the caller is, as flow/step."""
        position = self._positions.get(call_id)
        return None if position is None else f"{position.flow}/{position.step}"

    # --- the caller asks ----------------------------------------------------------------------
    async def serve(self, ask: Ask, line: CallerLine) -> None:
        """Answer one question, or leave the caller in the engine's hands."""
        log.debug("ask", ask=ask)
        if ask.kind is AskKind.NEW and ask.phone is not None and ask.dialed_number.startswith("*"):
            await self._feature(ask, line)
            return
        self._lines[ask.call_id] = line
        try:
            await self._serve(ask, line)
        finally:
            for call_id in [c for c, other in self._lines.items() if other is line]:
                del self._lines[call_id]  # the call may have another id by now

    def _make_up_for_lost_news(self, call: Call | None, ask: Ask) -> None:
        """The news of an answer got lost (Asterisk away, a restart); there was one all the same."""
        if call is not None and call.state is CallState.RINGING and _was_answered(ask):
            self._feed(events.OfferAnswered(ask.call_id))
        if call is not None and call.state is CallState.DIALING_OUT and ask.kind is AskKind.AGENT_LEFT:
            self._feed(OutsideAnswered(ask.call_id))

    async def _serve(self, ask: Ask, line: CallerLine) -> None:
        known = self._call(ask.call_id)
        self._make_up_for_lost_news(known, ask)
        state = known.state if known is not None else None
        match ask.kind:
            case AskKind.DIAL_FAILED if known is not None and state is CallState.DIALING_OUT:
                self._outbound.dial_failed(known, ask)
            case AskKind.AGENT_LEFT if state is CallState.OUTSIDE:
                self._feed(OutsideLeft(ask.call_id))
            case AskKind.DIAL_FAILED if state is CallState.RINGING:
                self._feed(events.OfferEnded(ask.call_id, ask.failure))
            case AskKind.AGENT_LEFT | AskKind.AFTER_FALLBACK if state is CallState.TALKING:
                self._feed(events.AgentHungUp(ask.call_id))
            case AskKind.AFTER_FALLBACK:
                self._served_elsewhere(ask)
            case AskKind.AGENT_LEFT if _is_left(known):
                self._in_hand.go_on(ask.call_id)  # the phone's hang-up was told before
            case AskKind.BLIND_TRANSFER if known is None or state is CallState.TALKING or _is_left(known):
                if known is None:
                    await self._arrive(ask, line)
                agent = _sending_agent(known)
                sender = Sender(agent) if agent is not None else None
                self._feed(events.CallBlindTransferred(ask.call_id, ask.target))
                await self._lead(ask.call_id, ask.target, line, sender)
            case AskKind.AGENT_LEFT if known is None or state is CallState.ENDED:
                self._switch.hang_up(ask.call_id, Refusal.NORMAL)
            case _ if known is not None:
                await self._returned(ask, line)
            case _:
                await self._arrive(ask, line)
                await self._first_step(ask, line)

    def _served_elsewhere(self, ask: Ask) -> None:
        """Asterisk's own queue had the whole conversation; nothing is left but to say goodbye."""
        agent = ask.served_by if ask.served_by in self._centre.plan.agents else None
        self._feed(events.FallbackServed(ask.call_id, agent, ask.served_at, over=True))
        self._switch.hang_up(ask.call_id, Refusal.NORMAL)

    async def _arrive(self, ask: Ask, line: CallerLine) -> None:
        await arrive(self._centre, self._shell, self._numbers, self._find_customer, ask, line)

    async def _first_step(self, ask: Ask, line: CallerLine) -> None:
        if ask.kind is AskKind.FALLBACK:
            self._feed(events.FallbackServed(ask.call_id))
        if ask.kind is AskKind.FALLBACK and ask.group in self._centre.plan.groups:
            self._feed(events.CallQueued(ask.call_id, ask.group))
        else:
            await self._lead(ask.call_id, self._numbers.dialed_by_caller(ask), line, self._sender(ask))

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
        position = self._positions.get(ask.call_id)
        flow = self._centre.flows.get(position.flow) if position is not None else None
        if flow is not None:
            await self._walk(ask.call_id, Machine(flow, position), line)
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
                await self._outbound.begin(call_id, outside, sender, line)
            case _:
                self._no_such_number(call_id, number)

    async def _follow(self, call_id: str, route: NumberRoute, line: CallerLine) -> None:
        if route.group is not None:
            self._feed(events.CallQueued(call_id, route.group, route.priority))
        elif route.flow is not None:
            flow = self._centre.flows[route.flow]
            self._feed(events.FlowStarted(call_id, flow.name))
            await self._walk(call_id, Machine(flow), line)

    def _no_such_number(self, call_id: str, number: str) -> None:
        call = self._call(call_id)
        if call is not None and call.kind is CallKind.INBOUND and _is_ours(call):
            self._in_hand.take_back(call, f"no such number: {number}")
        else:
            self._switch.hang_up(call_id, Refusal.UNKNOWN_NUMBER)

    async def _walk(self, call_id: str, machine: Machine, line: CallerLine) -> None:
        """Through the flow, to its end or into a line."""
        await line.answer()
        command: FlowCommand = machine.begin()
        while True:
            call_id = self._current_id(call_id, line)
            self._keep_position(call_id, machine)
            match command:
                case Play(prompts):
                    await line.play(prompts)
                    outcome: Outcome = Played()
                case Listen(prompts, timeout_s):
                    key = await line.listen(prompts, timeout_s)
                    outcome = NoKey() if key is None else Key(key)
                case JoinQueue(group, priority):
                    self._leave_flow(call_id)
                    self._feed(events.CallQueued(self._current_id(call_id, line), group, priority))
                    return
                case End():
                    self._leave_flow(call_id)
                    self._switch.hang_up(call_id, Refusal.NORMAL)
                    return
            command = machine.handle(outcome)

    def _current_id(self, call_id: str, line: CallerLine) -> str:
        """The call that this line belongs to now: an attended transfer may have merged it."""
        return next((c for c, other in self._lines.items() if other is line), call_id)

    def _keep_position(self, call_id: str, machine: Machine) -> None:
        call = self._call(call_id)
        if call is None or call.state is CallState.ENDED:
            return  # hung up meanwhile: nobody would ever drop it
        self._positions[call_id] = machine.position
        self._mirror.put(f"flow:{call_id}", machine.position.to_dict())

    def _leave_flow(self, call_id: str) -> None:
        if self._positions.pop(call_id, None) is not None:
            self._mirror.drop(f"flow:{call_id}")

    def merged(self, call_id: str, consult_id: str) -> None:
        """An attended transfer: the consultation's place in a flow is the caller's now."""
        line = self._lines.pop(consult_id, None)
        if line is not None:
            self._lines[call_id] = line
        position = self._positions.get(consult_id)
        if position is not None:
            self._leave_flow(consult_id)
            self._positions[call_id] = position
            self._mirror.put(f"flow:{call_id}", position.to_dict())

    # --- feature codes ------------------------------------------------------------------------
    async def _feature(self, ask: Ask, line: CallerLine) -> None:
        assert ask.phone is not None
        prompt = self._features.perform(ask.phone, ask.dialed_number)
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


def _sending_agent(call: Call | None) -> str | None:
    """Who transfers the caller; the phone's hang-up may have been told before the transfer."""
    if call is None or not _is_left(call):
        return call.agent if call is not None else None
    return next((f.agent for f in reversed(call.facts) if isinstance(f, facts.AgentLeft)), None)


def _was_answered(ask: Ask) -> bool:
    return ask.kind in (AskKind.AGENT_LEFT, AskKind.BLIND_TRANSFER)
