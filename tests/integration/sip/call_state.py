"""How far a call of a test phone has come, and the words around it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tests.integration.sip.message import Party, SipMessage, parse_party

REASONS = {
    180: "Ringing",
    200: "OK",
    302: "Moved Temporarily",
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    503: "Service Unavailable",
    603: "Decline",
}


class CallState(Enum):
    """How far a call has come."""

    CALLING = "calling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CallEnd:
    """Who ended the call, and the final status if it was never answered."""

    by_us: bool
    status: int | None


def identity_of(request: SipMessage) -> Party:
    """Whom the display shows: P-Asserted-Identity if it is there, else From."""
    return parse_party(request.header("P-Asserted-Identity") or request.require("From"))
