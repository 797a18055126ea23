"""Supervisors' phones that listen to an agent's channel, whisper to it, or talk with both."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from acd.core.hands import Listening
from acd.errors import TelephonyError
from acd.telephony.ami import Headers
from acd.telephony.channels import PHONE, Channels, checked
from acd.telephony.new_leg import ANSWERS_BY_ITSELF
from acd.telephony.node_names import node_of, plain
from acd.telephony.sync import SPY, SpySeen

TIMEOUT_S = 20
KEY_MS = 120
JUST_MADE_S = 2.0
MODE_KEYS = {"listen": "4", "whisper": "5", "barge": "6"}
OPTIONS = {"listen": "", "whisper": "w", "barge": "B"}


@dataclass(frozen=True, slots=True)
class _Spy:
    channel: str  # its uniqueid
    target: str
    answered: bool = False
    made_at: float = field(default_factory=time.monotonic)


class Spies:
    """By phone."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._spies: dict[str, _Spy] = {}

    async def listen(self, phone: str, target: str, mode: str) -> None:
        """On this phone to this channel; where it does so already, in this mode. Raises TelephonyError."""
        spy = self._spies.get(phone)
        if spy is not None and spy.target == target:
            await self._channels.link.order(
                "PlayDTMF",
                Channel=spy.channel,
                Digit=MODE_KEYS[mode],
                Duration=str(KEY_MS),
                Receive="true",
            )
            return
        if spy is not None:
            await self.stop(phone)
        endpoint, channel = f"PJSIP/{checked(PHONE, phone)}", self._channels.new_id(SPY, node_of(target))
        self._spies[phone] = _Spy(channel, target)
        # d: keys choose the mode. E: over when the agent's call is.
        try:
            await self._channels.link.order(
                "Originate",
                Channel=endpoint,
                Application="ChanSpy",
                Data=f"{plain(target)},qdE{OPTIONS[mode]}",
                Timeout=str(TIMEOUT_S * 1000),
                CallerID=f'"{mode}" <{phone}>',
                ChannelId=channel,
                Variable=ANSWERS_BY_ITSELF,
                Async="true",
            )
        except TelephonyError:
            self._spies.pop(phone, None)  # or the next wish would be a key for a channel that never was
            raise

    async def stop(self, phone: str) -> None:
        """Where nobody listens on it that is so already: the call may have ended a moment ago."""
        spy = self._spies.pop(phone, None)
        if spy is not None:
            await self._channels.link.action("Hangup", Channel=spy.channel, Cause="16")

    def listening(self, phone: str) -> Listening:
        """How far it is."""
        spy = self._spies.get(phone)
        if spy is None:
            return Listening.NONE
        return Listening.CONNECTED if spy.answered else Listening.RINGING

    def hear(self, event: Headers) -> None:
        """One AMI event: a phone was answered, or is no longer listening."""
        if event.get("Event") in ("Hangup", "OriginateResponse") and self._spies:
            channel = str(event.get("Uniqueid", ""))
            failed = event.get("Event") == "Hangup" or event.get("Response") == "Failure"
            for phone in [p for p, spy in self._spies.items() if spy.channel == channel]:
                if failed:
                    del self._spies[phone]
                else:
                    self._spies[phone] = replace(self._spies[phone], answered=True)

    def found(self, seen: Mapping[str, SpySeen], node: str = "") -> None:
        """After a look at a node: those that there are, by channel, and those too young to be seen."""
        now = time.monotonic()
        kept = {
            phone: replace(spy, answered=True) if spy.channel in seen and seen[spy.channel].target else spy
            for phone, spy in self._spies.items()
            if spy.channel in seen or node_of(spy.channel) != node or now - spy.made_at < JUST_MADE_S
        }
        known = {spy.channel for spy in kept.values()}
        for channel, spy in seen.items():
            if channel not in known and spy.target:
                kept[spy.phone] = _Spy(channel, spy.target, answered=True)
        self._spies = kept
