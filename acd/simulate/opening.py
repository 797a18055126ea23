"""The opening hours of groups, and of calling customers back, on the virtual clock.

The clock shows the centre's local time. It knows no summer time: each of its days has 24 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from acd.ivr.hours import Calendar, CalendarState
from acd.settings.model import Centre

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Opening:
    """Calendars by group: `groups` of its line, `callbacks` of calling its customers back.

    A group that is not named is always open. `timezone`: the centre's.
    """

    groups: Mapping[str, Calendar] = field(default_factory=dict)
    callbacks: Mapping[str, Calendar] = field(default_factory=dict)
    timezone: tzinfo = UTC

    @classmethod
    def of(cls, centre: Centre, timezone: tzinfo) -> Opening:
        """As configured."""
        calendars = centre.flow_set.calendars
        groups = {g: calendars[name] for g, name in centre.group_hours.items() if name in calendars}
        return cls(groups, centre.callback_windows, timezone)


ALWAYS_OPEN = Opening()


@dataclass(frozen=True, slots=True)
class ClockFace:
    """What the virtual clock shows: `opens_s` after the midnight of `first_day` at 0."""

    first_day: date
    opens_s: float
    timezone: tzinfo = UTC

    def is_open(self, calendar: Calendar, at: float) -> bool:
        """At this second."""
        return calendar.state(self._moment(at)) is CalendarState.OPEN

    def next_change(self, calendar: Calendar, at: float) -> float | None:
        """The second at which it opens or closes next; None: not for a year."""
        moment = calendar.next_change(self._moment(at))
        if moment is None:
            return None
        found = (moment.astimezone(self.timezone) - self._moment(0.0)).total_seconds()
        return found if found > at else at + MINUTE_S  # an hour that a calendar of another zone has twice

    def _moment(self, at: float) -> datetime:
        midnight = datetime.combine(self.first_day, datetime.min.time(), self.timezone)
        return midnight + timedelta(seconds=self.opens_s + at)
