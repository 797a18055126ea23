"""Channels as they are steered: what is asked of Asterisk, and whether it has done so.

Nothing is taken for done because it was ordered: Asterisk is asked until it is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from acd.errors import TelephonyError
from acd.telephony.ami import Link
from acd.telephony.line import display_name
from acd.telephony.node_names import at_node

log = structlog.get_logger(__name__)

HEARD_WITHIN_S = 2.0
ASK_AGAIN_S = 0.01
TARGET = re.compile(r"[+*]?[0-9]{1,24}|(agent|group|flow):[A-Za-z0-9_-]{1,64}", re.ASCII)
NUMBER = re.compile(r"[+*]?[0-9]{1,24}", re.ASCII)
PHONE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


_RUNG = "AppDial"
"""What Asterisk names as the application of a channel that was rung, until it is led elsewhere."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The channels of a talk."""

    agent: str
    other: str

    def without(self, channel: str) -> str:
        """The other one."""
        return self.other if channel == self.agent else self.agent


@dataclass(frozen=True, slots=True)
class Place:
    """Where a channel is."""

    application: str
    bridge: str


class Channels:
    """Every method raises TelephonyError where the channel is gone, or Asterisk refuses."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._made = 0

    async def set(self, channel: str, **variables: str) -> None:
        """Channel variables."""
        for name, value in variables.items():
            await self.link.action("Setvar", Channel=channel, Variable=name, Value=value)

    async def lead(self, channel: str, context: str, exten: str) -> None:
        """To another place in the dialplan."""
        await self.link.action("Redirect", Channel=channel, Context=context, Exten=exten, Priority="1")

    async def act(self, name: str, **headers: str) -> bool:
        """An action whose failure means that the channel is gone, which is reported otherwise."""
        try:
            await self.link.action(name, **headers)
        except TelephonyError as error:
            log.debug("ami action failed", action=name, reason=str(error))
            return False
        return True

    async def bridge(self, one: str, two: str) -> None:
        """Whatever they were in, they talk with each other now.

        Nothing says that the hold is over before it is: where Asterisk refuses, music would lead to the end
        of the call instead of to more of it.
        """
        await self.link.action("Bridge", Channel1=one, Channel2=two, Tone="no")
        for channel in (one, two):
            await self.act("Setvar", Channel=channel, Variable="ACD_HOLD", Value="")
        await self.until_together(one, two)

    async def place(self, channel: str) -> Place:
        """Where it is now."""
        seen = await self._status(channel)
        return Place(seen.get("Application", ""), seen.get("BridgeID", ""))

    async def uniqueid(self, channel: str) -> str:
        """Asterisk's own name for it."""
        return (await self._status(channel)).get("Uniqueid", "")

    async def _status(self, channel: str) -> dict[str, str]:
        seen = await self.link.list_action("Status", Channel=channel)
        if not seen:
            raise TelephonyError("the channel is gone")
        return {name: str(seen[0].get(name, "")) for name in ("Application", "BridgeID", "Uniqueid")}

    async def until(self, channel: str, holds: Callable[[Place], bool]) -> None:
        """It is there."""
        while not holds(await self.place(channel)):  # noqa: ASYNC110 - the answer is Asterisk's
            await asyncio.sleep(ASK_AGAIN_S)

    async def until_heard(self, answered: str) -> None:
        """Who was rung and has answered is in a talk.

        Asterisk says that they answered some milliseconds before that; until then it does not join them with
        anybody else, and who is led away from them ends the call. Raises TelephonyError where it takes long.
        """
        try:
            async with asyncio.timeout(HEARD_WITHIN_S):
                await self.until(answered, lambda at: bool(at.bridge) or at.application != _RUNG)
        except TimeoutError:
            raise TelephonyError("who has answered is not joined with anybody yet") from None

    async def until_together(self, one: str, two: str) -> None:
        """They talk with each other."""
        while True:
            first, second = await self.place(one), await self.place(two)
            if first.bridge and first.bridge == second.bridge:
                return
            await asyncio.sleep(ASK_AGAIN_S)

    def new_id(self, what: str, node: str) -> str:
        """For a channel that is to be made, at this node."""
        self._made += 1
        # What is behind the dot becomes part of our id of a call that the channel makes.
        made = f"acd-{what}-{int(asyncio.get_running_loop().time() * 1000)}.{what[0]}{self._made}"
        return at_node(made, node)


def checked(allowed: re.Pattern[str], text: str) -> str:
    """The text, if it may be dialled. Raises TelephonyError."""
    if not allowed.fullmatch(text):
        raise TelephonyError(f"not to be dialled: {text!r}")
    return text


def shown(text: str) -> str:
    """A name as a value of a variable, to be displayed."""
    return display_name(text).replace(",", " ").replace("=", " ")
