"""The question of a caller's channel, as the dialplan puts it: who it is, and what has happened last."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any

from acd.core.facts import OfferFailure
from acd.core.outside_facts import DialFailure
from acd.core.ports import Ask, AskKind
from acd.settings.environment import AGI_SCRIPT
from acd.telephony.agi import AgiSession
from acd.telephony.cause import offer_failure, outside_failure
from acd.telephony.line import printable

ARGUMENTS = 10
"""So many make a question; what follows is no part of it."""
_SECONDS = re.compile(r"[0-9]{1,12}")
_BEGUN = re.compile(r"(?P<utc>[0-9]{6}-[0-9]{6})-[0-9]+$")


def variables_of(event: Any) -> dict[str, str]:
    """The channel variables that a Status event carries."""
    values = event.get("Variable", [])
    items = [values] if isinstance(values, str) else values
    return dict(item.partition("=")[::2] for item in items)


def read_ask(session: AgiSession) -> Ask | None:
    """What the dialplan says with the question; None if it is not one of ours."""
    arguments = [*session.arguments, *[""] * ARGUMENTS][:ARGUMENTS]
    call_id, state, origin, dialed, dialstatus, leg, group, member, served_at, node = arguments
    if not re.fullmatch(r"[a-z0-9-]{3,64}", call_id):
        return None
    kind, target, failure = _kind(state, dialstatus, leg)
    failed = kind is AskKind.DIAL_FAILED
    source, name, sender = [*origin.split(":"), "", ""][:3]
    return Ask(
        kind=kind,
        call_id=call_id,
        phone=name if source == "phone" else None,
        trunk=name if source == "trunk" and name else None,
        callback_phone=name if source == "callback" and name else None,
        sent_by=sender if source == "trunk" and sender else None,
        caller_number=party_text(session.env.get("agi_callerid", "")),
        caller_name=party_text(session.env.get("agi_calleridname", "")),
        dialed_number=dialed,
        target=target,
        failure=failure,
        outside_failure=outside_failure(dialstatus, leg) if failed else DialFailure.UNREACHABLE,
        cause=printable(leg) if failed else "",
        began_at=began_at(call_id),
        node=node,
        group=group,
        served_by=member,
        served_at=float(served_at) if member and _SECONDS.fullmatch(served_at) else None,
    )


def knows_word(session: AgiSession, word: str) -> bool:
    """Whether it has said the word of our dialplan (`acd.telephony.agi.word_of`), behind all that is asked.

    A dialplan of the version before names it as the script, behind ours where there are several controllers.
    """
    arguments = session.arguments
    said = arguments[ARGUMENTS] if len(arguments) > ARGUMENTS else ""
    named = session.env.get("agi_network_script", "").removeprefix(f"{AGI_SCRIPT}/")
    return any(compare_digest(each.encode(), word.encode()) for each in (said, named))


def began_at(call_id: str) -> float | None:
    """When the dialplan gave the call this id, Unix seconds; None where it did not, as to a consultation.

    The id has the whole second, so this is its middle, and at most half a second away.
    """
    match = _BEGUN.search(call_id)
    if match is None:
        return None
    try:
        second = datetime.strptime(match["utc"], "%y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return second.timestamp() + 0.5


def renamed(ask: Ask, call_id: str) -> Ask:
    """The same question, of the call that took over."""
    return replace(ask, call_id=call_id)


def _kind(state: str, dialstatus: str, leg: str) -> tuple[AskKind, str, OfferFailure]:
    failure = OfferFailure.UNREACHABLE
    if state == "after-dial":
        if dialstatus == "ANSWER":
            return AskKind.AGENT_LEFT, "", failure
        return AskKind.DIAL_FAILED, "", offer_failure(dialstatus, leg)
    if state.startswith("blind:"):
        return AskKind.BLIND_TRANSFER, state.removeprefix("blind:"), failure
    kinds = {
        "": AskKind.NEW,
        "dialling": AskKind.NEW,  # brought back out of a dial: how that ended was not told
        "fallback": AskKind.FALLBACK,
        "left-on-hold": AskKind.LEFT_ON_HOLD,
        "after-fallback": AskKind.AFTER_FALLBACK,
    }
    return kinds.get(state, AskKind.NEW), "", failure


def party_text(value: object) -> str:
    """A caller's number or name for people to read; '' if unknown."""
    text = str(value)
    if text in ("unknown", "<unknown>"):
        return ""
    return printable(re.sub(r"\\(.)", r"\1", text))  # a quoted name comes as it was in the SIP header
