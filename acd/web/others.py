"""What one web process has changed and all have to look at again at once: the controller tells them."""

from __future__ import annotations

from collections.abc import Callable

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
        "account-second-factor",
        "password-changed",
        "second-factor-off",
        "second-factor-on",
        "sign-out",
        "signed-out-elsewhere",
        "token-removed",
    }
)
"""Words of the audit log."""


class Others:
    """Nobody waits for it; where no controller is there, they look by themselves a few seconds later.

    `look_again` has this process look, which needs no controller for that.
    """

    def __init__(self, leader: Leader, look_again: Callable[[], None]) -> None:
        self._leader = leader
        self._look_again = look_again
        self._telling = Background("other web processes were not told", (OperatorError, RequestRefused))

    def done(self, what: str) -> None:
        """A request was granted that the audit log calls so."""
        if what in ENDS_SESSIONS:
            self._look_again()
            self._telling.begin(self._leader.request(do="look-again", what=SESSIONS))
