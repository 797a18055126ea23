"""Channels that we make ourselves, for callbacks: from the order to the answer, or to what came instead.

A leg's uniqueid is ours to choose, so every event tells which one it is about. From the moment that its
channel asks what next it is a caller like any other, and no longer here. What Asterisk says of a leg
that came to nothing was tried, see docs/telephony.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from acd.core import events
from acd.core.outside_events import OutsideAlerting
from acd.core.outside_facts import DialFailure
from acd.core.ports import Feed
from acd.telephony.ami import Headers
from acd.telephony.cause import leg_failure, outside_leg_failure
from acd.telephony.node_names import node_of

TIMED_OUT = "3"  # the reason in OriginateResponse
JUST_MADE_S = 2.0


@dataclass(slots=True)
class _Leg:
    call_id: str
    outside: bool
    made_at: float = field(default_factory=time.monotonic)
    seen: bool = False  # there is, or was, a channel
    alerted: bool = False
    cut_short: bool = False  # by its time limit, or by us


class Legs:
    """`on_outside_failed(call_id, failure, cause)`: a customer's leg came to nothing."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._legs: dict[str, _Leg] = {}
        self.on_outside_failed: Callable[[str, DialFailure, str], None] = lambda _call, _failure, _cause: None

    def made(self, leg_id: str, call_id: str, *, outside: bool) -> None:
        """It is being made, or was found."""
        self._legs.setdefault(leg_id, _Leg(call_id, outside))

    def asks(self, uniqueid: str) -> None:
        """It was answered, and its channel asks us."""
        self._legs.pop(uniqueid, None)

    def cancelled(self, call_id: str) -> str | None:
        """We are ending the leg of this call; its id."""
        for leg_id, leg in self._legs.items():
            if leg.call_id == call_id:
                leg.cut_short = True
                return leg_id
        return None

    def keep_only(self, found: Iterable[str], node: str = "") -> frozenset[str]:
        """After a look: those that are there, or too young to be seen. The calls of which there is a leg.

        Those at other nodes than the one that was looked at are kept.
        """
        there, now = set(found), time.monotonic()
        self._legs = {
            leg_id: leg
            for leg_id, leg in self._legs.items()
            if leg_id in there or node_of(leg_id) != node or now - leg.made_at < JUST_MADE_S
        }
        return frozenset(leg.call_id for leg in self._legs.values())

    def failed(self, leg_id: str) -> None:
        """It could not even be ordered."""
        self._over(leg_id, 0)

    def hear(self, event: Headers) -> None:
        """One AMI event."""
        kind = event.get("Event")
        of = "DestUniqueid" if kind in ("DialState", "DialEnd") else "Uniqueid"
        leg_id = str(event.get(of, ""))
        leg = self._legs.get(leg_id)
        if leg is None:
            return
        if kind == "OriginateResponse":
            leg.cut_short = leg.cut_short or event.get("Reason") == TIMED_OUT
            if event.get("Response") == "Failure" and not leg.seen:
                self._over(leg_id, 0)
            return
        leg.seen = True
        if kind == "DialState":
            self._dialling(leg, str(event.get("DialStatus", "")))
        elif kind == "Hangup":
            cause = str(event.get("Cause", ""))
            self._over(leg_id, int(cause) if cause.isdecimal() else 0, str(event.get("Cause-txt", "")))

    def _dialling(self, leg: _Leg, status: str) -> None:
        rings = status in ("RINGING", "PROGRESS")
        leg.alerted = leg.alerted or rings
        if leg.outside and (rings or status == "PROCEEDING"):
            self._feed(OutsideAlerting(leg.call_id, rings=rings))
        elif rings:
            self._feed(events.OfferAlerting(leg.call_id))

    def _over(self, leg_id: str, cause: int, text: str = "") -> None:
        leg = self._legs.pop(leg_id, None)
        if leg is None:
            return
        if leg.outside:
            failure = outside_leg_failure(cause, alerted=leg.alerted, cut_short=leg.cut_short)
            self.on_outside_failed(leg.call_id, failure, text)
        else:
            failure_ = leg_failure(cause, alerted=leg.alerted, cut_short=leg.cut_short)
            self._feed(events.OfferEnded(leg.call_id, failure_))
