"""What callbacks need beside their own section: a way outside, and the calendar they name."""

from __future__ import annotations

from acd.settings.files import Files
from acd.settings.problems import Place
from acd.settings.schema.callbacks import BY_HAND


def check_callbacks(files: Files) -> None:
    """Notes every problem in the groups' document."""
    content, document = files.groups.content, files.groups.document
    if content is None:
        return
    calendars = () if files.calendars is None else files.calendars.document.names("calendars")
    dialing = None if files.dialing is None else files.dialing.content
    is_faulty = files.dialing is not None and dialing is None
    for group_id, group in content.groups.items():
        place: Place = ("groups", group_id, "callbacks")
        window = group.callbacks.window
        named = window.calendar if window is not None else None
        if named is not None and calendars is not None and named not in calendars:
            document.report_undefined((*place, "window", "calendar"), "calendar", named, calendars)
        if group.callbacks.mode == BY_HAND or is_faulty:
            continue
        if dialing is None or dialing.flow_role is None:
            message = "calling back by itself needs the option 'flow_role' in dialing.yml: who may be dialled"
            document.report((*place, "mode"), message)
