"""Tells the engine, which has no local time, of each hour at the centre, and of groups that close."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.core.events import Event, GroupClosed, HourBegan
from acd.core.ports import Mirror
from acd.ivr.hours import Calendar, CalendarState

KEY = "hours:"
MINUTE_S = 60.0


class Hours:
    """`clock` in Unix seconds, `timezone` the centre's. `group_hours` maps a group to its calendar's name,
    `calendars` gives those in effect now: a reload may change them.

    When a group closed is kept in the mirror: who waits through a restart leaves all the same.
    """

    def __init__(
        self,
        feed: Callable[[Event], None],
        clock: Callable[[], float],
        timezone: str,
        group_hours: Mapping[str, str],
        calendars: Callable[[], Mapping[str, Calendar]],
        mirror: Mirror,
    ) -> None:
        self._feed = feed
        self._clock = clock
        self._zone = ZoneInfo(timezone)
        self._group_hours = group_hours
        self._calendars = calendars
        self._mirror = mirror
        self._hour: int | None = None
        self._closed_at: dict[str, float | None] = {}  # None: open

    def change(self, timezone: str, group_hours: Mapping[str, str]) -> None:
        """Of another configuration; what is known of groups that stay is kept."""
        if timezone != self._zone.key:
            self._zone, self._hour = ZoneInfo(timezone), None
        for group in self._group_hours.keys() - group_hours.keys():
            self._closed_at.pop(group, None)
            self._mirror.drop(KEY + group)
        self._group_hours = group_hours

    def restore(self) -> None:
        """What was known before a restart."""
        kept = self._mirror.load()
        for group in self._group_hours:
            value = kept.get(KEY + group, {}).get("closed_at", "unknown")
            if value is None or isinstance(value, float):
                self._closed_at[group] = value
                if value is not None:
                    self._feed(GroupClosed(group, value))

    def tell(self) -> None:
        """Which hour it is, if that is news; which groups have closed since the last time."""
        now = self._clock()
        hour = datetime.fromtimestamp(now, self._zone).hour
        if hour != self._hour:
            self._hour = hour
            self._feed(HourBegan(hour))
        calendars = self._calendars()
        for group, name in self._group_hours.items():
            if name in calendars:
                is_open = calendars[name].state(datetime.fromtimestamp(now, UTC)) is CalendarState.OPEN
                self._look_at(group, now, is_open=is_open)

    def _look_at(self, group: str, now: float, *, is_open: bool) -> None:
        is_known = group in self._closed_at
        was_open = is_known and self._closed_at[group] is None
        if is_known and was_open == is_open:
            return
        # Of a group that was never seen open nobody knows since when it is closed: who waits there waits on.
        self._closed_at[group] = None if is_open else now
        self._mirror.put(KEY + group, {"closed_at": self._closed_at[group]})
        if was_open and not is_open:
            self._feed(GroupClosed(group))

    async def run(self) -> None:
        """For ever: at each minute, for calendars know no shorter time."""
        while True:
            self.tell()
            await asyncio.sleep(max(0.001, MINUTE_S - self._clock() % MINUTE_S))
