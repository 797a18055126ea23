"""AMI events → what the engine hears. Keeps who is who: channels, phones, calls.

Which call a channel belongs to is known from the caller's own channel (by uniqueid, learnt when it
asks us); an agent's leg is known from the dial that the caller's channel runs.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from acd.core import events
from acd.core.facts import EndedBy
from acd.core.outside_events import OutsideAlerting, OutsideAnswered
from acd.core.ports import Feed
from acd.telephony.ami import Headers
from acd.telephony.cause import cause_in_words
from acd.telephony.cdr import TALK_IS_OVER
from acd.telephony.dial_string import TRUNK_PREFIX
from acd.telephony.leg_book import LegBook
from acd.telephony.legs import Legs
from acd.telephony.node_clock import NodeClock
from acd.telephony.node_names import node_of, node_told

_CHANNEL = re.compile(r"^PJSIP/(?P<endpoint>.+)-[0-9a-f]{8}(?:@[a-z0-9]+)?$")
REACHABLE_STATES = frozenset({"NOT_INUSE", "INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})


def phone_of(channel: str) -> str | None:
    """The PJSIP endpoint of a channel name, or None for another kind of channel."""
    match = _CHANNEL.match(channel)
    return match["endpoint"] if match else None


NO_SOUND = "44"
"""The cause with which Asterisk gives up a leg of which it hears nothing (rtp_timeout)."""
LATE_S = 1.0


@dataclass(slots=True)
class _Look:
    """What has changed at a node since a look at it began, whose answer will be older than that."""

    come: set[str] = field(default_factory=set)  # channels
    went: set[str] = field(default_factory=set)
    reached: dict[str, bool] = field(default_factory=dict)  # phones that could or could not be reached since


class Watch:
    """`nodes_up`: those of which is known which phones they can ring; '' is the only one. `now`: in engine
    seconds; `clocks`: those of the nodes, which tell when something happened.

    `on_transfer(call_id, consult_id)` is called after the engine has heard of an attended transfer.

    `on_queue_join(channel)`: somebody joined a fallback queue. `on_new_caller(call_id)`: a channel
    that had been dialled is the call's caller now. `on_key(call_id, key)`: the caller has pressed and
    released a key. `on_going(channel)`: a phone hangs up, or a channel goes, of which the engine has not
    heard yet; `on_gone(channel, call_id)`: it is gone, and was the leg, or the caller, of this call.
    `is_turned(call_id)`: the agent who has dialled this call is on the leg, whoever was called is the caller.
    """

    def __init__(
        self,
        phones: Iterable[str],
        feed: Feed,
        on_transfer: Callable[[str, str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        self.clocks: Mapping[str, NodeClock] = {}
        self._phones: dict[str, set[str]] = {phone: set() for phone in phones}
        self._gone_phones: set[str] = set()  # no longer configured, and not free yet
        self._reachable: dict[str, set[str]] = {}  # phone → the nodes that can ring it
        self.nodes_up: set[str] = {""}
        self._dialled: set[str] = set()  # channels that phones have opened themselves
        self._feed = feed
        self.legs = Legs(feed)
        self._on_transfer = on_transfer
        self._call_of: dict[str, str] = {}  # the caller's uniqueid → call
        self._uniqueid_of: dict[str, str] = {}
        self.channel_of: dict[str, str] = {}  # call → the caller's channel
        self.leg_of = LegBook()  # call → the agent's channel, while dialled or talking
        self.left_alone: set[str] = set()  # calls whose agent's browser has gone without a word
        self._looks: dict[str, _Look] = {}  # by node
        self._ending: set[str] = set()  # calls that we are hanging up
        self.handed_over: set[str] = set()  # calls that have another caller or agent since then
        self.parting: set[str] = set()  # calls whose agent is about to leave two others to each other
        self._gone: dict[str, None] = {}  # uniqueids lately hung up, the oldest first
        self.on_queue_join: Callable[[str], None] = lambda _channel: None
        self.on_new_caller: Callable[[str], None] = lambda _call_id: None
        self.on_key: Callable[[str, str], None] = lambda _call_id, _key: None
        self.on_going: Callable[[str], None] = lambda _channel: None
        self.on_gone: Callable[[str, str | None], None] = lambda _channel, _call_id: None
        self.is_turned: Callable[[str], bool] = lambda _call_id: False
        self.also: Callable[[Headers], None] = lambda _event: None
        self.scans: Callable[[Headers], None] = lambda _event: None

    # --- callers ------------------------------------------------------------------------------
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

    # --- phones -------------------------------------------------------------------------------
    def is_phone(self, endpoint: str | None) -> bool:
        """Whether this endpoint is a phone of ours."""
        return endpoint in self._phones

    def change_phones(self, phones: Iterable[str]) -> None:
        """Other phones of ours from now on; one that is gone is known until its calls are over."""
        wanted = set(phones)
        for phone in wanted - self._phones.keys():
            self._phones[phone] = set()
        self._gone_phones = self._phones.keys() - wanted
        for phone in list(self._gone_phones):
            self._reachable.pop(phone, None)
            self._report(phone)
            self._forget_phone(phone)

    def _forget_phone(self, phone: str) -> None:
        if phone in self._gone_phones and not self._phones[phone]:
            del self._phones[phone]
            self._gone_phones.discard(phone)

    def look_begins(self, node: str = "") -> None:
        """From here on remember what has changed: the look's answer will be older than that."""
        self._looks[node] = _Look()
        of_node = {call for call, channel in self.channel_of.items() if node_of(channel) == node}
        self.handed_over = self.handed_over - of_node if node else set()

    def set_phones(self, reachable: Iterable[str], channels: Iterable[str], node: str = "") -> None:
        """What a look at Asterisk showed, corrected by the news since it began; every phone is reported."""
        look = self._looks.pop(node, None) or _Look()
        there = set(reachable)
        known = {phone: phone in there for phone in self._phones} | look.reached
        for phone, can_be_reached in known.items():
            self._note_reach(phone, node, reachable=can_be_reached and phone not in self._gone_phones)
        self.nodes_up.add(node)
        for phone, before in self._phones.items():
            self._phones[phone] = {channel for channel in before if node_of(channel) != node}
        for channel in (set(channels) | look.come) - look.went:
            if (endpoint := phone_of(channel)) in self._phones:
                self._phones[endpoint].add(channel)
        self._dialled &= set().union(*self._phones.values())
        self._report_all()

    def node_is_away(self, node: str) -> None:
        """Of several nodes: what it can ring counts no longer, unless it is the last."""
        self._looks.pop(node, None)
        if node in self.nodes_up and len(self.nodes_up) > 1:
            self.nodes_up.discard(node)
            self._report_all()

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

    def _note_reach(self, phone: str, node: str, *, reachable: bool) -> None:
        nodes = self._reachable.setdefault(phone, set())
        (nodes.add if reachable else nodes.discard)(node)

    def _report_all(self) -> None:
        for phone in list(self._phones):
            self._report(phone)
            self._forget_phone(phone)

    def _report(self, phone: str) -> None:
        channels = self._phones[phone]
        there = self.nodes_with(phone) | {node_of(channel) for channel in channels & self._dialled}
        missing = frozenset(self.nodes_up - there) if there else frozenset[str]()
        self._feed(events.PhoneChanged(phone, bool(there), bool(channels), missing))

    def phones_by_node(self) -> Counter[str]:
        """How many phones each node can ring, as far as is known."""
        return Counter(node for nodes in self._reachable.values() for node in nodes)

    def lacking(self, node: str) -> list[str]:
        """The phones that other nodes can ring and this one, as far as is known, cannot."""
        return [phone for phone in self._phones if (there := self.nodes_with(phone)) and node not in there]

    def nodes_with(self, phone: str) -> set[str]:
        """Those that are there and can ring this phone."""
        return self._reachable.get(phone, set()) & self.nodes_up

    # --- events -------------------------------------------------------------------------------
    def _long_ago(self, event: Headers) -> float | None:
        """When it happened, in engine seconds, where we stood still and read of it only now."""
        clock = self.clocks.get(node_told(event)) or NodeClock()
        age_s = clock.age_s(event.get("Timestamp"))
        return None if age_s is None or age_s <= LATE_S else self._now() - age_s

    def on_event(self, event: Headers) -> None:
        """One AMI event."""
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
                self.on_queue_join(str(event.get("Channel", "")))
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
        call_id = self._call_of.get(uniqueid)
        if call_id is not None:
            is_over = event.get("Context") == "acd-run" and event.get("Exten") == TALK_IS_OVER
            by = EndedBy.SYSTEM if is_over or call_id in self._ending else EndedBy.CALLER
            if by is EndedBy.CALLER and self.is_turned(call_id):
                is_outside = (phone_of(channel) or "").startswith(TRUNK_PREFIX)
                by = EndedBy.OUTSIDE if is_outside else EndedBy.AGENT
            self.unbind(call_id)
            self.leg_of.pop(call_id, None)
            self.handed_over.discard(call_id)
            if is_over:
                self._feed(
                    events.AgentHungUp(call_id, self._long_ago(event))
                )  # not news if the phone's BYE was told
            self._feed(events.CallEnded(call_id, by, cause_in_words(event), self._long_ago(event)))
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

    def _device(self, event: Headers) -> None:
        phone = str(event.get("Device", "")).removeprefix("PJSIP/")
        if phone not in self._phones or phone in self._gone_phones:
            return
        reachable, node = event.get("State") in REACHABLE_STATES, node_told(event)
        if (look := self._looks.get(node)) is not None:
            look.reached[phone] = reachable
        if reachable != (node in self._reachable.get(phone, ())):
            self._note_reach(phone, node, reachable=reachable)
            self._report(phone)
