"""Callbacks whose turn has come: dials the customer, and serves the channels that ask for them."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from acd.core import events
from acd.core.callback_events import CallbackNotReached, CallbackReached
from acd.core.calls import Call, CallState, Channel
from acd.core.commands import CallBack
from acd.core.facts import CallKind
from acd.core.outside_facts import FLOW, DialFailure
from acd.core.ports import Ask, AskKind, Refusal, Switch
from acd.runtime.dial_plan import PASSING
from acd.runtime.outbound import OutboundDesk, Sender
from acd.runtime.shell import Shell

log = structlog.get_logger(__name__)

ON_THE_LIST = "on the do-not-call list"


class CallbackCalls:
    """`may_be_called(number)`: false for numbers of the do-not-call list."""

    def __init__(
        self, shell: Shell, switch: Switch, outbound: OutboundDesk, may_be_called: Callable[[str], bool]
    ) -> None:
        self._shell = shell
        self._switch = switch
        self._outbound = outbound
        self._may_be_called = may_be_called

    def begin(self, command: CallBack) -> None:
        """The agent is there: dial the customer over the trunks of flows."""
        why, final = ON_THE_LIST, True
        if self._may_be_called(command.number):
            denial = self._outbound.begin(
                command.call_id, command.number, Sender(FLOW), command.ring_timeout_s
            )
            if denial is None:
                return
            why, final = denial.value, denial not in PASSING
        log.warning("callback not dialled", call=command.call_id, reason=why)
        self._give_up(command.call_id, why, Refusal.CONGESTION, counts=False, final=final)

    def _give_up(self, call_id: str, why: str, refusal: Refusal, *, counts: bool, final: bool) -> None:
        call = self._shell.engine.floor.calls.get(call_id)
        has_agent = call is not None and call.channel is Channel.AGENT
        self._shell.feed(CallbackNotReached(call_id, why, counts, final))
        if has_agent:
            self._switch.hang_up(call_id, refusal)

    def leg_failed(self, call_id: str, failure: DialFailure, cause: str) -> None:
        """The customer, who was dialled before any agent, was not reached over this trunk."""
        call = self._shell.engine.floor.calls.get(call_id)
        if call is not None and call.channel is Channel.NONE:
            self._outbound.failed(call, failure, cause)

    def serve(self, call: Call | None, ask: Ask) -> bool:
        """A channel asks; whether it is a callback's, and that is all there is to do."""
        if call is None and ask.callback_phone is not None:
            self._switch.hang_up(ask.call_id, Refusal.NORMAL)  # an agent's, of a callback that is over
            return True
        if call is None or call.kind is not CallKind.CALLBACK:
            return False
        if call.state is CallState.ENDED:
            self._switch.hang_up(call.id, Refusal.NORMAL)
            return True
        if call.channel is Channel.NONE:
            return self._first_question(call, ask)
        if call.channel is Channel.AGENT and not _is_told_by_dial(call, ask):
            self._shell.feed(events.CallerReturned(call.id))
            return True
        return False

    def _first_question(self, call: Call, ask: Ask) -> bool:
        if ask.callback_phone is None:
            if ask.kind is AskKind.AFTER_FALLBACK:
                return False
            self._shell.feed(CallbackReached(call.id))
            return True
        if call.state is CallState.RINGING:
            self._shell.feed(events.OfferAnswered(call.id, ask.callback_phone))
        if call.channel is Channel.NONE and not _is_dialled(call):
            self._switch.hang_up(call.id, Refusal.NORMAL)  # the agent's, of a ring that is long over
        return True


def _is_dialled(call: Call) -> bool:
    return call.state in (CallState.IVR, CallState.DIALING_OUT)


def _is_told_by_dial(call: Call, ask: Ask) -> bool:
    """How the dial to the customer has ended is told as of any call outside."""
    if call.state is CallState.DIALING_OUT:
        return ask.kind in (AskKind.DIAL_FAILED, AskKind.AGENT_LEFT)
    return call.state is CallState.TALKING and ask.kind is AskKind.AGENT_LEFT
