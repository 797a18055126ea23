"""Why a ring failed: what the leg of the agent, or of the one outside, says, in our words.

`tech` is `${HANGUPCAUSE(leg,tech)}`, the last SIP status of the leg ('SIP 486 Busy Here'; empty when
the phone never said anything); `dialstatus` is Dial's own summary, which lumps 603, 404 and 488
together. Tried on Asterisk 22, see docs/telephony.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from acd.core.facts import OfferFailure
from acd.core.outside_facts import DialFailure

SIP_FAILURES: Mapping[int, OfferFailure] = {
    180: OfferFailure.NO_ANSWER,  # the last word was "ringing": it rang out
    181: OfferFailure.NO_ANSWER,
    183: OfferFailure.NO_ANSWER,
    301: OfferFailure.DECLINED,  # forwards its calls, which Dial refuses
    302: OfferFailure.DECLINED,
    404: OfferFailure.UNREACHABLE,
    408: OfferFailure.UNREACHABLE,
    480: OfferFailure.UNAVAILABLE,
    484: OfferFailure.UNREACHABLE,
    486: OfferFailure.BUSY,
    487: OfferFailure.NO_ANSWER,  # we cancelled a ringing phone
    488: OfferFailure.UNREACHABLE,
    500: OfferFailure.UNREACHABLE,
    503: OfferFailure.UNREACHABLE,
    600: OfferFailure.BUSY,
    603: OfferFailure.DECLINED,
}

# Without a word from the phone only these tell something.
DIALSTATUS_FAILURES: Mapping[str, OfferFailure] = {
    "BUSY": OfferFailure.BUSY,
    "NOANSWER": OfferFailure.UNREACHABLE,
    "CONGESTION": OfferFailure.UNREACHABLE,
    "CHANUNAVAIL": OfferFailure.UNREACHABLE,
    "CANCEL": OfferFailure.WITHDRAWN,
}


def offer_failure(dialstatus: str, tech: str) -> OfferFailure:
    """The failure; UNREACHABLE for anything unknown."""
    match = re.match(r"SIP (\d{3})", tech)
    if match is not None and int(match[1]) in SIP_FAILURES:
        return SIP_FAILURES[int(match[1])]
    if dialstatus == "BUSY" and not tech:
        # A busy phone says 486. One that forwards its calls leaves no word when Dial refuses that.
        return OfferFailure.DECLINED
    return DIALSTATUS_FAILURES.get(dialstatus, OfferFailure.UNREACHABLE)


# Q.850 causes in the Hangup of a leg that we made ourselves: there is no Dial, and no SIP status, to ask.
_LEG_FAILURES: Mapping[int, OfferFailure] = {
    16: OfferFailure.DECLINED,  # answered, and gone before anybody could ask
    17: OfferFailure.BUSY,
    19: OfferFailure.UNAVAILABLE,
    21: OfferFailure.DECLINED,
    23: OfferFailure.DECLINED,
}
_OUTSIDE_LEG_FAILURES: Mapping[int, DialFailure] = {
    1: DialFailure.UNKNOWN_NUMBER,
    16: DialFailure.DECLINED,
    17: DialFailure.BUSY,
    18: DialFailure.NO_ANSWER,
    19: DialFailure.NO_ANSWER,
    21: DialFailure.DECLINED,
    28: DialFailure.UNKNOWN_NUMBER,
}


def leg_failure(cause: int, *, alerted: bool, cut_short: bool) -> OfferFailure:
    """Why an agent's leg that we made came to nothing; `cut_short`: its time was over, or we ended it."""
    if cut_short or cause == 0:
        return OfferFailure.NO_ANSWER if alerted else OfferFailure.UNREACHABLE
    return _LEG_FAILURES.get(cause, OfferFailure.UNREACHABLE)


def outside_leg_failure(cause: int, *, alerted: bool, cut_short: bool) -> DialFailure:
    """The same of a customer's; 0: there was no channel at all."""
    if cut_short or cause == 0:
        return DialFailure.NO_ANSWER if alerted else DialFailure.UNREACHABLE
    return _OUTSIDE_LEG_FAILURES.get(cause, DialFailure.CONGESTION)


OUTSIDE_FAILURES: Mapping[int, DialFailure] = {
    180: DialFailure.NO_ANSWER,
    181: DialFailure.NO_ANSWER,
    183: DialFailure.NO_ANSWER,
    404: DialFailure.UNKNOWN_NUMBER,
    408: DialFailure.UNREACHABLE,
    410: DialFailure.UNKNOWN_NUMBER,
    480: DialFailure.NO_ANSWER,
    484: DialFailure.UNKNOWN_NUMBER,
    486: DialFailure.BUSY,
    487: DialFailure.NO_ANSWER,
    600: DialFailure.BUSY,
    603: DialFailure.DECLINED,
    604: DialFailure.UNKNOWN_NUMBER,
}


def outside_failure(dialstatus: str, tech: str) -> DialFailure:
    """Why an outside number was not reached; a trunk that says anything else refuses (CONGESTION)."""
    match = re.match(r"SIP (\d{3})", tech)
    if match is not None and int(match[1]) >= 180:
        return OUTSIDE_FAILURES.get(int(match[1]), DialFailure.CONGESTION)
    if dialstatus == "BUSY" and not tech:
        return DialFailure.DECLINED  # it forwards the call, which Dial refuses
    if dialstatus == "CONGESTION":
        return DialFailure.CONGESTION
    return DialFailure.WITHDRAWN if dialstatus == "CANCEL" else DialFailure.UNREACHABLE


def cause_in_words(event: Mapping[str, object]) -> str:
    """Asterisk's words for why a channel ended; '' for its "Unknown", which tells nobody anything."""
    text = str(event.get("Cause-txt", ""))
    return "" if text == "Unknown" else text
