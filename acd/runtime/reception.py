"""Every caller who asks what next comes here: new, transferred, returned, or after a talk.

Decides where a number leads and says what becomes of callers in hand; flows are walked by `walker.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from acd.core import events, facts
from acd.core.calls import Call, CallState
from acd.core.commands import LeaveLine, RefuseDirect
from acd.core.facts import CallKind, Customer, OfferFailure
from acd.core.ports import Ask, AskKind, Mirror, Refusal, Switch
from acd.ivr.ports import CallerLine
from acd.runtime.features import FeatureDesk
from acd.runtime.flow_work import Services
from acd.runtime.shell import Shell
from acd.runtime.walker import Walker
from acd.settings.model import Centre, NumberRoute

log = structlog.get_logger(__name__)

FindCustomer = Callable[[str], Customer | None]

REFUSALS: Mapping[OfferFailure, Refusal] = {
    OfferFailure.BUSY: Refusal.BUSY,
    OfferFailure.DECLINED: Refusal.BUSY,
    OfferFailure.UNAVAILABLE: Refusal.NO_ANSWER,
    OfferFailure.NO_ANSWER: Refusal.NO_ANSWER,
}


class Reception:
    """`serve` is given each question of a channel; the engine's own questions come as callbacks."""

    def __init__(
        self,
        centre: Centre,
        shell: Shell,
        switch: Switch,
        mirror: Mirror,
        find_customer: FindCustomer,
        services: Services,
    ) -> None:
        self._centre = centre
        self._shell = shell
        self._switch = switch
        self._find_customer = find_customer
        self._flows = services.flows
        self._dialer = services.dialer
        self._features = FeatureDesk(centre, shell)
        self.walker = Walker(shell, switch, mirror, services, self._current_id, self._take_back)
        shell.on_continue = self._continue
        shell.on_refused = self._refused
        shell.on_left = self._left_line
        shell.on_ended = self._ended
        self._lines: dict[str, CallerLine] = {}

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
            await self.walker.attend(self._current_id(ask.call_id, line), line)
        finally:
            for call_id in [c for c, other in self._lines.items() if other is line]:
                del self._lines[call_id]  # the call may have another id by now

    async def _serve(self, ask: Ask, line: CallerLine) -> None:
        known = self._call(ask.call_id)
        if known is not None and known.state is CallState.RINGING and _was_answered(ask):
            # The news of the answer got lost (Asterisk away, a restart); there was one all the same.
            self._feed(events.OfferAnswered(ask.call_id))
        state = known.state if known is not None else None
        match ask.kind:
            case AskKind.DIAL_FAILED if known is not None and self._was_outside(known):
                self._dial_failed(known, ask)
            case AskKind.DIAL_FAILED if state is CallState.RINGING:
                self._feed(events.OfferEnded(ask.call_id, ask.failure))
            case AskKind.AGENT_LEFT | AskKind.AFTER_FALLBACK if state is CallState.TALKING:
                self._feed(events.AgentHungUp(ask.call_id))
            case AskKind.AFTER_FALLBACK:
                self._served_elsewhere(ask)
            case AskKind.AGENT_LEFT if _is_left(known) or self._was_outside(known):
                self._continue(ask.call_id)  # the phone's hang-up was told before
            case AskKind.BLIND_TRANSFER if known is None or state is CallState.TALKING or _is_left(known):
                if known is None:
                    await self._arrive(ask, line)
                self._feed(events.CallBlindTransferred(ask.call_id, ask.target))
                self.walker.sent_elsewhere(ask.call_id)
                await self._lead(ask.call_id, ask.target, line)
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
        agent = self._shell.engine.floor.agent_on(ask.phone) if ask.phone is not None else None
        kind = CallKind.INBOUND if ask.phone is None else CallKind.INTERNAL
        customer = self._find_customer(ask.caller_number) if kind is CallKind.INBOUND else None
        self._feed(
            events.CallArrived(
                ask.call_id,
                kind,
                ask.caller_number,
                ask.caller_name,
                ask.dialed_number,
                customer,
                agent.id if agent is not None else None,
            )
        )
        if customer is not None:
            name = f"{customer.name} ({customer.segment})" if customer.segment else customer.name
            await line.show_caller(name)
        elif agent is not None:
            await line.show_caller(self._centre.plan.agents[agent.id].name)

    async def _first_step(self, ask: Ask, line: CallerLine) -> None:
        if ask.kind is AskKind.FALLBACK:
            self._feed(events.FallbackServed(ask.call_id))
        if ask.kind is AskKind.FALLBACK and ask.group in self._centre.plan.groups:
            self._feed(events.CallQueued(ask.call_id, ask.group))
        else:
            await self._lead(ask.call_id, ask.dialed_number, line)

    async def _returned(self, ask: Ask, line: CallerLine) -> None:
        if ask.kind is AskKind.FALLBACK:
            self._feed(events.FallbackServed(ask.call_id))
        self._feed(events.CallerReturned(ask.call_id))
        call = self._call(ask.call_id)
        if call is None or call.state is not CallState.IVR:
            return
        if self.walker.knows(ask.call_id):
            await self.walker.resume(ask.call_id, line)
        elif call.agent_left:
            self._switch.hang_up(ask.call_id, Refusal.NORMAL)
        else:
            await self._lead(ask.call_id, call.dialed_number, line)

    # --- where a number leads -----------------------------------------------------------------
    async def _lead(self, call_id: str, number: str, line: CallerLine) -> None:
        agent = self._centre.plan.agent_by_extension(number)
        route = self._flows.numbers.get(number)
        if agent is not None:
            self._feed(events.CallDirected(call_id, agent.id))
        elif route is not None:
            await self._follow(call_id, route, line)
        else:
            self._no_such_number(call_id, number)

    async def _follow(self, call_id: str, route: NumberRoute, line: CallerLine) -> None:
        if route.group is not None:
            self._feed(events.CallQueued(call_id, route.group, route.priority))
        elif route.flow is not None:
            await self.walker.start(call_id, route.flow, line)

    def _no_such_number(self, call_id: str, number: str) -> None:
        call = self._call(call_id)
        if call is not None and call.kind is CallKind.INBOUND and _is_ours(call):
            self._take_back(call, f"no such number: {number}")
        else:
            self._switch.hang_up(call_id, Refusal.UNKNOWN_NUMBER)

    def _current_id(self, call_id: str, line: CallerLine) -> str:
        """The call that this line belongs to now: an attended transfer may have merged it."""
        return next((c for c, other in self._lines.items() if other is line), call_id)

    def _dial_failed(self, call: Call, ask: Ask) -> None:
        """A flow's call to the outside came to nothing: the next way there, or that was it."""
        order = self.walker.dialling(call.id)
        if order is None or not self._dialer.next_target(call, order):
            self.walker.not_taken(call.id, ask.failure.value)

    def _was_outside(self, call: Call | None) -> bool:
        """Whether the caller comes back from somebody outside, to whom a flow had put the call through."""
        return call is not None and call.state is CallState.IVR and self.walker.dialling(call.id) is not None

    # --- the engine asks ----------------------------------------------------------------------
    def _continue(self, call_id: str) -> None:
        """The agent has hung up: on with the flow, if it has plans for the caller."""
        if not self.walker.agent_left(call_id):
            self.walker.forget(call_id)
            self._switch.hang_up(call_id, Refusal.NORMAL)

    def _left_line(self, command: LeaveLine) -> None:
        """The caller has waited long enough, or nobody is there to wait for."""
        call = self._call(command.call_id)
        if not self.walker.left_line(command) and call is not None:
            self._take_back(call, f"left the line: {command.how.value}")  # its flow is gone

    def _ended(self, call_id: str) -> None:
        self.walker.ended(call_id)
        self._dialer.forget(call_id)

    def _refused(self, command: RefuseDirect) -> None:
        """A named agent cannot take the call: a colleague hears so, a customer goes back in line."""
        call = self._call(command.call_id)
        if call is None or self.walker.not_taken(call.id, command.failure.value):
            return
        if call.kind is CallKind.INBOUND:
            self._take_back(call, f"{command.agent}: {command.failure.value}")
        else:
            self._switch.hang_up(call.id, REFUSALS.get(command.failure, Refusal.NO_ANSWER))

    def _take_back(self, call: Call, reason: str) -> None:
        """A customer whose transfer failed: to the group that had the call, at the head of its line.

        A caller who came through no group goes to `transfer_fallback_group`, or else to the first group.
        """
        group = call.group if call.group is not None else self._centre.system.transfer_fallback_group
        if group is None:
            group = next(iter(self._centre.plan.groups), None)
        if group is None:
            self._switch.hang_up(call.id, Refusal.NORMAL)  # a centre without any group
            return
        self._feed(events.CallTakenBack(call.id, reason))
        self._feed(events.CallQueued(call.id, group))

    def merged(self, call_id: str, consult_id: str) -> None:
        """An attended transfer: the consultation's place in a flow is the caller's now."""
        line = self._lines.pop(consult_id, None)
        if line is not None:
            self._lines[call_id] = line
        self.walker.merged(call_id, consult_id)

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


def _was_answered(ask: Ask) -> bool:
    return ask.kind in (AskKind.AGENT_LEFT, AskKind.BLIND_TRANSFER)
