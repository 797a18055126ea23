"""What one web process has changed and all have to look at again at once: the controller tells them."""

from __future__ import annotations

from acd.background import Background
from acd.errors import OperatorError, RequestRefused
from acd.runtime.leader import Leader

AGAIN = "again:"
SESSIONS = "sessions"
ENDS_SESSIONS = frozenset(
    {
        "account-changed",
        "account-password",
        "account-removed",
        "password-changed",
        "sign-out",
        "token-removed",
    }
)
"""Words of the audit log."""


class Others:
    """Nobody waits for it; where no controller is there, they look by themselves a few seconds later."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader
        self._telling = Background("other web processes were not told", (OperatorError, RequestRefused))

    def done(self, what: str) -> None:
        """A request was granted that the audit log calls so."""
        if what in ENDS_SESSIONS:
            self._telling.begin(self._leader.request(do="look-again", what=SESSIONS))
