"""Asks an agent who logs in at a phone that is not the agent's own for the PIN, and counts wrong ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from acd.errors import OperatorError, RequestRefused
from acd.ivr.flow import Speech
from acd.ivr.ports import CallerLine
from acd.ivr.talk import Listen
from acd.settings.pins import PIN_DIGITS, PinBook

log = structlog.get_logger(__name__)

TRIES = 3
"""In one call."""
MOST_WRONG = 6
"""In a row, over all calls; then nobody can log in by this PIN for LOCKED_S."""
LOCKED_S = 300.0


@dataclass(slots=True)
class _Wrong:
    count: int = 0
    locked_until: float = 0.0


class PinGate:
    """PINs are keyed, never dialled: what is dialled stands in logs and in Asterisk's account of calls."""

    def __init__(self, pins: PinBook, clock: Callable[[], float]) -> None:
        self._pins = pins
        self._clock = clock
        self._wrong: dict[str, _Wrong] = {}

    async def admit(self, agent: str, line: CallerLine, question: Speech, again: Speech) -> None:
        """Returns if the agent has no PIN or has keyed it.

        Raises RequestRefused: wrong-pin, pin-locked, or pin-broken where the file cannot be read.
        """
        try:
            if not await asyncio.to_thread(self._pins.has, agent):
                return
            await line.answer()
            prompts: tuple[Speech, ...] = (question,)
            for _ in range(TRIES):
                self._must_not_be_locked(agent)
                if await self._is_right(agent, line, prompts):
                    self._wrong.pop(agent, None)
                    return
                self._count(agent)
                prompts = (again, question)
        except OperatorError as error:
            log.error("PINs cannot be read", reason=str(error))
            raise RequestRefused("pin-broken", f"the PIN of {agent} cannot be checked") from None
        raise RequestRefused("wrong-pin", f"not the PIN of {agent}")

    async def _is_right(self, agent: str, line: CallerLine, prompts: tuple[Speech, ...]) -> bool:
        keyed = await line.listen(
            Listen(
                prompts, first_key_s=8.0, next_key_s=4.0, max_keys=PIN_DIGITS[1], terminator="#", masked=True
            )
        )
        return await asyncio.to_thread(self._pins.verify, agent, keyed)

    def _must_not_be_locked(self, agent: str) -> None:
        wrong = self._wrong.get(agent)
        if wrong is not None and self._clock() < wrong.locked_until:
            raise RequestRefused(
                "pin-locked", f"too many wrong PINs for {agent}; wait {LOCKED_S / 60:.0f} minutes"
            )

    def _count(self, agent: str) -> None:
        wrong = self._wrong.setdefault(agent, _Wrong())
        wrong.count += 1
        if wrong.count >= MOST_WRONG:
            wrong.count, wrong.locked_until = 0, self._clock() + LOCKED_S
            log.warning("too many wrong PINs", agent=agent, locked_s=LOCKED_S)
