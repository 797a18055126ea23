"""Asterisk as the ACD sees it: what can be done with callers, who ask (`Sessions`), or talk with somebody."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from acd.core.commands import DialOut, Leg, Offer
from acd.core.plan import is_browser_phone
from acd.core.ports import Refusal
from acd.errors import TelephonyError
from acd.telephony.ask import variables_of
from acd.telephony.dial_string import (
    address_dial,
    agent_leg,
    customer_leg,
    outside_dial,
    phone_dial,
    phone_of_dial,
)
from acd.telephony.exchange import Exchange
from acd.telephony.line import AgiLine
from acd.telephony.node_names import at_node, node_of
from acd.telephony.sessions import CAUSE_OF_REFUSAL, Sessions

log = structlog.get_logger(__name__)

CANCEL_CAUSE = "19"
UP = "6"  # an answered channel, in a Status event
CALLBACK_WORDS = {"en": "Callback", "zh_CN": "回拨"}
"""What an agent's phone displays before the customer's name, by language."""


class Switchboard(Sessions):
    """Implements `acd.core.ports.Switch`; `reception` serves each caller who asks.

    `call_id_header`: agents' phones are told our id of the call in X-ACD-Call. Asterisk needs one to two
    milliseconds more for each ring then.

    `ends_with_agent(call_id)`: whether nothing but the hang-up follows when the agent who is to be rung now
    has talked with the caller and hung up. The dialplan need not ask then. `keeps_leg(call_id)`: whether the
    call is a consultation, whose caller is the leg of another call and must not be hung up.
    `dial_limit(number)`: the bounds of a talk outside, see `outside_dial`.

    `pick_node(phone)`: the node that is to make a call which has no channel yet, to this phone, or outside.
    `on_node(call_id, node)`: a callback's channel is made there.
    """

    call_id_header = False
    callback_word = CALLBACK_WORDS["en"]
    # What is asked, until somebody is set who knows better.
    ends_with_agent: Callable[[str], bool] = staticmethod(lambda _call_id: False)
    keeps_leg: Callable[[str], bool] = staticmethod(lambda _call_id: False)
    on_node: Callable[[str, str], None] = staticmethod(lambda _call_id, _node: None)
    pick_node: Callable[[str | None], str] = staticmethod(lambda _phone: "")
    dial_limit: Callable[[str], tuple[int, int] | None] = staticmethod(lambda _number: None)

    def hold_in_line(self, call_id: str, group: str, music: str) -> None:
        """Music for a caller in line; remembers the group for the fallback queue."""

        async def run(line: AgiLine) -> None:
            await line.set_group(group)  # first: should we die now, the fallback queue knows where
            await line.music(music)

        self._with_line(call_id, run)

    def offer(self, offer: Offer) -> None:
        """Have the dialplan ring the agent's phone."""
        if offer.leg is None:
            # Of a browser's leg it is to be asked whether anybody has hung up at all.
            ends = self.ends_with_agent(offer.call_id) and not is_browser_phone(offer.phone)
            dial = phone_dial(offer, call_id_header=self.call_id_header, ends_with_agent=ends)
            self._dial(offer.call_id, dial)
        else:
            headers = agent_leg(offer, offer.leg, self.callback_word)
            self._make_leg(offer.leg, offer.call_id, headers, outside=False)

    def dial_out(self, command: DialOut) -> None:
        """Have the dialplan dial an outside number."""
        if command.leg is None:
            self._dial(command.call_id, outside_dial(command, self.dial_limit(command.number)))
        else:
            headers = customer_leg(command, command.leg)
            self._make_leg(command.leg, command.call_id, headers, outside=True)

    def _make_leg(
        self, leg: Leg, call_id: str, headers: dict[str, str | list[str]], *, outside: bool
    ) -> None:
        """A channel of its own, for a callback; what becomes of it is told by `Legs`."""
        try:
            node = self.pick_node(None if outside else phone_of_dial(str(headers["Channel"])))
        except TelephonyError as error:
            log.warning("a callback's leg could not be ordered", call=call_id, reason=str(error))
            self._watch.legs.made(leg.id, call_id, outside=outside)
            self._watch.legs.failed(leg.id)
            return
        leg_id = at_node(leg.id, node)
        self._watch.legs.made(leg_id, call_id, outside=outside)
        if node:
            headers["ChannelId"] = at_node(str(headers["ChannelId"]), node)
            self.on_node(call_id, node)

        async def order() -> None:
            try:
                await self._link.order("Originate", **headers)
            except TelephonyError as error:
                log.warning("a callback's leg could not be ordered", call=call_id, reason=str(error))
                self._watch.legs.failed(leg_id)

        self._background.begin(order())

    def end_leg(self, leg_id: str) -> None:
        """A channel that was made for a callback is of no use any more."""
        self._background.begin(self._channels.act("Hangup", Channel=leg_id, Cause=CANCEL_CAUSE))

    def _dial(self, call_id: str, dial: str) -> None:
        line = self._lines.get(call_id)
        if line is not None:  # else the caller is leaving or will ask again; either is reported
            line.dial(dial)

    def dial_address(self, call_id: str, target: str, timeout_s: float, group: str) -> None:
        """Have the dialplan ring an address outside."""
        self._dial(call_id, address_dial(target, timeout_s, group))

    def cancel_offer(self, call_id: str) -> None:
        """Hang up the leg that rings; Dial then reports the offer's end."""
        made = self._watch.legs.cancelled(call_id)
        if made is not None:
            self.end_leg(made)
        else:
            self._background.begin(self._cancel(call_id, self._watch.leg_of.get(call_id)))

    async def _cancel(self, call_id: str, leg: str | None) -> None:
        """The phone may be answered just now; the caller goes back into the line all the same."""
        channel = self._watch.channel_of.get(call_id)
        if channel is not None:
            await self._channels.act("Setvar", Channel=channel, Variable="ACD_AFTER", Value="")
        if leg is not None:
            await self._channels.act("Hangup", Channel=leg, Cause=CANCEL_CAUSE)
        else:
            # A phone that never said a word has no DialState: the leg is found by its call.
            await self._hang_up_silent_leg(call_id, node_of(channel or ""))

    def hang_up(self, call_id: str, refusal: Refusal) -> None:
        """End the caller's call."""
        if self.keeps_leg(call_id):
            return
        cause = CAUSE_OF_REFUSAL[refusal]
        line = self._lines.get(call_id)
        if line is not None and not line.gone:
            self._with_line(call_id, lambda line: self._dismiss(call_id, line, cause))
        elif (channel := self._watch.channel_of.get(call_id)) is not None:
            self._background.begin(self._hang_up_channel(call_id, channel, cause))

    async def _dismiss(self, call_id: str, line: AgiLine, cause: int) -> None:
        channel = self._watch.channel_of.get(call_id)
        await line.hang_up(cause)  # fails if the caller hung up first
        if self._watch.channel_of.get(call_id) == channel:  # else a transfer was faster
            self._watch.mark_ending(call_id)

    async def _hang_up_channel(self, call_id: str, channel: str, cause: int) -> None:
        self._watch.mark_ending(call_id)
        if not await self._channels.act("Hangup", Channel=channel, Cause=str(cause)):
            self._watch.mark_ending(call_id, ending=False)  # the caller was quicker

    def is_there(self, call_id: str) -> bool:
        """See `acd.core.ports.Switch`."""
        return self._watch.caller_of(call_id) is not None

    def ask_again(self, call_id: str) -> None:
        """Have the caller's channel ask what next, whatever it is doing."""
        channel = self._watch.channel_of.get(call_id)
        if channel is not None:  # else the caller is leaving
            self._background.begin(self.bring_back(channel))

    async def bring_back(self, channel: str) -> None:
        """Send a channel to the beginning of the loop, so that it asks again."""
        await self._channels.act("Redirect", Channel=channel, Context="acd-back", Exten="s", Priority="1")

    async def end_hold(self, channel: str, exten: str) -> None:
        """Of two who were kept apart one is gone: what the dialplan has for the other one."""
        await self._channels.act("Redirect", Channel=channel, Context="acd-hold", Exten=exten, Priority="1")

    async def stop(self) -> None:
        """Let every session go; the callers' channels will ask the next controller."""
        for line in list(self._lines.values()):
            line.close()
        await self._background.stop()

    async def _hang_up_silent_leg(self, call_id: str, node: str) -> None:
        link = self._link.at(node) if isinstance(self._link, Exchange) else self._link
        channels = await link.list_action("Status", Variables="ACD_CALL,ACD_CALLER")
        for event in channels:
            variables = variables_of(event)
            # One that is up was answered meanwhile, and was never heard of: it is a talk now.
            is_up = event.get("ChannelState") == UP
            if variables.get("ACD_CALL") == call_id and variables.get("ACD_CALLER") != "1" and not is_up:
                await self._channels.act("Hangup", Channel=str(event.get("Channel", "")), Cause=CANCEL_CAUSE)
