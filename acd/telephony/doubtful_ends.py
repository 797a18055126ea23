"""Ends of calls of which we may have missed something: Asterisk's account is asked first how they went.

The manager interface was away, or stood still, while Asterisk's own queue may have served the caller, or the
phone that rang have been answered. That the channel is gone is told then, and no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import structlog

from acd.background import Background
from acd.core import events
from acd.core.calls import CallState
from acd.core.floor import Floor
from acd.core.ports import Feed
from acd.telephony.account_news import WRITTEN_S, AccountNews, may_have_been_answered

log = structlog.get_logger(__name__)

End: TypeAlias = events.AgentHungUp | events.CallEnded


class DoubtfulEnds:
    """Of one Asterisk. How such a call went is told some tenths of a second later, with the right times."""

    def __init__(self, feed: Feed, floor: Floor, news: AccountNews) -> None:
        self._feed = feed
        self._floor = floor
        self._news = news
        self._kept: dict[str, Sequence[End]] = {}
        self._background = Background("the account of calls that have ended cannot be asked")
        self._asking: asyncio.Task[None] | None = None

    @property
    def calls(self) -> frozenset[str]:
        """They are over, and the engine is about to be told so."""
        return frozenset(self._kept)

    def take(self, told: Sequence[End], now: float) -> bool:
        """The end of a call, which was now where it does not say when. Whether it is kept for a moment."""
        call = self._floor.calls.get(told[-1].call_id)
        if call is None or not may_have_been_answered(call):
            return False
        self._kept[call.id] = [replace(end, at=now) if end.at is None else end for end in told]
        if call.state is CallState.WAITING:
            self._feed(events.CallerAway(call.id))  # nobody is to be rung for it meanwhile
        if self._asking is None or self._asking.done():
            self._asking = self._background.begin(self._ask())
        return True

    async def _ask(self) -> None:
        """Until all are told of."""
        while self._kept:
            await asyncio.sleep(WRITTEN_S)
            calls = list(self._kept)
            try:
                self._news.tell(await self._news.ask(calls), calls)
            except Exception:  # a fault of ours: that they have ended is told all the same
                log.exception("how calls went cannot be told", calls=calls)
            for call_id in calls:
                for end in self._kept.pop(call_id):
                    self._tell(end)

    def _tell(self, end: End) -> None:
        try:
            self._feed(end)
        except Exception:  # it must not cost the others
            log.exception("the end of a call cannot be told", call=end.call_id)

    async def stop(self) -> None:
        """Nothing goes on; whoever looks at Asterisk next finds that they are over."""
        await self._background.stop()
