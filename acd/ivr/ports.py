"""What a flow needs from a telephone line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from acd.ivr.flow import Prompt


class CallerLine(Protocol):
    """A caller who can hear and press keys. Every method raises TelephonyError when the line is gone."""

    async def answer(self) -> None:
        """Pick up, if it has not been done."""

    async def play(self, prompts: Sequence[Prompt]) -> None:
        """Let the caller hear the prompts to the end."""

    async def listen(self, prompts: Sequence[Prompt], timeout_s: float) -> str | None:
        """Play prompts that any key interrupts, then wait; the key, or None after `timeout_s`."""

    async def show_caller(self, name: str) -> None:
        """What phones that are rung for this caller display."""

    async def show_number(self, number: str) -> None:
        """The caller's number on these phones; the one to call back."""
