"""What agents do with their calls, done on Asterisk; see docs/adr/0022-call-control.md.

Two who are kept apart (on hold) each run a line of `[acd-hold]`; whoever is left when the other has gone is
led on from there. Consultations and talks of three are in `consulting.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from acd.background import Background
from acd.core import events
from acd.core.hands import Listening
from acd.core.ports import Feed
from acd.errors import TelephonyError
from acd.telephony.ami import Headers, Link
from acd.telephony.channels import ASK_AGAIN_S, NUMBER, PHONE, TARGET, Channels, Pair, checked, shown
from acd.telephony.consulting import Consultations
from acd.telephony.new_leg import ANSWERS_BY_ITSELF, ring_again
from acd.telephony.node_names import node_of
from acd.telephony.phone_watch import phone_of
from acd.telephony.spying import KEY_MS, Spies
from acd.telephony.switch import Switchboard
from acd.telephony.sync import SpySeen
from acd.telephony.watch import Watch

BETWEEN_KEYS_S = 0.25
CLICK_TIMEOUT_S = 30


class CallHands:
    """Implements `acd.core.hands.Hands`. `is_customers(call_id)`: whether a customer is the caller.

    `dialled_on(call_id)`: the phone of the agent whose own call it is. In a call that has been turned (see
    `consulting.py`) it is the other side that asks, and `dialled` of the agents in it means the contrary.
    """

    def __init__(
        self,
        watch: Watch,
        link: Link,
        switch: Switchboard,
        feed: Feed,
        is_customers: Callable[[str], bool],
        dialled_on: Callable[[str], str | None] = lambda _call_id: None,
    ) -> None:
        self._watch = watch
        self._link = link
        self._switch = switch
        self._feed = feed
        self._is_customers = is_customers
        self._dialled_on = dialled_on
        self._apart: dict[str, Pair] = {}
        self._channels = Channels(link)
        self._spies = Spies(self._channels)
        self._consults = Consultations(
            watch, self._channels, switch, feed, self._apart, self.hold, self.resume
        )
        self._background = Background("telephony command failed", expected=(TelephonyError,))
        watch.on_going = self._consults.going
        watch.on_gone = self._gone
        watch.is_turned = self._is_turned

    # --- after an absence of ours -------------------------------------------------------------
    def found_apart(self, call_id: str, pair: Pair) -> None:
        """These two are kept apart."""
        self._apart[call_id] = pair
        self._consults.found_apart(call_id)

    def found_together(self, call_id: str, consult_id: str) -> None:
        """The two of the consultation talk with the caller of the call."""
        self._apart.pop(call_id, None)
        self._consults.found_together(call_id, consult_id)

    def found_spies(self, spies: Mapping[str, SpySeen], node: str) -> None:
        """Who listens in at a node."""
        self._spies.found(spies, node)

    def floor_is_known(self) -> None:
        """Asterisk was looked at, and all of it has been told."""
        self._consults.floor_is_known()

    # --- hold ---------------------------------------------------------------------------------
    async def hold(self, call_id: str, *, dialled: bool) -> None:
        """See `Hands`."""
        pair = await self._talk(call_id, dialled=dialled)
        await self._channels.set(pair.agent, ACD_HOLD=pair.other)
        await self._channels.set(pair.other, ACD_HOLD=pair.agent)
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
        await self._channels.until(pair.other, lambda place: place.application == "MusicOnHold")
        await self._channels.until(pair.agent, lambda place: place.application == "Wait")
        self._feed(events.CallHeld(call_id))

    async def resume(self, call_id: str, *, dialled: bool) -> None:
        """See `Hands`. Where the phone itself holds, it is asked to take the other side back."""
        pair = self._apart.get(call_id)
        if pair is None:
            pair = self._pair(call_id, dialled=dialled)
            await self._link.action("PJSIPNotify", Channel=pair.agent, Variable="Event=talk")
            return
        await self._channels.bridge(pair.other, pair.agent)
        self._apart.pop(call_id, None)
        self._feed(events.CallResumed(call_id))

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
            await self._switch.end_hold(pair.other, "over")
        agent = pair.agent if pair is not None else self._agent(call_id, dialled=dialled)
        self._consults.going(agent)
        await self._link.action("Hangup", Channel=agent, Cause="21" if pair is None else "16")

    async def mute(self, call_id: str, *, dialled: bool, on: bool) -> None:
        """See `Hands`."""
        channel = self._agent(call_id, dialled=dialled)
        await self._link.action("MuteAudio", Channel=channel, Direction="in", State="on" if on else "off")

    async def take_up(self, call_id: str) -> None:
        """See `Hands`."""
        pair = self._apart.get(call_id) or self._pair(call_id, dialled=False)
        phone, leg_id = checked(PHONE, phone_of(pair.agent) or ""), self._new_id("again", pair.other)
        try:
            leg = await ring_again(
                self._link, phone, call_id, leg_id, pair.other, held=call_id in self._apart
            )
        except BaseException:
            self._background.begin(self._channels.act("Hangup", Channel=leg_id, Cause="16"))
            raise
        if call_id in self._apart:
            self._apart[call_id] = Pair(leg, pair.other)
            await self._channels.set(pair.other, ACD_HOLD=leg)
        self._watch.leg_of[call_id] = leg
        await self._channels.act("Hangup", Channel=pair.agent, Cause="16")

    async def keys(self, call_id: str, keys: str, *, dialled: bool) -> None:
        """See `Hands`."""
        channel = self._pair(call_id, dialled=dialled).other
        for key in keys:
            await self._link.order("PlayDTMF", Channel=channel, Digit=key, Duration=str(KEY_MS))
            await asyncio.sleep(BETWEEN_KEYS_S)

    async def send(self, call_id: str, target: str, *, dialled: bool) -> None:
        """See `Hands`."""
        checked(TARGET, target)
        pair = self._apart.get(call_id) or await self._talk(call_id, dialled=dialled)
        phone = phone_of(pair.agent) or ""
        await self._channels.set(pair.other, ACD_TARGET=target, ACD_SENDER=phone)
        await self._channels.lead(pair.other, "acd-sent", "s")
        self._apart.pop(call_id, None)  # not before: one who was not sent is still to be taken back
        await self._channels.act("Hangup", Channel=pair.agent, Cause="16")

    async def dial(self, phone: str, number: str, name: str) -> None:
        """See `Hands`."""
        node = self._switch.pick_node(phone)
        await self._link.order(
            "Originate",
            Channel=f"PJSIP/{checked(PHONE, phone)}",
            Context="acd-click",
            Exten=checked(NUMBER, number),
            Priority="1",
            Timeout=str(CLICK_TIMEOUT_S * 1000),
            CallerID=f'"{number}" <{number}>',
            ChannelId=self._channels.new_id("dial", node),
            Variable=[f"ACD_NAME={shown(name)}", ANSWERS_BY_ITSELF],
            Async="true",
        )

    # --- consultations, listening in, recording -----------------------------------------------
    async def consult(self, call_id: str, consult_id: str, target: str, name: str, *, dialled: bool) -> None:
        """See `Hands`."""
        await self._consults.begin(call_id, consult_id, target, name, dialled=dialled)

    async def complete(self, call_id: str, consult_id: str) -> None:
        """See `Hands`."""
        await self._consults.complete(call_id, consult_id)

    async def cancel(self, call_id: str, consult_id: str) -> None:
        """See `Hands`."""
        await self._consults.cancel(call_id, consult_id)

    async def join(self, call_id: str, consult_id: str) -> None:
        """See `Hands`."""
        await self._consults.join(call_id, consult_id)

    async def spy(self, phone: str, call_id: str, mode: str, *, dialled: bool) -> None:
        """See `Hands`."""
        await self._spies.listen(phone, self._agent(call_id, dialled=dialled), mode)

    async def spy_no_more(self, phone: str) -> None:
        """See `Hands`."""
        await self._spies.stop(phone)

    def listening(self, phone: str) -> Listening:
        """See `Hands`."""
        return self._spies.listening(phone)

    async def record(self, call_id: str, said: str, heard: str) -> None:
        """See `Hands`. Not option `D`: it writes sound of 48 kHz, a browser's, as if it were of 8."""
        options = f"r({said})t({heard})"
        await self._link.action("MixMonitor", Channel=self._caller(call_id), options=options)

    async def record_pause(self, call_id: str, *, on: bool) -> None:
        """See `Hands`."""
        await self._link.action(
            "MixMonitorMute", Channel=self._caller(call_id), Direction="both", State="1" if on else "0"
        )

    # --- when somebody goes -------------------------------------------------------------------
    def _gone(self, channel: str, call_id: str | None) -> None:
        """A channel is gone. `call_id`: the call whose leg, or caller, it was."""
        self._consults.gone(call_id)
        for apart, pair in list(self._apart.items()):
            if channel in (pair.agent, pair.other):
                del self._apart[apart]
                self._lead_on(apart, pair, channel, consulted=self._consults.let_go(apart))

    def _lead_on(self, call_id: str, pair: Pair, gone: str, *, consulted: bool) -> None:
        """One of two who were kept apart has gone."""
        if gone == pair.other and consulted:
            return  # the agent goes on with the consultation as a call like any other
        # Nobody hangs up on a customer who listens to music.
        exten = "left" if gone == pair.agent and self._is_customers(call_id) else "over"
        self._background.begin(self._switch.end_hold(pair.without(gone), exten))

    # --- how ----------------------------------------------------------------------------------
    def _new_id(self, what: str, beside: str) -> str:
        """For a channel that is to be made where the other one is."""
        return self._channels.new_id(what, node_of(beside))

    def _is_turned(self, call_id: str) -> bool:
        """Whether the channel that asks us what next is not that of the agent who has dialled."""
        phone, channel = self._dialled_on(call_id), self._watch.channel_of.get(call_id)
        return phone is not None and channel is not None and phone_of(channel) != phone

    def _caller(self, call_id: str) -> str:
        channel = self._watch.channel_of.get(call_id)
        if channel is None:
            raise TelephonyError("the caller has gone")
        return channel

    def _agent(self, call_id: str, *, dialled: bool) -> str:
        pair = self._apart.get(call_id)
        if pair is not None:
            return pair.agent
        asks = dialled != self._is_turned(call_id)
        channel = (self._watch.channel_of if asks else self._watch.leg_of).get(call_id)
        if channel is None:
            raise TelephonyError("the agent's phone has no call")
        return channel

    def _pair(self, call_id: str, *, dialled: bool) -> Pair:
        caller, leg = self._caller(call_id), self._watch.leg_of.get(call_id)
        if leg is None:
            raise TelephonyError("the other side has gone")
        return Pair(caller, leg) if dialled != self._is_turned(call_id) else Pair(leg, caller)

    async def _talk(self, call_id: str, *, dialled: bool) -> Pair:
        """The two, who hear each other by now."""
        pair = self._pair(call_id, dialled=dialled)
        await self._channels.until_heard(pair.without(self._caller(call_id)))
        return self._pair(call_id, dialled=dialled)

    def hear(self, event: Headers) -> None:
        """One AMI event."""
        self._spies.hear(event)

    async def stop(self) -> None:
        """Nothing of ours goes on."""
        await self._consults.stop()
        await self._background.stop()
