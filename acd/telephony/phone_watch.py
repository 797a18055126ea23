"""Agents' phones: which nodes can ring each of them, and which are in use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from acd.core import events
from acd.core.ports import Feed
from acd.telephony.ami import Headers
from acd.telephony.node_names import node_of, node_told

_CHANNEL = re.compile(r"^PJSIP/(?P<endpoint>.+)-[0-9a-f]{8}(?:@[a-z0-9]+)?$")
REACHABLE_STATES = frozenset({"NOT_INUSE", "INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})


def phone_of(channel: str) -> str | None:
    """The PJSIP endpoint of a channel name, or None for another kind of channel."""
    match = _CHANNEL.match(channel)
    return match["endpoint"] if match else None


@dataclass(slots=True)
class _Look:
    """What has changed at a node since a look at it began, whose answer will be older than that."""

    come: set[str] = field(default_factory=set)  # channels
    went: set[str] = field(default_factory=set)
    reached: dict[str, bool] = field(default_factory=dict)  # phones that could or could not be reached since


class PhoneWatch:
    """`nodes_up`: those of which is known which phones they can ring; '' is the only one."""

    def __init__(self, phones: Iterable[str], feed: Feed) -> None:
        self._feed = feed
        self._phones: dict[str, set[str]] = {phone: set() for phone in phones}
        self._gone_phones: set[str] = set()  # no longer configured, and not free yet
        self._reachable: dict[str, set[str]] = {}  # phone → the nodes that can ring it
        self.nodes_up: set[str] = {""}
        self._dialled: set[str] = set()  # channels that phones have opened themselves
        self._looks: dict[str, _Look] = {}  # by node

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
