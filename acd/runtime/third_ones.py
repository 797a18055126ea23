"""What agents ask for with a third one: consultations, handing over, talks of three."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from acd.background import Background
from acd.core.calls import Call, CallState, Channel
from acd.core.hands import Hands
from acd.core.ports import Mirror
from acd.errors import RequestRefused
from acd.runtime.call_control import (
    Hand,
    Phase,
    Verb,
    call_of,
    check,
    has,
    in_hand,
    must_last,
    new_consult,
    phase_of,
)
from acd.runtime.control import Request, text_of
from acd.runtime.destinations import Destinations
from acd.runtime.shell import Shell
from acd.runtime.turns import Turns

log = structlog.get_logger(__name__)

ADDED = "added:"


class ThirdOnes:
    """Part of the call desk: one request of an agent at a time, see there."""

    def __init__(self, shell: Shell, hands: Hands, to: Destinations, turns: Turns, mirror: Mirror) -> None:
        self._shell = shell
        self._floor = shell.engine.floor
        self._hands = hands
        self._to = to
        self._turns = turns
        self._mirror = mirror
        self._adds: set[str] = set()  # consultations that are to become conferences
        self._consults = 0
        self._background = Background("what an agent wanted with a call failed")

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """After a restart: who is to be added to a talk."""
        self._adds |= still_there(kept, ADDED, self._mirror)

    def floor_is_known(self) -> None:
        """Who is to be added to a talk may have answered while nobody looked."""
        for consult_id in list(self._adds):
            call = self._floor.calls.get(consult_id)
            if call is None:
                self._added(consult_id)
            else:
                self._add_when_answered(call)

    def verbs(self) -> dict[Verb, Callable[[Hand, Request], Awaitable[None]]]:
        """By what is asked for."""
        return {
            Verb.CONSULT: self._consult,
            Verb.COMPLETE: self._complete,
            Verb.CANCEL: self._cancel,
            Verb.JOIN: self._join,
            Verb.ADD: self._add,
        }

    def call_changed(self, call: Call) -> None:
        """See `CallObserver`."""
        if call.id in self._adds:
            self._add_when_answered(call)

    async def stop(self) -> None:
        """Nobody is added any more."""
        await self._background.stop()

    # --- the verbs ----------------------------------------------------------------------------
    async def _consult(self, hand: Hand, request: Request) -> None:
        await self._begin_consult(hand, request)

    async def _begin_consult(self, hand: Hand, request: Request) -> str:
        call = call_of(hand)
        target = self._to.target(hand.agent, text_of(request, "to"), text_of(request, "to_kind"))
        if call.channel is Channel.AGENT:
            raise RequestRefused("not-now", "the agent's phone was rung first for this callback")
        self._consults += 1
        # Also after a restart no number comes twice: the tenth of a second since the call's arrival.
        number = max(self._consults, int((self._shell.clock() - call.arrived_at) * 10))
        consult = new_consult(self._floor, call, number)
        name = self._floor.profile(hand.agent.id).name
        await self._hands.consult(call.id, consult, target, name, dialled=hand.dialled)
        await self._turns.until(lambda: consult in self._floor.calls or call.state is CallState.ENDED)
        must_last(call)
        return consult

    async def _add(self, hand: Hand, request: Request) -> None:
        consult = await self._begin_consult(hand, request)
        self._adds.add(consult)
        self._mirror.put(ADDED + consult, {"on": True})
        if (call := self._floor.calls.get(consult)) is not None:
            self._add_when_answered(call)

    def _added(self, consult_id: str) -> None:
        self._adds.discard(consult_id)
        self._mirror.drop(ADDED + consult_id)

    def _add_when_answered(self, consult: Call) -> None:
        if consult.state not in (CallState.TALKING, CallState.OUTSIDE, CallState.ENDED):
            return
        if consult.state is CallState.ENDED or consult.origin_agent is None:
            self._added(consult.id)
        elif consult.id in self._adds:
            self._adds.discard(consult.id)
            self._background.begin(self._join_by_itself(consult.id, consult.origin_agent))

    async def _join_by_itself(self, consult_id: str, agent: str) -> None:
        """The wish is kept until it is done: one that ends with us is the next controller's."""
        try:
            hand = in_hand(self._floor, agent)
            check(hand, Verb.JOIN)
            await self._turns.alone(agent, self._join(hand, {}))
        except RequestRefused as refusal:
            log.warning("the third one could not be added", agent=agent, reason=str(refusal))
        self._added(consult_id)

    async def _complete(self, hand: Hand, _request: Request) -> None:
        call, consult, agent = call_of(hand), _consult_of(hand), hand.agent.id
        if hand.phase is Phase.CONSULTING:
            await self._hands.complete(call.id, consult.id)
        else:  # nobody is there yet: the caller goes where the agent had wanted to go
            await self._hands.cancel(call.id, consult.id)
            await self._hands.send(call.id, consult.dialed_number, dialled=hand.dialled)
        await self._turns.until(lambda: not has(self._floor, agent, call.id))

    async def _cancel(self, hand: Hand, _request: Request) -> None:
        call, consult, agent = call_of(hand), _consult_of(hand), hand.agent.id
        await self._hands.cancel(call.id, consult.id)
        over = (Phase.CONFERENCE, Phase.CONSULTING, Phase.CALLING)
        await self._turns.until(lambda: phase_of(self._floor, agent) not in over)

    async def _join(self, hand: Hand, _request: Request) -> None:
        call, consult = call_of(hand), _consult_of(hand)
        await self._hands.join(call.id, consult.id)
        await self._turns.until(lambda: not call.on_hold)
        must_last(call)


def _consult_of(hand: Hand) -> Call:
    assert hand.consult is not None
    return hand.consult


def still_there(kept: Mapping[str, Mapping[str, Any]], prefix: str, mirror: Mirror) -> set[str]:
    """The calls under these keys of the mirror that are kept themselves; other keys are dropped."""
    found = set()
    for key in [key for key in kept if key.startswith(prefix)]:
        call_id = key.removeprefix(prefix)
        if f"call:{call_id}" in kept:
            found.add(call_id)
        else:
            mirror.drop(key)
    return found
