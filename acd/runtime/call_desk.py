"""What agents ask for with their calls on the control socket; `call_control.py` says what is possible.

One request of an agent at a time: a second one, a double click, is refused. Each is answered when Asterisk
has done it and the engine has heard so, or refused with `not-confirmed` after LIMIT_S.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from acd.core.agents import Agent
from acd.core.calls import Call, CallState
from acd.core.consults import main_of
from acd.core.hands import Hands
from acd.core.plan import is_browser_phone
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
    phase_of,
    picture,
)
from acd.runtime.control import BAD_REQUEST, Handler, Request, text_if_any, text_of
from acd.runtime.destinations import Destinations
from acd.runtime.listening_in import ListeningIn
from acd.runtime.shell import Shell
from acd.runtime.talk_recorder import TalkRecorder
from acd.runtime.third_ones import ThirdOnes, still_there
from acd.runtime.turns import LIMIT_S, Turns

log = structlog.get_logger(__name__)

LATE_S = 7.0
"""A hold that Asterisk confirms so much later is still heard of, though nobody waits for the answer."""
KEYS = re.compile(r"[0-9*#]{1,16}", re.ASCII)
KEY_S = 0.4
MUTED = "muted:"


class CallDesk:
    """`picture(call_id)` is what the desktop shows of a call beside the engine's own. It is told of calls."""

    def __init__(
        self, shell: Shell, hands: Hands, to: Destinations, recorder: TalkRecorder, mirror: Mirror
    ) -> None:
        self._floor = shell.engine.floor
        self._hands = hands
        self._to = to
        self._recorder = recorder
        self._mirror = mirror
        self._turns = Turns()
        self._listening_in = ListeningIn(self._floor, hands, self._turns)
        self._taking_up: dict[str, asyncio.Event] = {}  # agents whose browser takes its place again
        self._muted: set[str] = set()
        self._third_ones = ThirdOnes(shell, hands, to, self._turns, mirror)
        self.on_changed: Callable[[Call], None] = lambda _call: None

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """After a restart: whose agents the others do not hear, and who is to be added to a talk."""
        self._muted |= still_there(kept, MUTED, self._mirror)
        self._third_ones.restore(kept)

    def floor_is_known(self) -> None:
        """Who is to be added to a talk may have answered while nobody looked."""
        self._third_ones.floor_is_known()

    def handlers(self) -> dict[str, Handler]:
        """By the request's name."""
        verbs: dict[Verb, Callable[[Hand, Request], Awaitable[None]]] = {
            Verb.ANSWER: self._answer,
            Verb.HANG_UP: self._hang_up,
            Verb.HOLD: self._hold,
            Verb.RESUME: self._resume,
            Verb.MUTE: self._mute,
            Verb.TAKE_UP: self._take_up,
            Verb.KEYS: self._keys,
            Verb.TRANSFER: self._transfer,
            **self._third_ones.verbs(),
            Verb.DIAL: self._dial,
            Verb.RECORD_PAUSE: self._record_pause,
            Verb.RECORD_RESUME: self._record_resume,
        }
        handlers: dict[str, Handler] = {str(verb): self._handler(verb, do) for verb, do in verbs.items()}
        return {**handlers, **self._listening_in.handlers()}

    def picture(self, call_id: str) -> dict[str, Any]:
        """`muted`, `recording`, `parties` and `consult` of a call."""
        call = self._floor.calls.get(call_id)
        seen = (
            {"recording": None, "parties": [], "consult": None}
            if call is None
            else picture(self._floor, call)
        )
        return {"muted": call_id in self._muted, **seen}

    # --- one at a time ------------------------------------------------------------------------
    def _handler(self, verb: Verb, do: Callable[[Hand, Request], Awaitable[None]]) -> Handler:
        async def handle(request: Request) -> Mapping[str, Any]:
            agent = text_of(request, "agent")
            await self._until_taken_up(agent)
            hand = in_hand(self._floor, agent)
            check(hand, verb)
            log.info("call control", do=verb.value, agent=agent, call=hand.call and hand.call.id)
            keys = request.get("keys") if verb is Verb.KEYS else None
            more_s = KEY_S * len(keys if isinstance(keys, str) else "")
            late_s = LATE_S if verb in (Verb.HOLD, Verb.RESUME) else 0.0
            await self._turns.alone(agent, do(hand, request), more_s=more_s, late_s=late_s)
            after = in_hand(self._floor, agent) if self._floor.agents[agent].logged_in else None
            call = after.call.id if after is not None and after.call is not None else None
            return {"phase": Phase.IDLE.value if after is None else after.phase.value, "call": call}

        return handle

    async def _until_taken_up(self, agent: str) -> None:
        """The page asks for that by itself, and shows the buttons again a moment before it is done."""
        done = self._taking_up.get(agent)
        if done is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LIMIT_S):
                    await done.wait()

    def call_changed(self, call: Call) -> None:
        """See `Observer`."""
        self._turns.heard()
        if call.state is CallState.ENDED and call.id in self._muted:
            self._unmute(call.id)
        main = self._floor.calls.get(main_of(call.id) or "")
        if main is not None:
            self.on_changed(main)  # it shows the consultation, too
        self._third_ones.call_changed(call)
        self._recorder.call_changed(call)

    def agent_changed(self, _agent: Agent) -> None:
        """See `Observer`."""
        self._turns.heard()

    def call_merged(self, _call_id: str) -> None:
        """See `Observer`."""
        self._turns.heard()

    def agent_forgotten(self, _agent: str) -> None:
        """See `Observer`."""
        self._turns.heard()

    def phone_changed(self, _phone: str) -> None:
        """See `Observer`."""
        self._turns.heard()

    # --- the verbs ----------------------------------------------------------------------------
    async def _answer(self, hand: Hand, _request: Request) -> None:
        call, agent = call_of(hand), hand.agent.id

        def rings() -> bool:  # nobody else's phone, to which the call may have gone meanwhile
            return phase_of(self._floor, agent) is Phase.RINGING and has(self._floor, agent, call.id)

        # The page has the button before the phone has the call, and what the phone is told then is lost.
        await self._turns.until(lambda: call.alerted or not rings())
        if rings():
            await self._hands.answer(call.id)
        await self._turns.until(lambda: not rings())
        if phase_of(self._floor, agent) is not Phase.TALKING or not has(self._floor, agent, call.id):
            raise RequestRefused("call-over", "the call was over before it was answered")

    async def _hang_up(self, hand: Hand, _request: Request) -> None:
        call, agent = call_of(hand), hand.agent.id
        await self._hands.hang_up(call.id, dialled=hand.dialled)
        await self._turns.until(lambda: not has(self._floor, agent, call.id))

    async def _hold(self, hand: Hand, _request: Request) -> None:
        call = call_of(hand)
        if call.on_hold:
            return
        await self._hands.hold(call.id, dialled=hand.dialled)
        must_last(call)

    async def _resume(self, hand: Hand, _request: Request) -> None:
        call = call_of(hand)
        await self._hands.resume(call.id, dialled=hand.dialled)
        await self._turns.until(lambda: not call.on_hold)
        must_last(call)

    async def _mute(self, hand: Hand, request: Request) -> None:
        on, call = request.get("on"), call_of(hand)
        if not isinstance(on, bool):
            raise RequestRefused(BAD_REQUEST, "the request needs 'on', true or false")
        await self._hands.mute(call.id, dialled=hand.dialled, on=on)
        must_last(call)
        if on:
            self._muted.add(call.id)
            self._mirror.put(MUTED + call.id, {"on": True})
        else:
            self._unmute(call.id)
        self.on_changed(call)

    def _unmute(self, call_id: str) -> None:
        self._muted.discard(call_id)
        self._mirror.drop(MUTED + call_id)

    async def _take_up(self, hand: Hand, _request: Request) -> None:
        """The agent's browser has lost its part of the talk, most often by a reload of the page."""
        call = call_of(hand)
        if hand.dialled or hand.agent.phone is None or not is_browser_phone(hand.agent.phone):
            raise RequestRefused("not-now", "this is for calls that came to a phone in the browser")
        done = self._taking_up[hand.agent.id] = asyncio.Event()
        try:
            await self._hands.take_up(call.id)
            must_last(call)
            if call.id in self._muted:
                await self._hands.mute(call.id, dialled=False, on=True)
        finally:
            del self._taking_up[hand.agent.id]
            done.set()

    async def _keys(self, hand: Hand, request: Request) -> None:
        keys = text_of(request, "keys")
        if not KEYS.fullmatch(keys):
            raise RequestRefused(BAD_REQUEST, "'keys' are up to 16 of 0-9, * and #")
        call = hand.consult if hand.consult is not None and call_of(hand).on_hold else call_of(hand)
        dialled = hand.dialled or call is hand.consult
        await self._hands.keys(call.id, keys, dialled=dialled)

    async def _transfer(self, hand: Hand, request: Request) -> None:
        call, agent = call_of(hand), hand.agent.id
        target = self._to.target(hand.agent, text_of(request, "to"), text_of(request, "to_kind"))
        await self._hands.send(call.id, target, dialled=hand.dialled)
        await self._turns.until(lambda: not has(self._floor, agent, call.id))

    async def _dial(self, hand: Hand, request: Request) -> None:
        agent = hand.agent
        to = text_if_any(request, "agent_to")
        number = self._to.number(agent, to, "agent") if to else text_of(request, "number")
        self._to.target(agent, number, "number")
        self._check_phone(agent)
        await self._dial_on(agent, number)

    def _check_phone(self, agent: Agent) -> None:
        at = self._floor.phones.get(agent.phone or "")
        if at is None or not at.reachable:
            raise RequestRefused("phone-unreachable", f"phone {agent.phone} is not registered")

    async def _dial_on(self, agent: Agent, number: str) -> None:
        phone = agent.phone or ""
        await self._hands.dial(phone, number, self._floor.profile(agent.id).name)
        await self._turns.until(lambda: self._floor.phones[phone].in_use)

    # --- for customers who are called because of a task -----------------------------------------
    def check_customer(self, agent_id: str, number: str) -> Agent:
        """Raises RequestRefused where the agent's phone cannot dial this number now, or may not."""
        hand = in_hand(self._floor, agent_id)
        check(hand, Verb.DIAL)
        self._to.customer(hand.agent, number)
        self._check_phone(hand.agent)
        return hand.agent

    async def dial_customer(self, agent_id: str, number: str) -> None:
        """Like `call-dial`; raises what that raises."""
        agent = self.check_customer(agent_id, number)
        await self._turns.alone(agent_id, self._dial_on(agent, number))

    async def undo_dial(self, agent_id: str) -> None:
        """Hang up what the phone has just dialled; what is not heard of yet is left to the agent."""
        own = self._floor.agents[agent_id].own_call_id
        if own is not None:
            with suppress(RequestRefused):
                await self._turns.alone(agent_id, self._hands.hang_up(own, dialled=True))

    async def _record_pause(self, hand: Hand, request: Request) -> None:
        call, reason = call_of(hand), text_of(request, "reason").strip()
        if not reason:
            raise RequestRefused(BAD_REQUEST, "the request needs a reason")
        await self._recorder.pause(call, hand.agent.id, reason[:200])

    async def _record_resume(self, hand: Hand, _request: Request) -> None:
        await self._recorder.resume(call_of(hand), hand.agent.id)

    # --- small parts --------------------------------------------------------------------------
    async def stop(self) -> None:
        """Nothing that was asked for goes on by itself."""
        await self._third_ones.stop()
        await self._turns.stop()
