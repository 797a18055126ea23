"""What Asterisk's account says of calls that we have not followed without a gap, told to the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from acd.core import events
from acd.core.calls import Call, CallState, Channel
from acd.core.facts import Answered, Ended, EndedBy, Fact, FellBack, OfferFailed, OfferFailure
from acd.core.floor import Floor
from acd.core.ports import Feed
from acd.telephony import cdr
from acd.telephony.account_reader import AccountReader

WRITTEN_S = 0.2
"""Asterisk writes its account of a call when that is over: so long it may take, and longer if it is busy."""
ASKED_AGAIN_MAX = 3
SAME_TALK_S = 2.0
"""Of the fallback queue we hear in whole seconds when it has connected somebody, in two parts."""


class AccountNews:
    """How these calls went, of which we had believed something else.

    Whoever asks has one of their own: of two who read at the same time the second would get nothing.
    """

    def __init__(self, feed: Feed, floor: Floor, cdr_file: Path) -> None:
        self._feed = feed
        self._floor = floor
        self._account = AccountReader(cdr_file)

    async def ask(self, calls: Collection[str], *, again: bool = True) -> cdr.Ends:
        """What the account has of these calls, which are gone. `again`: of those not in it yet it is asked
        for some tenths of a second more.
        """
        known = [call for call_id in calls if (call := self._call(call_id)) is not None]
        since = min((call.arrived_at for call in known), default=self._floor.now)
        ends = await self._account.ends(calls, since)
        for _ in range(ASKED_AGAIN_MAX if again else 0):
            # Callbacks that nobody is dialling for are in no account.
            unwritten = [c.id for c in known if c.id not in ends.whole and c.channel is not Channel.NONE]
            if not unwritten or self._account.is_silent:
                break
            await asyncio.sleep(WRITTEN_S)
            ends.add(await self._account.ends(unwritten, since))
        return ends

    def tell(self, ends: cdr.Ends, calls: Collection[str]) -> None:
        """Of these calls, which are gone, and are about to be told of as ended."""
        served = {c: by for c, by in ends.served.items() if c in calls}
        self._tell_answered({c: phone for c, phone in ends.answered.items() if c in calls}, served)
        self._tell_served(served)

    def served(self, call_id: str, phone: str, at: float | None) -> events.FallbackServed:
        """The fallback queue has connected the call with this phone, whoever is logged in there."""
        profile = self._floor.plan.owner_of(phone)
        return events.FallbackServed(call_id, profile.id if profile is not None else None, at)

    def _call(self, call_id: str) -> Call | None:
        lost = self._floor.lost.get(call_id)
        return self._floor.calls.get(call_id) if lost is None else lost

    def _tell_answered(self, answered: Mapping[str, str], served: Collection[str]) -> None:
        """Callers for whom a phone rang when we heard the last of them, and who were answered and are gone.

        Or for whom a leader before us had it rung, of which we know nothing. When they were answered the
        account does not tell: not before the last that we know.
        """
        for call_id, phone in answered.items():
            call, agent = self._call(call_id), self._floor.agent_on(phone)
            if call is None:
                continue
            if call_id in self._floor.lost:
                told = _told(call)
                rang = told[-1]
                if isinstance(rang, OfferFailed) and rang.failure is OfferFailure.WITHDRAWN:
                    # The ring ended with the loss: what was known before that.
                    self._feed(self.served(call_id, phone, told[-2].at))
            elif call.state is CallState.RINGING and agent is not None and agent.id == call.agent:
                self._feed(events.ConversationFound(call_id, phone, call.facts[-1].at))
            elif call_id not in served and self._is_unknown_talk(call, phone):
                self._feed(self.served(call_id, phone, call.facts[-1].at))

    def _is_unknown_talk(self, call: Call, phone: str) -> bool:
        owner = self._floor.plan.owner_of(phone)
        talks = [fact.agent for fact in call.facts if isinstance(fact, Answered | FellBack)]
        return may_have_been_answered(call) and owner is not None and owner.id not in talks

    def _tell_served(self, served: Mapping[str, cdr.Served]) -> None:
        """Callers who came and went through the fallback queue must not pass for having given up.

        Of talks alone we have heard when they began: what else we know of the call since we may have learnt
        late, or decided ourselves without knowing where it was.
        """
        for call_id, by in served.items():
            call = self._call(call_id)
            if call is not None and by.at > _last_talk_at(call) + SAME_TALK_S:
                self._feed(self.served(call_id, by.phone, by.at))


def may_have_been_answered(call: Call) -> bool:
    """Whether we believe that the caller has talked with nobody last."""
    if call.channel is not Channel.CALLER or not call.is_customers or call.agent_left:
        return False
    return call.state in (CallState.IVR, CallState.WAITING, CallState.RINGING)


def _last_talk_at(call: Call) -> float:
    """When the last talk began of which we have heard; else before anything can have happened."""
    talks = [fact.at for fact in _told(call) if isinstance(fact, Answered | FellBack) and fact.agent]
    return max(talks, default=call.arrived_at - 2 * SAME_TALK_S)


def _told(call: Call) -> Sequence[Fact]:
    """What was heard of it: of one that was taken for lost, before that."""
    ends = [n for n, fact in enumerate(call.facts) if isinstance(fact, Ended) and fact.by is EndedBy.NODE]
    return call.facts[: ends[-1]] if ends and call.state is CallState.ENDED else call.facts
