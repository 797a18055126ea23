"""A fresh look at Asterisk: what it shows is told to the engine, less what has happened since."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from acd.core import events
from acd.core.calls import Call, CallState, Channel
from acd.core.consults import main_of
from acd.core.facts import CallKind
from acd.core.floor import Floor
from acd.core.outside_events import OutsideAnswered
from acd.core.ports import Feed
from acd.telephony import cdr
from acd.telephony.account_news import WRITTEN_S, AccountNews
from acd.telephony.ami import AmiLink
from acd.telephony.ask import began_at
from acd.telephony.channels import Pair
from acd.telephony.dial_string import TRUNK_PREFIX
from acd.telephony.doubtful_ends import DoubtfulEnds
from acd.telephony.phone_watch import phone_of
from acd.telephony.switch import Switchboard
from acd.telephony.sync import CallerSeen, Picture, SpySeen, look
from acd.telephony.watch import Watch

RETURN_LIMIT_S = 1.5
POLL_S = 0.02
ASKED_MAX = 3
"""So often the account is asked: others may go while it is read."""
LOOKED_MAX = 3
AGED_S = 1.0
"""A look that took longer is taken again, so often at most."""
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
class _Seen:
    """What a look has shown. `known`: the calls that were known when it `began` (the loop's time)."""

    picture: Picture
    known: frozenset[str]
    began: float


class FreshLook:
    """Of one Asterisk, of whose calls alone it tells; `node`: its name, '' where there is only one.

    `doubtful`: who tells of the ends of the calls that it has.
    """

    def __init__(
        self,
        watch: Watch,
        feed: Feed,
        floor: Floor,
        news: AccountNews,
        doubtful: DoubtfulEnds,
        node: str = "",
    ) -> None:
        self._watch = watch
        self._feed = feed
        self._floor = floor
        self._news = news
        self._doubtful = doubtful
        self._node = node
        self._link: AmiLink | None = None
        self._switch: Switchboard | None = None
        self.hands: Found | None = None

    def attach(self, link: AmiLink, switch: Switchboard) -> None:
        """Before anything else: the two that do the work."""
        self._link = link
        self._switch = switch

    async def look(self) -> Picture:
        """Tells all that is found, and fetches callers who are with nobody; what there is.

        Raises TelephonyError.
        """
        seen, ends, asked = await self._look(), cdr.Ends(), set[str]()
        for _ in range(ASKED_MAX):
            if not (missing := self._missing(seen) - asked):
                break
            if asked:
                await asyncio.sleep(WRITTEN_S)  # these have gone just now
            # Where there is no channel at all Asterisk was started again, and has forgotten what there was.
            is_first = not asked and bool(seen.picture.channels)
            asked |= missing
            ends.add(await self._news.ask(missing, again=is_first))
            seen = await self._look()  # it has aged while that was read, and others have gone
        self._tell(seen, ends)
        await self._fetch(seen.picture)
        await self._await_callers()
        return seen.picture

    async def _look(self) -> _Seen:
        """One that took long may be as old as that: callers who were with nobody may talk by now."""
        assert self._link is not None
        clock = asyncio.get_running_loop().time
        for _ in range(LOOKED_MAX):
            known, began = frozenset(self._floor.calls), clock()
            self._watch.look_begins(self._node)
            picture = await look(self._link)
            if clock() - began <= AGED_S:
                break
        picture.callers = self._by_present_name(picture.callers)
        return _Seen(picture, known, began)

    def _missing(self, seen: _Seen) -> set[str]:
        """Calls that seem to be over: the account may tell how they have ended."""
        there = {c.call_id for c in seen.picture.callers if not self._watch.has_gone(c.uniqueid)}
        there |= self._asking(seen) | self._watch.handed_over | self._doubtful.calls
        ours = (call for call in self._floor.calls.values() if call.id in seen.known and self._is_ours(call))
        gone = {call.id for call in ours if call.id not in there and call.state is not CallState.ENDED}
        return gone | (self._lost() - there)

    def _lost(self) -> frozenset[str]:
        """Calls that were taken for lost with the node, which lives; they may have ended since."""
        return frozenset(call.id for call in self._floor.lost.values() if self._is_ours(call))

    def _asking(self, seen: _Seen) -> frozenset[str]:
        """The calls whose channels ask us. Who had asked before the look began is seen in it, or is gone:
        where packets are lost a session outlives its channel."""
        assert self._switch is not None
        shown = frozenset(caller.call_id for caller in seen.picture.callers)
        return (self._switch.asking() & shown) | self._switch.asking_since(self._node, seen.began)

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

    def _tell(self, seen: _Seen, ends: cdr.Ends) -> None:
        """What the look shows, less what has happened since.

        `ends`: how calls that are missing have ended, as far as Asterisk's account says so.
        """
        picture, asking = seen.picture, self._asking(seen)
        self._watch.set_phones(picture.reachable, picture.channels, self._node)
        handed_over = self._watch.handed_over & self._floor.calls.keys()  # we know their callers better
        callers = [
            c
            for c in picture.callers
            if c.call_id not in handed_over and self._watch.bind(c.call_id, c.channel, c.uniqueid)
        ]
        picture.callers = callers
        self._hand_over(callers)
        handed_over |= self._watch.handed_over & self._floor.calls.keys()
        news = (frozenset(self._floor.calls) - seen.known) | handed_over | self._legs(picture)
        news |= self._doubtful.calls
        alive = frozenset(c.call_id for c in callers) | asking | news
        ours = [call.id for call in self._floor.calls.values() if self._is_ours(call)]
        missing = frozenset(c for c in ours if c not in alive) | (self._lost() - alive)
        self._news.tell(ends, missing)
        self._feed(events.FloorSeen(alive, ends.at, frozenset(ends.by_agent), self._node or None))
        for caller in callers:
            if caller.talking_to is not None:
                self._tell_talk(caller, caller.talking_to)
        if self.hands is not None:
            self.hands.found_spies(picture.spies, self._node)

    def _is_ours(self, call: Call) -> bool:
        return not self._node or call.node == self._node

    def _tell_talk(self, caller: CallerSeen, phone: str) -> None:
        """Whom the caller talks with, or is kept apart from, or is together with in a talk of three."""
        call_id = caller.call_id
        if caller.leg is not None:
            self._watch.leg_of[call_id] = caller.leg
        is_lost = call_id in self._floor.lost
        if is_lost and caller.talking_since is not None:  # with the node's own queue, maybe since before
            self._feed(self._news.served(call_id, phone, caller.talking_since))
        elif (is_lost or call_id not in self._floor.calls) and "-cb" not in call_id:
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
        return self._watch.legs.keep_only(picture.legs, self._node)

    def _conversation(self, call_id: str, phone: str, since: float | None) -> events.Event:
        """With an agent at work, or with a phone where nobody is logged in (the fallback queue does so).

        Or with somebody outside, who answered while we were away.
        """
        if phone.startswith(TRUNK_PREFIX):
            return OutsideAnswered(call_id)
        if self._floor.agent_on(phone) is not None:
            return events.ConversationFound(call_id, phone, since)
        return self._news.served(call_id, phone, since)

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
            node=self._node,
        )

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
            over = self._doubtful.calls
            calls = (call for call in self._floor.calls.values() if call.id not in over)
            if not any(self._is_ours(call) and _is_awaited(call) for call in calls):
                return
            await asyncio.sleep(POLL_S)


def _is_awaited(call: Call) -> bool:
    return call.state is CallState.WAITING and not call.present and call.channel is not Channel.NONE
