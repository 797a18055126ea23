"""Why a ring failed: what the agent's leg says, in our words.

`tech` is `${HANGUPCAUSE(leg,tech)}`, the last SIP status of the leg ('SIP 486 Busy Here'; empty when
the phone never said anything); `dialstatus` is Dial's own summary, which lumps 603, 404 and 488
together. Tried on Asterisk 22, see docs/telephony.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from acd.core.facts import OfferFailure

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
