"""The opening through which agents' wishes reach their calls; telephony implements it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Listening(StrEnum):
    """How far a phone is that is to listen to an agent's call."""

    NONE = "none"
    RINGING = "ringing"
    CONNECTED = "connected"


class Hands(Protocol):
    """What can be done with a talk. Each returns when Asterisk has done it.

    `dialled`: the agent's is the channel that asks us what next. Every method raises TelephonyError where a
    side is gone, or Asterisk refuses or does not answer; TimeoutError is the caller's to set.
    """

    async def answer(self, call_id: str) -> None:
        """Have the ringing phone answer."""

    async def hang_up(self, call_id: str, *, dialled: bool) -> None:
        """End the agent's part."""

    async def hold(self, call_id: str, *, dialled: bool) -> None:
        """Music for the other side, nothing for the agent."""

    async def resume(self, call_id: str, *, dialled: bool) -> None:
        """Join the two again."""

    async def mute(self, call_id: str, *, dialled: bool, on: bool) -> None:
        """Whether the others hear the agent."""

    async def take_up(self, call_id: str) -> None:
        """Another leg to the agent's phone in the place of the one there, which the phone has lost."""

    async def keys(self, call_id: str, keys: str, *, dialled: bool) -> None:
        """Press keys towards the other side."""

    async def send(self, call_id: str, target: str, *, dialled: bool) -> None:
        """The other side goes elsewhere, the agent is out: a number, or kind:name."""

    async def consult(self, call_id: str, consult_id: str, target: str, name: str, *, dialled: bool) -> None:
        """The agent's leg makes a call of its own; the caller hears music. `name` is shown there."""

    async def complete(self, call_id: str, consult_id: str) -> None:
        """The caller takes the agent's place in the consultation, which somebody has answered."""

    async def cancel(self, call_id: str, consult_id: str) -> None:
        """The consultation is over, caller and agent are joined again."""

    async def join(self, call_id: str, consult_id: str) -> None:
        """All three in one talk."""

    async def dial(self, phone: str, number: str, name: str) -> None:
        """Have the agent's phone rung, and dial from there when it has been answered."""

    async def spy(self, phone: str, call_id: str, mode: str, *, dialled: bool) -> None:
        """Listen to the agent's side of a call, whisper to it, or barge in; again: another mode."""

    async def spy_no_more(self, phone: str) -> None:
        """That ends, if it is not over."""

    def listening(self, phone: str) -> Listening:
        """Whether somebody listens on this phone, as Asterisk has told; does not wait."""

    async def record(self, call_id: str, said: str, heard: str) -> None:
        """Record into two files of raw sound: what the caller says, and what the caller hears."""

    async def record_pause(self, call_id: str, *, on: bool) -> None:
        """Silence is recorded."""
