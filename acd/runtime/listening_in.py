"""Supervisors who listen to a talk, whisper to the agent or speak to both."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from acd.core.floor import Floor
from acd.core.hands import Hands
from acd.errors import RequestRefused
from acd.runtime.call_control import Phase, in_hand
from acd.runtime.control import BAD_REQUEST, Handler, Request, text_of
from acd.runtime.turns import Turns

MODES = ("listen", "whisper", "barge")


class ListeningIn:
    """The requests `spy` and `listening`."""

    def __init__(self, floor: Floor, hands: Hands, turns: Turns) -> None:
        self._floor = floor
        self._hands = hands
        self._turns = turns

    def handlers(self) -> dict[str, Handler]:
        """By the request's name."""
        return {"spy": self._spy, "listening": self._listening}

    async def _spy(self, request: Request) -> Mapping[str, Any]:
        mode, phone = text_of(request, "mode"), self._phone_of(text_of(request, "agent"))
        if phone not in self._floor.phones:
            raise RequestRefused("unknown-phone", f"there is no phone {phone!r} to listen on")
        if mode == "stop":
            await self._turns.alone(f"spy {phone}", self._hands.spy_no_more(phone))
            return {"mode": mode}
        if mode not in MODES:
            raise RequestRefused(BAD_REQUEST, f"'mode' is one of: {', '.join(MODES)}, stop")
        target = in_hand(self._floor, text_of(request, "target"))
        if target.call is None or target.phase in (Phase.RINGING, Phase.IDLE):
            raise RequestRefused("no-call", f"{target.agent.id} talks with nobody")
        if target.agent.phone == phone:
            raise RequestRefused("own-phone", "nobody can listen to the own phone")
        work = self._hands.spy(phone, target.call.id, mode, dialled=target.dialled)
        await self._turns.alone(f"spy {phone}", self._spying(phone, work))
        return {"mode": mode, "call": target.call.id}

    async def _spying(self, phone: str, work: Awaitable[None]) -> None:
        await work
        await self._turns.until(lambda: self._floor.phones[phone].in_use)

    async def _listening(self, request: Request) -> Mapping[str, Any]:
        return {"state": self._hands.listening(self._phone_of(text_of(request, "agent"))).value}

    def _phone_of(self, who: str) -> str:
        """Where the supervisor is logged in ('': nowhere), or the phone that is named itself."""
        supervisor = self._floor.agents.get(who)
        return who if supervisor is None else supervisor.phone or ""
