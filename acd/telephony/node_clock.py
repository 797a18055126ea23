"""The clock of an Asterisk, which may be on another machine and be off: how long ago what it tells was.

Its answer to a ping has its time. Held against our monotonic clock, that gives an age which is right whatever
either machine takes for the time of day.
"""

from __future__ import annotations

import time

PROMPT_S = 0.5
"""An answer that took longer does not tell what the clock shows now: one of us has stood still."""
SET_S = 1.0
"""What is told is told in order: what shows so much less than the one before it, or so much more than it
can by now, was told by a clock that somebody has set meanwhile."""


class NodeClock:
    """Until it has been compared its clock counts as right."""

    def __init__(self) -> None:
        self._ahead_s: float | None = None  # of our monotonic clock
        self._last: float | None = None  # what it has shown last

    def compare(self, shown: object, asked_at: float, answered_at: float) -> None:
        """What it has shown, Unix seconds, between two moments of `time.monotonic`; no number is no news."""
        at = _seconds(shown)
        if at is not None and answered_at - asked_at <= PROMPT_S:
            self._ahead_s, self._last = at - (asked_at + answered_at) / 2, at

    def hear(self, shown: object) -> None:
        """What it shows with whatever it tells: less than before, and it was set back meanwhile.

        From then on what was told first counts as shown as it was read, until the clock is compared again.
        """
        at = _seconds(shown)
        if at is None:
            return
        if self._last is not None and at < self._last - SET_S:
            self._ahead_s = at - time.monotonic()
        self._last = at

    def age_s(self, shown: object) -> float | None:
        """How long ago it showed this, Unix seconds; None: that is no time.

        Where the clock was set since it was compared, this counts as shown now.
        """
        self.hear(shown)
        at = _seconds(shown)
        if at is None:
            return None
        age_s = time.time() - at if self._ahead_s is None else time.monotonic() + self._ahead_s - at
        if age_s < -SET_S and self._ahead_s is not None:
            self._ahead_s = at - time.monotonic()
            return 0.0
        return age_s


def _seconds(shown: object) -> float | None:
    try:
        return float(str(shown))
    except ValueError:
        return None
