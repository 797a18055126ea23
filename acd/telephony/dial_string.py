"""What Dial() is told. Every piece is held against a list of allowed characters before it is put in.

A dial string is a small program: `&` rings more phones, `,` begins options, `/` and `@` choose where to, and
`${…}` is computed. So nothing that somebody has dialled, sent or written gets into one but digits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from acd.core.commands import DialOut, Leg, Offer
from acd.telephony.line import display_name

TRUNK_PREFIX = "trunk-"
"""The endpoint of trunk `x` is `trunk-x`; a phone's is its number."""
EMERGENCY_RING_S = 60
TONE_EVERY_MS = 60_000

SIP_ENDPOINT = "acd-sip"
"""Through this endpoint of pjsip.conf flows call SIP addresses that are neither phone nor trunk."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_NUMBER = re.compile(r"\+?[0-9]{2,20}", re.ASCII)
_SAFE_TARGET = re.compile(r"PJSIP/[A-Za-z0-9_+.@:/-]{1,200}", re.ASCII)
# g: afterwards the caller goes on in the dialplan. i: a phone, or a trunk, that forwards the call must not
# send the caller past us.
_OPTIONS = "gi"


def phone_dial(offer: Offer, *, call_id_header: bool, ends_with_agent: bool = False) -> str:
    """'GROUP|' and the arguments of Dial() for an agent's phone. Raises ValueError for what is unsafe.

    `ends_with_agent`: when the two have talked the dialplan hangs up, without asking what next.
    """
    options = _OPTIONS
    if offer.music:
        options += f"m({_name(offer.music)})"
    if call_id_header:
        options += "b(acd-leg^s^1)"
    after = "|hangup" if ends_with_agent else ""
    return f"{_group(offer.group)}|PJSIP/{_name(offer.phone)},{offer.ring_timeout_s:.0f},{options}{after}"


def phone_of_dial(channel: str) -> str:
    """The phone that an Originate is to ring."""
    return channel.removeprefix("PJSIP/")


def outside_dial(command: DialOut, limit: tuple[int, int] | None = None) -> str:
    """The same for an outside number. Raises ValueError for what is unsafe.

    `limit`: after how many milliseconds the talk ends, and so many before that a tone is heard, each minute.
    """
    c = command
    bounds = "" if limit is None else f"L({limit[0]:d}:{limit[1]:d}:{TONE_EVERY_MS})"
    target = _outside(c.trunk, c.number, c.digits, c.shown, round(c.ring_timeout_s), bounds)
    return f"{_group(c.group)}|{target}"


def agent_leg(offer: Offer, leg: Leg, word: str) -> dict[str, str | list[str]]:
    """The headers of an Originate that rings an agent for a callback. Raises ValueError for what is unsafe.

    The phone displays `word` ('Callback') and the customer's name or number.
    """
    number = _number(leg.number)
    shown = _display(f"{word} {leg.name or number}")
    return {
        **_leg(leg, f"PJSIP/{_name(offer.phone)}", offer.ring_timeout_s, f'"{shown}" <{number}>'),
        "Exten": "agent",
        "Variable": [f"__ACD_CALL={_call(leg)}"],
    }


def customer_leg(command: DialOut, leg: Leg) -> dict[str, str | list[str]]:
    """The headers of an Originate that dials a callback's customer. Raises ValueError for what is unsafe."""
    c = command
    channel = f"PJSIP/{_number(c.digits)}@{TRUNK_PREFIX}{_name(c.trunk)}"
    name = _display(leg.name)
    return {
        **_leg(leg, channel, c.ring_timeout_s, f"<{_number(c.shown)}>"),
        "Exten": "customer",
        "Variable": [
            f"__ACD_CALL={_call(leg)}",
            f"ACD_GROUP={_group(c.group)}",
            f"ACD_CUSTOMER={_number(leg.number)}",
            f"ACD_CUSTOMER_NAME={name}",
        ],
    }


def _leg(leg: Leg, channel: str, timeout_s: float, caller_id: str) -> dict[str, str | list[str]]:
    return {
        "Channel": channel,
        "Context": "acd-callback",
        "Priority": "1",
        "Timeout": str(round(timeout_s * 1000)),
        "CallerID": caller_id,
        "ChannelId": f"{_call(leg)}.{leg.id.rpartition('.')[2]}",
        "Async": "true",
    }


def _call(leg: Leg) -> str:
    call_id = leg.id.rpartition(".")[0]
    if not re.fullmatch(r"[a-z0-9-]{3,64}", call_id):
        raise ValueError(f"not a call's id: {call_id!r}")
    return call_id


def _display(text: str) -> str:
    """A name without what would end it, or begin another variable."""
    return display_name(text).replace(",", " ").replace("=", " ")


def emergency_dial(trunk: str, number: str, shown: str) -> str:
    """The arguments of Dial() for an emergency call in the dialplan. Raises ValueError for what is unsafe."""
    return _outside(trunk, number, number, shown, EMERGENCY_RING_S)


def _outside(trunk: str, number: str, digits: str, shown: str, ring_timeout_s: int, bounds: str = "") -> str:
    endpoint = f"{TRUNK_PREFIX}{_name(trunk)}"
    options = f"{_OPTIONS}{bounds}b(acd-out^s^1({_number(shown)}^{_number(number)}))"
    return f"PJSIP/{_number(digits)}@{endpoint},{ring_timeout_s},{options}"


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"not a name for a dial string: {text!r}")
    return text


def _group(text: str) -> str:
    return _name(text) if text else ""


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"not a number for a dial string: {text!r}")
    return text


def sip_targets(addresses: Mapping[str, str]) -> dict[str, str]:
    """Dial strings of the SIP addresses that flows may call, by name."""
    return {name: f"PJSIP/{SIP_ENDPOINT}/{address}" for name, address in addresses.items()}


def address_dial(target: str, timeout_s: float, group: str) -> str:
    """The arguments for one of `sip_targets`. Raises ValueError for what is unsafe."""
    if not _SAFE_TARGET.fullmatch(target):
        raise ValueError(f"not to be dialled: {target!r}")
    return f"{_group(group)}|{target},{timeout_s:.0f},gi"
