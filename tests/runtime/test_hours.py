"""Hours and closing times, as the engine is told of them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from acd.core.events import Event, GroupClosed, HourBegan
from acd.ivr.hours import Calendar
from acd.runtime.hours import Hours
from tests.runtime.fakes import FakeMirror

ZONE = ZoneInfo("Europe/Berlin")
OFFICE = Calendar("office", ZONE, weekly={2: ((9 * 60, 18 * 60),)})  # Wednesdays


class Told:
    """Hours of one group, `sales`, and what came of them."""

    def __init__(self, mirror: FakeMirror, calendars: dict[str, Calendar] | None = None) -> None:
        self.now = 0.0
        self.events: list[Event] = []
        known = {"office": OFFICE} if calendars is None else calendars
        self.hours = Hours(
            self.events.append, lambda: self.now, "Europe/Berlin", {"sales": "office"}, lambda: known, mirror
        )

    def at(self, text: str) -> list[Event]:
        """What is told at this local time."""
        self.now = datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()
        self.events.clear()
        self.hours.tell()
        return list(self.events)


def test_each_hour_once() -> None:
    told = Told(FakeMirror(), {})
    assert told.at("2026-06-10 08:59") == [HourBegan(8)]
    assert told.at("2026-06-10 08:59") == []
    assert told.at("2026-06-10 09:00") == [HourBegan(9)]
    assert told.at("2026-10-25 02:30") == [HourBegan(2)]  # the clocks are set back in this night


def test_the_group_closes_once() -> None:
    told = Told(FakeMirror())
    told.at("2026-06-10 17:00")
    assert told.at("2026-06-10 17:59") == []
    assert told.at("2026-06-10 18:00") == [HourBegan(18), GroupClosed("sales")]
    assert told.at("2026-06-10 18:01") == []
    assert told.at("2026-06-11 12:00") == [HourBegan(12)]


def test_a_group_that_was_never_seen_open_does_not_close() -> None:
    told = Told(FakeMirror())
    assert told.at("2026-06-10 20:00") == [HourBegan(20)]
    assert told.at("2026-06-10 20:01") == []


def test_it_closed_while_no_controller_was_there() -> None:
    mirror = FakeMirror()
    Told(mirror).at("2026-06-10 17:59")
    again = Told(mirror)
    again.hours.restore()
    assert again.events == []
    assert GroupClosed("sales") in again.at("2026-06-10 18:30")


def test_when_it_closed_outlives_the_controller() -> None:
    mirror = FakeMirror()
    before = Told(mirror)
    before.at("2026-06-10 17:59")
    before.at("2026-06-10 18:00")
    again = Told(mirror)
    again.hours.restore()
    assert again.events == [GroupClosed("sales", before.now)]
    assert GroupClosed("sales") not in again.at("2026-06-10 18:30")


def test_a_calendar_that_is_gone_says_nothing() -> None:
    told = Told(FakeMirror(), {})
    assert told.at("2026-06-10 18:00") == [HourBegan(18)]
