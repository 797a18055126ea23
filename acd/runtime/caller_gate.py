"""Who calls too often: so many calls of one number in a stretch of time, in bounded memory."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from itertools import islice

import structlog

from acd.settings.caller_limits import CallerLimits
from acd.settings.centre_now import CentreView

log = structlog.get_logger(__name__)

MOST_NUMBERS = 10_000
TELL_EVERY_S = 60.0
HIDDEN = ""
"""In the place of a number: all who hide theirs, together."""


class CallerGate:
    """`clock` in seconds. Calls that are refused do not count: who goes on gets in as often as allowed.

    Numbers are known as long as their calls count. Of more than MOST_NUMBERS those that have not called for
    longest are forgotten.
    """

    def __init__(self, centre: CentreView, clock: Callable[[], float], most: int = MOST_NUMBERS) -> None:
        self._centre = centre
        self._clock = clock
        self._most = most
        self._calls: OrderedDict[str, tuple[float, ...]] = OrderedDict()  # who has called last is last
        self._told: OrderedDict[str, float] = OrderedDict()
        self.limited: Counter[str] = Counter()

    def exceeded(self, number: str) -> int | None:
        """Count a call of this number (E.164, '' if it is hidden); the limit where that is one too many."""
        limits = self._centre.caller_limits
        most = limits.calls if number != HIDDEN else limits.hidden_calls
        if most is None or _is_exempt(number, limits):
            return None
        now = self._clock()
        since = now - limits.within_s
        times = tuple(at for at in self._calls.get(number, ()) if at > since)
        is_allowed = len(times) < most
        self._calls[number] = (*times, now) if is_allowed else times
        self._calls.move_to_end(number)
        self._forget(since)
        if is_allowed:
            return None
        self._count(number, now)
        return most

    def _forget(self, since: float) -> None:
        """Two at most, so that no call takes longer than another; those that are too many at once."""
        for number, times in list(islice(self._calls.items(), 2)):
            if not times or times[-1] <= since:
                del self._calls[number]
        while len(self._calls) > self._most:
            self._calls.popitem(last=False)

    def _count(self, number: str, now: float) -> None:
        self.limited["hidden" if number == HIDDEN else "number"] += 1
        if now - self._told.get(number, now - TELL_EVERY_S) < TELL_EVERY_S:
            return
        self._told[number] = now
        self._told.move_to_end(number)
        while len(self._told) > self._most:
            self._told.popitem(last=False)
        log.warning("a caller calls too often", number=number or "hidden")

    @property
    def numbers_known(self) -> int:
        """How many numbers are remembered."""
        return len(self._calls)


def _is_exempt(number: str, limits: CallerLimits) -> bool:
    return number != HIDDEN and number.startswith(limits.exempt)
