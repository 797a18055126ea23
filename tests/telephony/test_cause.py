"""Why a ring failed, from the leg's last SIP status and Dial's summary."""

from __future__ import annotations

import pytest

from acd.core.facts import OfferFailure
from acd.core.outside_facts import DialFailure
from acd.telephony.cause import offer_failure, outside_failure


@pytest.mark.parametrize(
    ("dialstatus", "tech", "failure"),
    [
        ("BUSY", "SIP 486 Busy Here", OfferFailure.BUSY),
        ("NOANSWER", "SIP 480 Temporarily Unavailable", OfferFailure.UNAVAILABLE),
        ("CONGESTION", "SIP 503 Service Unavailable", OfferFailure.UNREACHABLE),
        ("CHANUNAVAIL", "SIP 603 Decline", OfferFailure.DECLINED),
        ("CHANUNAVAIL", "SIP 404 Not Found", OfferFailure.UNREACHABLE),
        ("CHANUNAVAIL", "SIP 488 Not Acceptable Here", OfferFailure.UNREACHABLE),
        ("NOANSWER", "SIP 180 Ringing", OfferFailure.NO_ANSWER),
        ("NOANSWER", "SIP 183 Session Progress", OfferFailure.NO_ANSWER),
        ("NOANSWER", "SIP 487 Request Terminated", OfferFailure.NO_ANSWER),
        ("NOANSWER", "", OfferFailure.UNREACHABLE),
        ("CHANUNAVAIL", "", OfferFailure.UNREACHABLE),
        ("BUSY", "", OfferFailure.DECLINED),  # 302, refused by Dial's option i
        ("BUSY", "SIP 302 Moved Temporarily", OfferFailure.DECLINED),
        ("CANCEL", "", OfferFailure.WITHDRAWN),
        ("", "", OfferFailure.UNREACHABLE),
        ("BUSY", "SIP 999 Strange", OfferFailure.BUSY),
        ("INVENTED", "SIP", OfferFailure.UNREACHABLE),
        ("BUSY", "xSIP 603", OfferFailure.BUSY),
        ("NOANSWER", "SIP 12", OfferFailure.UNREACHABLE),
    ],
)
def test_table(dialstatus: str, tech: str, failure: OfferFailure) -> None:
    assert offer_failure(dialstatus, tech) is failure


@pytest.mark.parametrize(
    ("dialstatus", "tech", "failure"),
    [
        ("BUSY", "SIP 486 Busy Here", DialFailure.BUSY),
        ("NOANSWER", "SIP 480 Temporarily Unavailable", DialFailure.NO_ANSWER),
        ("NOANSWER", "SIP 180 Ringing", DialFailure.NO_ANSWER),
        ("CHANUNAVAIL", "SIP 603 Decline", DialFailure.DECLINED),
        ("CHANUNAVAIL", "SIP 404 Not Found", DialFailure.UNKNOWN_NUMBER),
        ("CONGESTION", "SIP 503 Service Unavailable", DialFailure.CONGESTION),
        ("CHANUNAVAIL", "SIP 403 Forbidden", DialFailure.CONGESTION),
        ("CHANUNAVAIL", "SIP 488 Not Acceptable Here", DialFailure.CONGESTION),
        ("NOANSWER", "", DialFailure.UNREACHABLE),
        ("NOANSWER", "SIP 100 Trying", DialFailure.UNREACHABLE),
        ("CHANUNAVAIL", "", DialFailure.UNREACHABLE),
        ("CONGESTION", "", DialFailure.CONGESTION),
        ("BUSY", "", DialFailure.DECLINED),
        ("CANCEL", "", DialFailure.WITHDRAWN),
        ("", "", DialFailure.UNREACHABLE),
    ],
)
def test_outside(dialstatus: str, tech: str, failure: DialFailure) -> None:
    assert outside_failure(dialstatus, tech) is failure
