"""Which channel is a call's caller, and which the agent's leg; what has been hung up lately."""

from __future__ import annotations

from acd.core import events
from acd.core.facts import EndedBy
from acd.core.ports import Feed
from acd.telephony.leg_book import LegBook
from acd.telephony.legs import Legs


class CallerWatch:
    """`channel_of`: the caller's channel by call; `leg_of`: the agent's, while dialled or talking.

    `left_alone`: calls whose agent's browser has gone without a word.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.legs = Legs(feed)
        self._call_of: dict[str, str] = {}  # the caller's uniqueid → call
        self._uniqueid_of: dict[str, str] = {}
        self.channel_of: dict[str, str] = {}
        self.leg_of = LegBook()
        self.left_alone: set[str] = set()
        self._ending: set[str] = set()  # calls that we are hanging up
        self._gone: dict[str, None] = {}  # uniqueids lately hung up, the oldest first

    def bind(self, call_id: str, channel: str, uniqueid: str) -> bool:
        """This channel is the call's caller; False if it has been hung up already."""
        self.unbind(call_id)
        if uniqueid in self._gone:
            return False
        self.legs.asks(uniqueid)
        self._call_of[uniqueid] = call_id
        self._uniqueid_of[call_id] = uniqueid
        self.channel_of[call_id] = channel
        return True

    def turn(self, call_id: str, channel: str, uniqueid: str) -> bool:
        """Whoever was called is the caller from here on, and the caller the leg; False if already gone."""
        leg = self.channel_of.get(call_id)
        if leg is None or uniqueid in self._gone:
            return False
        self.bind(call_id, channel, uniqueid)
        self.leg_of[call_id] = leg
        return True

    def has_moved_on(self, call_id: str, uniqueid: str) -> None:
        """This caller asks for this call: another that the channel stood for is over.

        It takes a transfer for that: a colleague who had become a caller was sent elsewhere.
        """
        before = self._call_of.get(uniqueid)
        if before not in (None, call_id):
            self.unbind(before)
            self.leg_of.pop(before, None)
            self._feed(events.CallEnded(before, EndedBy.AGENT, "transferred"))

    def asks_no_more(self, call_id: str) -> None:
        """The caller's channel has ended the session, and is not known to be gone."""
        if call_id in self.channel_of:
            self._feed(events.CallerAway(call_id))

    def unbind(self, call_id: str) -> None:
        """The call is over, or its caller has another channel."""
        uniqueid = self._uniqueid_of.pop(call_id, None)
        if uniqueid is not None:
            self._call_of.pop(uniqueid, None)
        self.channel_of.pop(call_id, None)
        self._ending.discard(call_id)
        self.left_alone.discard(call_id)

    def mark_ending(self, call_id: str, *, ending: bool = True) -> None:
        """We are hanging up this call, so that its end is not the caller's doing; or could not."""
        if ending and call_id in self.channel_of:
            self._ending.add(call_id)
        else:
            self._ending.discard(call_id)

    def caller_of(self, call_id: str) -> str | None:
        """The uniqueid of the call's caller."""
        return self._uniqueid_of.get(call_id)

    def has_gone(self, uniqueid: str) -> bool:
        """Whether this channel has been hung up lately."""
        return uniqueid in self._gone

    def call_of(self, uniqueid: str) -> str | None:
        """The call whose caller this channel is."""
        return self._call_of.get(uniqueid)
