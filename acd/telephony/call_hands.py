"""What agents do with their calls, done on Asterisk; see docs/adr/0022-call-control.md.

Two who are kept apart (on hold) each run a line of `[acd-hold]`; whoever is left when the other has gone is
led on from there. Nothing is taken for done because it was ordered: Asterisk is asked until it is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from acd.background import Background
from acd.core import events
from acd.core.facts import EndedBy
from acd.core.ports import Feed
from acd.errors import TelephonyError
from acd.telephony.ami import AmiLink, Headers
from acd.telephony.line import display_name
from acd.telephony.new_leg import ANSWERS_BY_ITSELF, ring_again
from acd.telephony.switch import Switchboard
from acd.telephony.watch import Watch, phone_of

log = structlog.get_logger(__name__)

ASK_AGAIN_S = 0.01
KEY_MS = 120
BETWEEN_KEYS_S = 0.25
CLICK_TIMEOUT_S = 30
SPY_TIMEOUT_S = 20
SPY_KEYS = {"listen": "4", "whisper": "5", "barge": "6"}
SPY_OPTIONS = {"listen": "", "whisper": "w", "barge": "B"}
_TARGET = re.compile(r"[+*]?[0-9]{1,24}|(agent|group|flow):[A-Za-z0-9_-]{1,64}", re.ASCII)
_NUMBER = re.compile(r"[+*]?[0-9]{1,24}", re.ASCII)
_PHONE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


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


class CallHands:
    """Implements `acd.core.hands.Hands`. `is_customers(call_id)`: whether a customer is the caller."""

    def __init__(
        self,
        watch: Watch,
        link: AmiLink,
        switch: Switchboard,
        feed: Feed,
        is_customers: Callable[[str], bool],
    ) -> None:
        self._watch = watch
        self._link = link
        self._switch = switch
        self._feed = feed
        self._is_customers = is_customers
        self._apart: dict[str, Pair] = {}
        self._consults: dict[str, str] = {}  # consultation → the call that it is about
        self._joined: dict[str, str] = {}  # call → the consultation that is part of it
        self._spies: dict[str, tuple[str, str]] = {}  # phone → channel's id, and whom it listens to
        self._spied = 0
        self._background = Background("telephony command failed", expected=(TelephonyError,))
        watch.on_going = self._going
        watch.on_gone = self._gone
        switch.keeps_leg = self._keeps_leg

    # --- hold ---------------------------------------------------------------------------------
    def found_apart(self, call_id: str, caller: str, leg: str, dialled: bool) -> None:
        """After an absence of ours: these two were kept apart."""
        self._apart[call_id] = Pair(caller, leg) if dialled else Pair(leg, caller)

    async def hold(self, call_id: str, *, dialled: bool) -> None:
        """See `Hands`."""
        pair = self._pair(call_id, dialled=dialled)
        await self._set(pair.agent, ACD_HOLD=pair.other)
        await self._set(pair.other, ACD_HOLD=pair.agent)
        self._apart[call_id] = pair
        try:
            await self._link.action(
                "Redirect",
                Channel=pair.other,
                Context="acd-hold",
                Exten="music",
                Priority="1",
                ExtraChannel=pair.agent,
                ExtraContext="acd-hold",
                ExtraExten="silence",
                ExtraPriority="1",
            )
        except TelephonyError:
            self._apart.pop(call_id, None)
            raise
        await self._until(pair.other, lambda place: place.application == "MusicOnHold")
        await self._until(pair.agent, lambda place: place.application == "Wait")
        self._feed(events.CallHeld(call_id))

    async def resume(self, call_id: str, *, dialled: bool) -> None:
        """See `Hands`. Where the phone itself holds, it is asked to take the other side back."""
        pair = self._apart.get(call_id)
        if pair is None:
            pair = self._pair(call_id, dialled=dialled)
            await self._link.action("PJSIPNotify", Channel=pair.agent, Variable="Event=talk")
            return
        await self._bridge(pair.other, pair.agent)
        self._apart.pop(call_id, None)
        self._feed(events.CallResumed(call_id))

    async def _bridge(self, one: str, two: str) -> None:
        """Whatever they were in, they talk with each other now.

        Nothing says that the hold is over before it is: where Asterisk refuses, music would lead to the end
        of the call instead of to more of it.
        """
        await self._link.action("Bridge", Channel1=one, Channel2=two, Tone="no")
        for channel in (one, two):
            await self._act("Setvar", Channel=channel, Variable="ACD_HOLD", Value="")
        await self._until_together(one, two)

    # --- small things -------------------------------------------------------------------------
    async def answer(self, call_id: str) -> None:
        """See `Hands`."""
        while (leg := self._watch.leg_of.get(call_id)) is None:
            self._caller(call_id)  # still there; the phone has not said yet that it rings
            await asyncio.sleep(ASK_AGAIN_S)
        await self._link.action("PJSIPNotify", Channel=leg, Variable="Event=talk")

    async def hang_up(self, call_id: str, *, dialled: bool) -> None:
        """See `Hands`. In a conference the others go on; one on hold is not called back into line."""
        pair = self._apart.pop(call_id, None)
        if pair is not None:
            await self._act("Redirect", Channel=pair.other, Context="acd-hold", Exten="over", Priority="1")
        agent = pair.agent if pair is not None else self._agent(call_id, dialled=dialled)
        self._going(agent)
        await self._link.action("Hangup", Channel=agent, Cause="21" if pair is None else "16")

    async def mute(self, call_id: str, *, dialled: bool, on: bool) -> None:
        """See `Hands`."""
        channel = self._agent(call_id, dialled=dialled)
        await self._link.action("MuteAudio", Channel=channel, Direction="in", State="on" if on else "off")

    async def take_up(self, call_id: str) -> None:
        """See `Hands`."""
        pair = self._apart.get(call_id) or self._pair(call_id, dialled=False)
        phone, leg_id = _check(_PHONE, phone_of(pair.agent) or ""), self._new_id("again")
        try:
            leg = await ring_again(
                self._link, phone, call_id, leg_id, pair.other, held=call_id in self._apart
            )
        except BaseException:
            self._background.begin(self._act("Hangup", Channel=leg_id, Cause="16"))
            raise
        if call_id in self._apart:
            self._apart[call_id] = Pair(leg, pair.other)
            await self._set(pair.other, ACD_HOLD=leg)
        self._watch.leg_of[call_id] = leg
        await self._act("Hangup", Channel=pair.agent, Cause="16")

    async def keys(self, call_id: str, keys: str, *, dialled: bool) -> None:
        """See `Hands`."""
        channel = self._pair(call_id, dialled=dialled).other
        for key in keys:
            await self._link.order("PlayDTMF", Channel=channel, Digit=key, Duration=str(KEY_MS))
            await asyncio.sleep(BETWEEN_KEYS_S)

    async def send(self, call_id: str, target: str, *, dialled: bool) -> None:
        """See `Hands`."""
        _check(_TARGET, target)
        pair = self._apart.get(call_id) or self._pair(call_id, dialled=dialled)
        phone = pair.agent.removeprefix("PJSIP/").rpartition("-")[0]
        await self._set(pair.other, ACD_TARGET=target, ACD_SENDER=phone)
        await self._link.action("Redirect", Channel=pair.other, Context="acd-sent", Exten="s", Priority="1")
        self._apart.pop(call_id, None)  # not before: one who was not sent is still to be taken back
        await self._act("Hangup", Channel=pair.agent, Cause="16")

    async def dial(self, phone: str, number: str, name: str) -> None:
        """See `Hands`."""
        await self._link.order(
            "Originate",
            Channel=f"PJSIP/{_check(_PHONE, phone)}",
            Context="acd-click",
            Exten=_check(_NUMBER, number),
            Priority="1",
            Timeout=str(CLICK_TIMEOUT_S * 1000),
            CallerID=f'"{number}" <{number}>',
            ChannelId=self._new_id("dial"),
            Variable=[f"ACD_NAME={_display(name)}", ANSWERS_BY_ITSELF],
            Async="true",
        )

    # --- consultations ------------------------------------------------------------------------
    async def consult(self, call_id: str, consult_id: str, target: str, name: str) -> None:
        """See `Hands`."""
        _check(_TARGET, target)
        if call_id not in self._apart:
            await self.hold(call_id, dialled=False)
        leg = self._apart[call_id].agent
        self._consults[consult_id] = call_id
        await self._set(leg, ACD_TARGET=target, ACD_NEW=consult_id, ACD_MAIN=call_id, ACD_NAME=_display(name))
        await self._link.action("Redirect", Channel=leg, Context="acd-consult", Exten="s", Priority="1")

    async def complete(self, call_id: str, consult_id: str) -> None:
        """See `Hands`.

        The agent's leg asks what next as soon as the other one is taken from it: by then it must no longer
        pass for the consultation's caller.
        """
        pair, answered = self._apart.get(call_id), self._watch.leg_of.get(consult_id)
        uniqueid = self._watch.caller_of(consult_id)
        if pair is None or answered is None or uniqueid is None:
            raise TelephonyError("nobody has answered")
        self._switch.foretell(call_id, consult_id)
        self._watch.unbind(consult_id)
        try:
            await self._bridge(pair.other, answered)
        except (TelephonyError, asyncio.CancelledError):
            self._switch.not_merged(call_id)
            if not self._watch.bind(consult_id, pair.agent, uniqueid):
                self._feed(events.CallEnded(consult_id, EndedBy.CALLER))
            raise
        self._apart.pop(call_id, None)
        self._consults.pop(consult_id, None)
        self._watch.hand_over(call_id, consult_id)
        await self._act("Hangup", Channel=pair.agent, Cause="16")

    async def cancel(self, call_id: str, consult_id: str) -> None:
        """See `Hands`. In a conference the third one goes."""
        if call_id in self._joined:
            leg = self._watch.leg_of.get(consult_id)
            if leg is None:
                raise TelephonyError("the third one has gone")
            await self._link.action("Hangup", Channel=leg, Cause="16")
            return
        pair = self._apart.get(call_id)
        if pair is None:
            raise TelephonyError("the caller has gone")
        await self._take_back(consult_id, pair)
        await self.resume(call_id, dialled=False)

    async def _take_back(self, consult_id: str, pair: Pair) -> None:
        """The agent's leg out of the consultation, which is over."""
        self._consults.pop(consult_id, None)
        self._watch.unbind(consult_id)
        self._watch.leg_of.pop(consult_id, None)
        self._feed(events.CallEnded(consult_id, EndedBy.CALLER))
        await self._set(pair.agent, ACD_HOLD=pair.other)
        await self._link.action(
            "Redirect", Channel=pair.agent, Context="acd-consult", Exten="back", Priority="1"
        )
        await self._until(pair.agent, lambda place: place.application == "Wait")

    async def join(self, call_id: str, consult_id: str) -> None:
        """See `Hands`."""
        pair, answered = self._apart.get(call_id), self._watch.leg_of.get(consult_id)
        if pair is None or answered is None:
            raise TelephonyError("nobody has answered")
        await self._set(pair.other, ACD_HOLD="", ACD_JOIN=answered)
        await self._link.action(
            "Redirect", Channel=pair.other, Context="acd-hold", Exten="join", Priority="1"
        )
        await self._until_together(pair.other, pair.agent)
        self._apart.pop(call_id, None)
        self._joined[call_id] = consult_id
        self._feed(events.CallResumed(call_id))

    # --- when somebody goes -------------------------------------------------------------------
    def _going(self, channel: str) -> None:
        """A phone hangs up. In a conference its agent leaves the two others to each other."""
        call_id = self._watch.leg_of.call(channel)
        consult_id = self._joined.pop(call_id or "", None)
        if call_id is None or consult_id is None:
            return
        self._consults.pop(consult_id, None)
        if self._watch.leg_of.get(consult_id) is not None:
            self._switch.foretell(call_id, consult_id)
            self._watch.hand_over(call_id, consult_id)

    def _gone(self, channel: str, call_id: str | None) -> None:
        """A channel is gone. `call_id`: the call whose leg, or caller, it was."""
        for main, consult_id in list(self._joined.items()):
            if call_id == consult_id:  # the third one: two are left
                del self._joined[main]
                self._consults.pop(consult_id, None)
                self._watch.unbind(consult_id)
                self._feed(events.CallEnded(consult_id, EndedBy.AGENT))
            elif call_id == main:
                del self._joined[main]
                self._consults.pop(consult_id, None)
        for apart, pair in list(self._apart.items()):
            if channel in (pair.agent, pair.other):
                del self._apart[apart]
                self._background.begin(self._lead_on(apart, pair, channel))
                if channel == pair.agent:  # who made them is gone
                    for consult_id in [c for c, main in self._consults.items() if main == apart]:
                        del self._consults[consult_id]

    async def _lead_on(self, call_id: str, pair: Pair, gone: str) -> None:
        """One of two who were kept apart has gone."""
        left = pair.without(gone)
        if gone == pair.agent and self._is_customers(call_id):
            exten = "left"  # nobody hangs up on a customer who listens to music
        elif gone == pair.other and call_id in self._consults.values():
            for consult_id in [c for c, main in self._consults.items() if main == call_id]:
                del self._consults[consult_id]  # the agent goes on with it as a call like any other
            return
        else:
            exten = "over"
        await self._act("Redirect", Channel=left, Context="acd-hold", Exten=exten, Priority="1")

    def _keeps_leg(self, call_id: str) -> bool:
        """A consultation has come to nothing: its caller is the leg of a call, and stays."""
        main = self._consults.get(call_id)
        pair = self._apart.get(main or "")
        if main is None or pair is None:
            return False
        self._background.begin(self._take_back(call_id, pair))
        return True

    # --- listening in -------------------------------------------------------------------------
    async def spy(self, phone: str, call_id: str, mode: str, *, dialled: bool) -> None:
        """See `Hands`."""
        target = self._agent(call_id, dialled=dialled)
        channel, whom = self._spies.get(phone, ("", ""))
        if channel and whom == target:
            await self._link.order(
                "PlayDTMF", Channel=channel, Digit=SPY_KEYS[mode], Duration=str(KEY_MS), Receive="true"
            )
            return
        if channel:
            await self.spy_no_more(phone)
        channel = self._new_id("spy")
        self._spies[phone] = (channel, target)
        # d: keys choose the mode. E: over when the agent's call is.
        await self._link.order(
            "Originate",
            Channel=f"PJSIP/{_check(_PHONE, phone)}",
            Application="ChanSpy",
            Data=f"{target},qdE{SPY_OPTIONS[mode]}",
            Timeout=str(SPY_TIMEOUT_S * 1000),
            CallerID=f'"{mode}" <{phone}>',
            ChannelId=channel,
            Variable=ANSWERS_BY_ITSELF,
            Async="true",
        )

    async def spy_no_more(self, phone: str) -> None:
        """See `Hands`."""
        channel, _ = self._spies.pop(phone, ("", ""))
        if not channel:
            raise TelephonyError("nobody listens on this phone")
        await self._link.action("Hangup", Channel=channel, Cause="16")

    # --- recording ----------------------------------------------------------------------------
    async def record(self, call_id: str, said: str, heard: str) -> None:
        """See `Hands`. Not option `D`: it writes sound of 48 kHz, a browser's, as if it were of 8."""
        options = f"r({said})t({heard})"
        await self._link.action("MixMonitor", Channel=self._caller(call_id), options=options)

    async def record_pause(self, call_id: str, *, on: bool) -> None:
        """See `Hands`."""
        await self._link.action(
            "MixMonitorMute", Channel=self._caller(call_id), Direction="both", State="1" if on else "0"
        )

    # --- how ----------------------------------------------------------------------------------
    def _caller(self, call_id: str) -> str:
        channel = self._watch.channel_of.get(call_id)
        if channel is None:
            raise TelephonyError("the caller has gone")
        return channel

    def _agent(self, call_id: str, *, dialled: bool) -> str:
        pair = self._apart.get(call_id)
        if pair is not None:
            return pair.agent
        channel = (self._watch.channel_of if dialled else self._watch.leg_of).get(call_id)
        if channel is None:
            raise TelephonyError("the agent's phone has no call")
        return channel

    def _pair(self, call_id: str, *, dialled: bool) -> Pair:
        caller, leg = self._caller(call_id), self._watch.leg_of.get(call_id)
        if leg is None:
            raise TelephonyError("the other side has gone")
        return Pair(caller, leg) if dialled else Pair(leg, caller)

    async def _set(self, channel: str, **variables: str) -> None:
        for name, value in variables.items():
            await self._link.action("Setvar", Channel=channel, Variable=name, Value=value)

    async def _place(self, channel: str) -> Place:
        """Raises TelephonyError when the channel is gone."""
        seen = await self._link.list_action("Status", Channel=channel)
        if not seen:
            raise TelephonyError("the channel is gone")
        return Place(str(seen[0].get("Application", "")), str(seen[0].get("BridgeID", "")))

    async def _until(self, channel: str, holds: Callable[[Place], bool]) -> None:
        while not holds(await self._place(channel)):  # noqa: ASYNC110 - the answer is Asterisk's
            await asyncio.sleep(ASK_AGAIN_S)

    async def _until_together(self, one: str, two: str) -> None:
        while True:
            first, second = await self._place(one), await self._place(two)
            if first.bridge and first.bridge == second.bridge:
                return
            await asyncio.sleep(ASK_AGAIN_S)

    def _new_id(self, what: str) -> str:
        self._spied += 1
        # What is behind the dot becomes part of our id of a call that the channel makes.
        return f"acd-{what}-{int(asyncio.get_running_loop().time() * 1000)}.{what[0]}{self._spied}"

    async def _act(self, name: str, **headers: str) -> None:
        """An action whose failure means that the channel is gone, which is reported otherwise."""
        try:
            await self._link.action(name, **headers)
        except TelephonyError as error:
            log.debug("ami action failed", action=name, reason=str(error))

    async def stop(self) -> None:
        """Nothing of ours goes on."""
        await self._background.stop()

    def hear(self, event: Headers) -> None:
        """One AMI event: a supervisor's phone is no longer listening."""
        if event.get("Event") in ("Hangup", "OriginateResponse") and self._spies:
            gone = str(event.get("Uniqueid", ""))
            failed = event.get("Event") == "Hangup" or event.get("Response") == "Failure"
            for phone in [p for p, (channel, _) in self._spies.items() if failed and channel == gone]:
                del self._spies[phone]


def _check(allowed: re.Pattern[str], text: str) -> str:
    if not allowed.fullmatch(text):
        raise TelephonyError(f"not to be dialled: {text!r}")
    return text


def _display(text: str) -> str:
    return display_name(text).replace(",", " ").replace("=", " ")
