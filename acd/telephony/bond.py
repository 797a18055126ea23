"""The bond between controller and Asterisk: connection, heartbeat, leases, and a fresh look after absence."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Protocol

import structlog

from acd.background import Background
from acd.core import events
from acd.core.calls import Call, CallState, Channel
from acd.core.consults import main_of
from acd.core.facts import CallKind
from acd.core.floor import Floor
from acd.core.outside_events import OutsideAnswered
from acd.core.ports import Feed
from acd.errors import TelephonyError
from acd.telephony import cdr
from acd.telephony.ami import AmiLink
from acd.telephony.ask import began_at
from acd.telephony.channels import Pair
from acd.telephony.dial_string import TRUNK_PREFIX
from acd.telephony.fence import LEADER, fence_of
from acd.telephony.node_life import NodeLife
from acd.telephony.switch import Switchboard
from acd.telephony.sync import CallerSeen, Picture, SpySeen, look
from acd.telephony.watch import Watch, phone_of

log = structlog.get_logger(__name__)

HEARTBEAT_INTERVAL_S = 1.0
RETURN_LIMIT_S = 1.5
POLL_S = 0.02
LOOK_AGAIN_S = (0.5, 1.0, 2.0, 5.0)
"""The pauses after looks that have failed while the connection stays; the last one goes on."""
_RINGING = frozenset({CallState.RINGING, CallState.DIALING_OUT})


class Found(Protocol):
    """Who is told what agents and supervisors were at when nobody looked; see `CallHands`."""

    def found_apart(self, call_id: str, pair: Pair) -> None:
        """An agent keeps these two apart."""

    def found_together(self, call_id: str, consult_id: str) -> None:
        """The consultation is part of the call: three talk."""

    def found_spies(self, spies: Mapping[str, SpySeen], node: str) -> None:
        """All who listen in at this node."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Of a leader among several controllers: what Asterisk is told.

    `fence` and `name` are left in a global variable, for an older leader to find; callers are to ask at
    `agi_address`, host and port. `on_fenced` is called where a newer leader's mark is found instead.
    """

    fence: int
    name: str
    agi_address: str
    on_fenced: Callable[[str], None]


class Bond:
    """Owns the AMI link's life; the engine's dispatch runs only while the floor is known.

    `leads_as` is set before it begins, where there are several controllers. `node`: the one of several that
    it is for; then only that node's calls are suspended while it is not `known`, and `on_away` is told.
    """

    def __init__(
        self, watch: Watch, feed: Feed, floor: Floor, cdr_file: Path, lease_s: float, node: str = ""
    ) -> None:
        self.node = node
        self.known = False
        self._log = log.bind(node=node) if node else log.bind()
        self.life: NodeLife | None = None
        self.on_away: Callable[[], None] = lambda: None
        self._watch = watch
        self._feed = feed
        self._floor = floor
        self._cdr_file = cdr_file
        self.lease_s = lease_s
        self._link: AmiLink | None = None
        self._switch: Switchboard | None = None
        self._looking = asyncio.Lock()
        self._background = Background("a task has failed")
        self._frozen: asyncio.Task[None] | None = None
        self._strays: set[str] = set()
        self._leaving = False
        self.on_known: Callable[[], None] = lambda: None
        self.leads_as: Mark | None = None
        self.hands: Found | None = None

    def attach(self, link: AmiLink, switch: Switchboard) -> None:
        """Before anything else: the two that do the work."""
        self._link = link
        self._switch = switch
        if self.node:
            self.life = NodeLife(link, switch, self._watch, self._feed, self._floor)
        else:
            self._watch.on_queue_join = self.caller_strayed

    @property
    def up(self) -> bool:
        """Whether Asterisk can be talked to."""
        return self._link is not None and self._link.up

    # --- life signs ---------------------------------------------------------------------------
    async def keep(self) -> None:
        """For ever: heartbeat and leases, while Asterisk is there."""
        since_renewal_s = 0.0
        while True:
            await asyncio.sleep(HEARTBEAT_INTERVAL_S)
            if not self.up:
                if self.life is not None and not self._leaving:
                    self.life.is_away()
                    await self.life.give_up()
                continue
            assert self._switch is not None
            assert self._link is not None
            since_renewal_s += HEARTBEAT_INTERVAL_S
            try:
                await self._beat()
                if self.life is not None and self.known:
                    await self.life.ask_for_phones()
                if since_renewal_s >= self.lease_s / 4:
                    since_renewal_s = 0.0
                    await self._switch.renew_leases(self.lease_s, self.node)
            except TelephonyError as error:
                self._log.warning("no heartbeat", reason=str(error))
                if self.node:  # others serve callers meanwhile
                    self._link.drop()

    async def _beat(self, *, stop: bool = False) -> None:
        """Tells the dialplan that we live; `stop`: that we are leaving, so that it need not wait."""
        assert self._link is not None
        value = "0" if stop else str(int(time.time()))  # compared with Asterisk's EPOCH
        await self._link.action("Setvar", Variable="ACD_HEARTBEAT", Value=value)

    async def say_goodbye(self) -> None:
        """An orderly stop: from now on Asterisk's own queue may ring agents."""
        self._leaving = True
        if self.up:
            try:
                await self._beat(stop=True)
            except TelephonyError as error:
                log.debug("no goodbye", reason=str(error))

    # --- coming and going ---------------------------------------------------------------------
    async def up_again(self) -> None:
        """Logged in: learn the floor, then dispatch.

        Raises TelephonyError: the look failed, and a new connection is the way to another one.
        """
        self._log.info("asterisk is there")
        if self.life is not None:
            await self.life.is_back()
        if self.leads_as is not None:
            await self._take_over(self.leads_as)
        try:
            await self.look_anew()
        except TelephonyError:
            raise
        except Exception:  # a fault of ours is no reason to end, and a new connection would not mend it
            log.exception("cannot look at the floor, trying again")
            self._begin_looking(after_s=LOOK_AGAIN_S[0])

    async def _take_over(self, mark: Mark) -> None:
        """Callers ask here from now on. Raises TelephonyError."""
        assert self._link is not None
        found = str((await self._link.action("Getvar", Variable=LEADER)).get("Value", ""))
        if fence_of(found) > mark.fence:
            mark.on_fenced(f"Asterisk is led by {found}")
        if fence_of(found) < mark.fence:  # an older leader, frozen between reading and writing, or a restart
            await self._link.action("Setvar", Variable=LEADER, Value=f"{mark.fence} {mark.name}")
        await self._link.action("Setvar", Variable="ACD_CONTROLLER", Value=mark.agi_address)

    def down(self) -> None:
        """The connection is lost: we are blind, so nothing is decided."""
        if self._switch is not None:
            self._switch.keys_unheard(self.node)
        if self._leaving:
            return
        if self.life is not None:
            self.life.is_away()
            self._log.warning("asterisk is away: nothing is offered to its calls until it is back")
            self._suspend()
            self._watch.node_is_away(self.node)
            return
        log.warning("asterisk is away: no new offers until it is back")
        self._suspend()

    def _suspend(self) -> None:
        self.known = False
        if self.node:
            self._feed(events.NodeSuspended(self.node))
            self.on_away()
        else:
            self._feed(events.DispatchSuspended())

    def frozen(self) -> None:
        """We stood still: what we believe is old."""
        if self.up:
            self._begin_looking()

    def _begin_looking(self, after_s: float = 0.0) -> None:
        if self._frozen is None or self._frozen.done():
            self._frozen = self._background.begin(self._look_until_known(after_s))

    async def _look_until_known(self, pause_s: float) -> None:
        """Nobody is offered anything until a look succeeds, and the connection may well stay: try on."""
        pauses = chain(LOOK_AGAIN_S, repeat(LOOK_AGAIN_S[-1]))
        while True:
            if pause_s:
                await asyncio.sleep(pause_s)
                if not self.up or not self._is_unknown():
                    return  # the next connection looks, or has looked
            pause_s = next(pauses)
            try:
                await self.look_anew()
            except TelephonyError as error:
                log.warning("cannot look at the floor, trying again", reason=str(error), after_s=pause_s)
            except Exception:
                log.exception("cannot look at the floor, trying again", after_s=pause_s)
            else:
                return

    def _is_unknown(self) -> bool:
        return not self.known if self.node else self._floor.suspended

    async def look_anew(self) -> None:
        """Suspend, look, tell the engine, fetch stray callers, wait for those in line, resume."""
        assert self._link is not None
        assert self._switch is not None
        async with self._looking:
            self._suspend()
            await self._beat()
            await self._switch.drop_dead(self.node)
            # Those given while we had no pulse are short.
            await self._switch.renew_leases(self.lease_s, self.node)
            before, began = frozenset(self._floor.calls), asyncio.get_running_loop().time()
            self._watch.look_begins(self.node)
            picture = await look(self._link)
            picture.callers = self._by_present_name(picture.callers)
            self._tell(picture, before, began)
            await self._fetch(picture)
            await self._await_callers()
            await self._fetch_strays()
            if not self.up:
                return  # lost meanwhile: the next connection looks again
            if self.life is not None:
                await self.life.ask_for_phones()
            self.known = True
            self._feed(events.NodeResumed(self.node) if self.node else events.DispatchResumed())
            self.on_known()
            self._log.info("the floor is known", calls=len(picture.callers), phones=len(picture.reachable))

    def _by_present_name(self, callers: list[CallerSeen]) -> list[CallerSeen]:
        """A channel may still carry the id of a consultation that has become part of its call.

        Where the call has a channel of its own, that other one is only the agent's on its way out.
        """
        assert self._switch is not None
        own = {caller.call_id for caller in callers}
        out = []
        for caller in callers:
            call_id = self._switch.present_name(caller.call_id)
            if call_id == caller.call_id:
                out.append(caller)
            elif call_id not in own:
                out.append(replace(caller, call_id=call_id))
        return out

    def _tell(self, picture: Picture, before: frozenset[str], began: float) -> None:
        """What the look shows, less what has happened since: `before` are the calls known when it began.

        `began`: the loop's time then. Who had asked before that is seen, or is gone: where packets are lost
        a session outlives its channel.
        """
        assert self._switch is not None
        seen = frozenset(c.call_id for c in picture.callers)
        asking = (self._switch.asking() & seen) | self._switch.asking_since(self.node, began)
        self._watch.set_phones(picture.reachable, picture.channels, self.node)
        handed_over = self._watch.handed_over & self._floor.calls.keys()  # we know their callers better
        callers = [
            c
            for c in picture.callers
            if c.call_id not in handed_over and self._watch.bind(c.call_id, c.channel, c.uniqueid)
        ]
        picture.callers = callers
        self._hand_over(callers)
        handed_over |= self._watch.handed_over & self._floor.calls.keys()
        news = (frozenset(self._floor.calls) - before) | handed_over | self._legs(picture)
        alive = frozenset(c.call_id for c in callers) | asking | news
        ours = [call.id for call in self._floor.calls.values() if self._is_ours(call)]
        missing = [c for c in ours if c not in alive]
        node = self.node or None
        gone = events.FloorSeen(alive, node=node)
        if missing:
            since = min(self._floor.calls[call_id].arrived_at for call_id in missing)
            ends = cdr.ends(self._cdr_file, missing, since)
            self._tell_answered(ends.answered)
            self._tell_served(ends.served)
            gone = events.FloorSeen(alive, ends.at, frozenset(ends.by_agent), node)
        self._feed(gone)
        for caller in callers:
            if caller.talking_to is not None:
                self._tell_talk(caller, caller.talking_to)
        if self.hands is not None:
            self.hands.found_spies(picture.spies, self.node)

    def _is_ours(self, call: Call) -> bool:
        return not self.node or call.node == self.node

    def _tell_talk(self, caller: CallerSeen, phone: str) -> None:
        """Whom the caller talks with, or is kept apart from, or is together with in a talk of three."""
        call_id = caller.call_id
        if caller.leg is not None:
            self._watch.leg_of[call_id] = caller.leg
        if call_id not in self._floor.calls and "-cb" not in call_id:
            self._feed(self._arrival(caller))
        self._feed(self._conversation(call_id, phone, caller.talking_since))
        if caller.leg is None or self.hands is None:
            return
        if caller.apart:
            sides = (caller.channel, caller.leg) if caller.holds else (caller.leg, caller.channel)
            self.hands.found_apart(call_id, Pair(*sides))
            self._feed(events.CallHeld(call_id))  # it may have been done, and not been heard of
        elif caller.together_with is not None:
            self.hands.found_together(call_id, caller.together_with)
            self._feed(events.CallResumed(call_id))

    def _hand_over(self, callers: Iterable[CallerSeen]) -> None:
        """Callers who are with whom their agent had consulted, while the agent's own part of it is gone."""
        assert self._switch is not None
        there = {caller.call_id for caller in callers} | self._switch.asking()
        lost: dict[str, list[Call]] = defaultdict(list)
        for call in self._floor.calls.values():
            main = main_of(call.id)
            if main is None or call.id in there or not self._is_ours(call):
                continue
            if call.state is not CallState.ENDED:
                lost[main].append(call)
        for caller in callers:
            phone, leg = caller.talking_to, caller.leg
            if phone is None or leg is None or caller.apart:
                continue
            for consult in lost[caller.call_id]:
                if self._is_with(consult, phone):
                    self._watch.leg_of[consult.id] = leg
                    self._watch.hand_over(caller.call_id, consult.id)
                    break

    def _is_with(self, call: Call, phone: str) -> bool:
        """Whether this phone, or trunk, is where the call had come to."""
        if phone.startswith(TRUNK_PREFIX):
            return call.state in (CallState.OUTSIDE, CallState.DIALING_OUT)
        agent = self._floor.agent_on(phone)
        return agent is not None and agent.id == call.agent

    def _legs(self, picture: Picture) -> frozenset[str]:
        """The calls of legs that still ring; one that nobody waits for any more is ended."""
        assert self._switch is not None
        for leg_id, call_id in picture.legs.items():
            call = self._floor.calls.get(call_id)
            wanted = call is not None and call.channel is Channel.NONE and call.state in _RINGING
            if wanted and call is not None:
                self._watch.legs.made(leg_id, call_id, outside=call.state is CallState.DIALING_OUT)
            else:
                self._switch.end_leg(leg_id)
        return self._watch.legs.keep_only(picture.legs, self.node)

    def _tell_answered(self, answered: Mapping[str, str]) -> None:
        """Callers for whom a phone rang when we heard the last of them, and who were answered and are gone.

        When that was, Asterisk's account does not tell: not before the phone rang.
        """
        for call_id, phone in answered.items():
            call, agent = self._floor.calls[call_id], self._floor.agent_on(phone)
            if call.state is CallState.RINGING and agent is not None and agent.id == call.agent:
                self._feed(events.ConversationFound(call_id, phone, call.facts[-1].at))

    def _tell_served(self, served: Mapping[str, cdr.Served]) -> None:
        """Callers who came and went through the fallback queue must not pass for having given up."""
        for call_id, by in served.items():
            # Of a talk that began before the last that we know, we have heard.
            if by.at > self._floor.calls[call_id].facts[-1].at:
                self._feed(self._served(call_id, by.phone, by.at))

    def _conversation(self, call_id: str, phone: str, since: float | None) -> events.Event:
        """With an agent at work, or with a phone where nobody is logged in (the fallback queue does so).

        Or with somebody outside, who answered while we were away.
        """
        if phone.startswith(TRUNK_PREFIX):
            return OutsideAnswered(call_id)
        if self._floor.agent_on(phone) is not None:
            return events.ConversationFound(call_id, phone, since)
        return self._served(call_id, phone, since)

    def _arrival(self, caller: CallerSeen) -> events.CallArrived:
        """A call that nobody here knows. Consultations are agents' own; of others that is not to be seen."""
        agent = self._floor.agent_on(phone_of(caller.channel) or "")
        is_own = agent is not None and main_of(caller.call_id) is not None
        return events.CallArrived(
            caller.call_id,
            CallKind.INTERNAL if is_own else CallKind.INBOUND,
            caller.caller_number,
            caller.caller_name,
            caller.dialed_number,
            origin_agent=agent.id if is_own and agent is not None else None,
            at=began_at(caller.call_id),
            node=self.node,
        )

    def _served(self, call_id: str, phone: str, at: float | None) -> events.FallbackServed:
        profile = self._floor.plan.owner_of(phone)
        return events.FallbackServed(call_id, profile.id if profile is not None else None, at)

    async def _fetch(self, picture: Picture) -> None:
        """Callers who are with nobody and not asking us are sent to the beginning of the loop."""
        assert self._switch is not None
        asking = self._switch.asking()
        await asyncio.gather(
            *(self._switch.end_hold(channel, "over") for channel in picture.deserted),
            *(
                self._switch.end_hold(caller.channel, "left")
                if caller.left_on_hold
                else self._switch.bring_back(caller.channel)
                for caller in picture.callers
                if not (caller.bridged or caller.apart)
                and caller.application != "Dial"
                and caller.call_id not in asking
            ),
        )

    async def _await_callers(self) -> None:
        """Nobody overtakes: give those in line a moment to ask again."""
        limit = asyncio.get_running_loop().time() + RETURN_LIMIT_S
        while asyncio.get_running_loop().time() < limit:
            calls = self._floor.calls.values()
            if not any(self._is_ours(call) and _is_awaited(call) for call in calls):
                return
            await asyncio.sleep(POLL_S)

    def caller_strayed(self, channel: str) -> None:
        """Someone joined Asterisk's own queue although we are here: back to us."""
        if self._is_unknown():
            self._strays.add(channel)  # fetched as soon as we know where to put them
        elif self.up and self._switch is not None:
            self._background.begin(self._switch.bring_back(channel))

    async def _fetch_strays(self) -> None:
        assert self._switch is not None
        strays, self._strays = self._strays, set()
        await asyncio.gather(*(self._switch.bring_back(channel) for channel in strays))

    async def stop(self) -> None:
        """Nothing of ours goes on."""
        await self._background.stop()


def _is_awaited(call: Call) -> bool:
    return call.state is CallState.WAITING and not call.present and call.channel is not Channel.NONE
