"""Tells the engine, which has no local time, what the virtual clock shows: hours, dates, closing times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

from acd.core import callback_events, events
from acd.ivr.hours import Calendar
from acd.simulate.agenda import Agenda
from acd.simulate.opening import ClockFace, Opening
from acd.simulate.scenario import Scenario

HOUR_S = 3600.0
_Sign: TypeAlias = tuple[str, Calendar]


class TimeOfDay:
    """`tell`: the engine."""

    def __init__(
        self, scenario: Scenario, opening: Opening, agenda: Agenda, tell: Callable[[events.Event], None]
    ) -> None:
        self._first_day, self._opens_s = scenario.first_day, scenario.opens_s
        self._opening = opening
        self._face = ClockFace(scenario.first_day, scenario.opens_s, opening.timezone)
        self._agenda = agenda
        self._tell = tell
        self._closed: set[str] = set()

    def is_closed(self, group: str) -> bool:
        """Whether callers of the group are not let into its line now."""
        return group in self._closed

    def begin(self) -> None:
        """At 0: which hour it is, which groups are open, whose customers may be called back."""
        self._strike(self._opens_s // HOUR_S)
        for group, calendar in self._opening.groups.items():
            if not self._face.is_open(calendar, 0.0):
                self._closed.add(group)
            self._watch((group, calendar), self._turn_line)
        for sign in self._opening.callbacks.items():
            self._turn_callbacks(sign)

    def _strike(self, hours: float) -> None:
        """The clock, which counts from the first midnight: policies look at the hour, limits at the date."""
        day, hour = divmod(int(hours), 24)
        if hour == 0 or self._agenda.now == 0.0:
            self._tell(events.DayBegan((self._first_day + timedelta(days=day)).isoformat()))
        self._tell(events.HourBegan(hour))
        self._agenda.at((hours + 1) * HOUR_S - self._opens_s, self._strike, hours + 1)

    def _watch(self, sign: _Sign, action: Callable[[_Sign], None]) -> None:
        at = self._face.next_change(sign[1], self._agenda.now)
        if at is not None:
            self._agenda.at(at, action, sign)

    def _turn_line(self, sign: _Sign) -> None:
        group, calendar = sign
        if self._face.is_open(calendar, self._agenda.now):
            self._closed.discard(group)
        else:
            self._closed.add(group)
            self._tell(events.GroupClosed(group))
        self._watch(sign, self._turn_line)

    def _turn_callbacks(self, sign: _Sign) -> None:
        group, calendar = sign
        self._tell(callback_events.CallbackHours(group, self._face.is_open(calendar, self._agenda.now)))
        self._watch(sign, self._turn_callbacks)
