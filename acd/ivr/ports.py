"""What a flow needs from the world around it: a telephone line, look-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from acd.ivr.flow import Prompt
from acd.ivr.talk import CustomerRequest, Found, HttpRequest, Listen, LookupFailed, NotFound


@dataclass(frozen=True, slots=True)
class RecordOrder:
    """Record the caller into `file` (an absolute path without ending; its folder exists).

    It ends with a key, with `silence_s` of silence, after `max_s`, or when the caller hangs up.
    """

    file: str
    max_s: float
    silence_s: float


class CallerLine(Protocol):
    """A caller who can hear and press keys. Every method raises TelephonyError when the line is gone.

    Keys that nobody waits for are kept (type-ahead), for the next `listen`.
    """

    async def answer(self) -> None:
        """Pick up, if it has not been done."""

    async def play(self, prompts: Sequence[Prompt], *, interrupt: bool = False) -> None:
        """Let the caller hear the prompts to the end; with `interrupt` a key ends them, and is kept."""

    async def listen(self, wanted: Listen) -> str:
        """Play and gather keys, see `acd.ivr.talk.Listen`; '' if nothing was keyed."""

    async def record(self, order: RecordOrder) -> None:
        """A beep, then record; the file is complete at the end, also when TelephonyError is raised."""

    async def music(self, music_class: str) -> None:
        """Answer and play music, until something else is done with the line."""

    async def next_key(self, timeout_s: float | None) -> str | None:
        """A key pressed from now on, while the caller hears whatever it is; None after `timeout_s`.

        Without the manager interface nothing is heard of it, and the time just passes.
        """

    def nudge(self) -> None:
        """Have `next_key` return at once."""

    def forget_keys(self) -> None:
        """What was keyed until now was not meant for what follows."""

    async def wait_gone(self) -> None:
        """Until the line is gone."""

    async def show_caller(self, name: str) -> None:
        """What phones that are rung for this caller display."""

    async def show_number(self, number: str) -> None:
        """The caller's number on these phones; the one to call back."""


class Lookups(Protocol):
    """Answers the look-ups of flows. Never raises; keeps to the request's time limit."""

    async def find(self, request: HttpRequest | CustomerRequest) -> Found | NotFound | LookupFailed:
        """The answer."""


class Announcements(Protocol):
    """Which announcements are switched on."""

    def on(self) -> frozenset[str]:
        """Their names."""
