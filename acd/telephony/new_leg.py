"""Another leg to an agent's phone for a talk whose leg there is dead (docs/adr/0025).

The new one joins the talk first, the dead one goes then: the caller's dial never comes to its end.
"""

from __future__ import annotations

import asyncio

from acd.errors import TelephonyError
from acd.telephony.ami import Headers, Link

ANSWERS_BY_ITSELF = "PJSIP_HEADER(add,Call-Info)=<sip:acd>;answer-after=0"
"""A variable of an Originate: who is rung has asked for it, so the phone need not be picked up."""
RING_S = 8
LOOK_AGAIN_S = 0.02


async def ring_again(link: Link, phone: str, call_id: str, leg_id: str, other: str, *, held: bool) -> str:
    """Ring the phone, and have the leg `leg_id` join the talk of `other`; wait, where that one is `held`.

    Returns the new leg's channel as soon as it is where the dead one was. Raises TelephonyError if the phone
    does not answer. Whoever stops waiting must hang up `leg_id`.
    """
    joins = f"{'ACD_HOLD' if held else 'ACD_JOIN'}={other}"
    await link.order(
        "Originate",
        Channel=f"PJSIP/{phone}",
        Context="acd-hold",
        Exten="silence" if held else "join",
        Priority="1",
        Timeout=str(RING_S * 1000),
        ChannelId=leg_id,
        CallerID=f"<{phone.lstrip('w')}>",
        Variable=[f"__ACD_CALL={call_id}", joins, ANSWERS_BY_ITSELF],
        Async="true",
    )
    seen = False
    while True:
        leg = await _status(link, leg_id)
        if leg is None and seen:
            raise TelephonyError(f"phone {phone} has not answered")
        seen = seen or leg is not None
        if leg is not None and await _in_place(link, leg, other, held=held):
            return str(leg.get("Channel", ""))
        await asyncio.sleep(LOOK_AGAIN_S)


async def _in_place(link: Link, leg: Headers, other: str, *, held: bool) -> bool:
    if held:
        return leg.get("Application") == "Wait"
    bridge = leg.get("BridgeID")
    if not bridge:
        return False
    there = await _status(link, other)
    return there is not None and there.get("BridgeID") == bridge


async def _status(link: Link, channel: str) -> Headers | None:
    """What Asterisk says of a channel, by its name or its id; None where there is none."""
    try:
        seen = await link.list_action("Status", Channel=channel)
    except TelephonyError:
        return None
    return seen[0] if seen else None
