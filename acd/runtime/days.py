"""Tells the engine, which has no local time, when a new day begins at the centre."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from acd.core.events import DayBegan, Event

LOOK_AGAIN_S = 3600.0
"""The machine may have slept: nobody waits for a far-off midnight without looking now and then."""


class Days:
    """`clock` in Unix seconds; a day is one of `timezone`, whatever its length."""

    def __init__(self, feed: Callable[[Event], None], clock: Callable[[], float], timezone: str) -> None:
        self._feed = feed
        self._clock = clock
        self._zone = ZoneInfo(timezone)

    def move_to(self, timezone: str) -> None:
        """The centre has another timezone, and perhaps another date."""
        self._zone = ZoneInfo(timezone)
        self.tell()

    def tell(self) -> None:
        """Which date it is now."""
        self._feed(DayBegan(self._local().date().isoformat()))

    async def run(self) -> None:
        """For ever: at each midnight."""
        while True:
            self.tell()
            await asyncio.sleep(min(self.until_midnight_s(), LOOK_AGAIN_S))

    def until_midnight_s(self) -> float:
        """Seconds until the next day begins: not always those of the clock's face."""
        now = self._local()
        # Where clocks are set at midnight, the first moment of the day may have another name.
        midnight = datetime.combine(now.date() + timedelta(days=1), time.min, self._zone).astimezone(UTC)
        return max(0.001, midnight.timestamp() - self._clock())

    def _local(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), self._zone)
