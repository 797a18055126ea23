"""Asterisk as the ACD sees it: callers who ask what next, and what can be done with them.

A caller's channel asks through FastAGI (`serve`) and is answered by a command of the engine. One
call has at most one open session; a new one for the same call takes over from the old.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hmac import compare_digest

import structlog

from acd.background import Background
from acd.core.commands import DialOut, Leg, Offer
from acd.core.plan import is_browser_phone
from acd.core.ports import Ask, AskKind, Refusal
from acd.errors import TelephonyError
from acd.ivr.flow import KEYS
from acd.telephony.agi import AgiSession
from acd.telephony.ami import Link
from acd.telephony.ask import read_ask, renamed, variables_of
from acd.telephony.channels import Channels
from acd.telephony.dial_string import (
    TRUNK_PREFIX,
    address_dial,
    agent_leg,
    customer_leg,
    outside_dial,
    phone_dial,
    phone_of_dial,
)
from acd.telephony.exchange import Exchange
from acd.telephony.line import AgiLine
from acd.telephony.merges import Merges
from acd.telephony.node_names import at_node, node_of
from acd.telephony.prompts import PromptStore
from acd.telephony.watch import Watch, phone_of

log = structlog.get_logger(__name__)

CAUSE_OF_REFUSAL = {
    Refusal.NORMAL: 16,
    Refusal.BUSY: 17,
    Refusal.NO_ANSWER: 19,
    Refusal.UNKNOWN_NUMBER: 1,
    Refusal.CONGESTION: 34,
}
CANCEL_CAUSE = "19"
LEG_ENDS_S = 0.02
LEG_ENDS_LOOKS = 15
UP = "6"  # an answered channel, in a Status event
CALLBACK_WORDS = {"en": "Callback", "zh_CN": "回拨"}
"""What an agent's phone displays before the customer's name, by language."""

Reception = Callable[[Ask, AgiLine], Awaitable[None]]
ASKED_AT_MOST = 3
ANSWERS_WITHIN_S = 0.5


class _AtNode:
    """Implements `acd.telephony.line.Remote` for a line whose channel is at this node."""

    def __init__(self, switch: Switchboard, node: str) -> None:
        self._switch = switch
        self._node = node

    @property
    def hears_keys(self) -> bool:
        """Whether the manager interface tells of every key."""
        return self._switch.hears_keys_at(self._node)

    def stop_playback(self, line: AgiLine) -> None:
        """End the prompt that is playing on this line."""
        self._switch.stop_playback(line)


class Switchboard:
    """Implements `acd.core.ports.Switch`; `reception` serves each caller who asks.

    `call_id_header`: agents' phones are told our id of the call in X-ACD-Call. Asterisk needs one to two
    milliseconds more for each ring then.

    `script`: the name that a session must ask for (`acd.telephony.agi.script_name`).

    `ends_with_agent(call_id)`: whether nothing but the hang-up follows when the agent who is to be rung now
    has talked with the caller and hung up. The dialplan need not ask then. `keeps_leg(call_id)`: whether the
    call is a consultation, whose caller is the leg of another call and must not be hung up.
    `dial_limit(number)`: the bounds of a talk outside, see `outside_dial`.

    `nodes`: the names that there are where Asterisk is several. `pick_node(phone)`: the one that is to make a
    call which has no channel yet, to this phone, or outside. `hears_keys_at(node)`: whether its manager
    interface tells of every key. `on_node(call_id, node)`: a callback's channel is made there.
    """

    call_id_header = False
    callback_word = CALLBACK_WORDS["en"]

    def __init__(
        self,
        watch: Watch,
        link: Link,
        prompts: PromptStore,
        merges: Merges,
        reception: Reception,
        script: str = "",
    ) -> None:
        self._watch = watch
        watch.on_new_caller = self.name_caller
        watch.on_key = self._key_pressed
        self._link = link
        self._channels = Channels(link)
        self._prompts = prompts
        self._reception = reception
        self._script = script
        self._lines: dict[str, AgiLine] = {}
        self._merges = merges
        self._background = Background("telephony command failed", expected=(TelephonyError,))
        self.ends_with_agent: Callable[[str], bool] = lambda _call_id: False
        self.keeps_leg: Callable[[str], bool] = lambda _call_id: False
        self.on_node: Callable[[str, str], None] = lambda _call_id, _node: None
        self.nodes: frozenset[str] = frozenset()
        self.pick_node: Callable[[str | None], str] = lambda _phone: ""
        self.hears_keys_at: Callable[[str], bool] = lambda _node: self._link.up
        self.dial_limit: Callable[[str], tuple[int, int] | None] = lambda _number: None

    # --- callers who ask ----------------------------------------------------------------------
    async def serve(self, session: AgiSession) -> None:
        """One session, to its end."""
        ask = read_ask(session)
        if self._script and not compare_digest(session.env.get("agi_network_script", ""), self._script):
            log.warning("agi session refused: it does not know our word")
            return
        if ask is None:
            log.warning("agi session without a call refused", channel=session.env.get("agi_channel", ""))
            return
        if (ask.node or None) not in (self.nodes or {None}):
            log.warning("agi session of an unknown node refused", node=ask.node, known=sorted(self.nodes))
            return
        line = AgiLine(session, self._prompts, _AtNode(self, ask.node))
        channel = at_node(session.env["agi_channel"], ask.node)
        uniqueid = at_node(session.env["agi_uniqueid"], ask.node)
        call_id = self._merges.current(ask.call_id)
        if call_id != ask.call_id:
            ask = renamed(ask, call_id)
            # It may have changed since the session began.
            channel, uniqueid = (at_node(name, ask.node) for name in await line.identity())
            if self._watch.caller_of(call_id) not in (None, uniqueid):
                await line.hang_up(CAUSE_OF_REFUSAL[Refusal.NORMAL])  # the agent's own, left behind
                return
        old = self._lines.get(call_id)
        if old is not None:
            old.close()
        if ask.kind is AskKind.AGENT_LEFT and await self._was_left_alone(call_id):
            ask = replace(ask, kind=AskKind.LEFT_ON_HOLD)
        self._watch.has_moved_on(call_id, uniqueid)
        if not self._watch.bind(call_id, channel, uniqueid):
            return  # hung up while asking
        self._lines[call_id] = line
        try:
            await self._reception(ask, line)
            await line.wait_gone()
        finally:
            for key in [c for c, other in self._lines.items() if other is line]:
                del self._lines[key]

    async def _was_left_alone(self, call_id: str) -> bool:
        """Whether the agent's browser has gone without a word; its leg's end may be told later."""
        for _ in range(LEG_ENDS_LOOKS):
            leg = self._watch.leg_of.get(call_id)
            if leg is None or not is_browser_phone(phone_of(leg) or ""):
                break
            await asyncio.sleep(LEG_ENDS_S)
        return call_id in self._watch.left_alone

    def present_name(self, call_id: str) -> str:
        """The call that goes by this id now: an attended transfer may have made it part of another."""
        return self._merges.current(call_id)

    def asking(self) -> frozenset[str]:
        """The calls whose channels are asking us now."""
        return frozenset(call for call, line in self._lines.items() if not line.gone)

    def merged(self, call_id: str, consult_id: str) -> None:
        """The call has taken the place of the consultation: sessions and later asks follow."""
        self._merges.add(consult_id, call_id)
        line = self._lines.pop(consult_id, None)
        if line is not None and not line.gone:
            self._lines[call_id] = line
        self.name_caller(call_id)

    def foretell(self, call_id: str, consult_id: str) -> None:
        """The call is about to take the consultation's place: whoever asks as that one is left behind."""
        self._merges.add(consult_id, call_id)

    def not_merged(self, call_id: str) -> None:
        """That did not come about."""
        self._merges.forget(call_id)

    def name_caller(self, call_id: str) -> None:
        """The caller's channel may stand where another call was: give it the variables of this one.

        Asterisk moves a transferred channel to a new place in the dialplan under its own name, and
        the variables of that place stay. A channel that was dialled becomes a caller like any other.
        What was to follow the first talk need not follow the next: the dialplan has to ask.
        """
        channel = self._watch.channel_of.get(call_id)
        if channel is not None:
            self._background.begin(self.name(channel, call_id))

    async def name(self, channel: str, call_id: str) -> None:
        """This channel is the call's caller from here on; see `name_caller`."""
        endpoint = phone_of(channel) or ""
        origin = "trunk"
        if self._watch.is_phone(endpoint):
            origin = f"phone:{endpoint}"
        elif endpoint.startswith(TRUNK_PREFIX):
            origin = f"trunk:{endpoint.removeprefix(TRUNK_PREFIX)}"
        variables = {"ACD_AFTER": "", "__ACD_CALL": call_id, "ACD_CALLER": "1", "ACD_ORIGIN": origin}
        for name, value in variables.items():
            await self._channels.act("Setvar", Channel=channel, Variable=name, Value=value)

    def forget(self, call_id: str) -> None:
        """The call has ended."""
        self._merges.forget(call_id)

    # --- what a line needs from outside its session -----------------------------------------------
    def stop_playback(self, line: AgiLine) -> None:
        """End the prompt that is playing on this line."""
        call_id = next((c for c, other in self._lines.items() if other is line), None)
        channel = self._watch.channel_of.get(call_id) if call_id is not None else None
        if channel is not None:
            self._background.begin(self._channels.act("ControlPlayback", Channel=channel, Control="stop"))

    def _key_pressed(self, call_id: str, key: str) -> None:
        line = self._lines.get(call_id)
        if line is not None and not line.gone and key in KEYS:
            line.keys.heard_by_ami(key)

    def keys_unheard(self, node: str = "") -> None:
        """The manager interface is away: lines that wait for keys have to ask for them themselves."""
        for call_id, line in self._lines.items():
            if self.node_of(call_id) == node:
                line.keys.wake()

    def node_of(self, call_id: str) -> str:
        """Where the caller's channel is."""
        return node_of(self._watch.channel_of.get(call_id, ""))

    # --- commands -----------------------------------------------------------------------------
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

    async def renew_leases(self, lease_s: float, node: str = "") -> None:
        """Tell Asterisk that the callers in our hands are not forgotten."""
        await asyncio.gather(
            *(
                self._renew_lease(call_id, line, channel, lease_s)
                for call_id, line in list(self._lines.items())
                if not line.gone
                and (channel := self._watch.channel_of.get(call_id)) is not None
                and node_of(channel) == node
            )
        )

    async def still_asks(self, node: str) -> bool:
        """Whether a channel of this node answers us: then its Asterisk lives, whatever else is away."""
        for line in self._idle_at(node)[:ASKED_AT_MOST]:
            if await _answers(line):
                return True
        return False

    async def drop_dead(self, node: str) -> None:
        """Close each session of this node that does not answer.

        Where packets are lost a session outlives its channel, or that it asks no longer: who is served by
        Asterisk's own queue meanwhile must be given no lease, and not be taken for one who waits here.
        """
        await asyncio.gather(*(_answers(line) for line in self._idle_at(node)))

    def _idle_at(self, node: str) -> list[AgiLine]:
        lines = [line for call_id, line in self._lines.items() if self.node_of(call_id) == node]
        return [line for line in lines if not (line.gone or line.busy)]

    def asking_since(self, node: str, began: float) -> frozenset[str]:
        """The calls of this node whose channels have asked since then (the loop's time), and still do."""
        return frozenset(
            call_id
            for call_id, line in self._lines.items()
            if not line.gone and line.began >= began and self.node_of(call_id) == node
        )

    def let_go(self, node: str, alive: frozenset[str]) -> None:
        """The node is dead, and nobody asks there any more but these."""
        for call_id, line in list(self._lines.items()):
            if call_id not in alive and self.node_of(call_id) == node:
                line.close()

    async def _renew_lease(self, call_id: str, line: AgiLine, channel: str, lease_s: float) -> None:
        await self._set_lease(channel, lease_s)
        if line.gone and self._lines.get(call_id) in (None, line):
            # The caller was sent to an agent meanwhile: a lease must never run out during a talk.
            await self._set_lease(channel, 0)

    async def _set_lease(self, channel: str, lease_s: float) -> None:
        await self._channels.act(
            "Setvar", Channel=channel, Variable="TIMEOUT(absolute)", Value=f"{lease_s:.0f}"
        )

    async def stop(self) -> None:
        """Let every session go; the callers' channels will ask the next controller."""
        for line in list(self._lines.values()):
            line.close()
        await self._background.stop()

    # --- how ----------------------------------------------------------------------------------
    def _with_line(self, call_id: str, run: Callable[[AgiLine], Awaitable[None]]) -> None:
        line = self._lines.get(call_id)
        if line is None or line.gone:
            return  # the caller is leaving or will ask again; either is reported

        async def guarded() -> None:
            with contextlib.suppress(TelephonyError):  # likewise
                await run(line)

        self._background.begin(guarded())

    async def _hang_up_silent_leg(self, call_id: str, node: str) -> None:
        link = self._link.at(node) if isinstance(self._link, Exchange) else self._link
        channels = await link.list_action("Status", Variables="ACD_CALL,ACD_CALLER")
        for event in channels:
            variables = variables_of(event)
            # One that is up was answered meanwhile, and was never heard of: it is a talk now.
            is_up = event.get("ChannelState") == UP
            if variables.get("ACD_CALL") == call_id and variables.get("ACD_CALLER") != "1" and not is_up:
                await self._channels.act("Hangup", Channel=str(event.get("Channel", "")), Cause=CANCEL_CAUSE)


async def _answers(line: AgiLine) -> bool:
    """Whether somebody is at the other end of an idle session; it is closed otherwise."""
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            await line.identity()
    except TimeoutError:
        line.close()  # an answer that comes late must not pass for that to the next command
    except TelephonyError:
        pass
    else:
        return True
    return False
