"""AMI events → what the engine hears. Keeps who is who: channels, phones, calls.

Which call a channel belongs to is known from the caller's own channel (by uniqueid, learnt when it
asks us); an agent's leg is known from the dial that the caller's channel runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from acd.core import events
from acd.core.facts import EndedBy
from acd.core.outside_events import OutsideAlerting, OutsideAnswered
from acd.core.ports import Feed
from acd.telephony.ami import Headers
from acd.telephony.caller_watch import CallerWatch
from acd.telephony.cause import cause_in_words
from acd.telephony.cdr import TALK_IS_OVER
from acd.telephony.dial_string import TRUNK_PREFIX
from acd.telephony.doubtful_ends import End
from acd.telephony.node_clock import NodeClock
from acd.telephony.node_names import node_of, node_told
from acd.telephony.phone_watch import PhoneWatch, phone_of

NO_SOUND = "44"
"""The cause with which Asterisk gives up a leg of which it hears nothing (rtp_timeout)."""
LATE_S = 1.0


class Watch(CallerWatch, PhoneWatch):
    """`now`: in engine seconds; `clocks`: those of the nodes, which tell when something happened.

    `on_transfer(call_id, consult_id)` is called after the engine has heard of an attended transfer.

    `on_queue_join(channel, is_late)`: somebody joined a fallback queue, long ago if it is late.
    `keeps_end(channel, told, now)`: whether somebody else tells the end of a call, when it is known how that
    went. `on_new_caller(call_id)`: a channel that had been dialled is the call's caller now.
    `on_key(call_id, key)`: the caller has pressed and released a key. `on_going(channel)`: a phone hangs up,
    or a channel goes, of which the engine has not heard yet; `on_gone(channel, call_id)`: it is gone, and
    was the leg, or the caller, of this call.
    `is_turned(call_id)`: the agent who has dialled this call is on the leg, whoever was called is the caller.
    """

    def __init__(
        self,
        phones: Iterable[str],
        feed: Feed,
        on_transfer: Callable[[str, str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        CallerWatch.__init__(self, feed)
        PhoneWatch.__init__(self, phones, feed)
        self._now = now
        self.clocks: Mapping[str, NodeClock] = {}
        self._on_transfer = on_transfer
        self.handed_over: set[str] = set()  # calls that have another caller or agent since then
        self.parting: set[str] = set()  # calls whose agent is about to leave two others to each other
        self.on_queue_join: Callable[[str, bool], None] = lambda _channel, _is_late: None
        self.keeps_end: Callable[[str, Sequence[End], float], bool] = lambda _channel, _told, _now: False
        self.on_new_caller: Callable[[str], None] = lambda _call_id: None
        self.on_key: Callable[[str, str], None] = lambda _call_id, _key: None
        self.on_going: Callable[[str], None] = lambda _channel: None
        self.on_gone: Callable[[str, str | None], None] = lambda _channel, _call_id: None
        self.is_turned: Callable[[str], bool] = lambda _call_id: False
        self.also: Callable[[Headers], None] = lambda _event: None
        self.scans: Callable[[Headers], None] = lambda _event: None

    def look_begins(self, node: str = "") -> None:
        """From here on remember what has changed: the look's answer will be older than that."""
        super().look_begins(node)
        of_node = {call for call, channel in self.channel_of.items() if node_of(channel) == node}
        self.handed_over = self.handed_over - of_node if node else set()

    def node_is_lost(self, node: str, alive: frozenset[str]) -> None:
        """Its Asterisk has died, and all its channels but those of the calls that have come since."""
        gone = {channel for channels in self._phones.values() for channel in channels}
        gone |= {*self.channel_of.values(), *self.leg_of.values()}
        gone -= {channel for call, channel in self.channel_of.items() if call in alive}
        for channel in sorted(channel for channel in gone if node_of(channel) == node):
            self._channel_lost(channel)
        self._report_all()

    def _channel_lost(self, channel: str) -> None:
        """The engine has been told of the end of the call, if the channel was of one."""
        self._dialled.discard(channel)
        asked = next((call for call, caller in self.channel_of.items() if caller == channel), None)
        led = self.leg_of.call(channel)
        if asked is not None:
            self.unbind(asked)
        if led is not None:
            del self.leg_of[led]
        if (phone := phone_of(channel)) in self._phones:
            self._phones[phone].discard(channel)
            self._forget_phone(phone)
        self.on_gone(channel, led or asked)

    # --- events -------------------------------------------------------------------------------
    def _clock(self, event: Headers) -> NodeClock:
        return self.clocks.get(node_told(event)) or NodeClock()

    def _long_ago(self, event: Headers) -> float | None:
        """When it happened, in engine seconds, where we stood still and read of it only now."""
        age_s = self._clock(event).age_s(event.get("Timestamp"))
        return None if age_s is None or age_s <= LATE_S else self._now() - age_s

    def on_event(self, event: Headers) -> None:
        """One AMI event."""
        self._clock(event).hear(event.get("Timestamp"))
        match event.get("Event"):
            case "Newchannel":
                self._channel_new(event)
            case "HangupRequest":
                self._phone_hung_up(str(event.get("Channel", "")), self._long_ago(event))
            case "Hangup":
                self._channel_gone(event)
            case "DialState" if event.get("DialStatus") in ("RINGING", "PROGRESS", "PROCEEDING"):
                self._dialling(event, events.OfferAlerting)
            case "DialEnd" if event.get("DialStatus") == "ANSWER":
                self._dialling(event, events.OfferAnswered)
            case "AttendedTransfer":
                self._attended_transfer(event)
            case "Hold":
                self._hold(event, events.CallHeld)
            case "Unhold":
                self._hold(event, events.CallResumed)
            case "DeviceStateChange":
                self._device(event)
            case "DTMFEnd" if event.get("Direction") == "Received":
                self._key(event)
            case "QueueCallerJoin":
                self.on_queue_join(str(event.get("Channel", "")), self._long_ago(event) is not None)
        self.legs.hear(event)
        self.scans(event)
        self.also(event)

    def _key(self, event: Headers) -> None:
        call_id = self._call_of.get(str(event.get("Uniqueid", "")))
        if call_id is not None:
            self.on_key(call_id, str(event.get("Digit", "")))

    def _channel_new(self, event: Headers) -> None:
        channel = str(event.get("Channel", ""))
        phone = phone_of(channel)
        if phone in self._phones:
            if (look := self._looks.get(node_of(channel))) is not None:
                look.come.add(channel)
            self._phones[phone].add(channel)
            # Asterisk can miss that a phone is back which dials in the moment in which it registers.
            if event.get("ChannelStateDesc") == "Ring":
                self._dialled.add(channel)
            self._report(phone)

    def _phone_hung_up(self, channel: str, at: float | None) -> None:
        """A phone's BYE, a moment before its channel is gone: the phone is free already.

        The next call can be on its way while Asterisk still clears up the last one.
        """
        phone = phone_of(channel)
        if phone not in self._phones or channel not in self._phones[phone]:
            return
        self.on_going(channel)
        self._phones[phone].discard(channel)
        if (look := self._looks.get(node_of(channel))) is not None:
            look.went.add(channel)
        self._report(phone)  # first, so that the next call can be offered as soon as the agent is free
        call_id = self.leg_of.call(channel)
        if call_id is not None and self.is_turned(call_id):
            if call_id not in self.parting:
                self._feed(events.CallEnded(call_id, EndedBy.CALLER, at=at))
        elif call_id is not None:
            self._feed(events.AgentDisconnected(call_id, phone, at))

    def _channel_gone(self, event: Headers) -> None:
        channel, uniqueid = str(event.get("Channel", "")), str(event.get("Uniqueid", ""))
        self._dialled.discard(channel)
        self.on_going(channel)
        was_of = self.leg_of.call(channel) or self._call_of.get(uniqueid)
        self._gone[uniqueid] = None
        while len(self._gone) > 1000:
            del self._gone[next(iter(self._gone))]
        if (call_id := self._call_of.get(uniqueid)) is not None:
            self._caller_gone(event, channel, call_id)
        # A dial's end is told by the caller's own channel; the leg must not be taken for the next one's.
        leg_call = self.leg_of.call(channel)
        if leg_call is not None:
            if self.is_turned(leg_call) and leg_call not in self.parting:
                why = cause_in_words(event)
                self._feed(events.CallEnded(leg_call, EndedBy.CALLER, why, self._long_ago(event)))
            del self.leg_of[leg_call]
            if event.get("Cause") == NO_SOUND:
                self.left_alone.add(leg_call)
        phone = phone_of(channel)
        if phone in self._phones:
            if (look := self._looks.get(node_of(channel))) is not None:
                look.went.add(channel)
            if channel in self._phones[phone]:  # else the phone's BYE was heard
                self._phones[phone].discard(channel)
                self._report(phone)
            self._forget_phone(phone)
        self.on_gone(channel, was_of)

    def _caller_gone(self, event: Headers, channel: str, call_id: str) -> None:
        is_over = event.get("Context") == "acd-run" and event.get("Exten") == TALK_IS_OVER
        by = EndedBy.SYSTEM if is_over or call_id in self._ending else EndedBy.CALLER
        if by is EndedBy.CALLER and self.is_turned(call_id):
            is_outside = (phone_of(channel) or "").startswith(TRUNK_PREFIX)
            by = EndedBy.OUTSIDE if is_outside else EndedBy.AGENT
        self.unbind(call_id)
        self.leg_of.pop(call_id, None)
        self.handed_over.discard(call_id)
        at = self._long_ago(event)
        told: list[End] = [events.CallEnded(call_id, by, cause_in_words(event), at)]
        if is_over:
            told.insert(0, events.AgentHungUp(call_id, at))  # not news if the phone's BYE was told
        if not self.keeps_end(channel, told, self._now()):
            for each in told:
                self._feed(each)

    def _dialling(
        self, event: Headers, heard: type[events.OfferAlerting] | type[events.OfferAnswered]
    ) -> None:
        call_id = self._call_of.get(str(event.get("Uniqueid", "")))
        if call_id is None:
            return
        leg = str(event.get("DestChannel", ""))
        endpoint, status = phone_of(leg) or "", event.get("DialStatus")
        if endpoint.startswith(TRUNK_PREFIX):
            self.leg_of[call_id] = leg
            if status == "ANSWER":
                self._feed(OutsideAnswered(call_id))
            else:
                self._feed(OutsideAlerting(call_id, rings=status != "PROCEEDING"))
        elif status != "PROCEEDING":  # of a phone it says only that the INVITE has arrived
            self.leg_of[call_id] = leg
            self._feed(heard(call_id, endpoint, self._long_ago(event)))

    def _hold(self, event: Headers, heard: type[events.CallHeld] | type[events.CallResumed]) -> None:
        """An agent is on the leg that was dialled, or on the call's own channel where that was rung first."""
        channel = str(event.get("Channel", ""))
        phone = phone_of(channel)
        call_id = self.leg_of.call(channel) or self._call_of.get(str(event.get("Uniqueid", "")))
        if call_id is not None and phone in self._phones:
            self._feed(heard(call_id, phone))

    def _attended_transfer(self, event: Headers) -> None:
        """The caller of one call joins what the transferring agent's second call had come to.

        The second call was dialled by the agent: its caller is the agent's own channel. The first
        is the one whose agent leg transfers. Where the agent dialled both, see `_own_calls_joined`.
        """
        if event.get("Result") != "Success":
            return
        legs = (str(event.get("OrigTransfererChannel", "")), str(event.get("SecondTransfererChannel", "")))
        uniqueids = (
            str(event.get("OrigTransfererUniqueid", "")),
            str(event.get("SecondTransfererUniqueid", "")),
        )
        dialled = [call for uniqueid in uniqueids if (call := self._call_of.get(uniqueid)) is not None]
        if len(dialled) == len(uniqueids):
            self._own_calls_joined(event, *dialled)
            return
        consult = dialled[0] if dialled else None
        call = next((c for leg in legs if (c := self.leg_of.call(leg)) is not None), None)
        if call is None or consult is None or call == consult:
            return
        self.hand_over(call, consult)

    def hand_over(self, call: str, consult: str) -> None:
        """The caller has taken the place of whoever had made the consultation.

        In a call that the agent had dialled whoever was consulted is the agent whose own call it is now.
        """
        self.handed_over.add(call)
        leg = self.leg_of.get(consult)
        if self.is_turned(call):
            self._feed(events.OwnCallsJoined(call, consult, phone_of(leg or "") or ""))
        else:
            self._feed(events.CallAttendedTransferred(call, consult))
        self.leg_of.pop(consult, None)
        self.unbind(consult)
        if leg is not None:
            self.leg_of[call] = leg
        self._on_transfer(call, consult)

    def _own_calls_joined(self, event: Headers, first: str, second: str) -> None:
        """Whom one call had come to takes the caller's place in the other.

        Where one of the calls has come to nobody yet (it waits, rings, is in a menu), Asterisk has put
        the other's agent in the caller's place of that one, and it is the one that goes on. Where both
        agents talk, either could: it is the second.
        """
        goes_on, over = (second, first) if event.get("OrigBridgeUniqueid") else (first, second)
        leg = self.leg_of.get(over)
        sides = ("Transferee", "TransferTarget")
        side = next((s for s in sides if leg is not None and event.get(f"{s}Channel") == leg), None)
        if leg is None or side is None or goes_on == over:
            return
        self.handed_over.add(goes_on)
        self._feed(events.OwnCallsJoined(goes_on, over, phone_of(leg) or ""))
        del self.leg_of[over]
        self.unbind(over)
        if self.bind(goes_on, leg, str(event.get(f"{side}Uniqueid", ""))):
            self.on_new_caller(goes_on)
