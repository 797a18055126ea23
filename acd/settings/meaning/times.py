"""Calendars that never open, and public holidays that nobody knows."""

from __future__ import annotations

from datetime import datetime

from acd.ivr.flow import FlowSet
from acd.settings.files import Files
from acd.settings.problems import did_you_mean, shown
from acd.settings.schema.calendars import subdivisions

LOOK_AHEAD_DAYS = 400


def check_subdivisions(files: Files) -> None:
    """A state or province must be one of the country's; before calendars are built."""
    if files.calendars is None or files.calendars.content is None:
        return
    for name, entry in files.calendars.content.calendars.items():
        public = entry.holidays
        if public is None or public.subdivision is None:
            continue
        known = subdivisions(public.country)
        if public.subdivision not in known:
            place = ("calendars", name, "holidays", "subdivision")
            hint = did_you_mean(public.subdivision, known, separator=";")
            files.calendars.document.report(
                place,
                f"'{shown(public.subdivision)}' is no subdivision of {public.country}"
                + (hint or "; it has " + (", ".join(known) or "none")),
            )


def check_opening(files: Files, flow_set: FlowSet, now: datetime) -> None:
    """Each calendar must be open at some time to come."""
    for name, calendar in flow_set.calendars.items():
        if files.calendars is not None and not calendar.opens_within(now, LOOK_AHEAD_DAYS):
            files.calendars.document.report(
                ("calendars", name, "open"),
                f"it is never open from today on (looked {LOOK_AHEAD_DAYS} days ahead); add hours",
            )
