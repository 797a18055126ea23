"""Builds the FlowSet, and the calendars and announcements that flows share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from acd.ivr.flow import Flow, FlowSet, Message, Place
from acd.ivr.hours import Calendar, opening_hours, weekly_hours
from acd.settings.files import Files
from acd.settings.flows.messages import Messages
from acd.settings.flows.sounds import Sounds
from acd.settings.flows.sources import FlowSource
from acd.settings.flows.steps import StepBuilder
from acd.settings.schema.calendars import CalendarEntry, HolidaysOptions, days_of


def build_flow_set(
    files: Files, sources: Mapping[str, FlowSource], sounds: Sounds, timezone: str, language: str
) -> FlowSet:
    """What is sound of all flows; whole if nothing has problems.

    `timezone` and `language` are those of the centre.
    """
    system = files.system.content
    default_group = None if system is None else system.routing.default_group
    flows = {
        name: build_flow(source, sounds, default_group)
        for name, source in sources.items()
        if not source.has_errors
    }
    languages = tuple(dict.fromkeys([language, *(la for flow in flows.values() for la in flow.languages)]))
    return FlowSet(
        version=_version(files, sounds),
        flows=flows,
        calendars=_calendars(files, timezone),
        announcements=_announcements(files, languages, sounds),
    )


def build_flow(source: FlowSource, sounds: Sounds, default_group: str | None = None) -> Flow:
    """One flow. Only for a source without problems; see `StepBuilder`."""
    file = source.file
    messages = Messages(source.name, source.languages, sounds, source.prompts)
    builder = StepBuilder(messages, file.defaults, default_group)
    return Flow(
        name=source.name,
        start=file.start,
        languages=source.languages,
        steps={name: builder.build(entry.content) for name, entry in source.steps.items()},
        parameters=dict(file.parameters),
        variables=dict(file.variables),
        error=file.error,
        places={name: Place(entry.document.file, entry.line) for name, entry in source.steps.items()},
    )


def _calendars(files: Files, timezone: str) -> dict[str, Calendar]:
    content = files.calendars.content if files.calendars is not None else None
    if files.calendars is None or content is None or files.calendars.document.has_errors:
        return {}
    entries = content.calendars
    return {name: build_calendar(name, entry, timezone) for name, entry in entries.items()}


def build_calendar(name: str, entry: CalendarEntry, timezone: str) -> Calendar:
    """One calendar; `timezone` is the centre's."""
    public = entry.holidays
    return Calendar(
        name=name,
        timezone=ZoneInfo(entry.timezone or timezone),
        weekly=weekly_hours({day: spans for days, spans in entry.open.items() for day in days_of(days)}),
        closings=dict(entry.closings),
        openings=opening_hours(entry.openings),
        holidays={} if public is None else _public_holidays(public),
    )


def _public_holidays(public: HolidaysOptions) -> Mapping[date, str]:
    import holidays  # a large package, and many centres name no country

    return holidays.country_holidays(public.country, public.subdivision)


def _announcements(files: Files, languages: tuple[str, ...], sounds: Sounds) -> dict[str, Message]:
    content = files.announcements.content if files.announcements is not None else None
    entries = content.announcements if content is not None else {}
    messages = Messages("announcements", languages, sounds)
    return {name: messages.message(parts) for name, parts in entries.items()}


def _version(files: Files, sounds: Sounds) -> str:
    """Tells one state of the files from another, wherever the folders are."""
    content = hashlib.sha256()
    documents = [(f"flow {stem}", read.document) for stem, read in sorted(files.flows.items())]
    documents += [(f"piece {name}", read.document) for name, read in sorted(files.pieces.items())]
    shared = (("calendars", files.calendars), ("announcements", files.announcements))
    documents += [(name, read.document) for name, read in shared if read is not None]
    for name, document in documents:
        content.update(f"{name}\0{document.digest}\0".encode())
    for name in sorted(sounds.own):
        content.update(f"sound {name}\0".encode())
        for path in sorted((files.flows_dir / "sounds").glob(f"{name}.*")):
            content.update(f"{path.suffix}\0{_digest(path)}\0".encode())
    return content.hexdigest()[:16]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # gone since we looked
        return ""
