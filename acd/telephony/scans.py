"""SIP requests that Asterisk, or Kamailio, has refused: strangers, guesses, phones at the wrong address."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import structlog

log = structlog.get_logger(__name__)

STRANGER, WRONG_PASSWORD, WRONG_ADDRESS = "unknown", "wrong-password", "wrong-address"
KINDS: Mapping[str, str] = {
    "InvalidAccountID": STRANGER,
    "ChallengeResponseFailed": WRONG_PASSWORD,
    "InvalidPassword": WRONG_PASSWORD,
    "FailedACL": WRONG_ADDRESS,
}
MOST_ADDRESSES = 1000
TELL_EVERY_S = 60.0


class ScanBook:
    """Counts them by kind; tells of an address at most once in TELL_EVERY_S. `clock` in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told: OrderedDict[str, float] = OrderedDict()
        self.refused: Counter[str] = Counter(dict.fromkeys(KINDS.values(), 0))

    def add(self, kind: str, count: int) -> None:
        """So many more, which somebody else has counted, and told of in a log of its own."""
        self.refused[kind] += count

    def hear(self, event: Mapping[str, Any]) -> None:
        """One AMI event, of whatever kind."""
        kind = KINDS.get(str(event.get("Event", "")))
        if kind is None or event.get("Service") != "PJSIP":
            return
        self.refused[kind] += 1
        address = _address(str(event.get("RemoteAddress", "")))
        now = self._clock()
        if now - self._told.get(address, now - TELL_EVERY_S) < TELL_EVERY_S:
            return
        self._told[address] = now
        self._told.move_to_end(address)
        while len(self._told) > MOST_ADDRESSES:
            self._told.popitem(last=False)
        account = str(event.get("AccountID", ""))[:40]
        log.warning("SIP refused", kind=kind, address=address, account=account)


def _address(told: str) -> str:
    """Of IPV4/UDP/192.0.2.1/5060."""
    parts = told.split("/")
    return parts[2] if len(parts) == 4 else "unknown"
