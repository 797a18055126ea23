"""The bond between controller and Asterisk: connection, heartbeat, leases, and a fresh look after absence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

import structlog

from acd.background import Background
from acd.core import events
from acd.core.floor import Floor
from acd.core.ports import Feed
from acd.errors import TelephonyError
from acd.telephony.account_news import AccountNews
from acd.telephony.ami import AmiLink
from acd.telephony.doubtful_ends import DoubtfulEnds, End
from acd.telephony.fence import LEADER, fence_of
from acd.telephony.fresh_look import Found, FreshLook
from acd.telephony.node_life import NodeLife
from acd.telephony.switch import Switchboard
from acd.telephony.watch import Watch

log = structlog.get_logger(__name__)

HEARTBEAT_INTERVAL_S = 1.0
LOOK_AGAIN_S = (0.5, 1.0, 2.0, 5.0)
"""The pauses after looks that have failed while the connection stays; the last one goes on."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Of a leader among several controllers: what Asterisk is told.

    `fence` and `name` are left in a global variable, for an older leader to find; callers are to ask at
    `agi_address`: host, port and script. `on_fenced` is called where a newer leader's mark is found instead.
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
        self._doubtful = DoubtfulEnds(feed, floor, AccountNews(feed, floor, cdr_file))
        news = AccountNews(feed, floor, cdr_file)
        self._fresh = FreshLook(watch, feed, floor, news, self._doubtful, node)
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

    @property
    def hands(self) -> Found | None:
        """See `Found`."""
        return self._fresh.hands

    @hands.setter
    def hands(self, hands: Found) -> None:
        self._fresh.hands = hands

    def attach(self, link: AmiLink, switch: Switchboard) -> None:
        """Before anything else: the two that do the work."""
        self._link = link
        self._switch = switch
        self._fresh.attach(link, switch)
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
        if self.leads_as is not None and not stop:
            # Whenever the dialplan is read anew Asterisk sets it back to who is named there.
            await self._have_callers_ask(self.leads_as)

    async def _have_callers_ask(self, mark: Mark) -> None:
        """Here, and of no other controller."""
        assert self._link is not None
        await self._link.action("Setvar", Variable="ACD_CONTROLLER", Value=mark.agi_address)

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
        await self._have_callers_ask(mark)

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
        """We stood still, or the news have: what we believe is old."""
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
            picture = await self._fresh.look()
            await self._fetch_strays()
            if not self.up:
                return  # lost meanwhile: the next connection looks again
            if self.life is not None:
                await self.life.ask_for_phones()
            self.known = True
            self._feed(events.NodeResumed(self.node) if self.node else events.DispatchResumed())
            self.on_known()
            self._log.info("the floor is known", calls=len(picture.callers), phones=len(picture.reachable))

    def caller_strayed(self, channel: str, is_late: bool) -> None:
        """Someone joined Asterisk's own queue although we are here: back to us.

        `is_late`: long ago, so that they may talk with somebody by now.
        """
        if is_late:
            self.frozen()
        elif self._is_unknown():
            self._strays.add(channel)  # fetched as soon as we know where to put them
        elif self.up and self._switch is not None:
            self._background.begin(self._switch.bring_back(channel))

    def doubts_end(self, told: Sequence[End], now: float) -> bool:
        """The end of a call that was told now: whether it is kept until Asterisk's account has been asked.

        Not where we have heard everything, and in time.
        """
        is_sure = self.known and told[-1].at is None
        return not is_sure and self._doubtful.take(told, now)

    async def _fetch_strays(self) -> None:
        assert self._switch is not None
        strays, self._strays = self._strays, set()
        await asyncio.gather(*(self._switch.bring_back(channel) for channel in strays))

    async def stop(self) -> None:
        """Nothing of ours goes on."""
        await self._background.stop()
        await self._doubtful.stop()
