"""A fresh look at Asterisk: which calls live, who talks to whom, which phones can be reached."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from acd.core.consults import main_of
from acd.telephony.ami import AmiLink, Headers
from acd.telephony.ask import party_text, variables_of
from acd.telephony.phone_watch import REACHABLE_STATES, phone_of

VARIABLES = "ACD_CALL,ACD_CALLER,ACD_DIALED,ACD_FELL,QEHOLDTIME,ACD_HOLD"
_APART = frozenset({"MusicOnHold", "Wait"})
SPY = "spy"
"""What the ids of channels that listen in begin with, behind `acd-`."""
_MEMBER = re.compile(r"^Local/(?P<phone>\d+)@acd-member-")


@dataclass(frozen=True, slots=True)
class CallerSeen:
    """A caller's channel.

    `application`: the dialplan application it is in; `bridged`: it is talking; `talking_to` and `leg`:
    the phone and channel it talks with, where that is a phone of ours; `talking_since`: Unix time at
    which the fallback queue connected the two, to the second, if it did; `apart`: an agent keeps the two
    apart, one hears music. `left_on_hold`: likewise, but the other one has gone. `together_with`: the
    consultation whose two the caller talks with; `leg` is the agent's then.
    """

    call_id: str
    channel: str
    uniqueid: str
    application: str
    caller_number: str
    caller_name: str
    dialed_number: str
    bridged: bool
    talking_to: str | None
    leg: str | None
    talking_since: float | None = None
    apart: bool = False
    left_on_hold: bool = False
    together_with: str | None = None
    bridge: str = ""

    @property
    def holds(self) -> bool:
        """Of two who are kept apart: whether the caller is the agent who does so, and hears nothing."""
        return self.apart and self.application == "Wait"


@dataclass(frozen=True, slots=True)
class SpySeen:
    """A phone that listens to a channel; `target` '' while it rings."""

    phone: str
    target: str


@dataclass(slots=True)
class Picture:
    """What there is at this moment."""

    callers: list[CallerSeen] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    legs: dict[str, str] = field(default_factory=dict)  # uniqueid → call, of callbacks not answered yet
    reachable: set[str] = field(default_factory=set)
    deserted: list[str] = field(default_factory=list)  # legs of agents who wait for one who has gone
    spies: dict[str, SpySeen] = field(default_factory=dict)  # by the channel's uniqueid


async def look(link: AmiLink) -> Picture:
    """Ask Asterisk. Raises TelephonyError when it does not answer."""
    picture = Picture()
    for device in await link.list_action("DeviceStateList"):
        name = str(device.get("Device", ""))
        if name.startswith("PJSIP/") and device.get("State") in REACHABLE_STATES:
            picture.reachable.add(name.removeprefix("PJSIP/"))
    statuses = await link.list_action("Status", Variables=VARIABLES)
    bridges: dict[str, list[str]] = defaultdict(list)
    for status in statuses:
        picture.channels.append(str(status.get("Channel", "")))
        if bridge := str(status.get("BridgeID", "")):
            bridges[bridge].append(picture.channels[-1])
    there = frozenset(picture.channels)
    for status in statuses:
        if (leg := _leg(status)) is not None:
            picture.legs[leg[0]] = leg[1]
        if (spy := _spy(status)) is not None:
            picture.spies[str(status.get("Uniqueid", ""))] = spy
        if _is_deserted(status, there):
            picture.deserted.append(str(status.get("Channel", "")))
        caller = _caller(status, bridges, there)
        if caller is not None:
            picture.callers.append(caller)
    _find_together(picture, bridges)
    return picture


def _find_together(picture: Picture, bridges: Mapping[str, list[str]]) -> None:
    """Talks of three: the caller, the agent, who is the caller of a consultation, and whom that one called.

    Where the third one has gone the consultation is over, although its caller's channel does not know.
    """
    by_id = {caller.call_id: place for place, caller in enumerate(picture.callers)}
    over: set[str] = set()
    for place, consult in enumerate(picture.callers):
        at = by_id.get(main_of(consult.call_id) or "")
        main = picture.callers[at] if at is not None else None
        if at is None or main is None or not consult.bridge or main.bridge != consult.bridge:
            continue
        third = [c for c in bridges[main.bridge] if c not in (main.channel, consult.channel)]
        leg = next((c for c in third if _phone_behind(c) is not None), None)
        if leg is None:
            over.add(consult.call_id)
        else:
            picture.callers[place] = replace(consult, leg=leg, talking_to=_phone_behind(leg))
        picture.callers[at] = replace(
            main,
            leg=consult.channel,
            talking_to=_phone_behind(consult.channel),
            together_with=None if leg is None else consult.call_id,
        )
    picture.callers = [caller for caller in picture.callers if caller.call_id not in over]


def _caller(status: Headers, bridges: dict[str, list[str]], there: frozenset[str]) -> CallerSeen | None:
    variables = variables_of(status)
    if variables.get("ACD_CALLER") != "1" or not variables.get("ACD_CALL"):
        return None
    channel = str(status.get("Channel", ""))
    others = [c for c in bridges.get(str(status.get("BridgeID", "")), []) if c != channel]
    leg = next((c for c in others if _phone_behind(c) is not None), None)
    held = _held(variables) if status.get("Application") in _APART and not others else ""
    apart = held in there
    is_left = bool(held) and not apart and status.get("Application") == "MusicOnHold"
    leg = held if apart else leg
    return CallerSeen(
        call_id=variables["ACD_CALL"],
        channel=channel,
        uniqueid=str(status.get("Uniqueid", "")),
        application=str(status.get("Application", "")),
        caller_number=party_text(status.get("CallerIDNum", "")),
        caller_name=party_text(status.get("CallerIDName", "")),
        dialed_number=variables.get("ACD_DIALED", ""),
        bridged=bool(others),
        talking_to=_phone_behind(leg) if leg is not None else None,
        leg=leg,
        talking_since=_connected_at(variables) if status.get("Application") == "Queue" else None,
        apart=apart,
        left_on_hold=is_left,
        bridge=str(status.get("BridgeID", "")),
    )


def _held(variables: Mapping[str, str]) -> str:
    """The channel of the other one of two who are kept apart. What was never set is told as some text."""
    held = variables.get("ACD_HOLD", "")
    return held if phone_of(held) is not None else ""


def _is_deserted(status: Headers, there: frozenset[str]) -> bool:
    variables = variables_of(status)
    held = _held(variables)
    return (
        status.get("Application") == "Wait"
        and variables.get("ACD_CALLER") != "1"
        and held not in ("", *there)
    )


def _spy(status: Headers) -> SpySeen | None:
    """A channel that was made to listen in."""
    if not str(status.get("Uniqueid", "")).startswith(f"acd-{SPY}-"):
        return None
    target = str(status.get("Data", "")).partition(",")[0] if status.get("Application") == "ChanSpy" else ""
    return SpySeen(phone_of(str(status.get("Channel", ""))) or "", target)


def _leg(status: Headers) -> tuple[str, str] | None:
    """Uniqueid and call of a channel that we made ourselves and that has not been answered."""
    variables, uniqueid = variables_of(status), str(status.get("Uniqueid", ""))
    call_id = variables.get("ACD_CALL", "")
    if variables.get("ACD_CALLER") == "1" or not call_id or uniqueid.rpartition(".")[0] != call_id:
        return None
    return uniqueid, call_id


def _connected_at(variables: Mapping[str, str]) -> float | None:
    """From when the caller joined the fallback queue and for how long it kept them waiting."""
    joined, waited = variables.get("ACD_FELL", ""), variables.get("QEHOLDTIME", "")
    return float(joined) + float(waited) if joined.isdecimal() and waited.isdecimal() else None


def _phone_behind(channel: str) -> str | None:
    """The phone of a channel, also of the fallback queue's local channel before it is optimised away."""
    match = _MEMBER.match(channel)
    return match["phone"] if match else phone_of(channel)
