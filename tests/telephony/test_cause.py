"""Why a ring failed, from the leg's last SIP status and Dial's summary."""

from __future__ import annotations

import pytest

from acd.core.facts import OfferFailure
from acd.telephony.cause import offer_failure


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
