"""Consultations and talks of three, done on Asterisk; see docs/adr/0022-call-control.md.

The agent's leg makes a call of its own while the other side, kept apart, hears music. Where the agent's is
the channel that asks us what next, since it has dialled, the call is turned before: who was called asks from
then on, and the agent's channel is a leg like any other, and free to make another call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, MutableMapping
from contextlib import suppress
from typing import Protocol

from acd.background import Background
from acd.core import events
from acd.core.consults import main_of
from acd.core.facts import EndedBy
from acd.core.ports import Feed, Refusal
from acd.errors import TelephonyError
from acd.telephony.channels import TARGET, Channels, Pair, checked, shown
from acd.telephony.switch import Switchboard
from acd.telephony.watch import Watch

KNOWN_AFTER_S = 5.0
"""After so long without a look at Asterisk a consultation that came to nothing is a call like any other."""


class Hold(Protocol):
    """See `Hands.hold`."""

    def __call__(self, call_id: str, *, dialled: bool) -> Awaitable[None]: ...


class Consultations:
    """`apart`: the talks whose two are kept apart. `hold`, `resume`: as in `Hands`."""

    def __init__(
        self,
        watch: Watch,
        channels: Channels,
        switch: Switchboard,
        feed: Feed,
        apart: MutableMapping[str, Pair],
        hold: Hold,
        resume: Hold,
    ) -> None:
        self._watch = watch
        self._channels = channels
        self._switch = switch
        self._feed = feed
        self._apart = apart
        self._hold = hold
        self._resume = resume
        self._main: dict[str, str] = {}  # consultation → the call that it is about
        self._joined: dict[str, str] = {}  # call → the consultation that is part of it
        self._known = asyncio.Event()
        self._background = Background("telephony command failed", expected=(TelephonyError,))
        switch.keeps_leg = self._keeps_leg

    # --- after an absence of ours -------------------------------------------------------------
    def found_apart(self, call_id: str) -> None:
        """The call's two are kept apart; the agent may be in a consultation."""
        agent = self._apart[call_id].agent
        for consult_id, channel in self._watch.channel_of.items():
            if channel == agent and main_of(consult_id) == call_id:
                self._main[consult_id] = call_id

    def found_together(self, call_id: str, consult_id: str) -> None:
        """The consultation is part of the call: three talk."""
        self._main[consult_id] = call_id
        self._joined[call_id] = consult_id

    def floor_is_known(self) -> None:
        """Asterisk was looked at."""
        self._known.set()

    # --- what agents want ---------------------------------------------------------------------
    async def begin(self, call_id: str, consult_id: str, target: str, name: str, *, dialled: bool) -> None:
        """See `Hands.consult`."""
        checked(TARGET, target)
        if call_id not in self._apart:
            await self._hold(call_id, dialled=dialled)
        pair = self._apart[call_id]
        if self._watch.channel_of.get(call_id) == pair.agent:
            await self._turn(call_id, pair)
        leg = pair.agent
        self._main[consult_id] = call_id
        try:
            await self._channels.set(
                leg, ACD_TARGET=target, ACD_NEW=consult_id, ACD_MAIN=call_id, ACD_NAME=shown(name)
            )
            await self._channels.lead(leg, "acd-consult", "s")
        except TelephonyError:
            self._main.pop(consult_id, None)
            raise

    async def _turn(self, call_id: str, pair: Pair) -> None:
        """Who was called asks what next from here on."""
        uniqueid = await self._channels.uniqueid(pair.other)
        is_back = self._watch.is_turned(call_id)
        await self._switch.name(pair.other, call_id)
        await self._channels.set(pair.other, ACD_TURNED="" if is_back else "1")
        await self._channels.set(pair.agent, ACD_CALLER="", ACD_TURNED="")
        if self._apart.get(call_id) != pair or not self._watch.turn(call_id, pair.other, uniqueid):
            raise TelephonyError("the other side has gone")

    async def complete(self, call_id: str, consult_id: str) -> None:
        """See `Hands`.

        The agent's leg asks what next as soon as the other one is taken from it: by then it must no longer
        pass for the consultation's caller. And it is hung up then, which must not pass for the end of a hold,
        nor for that of the call: Asterisk may say so before it says that the two were joined.
        """
        pair, answered = await self._consulting(call_id, consult_id)
        uniqueid = self._watch.caller_of(consult_id)
        if uniqueid is None:
            raise TelephonyError("nobody has answered")
        self._switch.foretell(call_id, consult_id)
        self._watch.unbind(consult_id)
        self._watch.parting.add(call_id)
        del self._apart[call_id]
        try:
            await self._channels.bridge(pair.other, answered)
        except (TelephonyError, asyncio.CancelledError):
            self._watch.parting.discard(call_id)
            self._stay_apart(call_id, pair)
            self._switch.not_merged(call_id)
            if not self._watch.bind(consult_id, pair.agent, uniqueid):
                self._feed(events.CallEnded(consult_id, EndedBy.CALLER))
            raise
        self._watch.parting.discard(call_id)
        self._main.pop(consult_id, None)
        self._watch.hand_over(call_id, consult_id)
        await self._channels.act("Hangup", Channel=pair.agent, Cause="16")

    def _stay_apart(self, call_id: str, pair: Pair) -> None:
        """As before; who has gone meanwhile was not heard as the end of a hold, and would pass for there."""
        here = (self._watch.channel_of.get(call_id), self._watch.leg_of.get(call_id))
        if here == (pair.other, pair.agent):
            self._apart[call_id] = pair
            return
        self.let_go(call_id)
        if self._watch.is_turned(call_id) and call_id not in self._watch.leg_of:
            self._feed(events.CallEnded(call_id, EndedBy.CALLER))  # whose call it is has gone

    async def cancel(self, call_id: str, consult_id: str) -> None:
        """See `Hands`. In a conference the third one goes."""
        if call_id in self._joined:
            leg = self._watch.leg_of.get(consult_id)
            if leg is None:
                raise TelephonyError("the third one has gone")
            await self._channels.link.action("Hangup", Channel=leg, Cause="16")
            return
        pair = self._apart.get(call_id)
        if pair is None:
            raise TelephonyError("the caller has gone")
        await self._take_back(consult_id, pair)
        await self._channels.until(pair.agent, lambda place: place.application == "Wait")
        await self._resume(call_id, dialled=False)

    async def _take_back(self, consult_id: str, pair: Pair) -> None:
        """The agent's leg out of the consultation, which is over."""
        self._main.pop(consult_id, None)
        self._watch.unbind(consult_id)
        self._watch.leg_of.pop(consult_id, None)
        self._feed(events.CallEnded(consult_id, EndedBy.CALLER))
        await self._channels.set(pair.agent, ACD_HOLD=pair.other)
        await self._channels.lead(pair.agent, "acd-consult", "back")

    async def join(self, call_id: str, consult_id: str) -> None:
        """See `Hands`. Where Asterisk cannot, music goes on: nothing says before that the hold is over."""
        pair, answered = await self._consulting(call_id, consult_id)
        await self._channels.set(pair.other, ACD_JOIN=answered)
        await self._channels.lead(pair.other, "acd-hold", "join")
        await self._channels.until_together(pair.other, pair.agent)
        self._apart.pop(call_id, None)
        self._joined[call_id] = consult_id
        self._feed(events.CallResumed(call_id))
        # Nobody who looks is to take the channel for one that is kept apart. It may be gone again.
        with suppress(TelephonyError):
            await self._channels.set(pair.other, ACD_HOLD="")

    async def _consulting(self, call_id: str, consult_id: str) -> tuple[Pair, str]:
        """The two who are kept apart, and the channel of the third one, who is heard.

        Raises TelephonyError if there is nobody.
        """
        pair, answered = self._apart.get(call_id), self._watch.leg_of.get(consult_id)
        if pair is None or answered is None:
            raise TelephonyError("nobody has answered")
        await self._channels.until_heard(answered)
        if self._apart.get(call_id) != pair or self._watch.leg_of.get(consult_id) != answered:
            raise TelephonyError("somebody has gone")
        return pair, answered

    # --- when somebody goes -------------------------------------------------------------------
    def going(self, channel: str) -> None:
        """A phone hangs up. In a conference its agent leaves the two others to each other."""
        call_id = self._watch.leg_of.call(channel)
        consult_id = self._joined.pop(call_id or "", None)
        if call_id is None or consult_id is None:
            return
        self._main.pop(consult_id, None)
        if self._watch.leg_of.get(consult_id) is not None:
            self._switch.foretell(call_id, consult_id)
            self._watch.hand_over(call_id, consult_id)

    def gone(self, call_id: str | None) -> None:
        """A channel is gone that was the leg, or the caller, of this call."""
        for main, consult_id in list(self._joined.items()):
            if call_id == consult_id:  # the third one: two are left
                del self._joined[main]
                self._main.pop(consult_id, None)
                self._watch.unbind(consult_id)
                self._feed(events.CallEnded(consult_id, EndedBy.AGENT))
            elif call_id == main:
                del self._joined[main]
                self._main.pop(consult_id, None)

    def let_go(self, call_id: str) -> bool:
        """One of its two is gone: consultations about it are calls like others. Whether there is any."""
        left = [consult_id for consult_id, main in self._main.items() if main == call_id]
        for consult_id in left:
            del self._main[consult_id]
        return bool(left)

    def _keeps_leg(self, consult_id: str) -> bool:
        """A consultation has come to nothing: its caller is the leg of a call, and stays."""
        main = main_of(consult_id)
        pair = self._apart.get(main or "")
        if pair is not None and self._watch.channel_of.get(consult_id) == pair.agent:
            self._background.begin(self._take_back(consult_id, pair))
            return True
        if main is None or self._known.is_set():
            return False
        self._background.begin(self._when_known(consult_id))
        return True

    async def _when_known(self, consult_id: str) -> None:
        """After a restart it may come to nothing before Asterisk was looked at."""
        try:
            async with asyncio.timeout(KNOWN_AFTER_S):
                await self._known.wait()
        except TimeoutError:
            self._known.set()
        self._switch.hang_up(consult_id, Refusal.NORMAL)

    async def stop(self) -> None:
        """Nothing of ours goes on."""
        await self._background.stop()
