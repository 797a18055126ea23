"""Which of several controllers leads: one of them has the lease in Redis, the others stand by.

A leader renews the lease. Where Redis does not answer it asks the others to stand back for a while, and
goes on only as long as all of them promise it: so losing Redis stops nothing, and a leader who is cut off
from Redis *and* from a controller that may have taken over stops in time. Who stands by takes the lease
when it has run out, or when it is no longer renewed and this machine says that no such process runs on it.
See docs/adr/0036-one-leads-others-stand-by.md.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from acd.errors import StateError
from acd.gate import Gate
from acd.runtime.peers import PeerAnswer, Reach
from acd.settings.controllers import ControllerPlace
from acd.state.lease import Holder, Lease

log = structlog.get_logger(__name__)

LEASE_S = 2.0
RENEW_EVERY_S = 0.4
LOOK_EVERY_S = 0.1
LOOK_EAGERLY_EVERY_S = 0.01
NOT_RENEWED_S = 0.8
"""A leader on this machine that has not renewed for so long, and where connections are refused, is dead."""
PEER_ANSWERS_WITHIN_S = 0.5
SAY_AGAIN_S = 30.0
NOTHING: Mapping[str, Any] = {}
_REDIS_AWAY = "the lease cannot be renewed or seen, Redis is away"


AskPeer = Callable[[ControllerPlace, str, float, Mapping[str, Any]], Awaitable[PeerAnswer]]
"""Ask another controller to do something, for so many seconds, with these fields; never raises."""


class Election:
    """One controller's part in it.

    `mine` is what it holds while it leads, else None; `leader` the name of the one who leads, '' where none
    is known. `unfit`: why it could not lead now, so that it does not try to; it stands back for others.
    """

    def __init__(
        self,
        me: ControllerPlace,
        others: Sequence[ControllerPlace],
        lease: Lease,
        ask: AskPeer,
        gate: Gate,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._me = me
        self._others = {place.name: place for place in others}
        self._lease = lease
        self._ask = ask
        self._gate = gate
        self._clock = clock
        self._promised_until = 0.0
        self._is_candidate = False
        self._said: dict[str, float] = {}
        self.fence = 0  # the highest that was ever heard of
        self.mine: Holder | None = None
        self.leader = ""
        self.unfit = ""
        self._down: set[str] = set()  # whom an operator has said to be down, and nobody has heard since
        self._eager_until = 0.0
        self.in_redis = False  # whether Redis answered at the last attempt

    # --- what others ask ------------------------------------------------------------------------
    def leadership(self) -> dict[str, Any]:
        """Who leads, as this controller knows it."""
        leads = self.mine is not None and self._gate.is_open
        leader = self._me.name if leads else self.leader
        return {"name": self._me.name, "leads": leads, "fence": self.fence, "leader": leader}

    def promise(self, to: str, fence: int, for_s: float) -> dict[str, Any]:
        """Another one wants to lead for so long without Redis: whether this one stands back meanwhile."""
        yields = not self._is_candidate or to < self._me.name
        promised = self.mine is None and yields and fence >= self.fence
        if promised:
            self._is_candidate = False
            self.fence = max(self.fence, fence)
            self.leader = to
            self._promised_until = self._clock() + min(for_s, LEASE_S)
        return {"promised": promised, **self.leadership()}

    def others_are_down(self) -> None:
        """An operator says that none of the others runs. It holds of each until it answers, and of all
        until Redis does: what is cut off later may well lead."""
        self._down = set(self._others)

    def expect(self, within_s: float) -> None:
        """The lease is going to be handed over to this one."""
        self._eager_until = self._clock() + within_s

    # --- standing by ----------------------------------------------------------------------------
    async def until_leading(self) -> Holder:
        """Stand by until this controller leads; what it holds."""
        while True:
            began = self._clock()
            holder = await self._try()
            if holder is not None:
                return self._lead(holder, began)
            is_eager = self._clock() < self._eager_until
            await asyncio.sleep(LOOK_EAGERLY_EVERY_S if is_eager else LOOK_EVERY_S)

    def _lead(self, holder: Holder, began: float) -> Holder:
        self.mine, self.leader, self.fence = holder, self._me.name, max(self.fence, holder.fence)
        self._gate.open_until(began + LEASE_S)
        self._is_candidate = False
        log.warning("this controller leads", controller=self._me.name, fence=holder.fence)
        return holder

    async def _try(self) -> Holder | None:
        """Once; what it holds if it leads now."""
        try:
            seen = await self._lease.look()
        except StateError as error:
            self._note_redis(error)
            return await self._without_redis()
        self._note_redis(None)
        self.fence = max(self.fence, seen.fence)
        self.leader = seen.holder.name if seen.holder is not None else ""
        if self._clock() < self._promised_until or self.unfit:
            return None
        self._is_candidate = True
        try:
            if not await self._is_free(seen.holder) or not self._is_candidate:
                return None
            now = await self._lease.take(LEASE_S, self.fence, seen.holder)
            if now.name != self._me.name:
                return None
            if not self._is_candidate:  # it was promised to another one meanwhile to stand back
                await self._lease.give_up(now)
                return None
            return now
        except StateError as error:
            self._note_redis(error)
            return None
        finally:
            self._is_candidate = False

    async def _is_free(self, holder: Holder | None) -> bool:
        """Whether nobody leads, for all that can be known."""
        if holder is None:
            return not await self._somebody_leads()
        if holder.name == self._me.name:
            return True  # an earlier life of ours: there is one process of a name
        if holder.left_s > LEASE_S - NOT_RENEWED_S:
            return False
        place = self._others.get(holder.name)
        if place is None or not self._is_here(place):
            return False  # between machines a firewall refuses connections, too, whoever lives behind it
        for _ in range(2):  # a process that is just starting does not listen for a moment
            if (await self._question(place, "leadership")).reach is not Reach.REFUSED:
                return False
            await asyncio.sleep(LOOK_EVERY_S)
        return True

    async def _somebody_leads(self) -> bool:
        """One may, without the lease, while Redis is away from it."""
        for name, told in (await self._ask_all("leadership")).items():
            if told.answer.get("leads"):
                self.leader = name
                if (await self._lease.look()).holder is None:  # it may have been taken this moment
                    text = "the lease in Redis is free, but another controller leads without it"
                    self._say(text, leader=name)
                return True
        return False

    async def _without_redis(self) -> Holder | None:
        """Redis is away: lead only where all others stand back."""
        if self._clock() < self._promised_until or self.unfit:
            return None
        told = [answer.answer for answer in (await self._ask_all("leadership")).values()]
        if any(answer.get("leads") for answer in told):
            return None
        self.fence = max([self.fence, *(int(answer.get("fence", 0)) for answer in told)])
        holder = Holder(self._me.name, self.fence + 1)
        self._is_candidate = True
        try:
            return holder if await self._all_promise(holder) and self._is_candidate else None
        finally:
            self._is_candidate = False

    # --- leading ----------------------------------------------------------------------------------
    async def keep(self, lease: Lease | None = None) -> None:
        """Renew, until it is handed over. Ends the process where another one leads, or may.

        `lease`: the same on another connection, where it is kept from another loop.
        """
        while True:
            began = self._clock()
            if self.mine is None:
                return  # handed over
            since = await self._renewed(self.mine, lease or self._lease)
            if since is not None:
                self._gate.open_until(since + LEASE_S)
            self._gate.check()
            await asyncio.sleep(max(0.0, began + RENEW_EVERY_S - self._clock()))

    async def _renewed(self, mine: Holder, lease: Lease) -> float | None:
        """From when on nobody else leads for the time of a lease; None where that is not sure."""
        began = self._clock()
        try:
            holder = await lease.renew(mine, LEASE_S)
        except StateError as error:
            self._note_redis(error)
            asked_at = self._clock()  # promises begin later than the try in Redis did
            return asked_at if await self._all_promise(mine) else None
        self._note_redis(None)
        if holder.token != mine.token and self.mine is not None:
            self._gate.shut(f"{holder.name} leads under number {holder.fence}")
        return began

    async def hand_over(self, to: str) -> Holder:
        """Let another one lead, who is to be there. Raises StateError where Redis does not answer."""
        assert self.mine is not None
        after = await self._lease.hand_over(self.mine, to, LEASE_S)
        self.mine, self.leader = None, after.name
        return after

    async def _all_promise(self, mine: Holder) -> bool:
        """Whether every other one stands back for the time of a lease from now on."""
        fields = {"name": mine.name, "fence": mine.fence, "for_s": LEASE_S}
        for name, told in (await self._ask_all("promise", fields)).items():
            if told.reach is Reach.REFUSED and self._is_here(self._others[name]):
                continue  # on this machine, so it is sure that it does not run
            if told.reach is not Reach.ANSWERED and name in self._down:
                continue
            if told.reach is not Reach.ANSWERED:
                text = "another controller cannot be asked to stand back"
                self._say(text, controller=name, reach=told.reach.value, reason=told.reason)
                return False
            answer = told.answer
            if self.mine is not None and answer.get("leads") and int(answer.get("fence", 0)) > mine.fence:
                self._gate.shut(f"{name} leads under number {answer['fence']}")
            if not answer.get("promised"):
                return False
        return True

    def _is_here(self, place: ControllerPlace) -> bool:
        return place.host == self._me.host or place.host in ("localhost", "127.0.0.1", "::1")

    # --- asking -----------------------------------------------------------------------------------
    async def _ask_all(self, do: str, fields: Mapping[str, Any] = NOTHING) -> dict[str, PeerAnswer]:
        asked = (self._question(place, do, fields) for place in self._others.values())
        told = dict(zip(self._others, await asyncio.gather(*asked), strict=True))
        self._down -= {name for name, answer in told.items() if answer.reach is Reach.ANSWERED}
        return told

    async def _question(
        self, place: ControllerPlace, do: str, fields: Mapping[str, Any] = NOTHING
    ) -> PeerAnswer:
        return await self._ask(place, do, PEER_ANSWERS_WITHIN_S, fields)

    def _note_redis(self, error: StateError | None) -> None:
        if error is not None:
            self._say(_REDIS_AWAY, reason=str(error))
        else:
            self._down.clear()
            if not self.in_redis and self._said.pop(_REDIS_AWAY, 0.0):
                log.info("the lease is in Redis again")
        self.in_redis = error is None

    def _say(self, text: str, **fields: Any) -> None:
        """At most twice a minute: it is tried many times a second."""
        now = self._clock()
        if now - self._said.get(text, -SAY_AGAIN_S) >= SAY_AGAIN_S:
            self._said[text] = now
            log.error(text, **fields)
