"""config/retention.yml: whether it fits the rest, and what is used of it."""

from __future__ import annotations

from acd.settings.files import Files
from acd.settings.retention import CallsEnd, RetentionSettings
from acd.settings.schema.retention import KeptEntry, RetentionFile


def check_retention(files: Files) -> None:
    """Notes groups that there are not, and recordings that would outlast the calls they are of."""
    read = files.retention
    if read is None or read.content is None:
        return
    document, content, groups = read.document, read.content, files.groups.content
    own = content.recordings.groups if content.recordings is not None else {}
    if groups is not None:
        known = [*groups.groups, *groups.removed]
        for group in own:
            if group not in known:
                document.report_undefined(("recordings", "groups", group), "group", group, known)
    calls = content.calls
    if calls is None:
        return
    is_deleted = calls.then == CallsEnd.DELETE.value
    kept: dict[str, list[int]] = {
        "recordings": [content.recordings.days, *own.values()] if content.recordings is not None else [],
        "voicemails": [content.voicemails.days] if content.voicemails is not None else [],
    }
    for kind, days in kept.items():
        if not days or max(days) > calls.days:
            time = f"kept for {max(days)} days" if days else "kept for ever"
            way_out = "keep calls as long, or anonymise them"
            if not is_deleted:
                way_out = "a voice can tell who it is after the call has become nobody's"
            document.report(
                ("calls", "then"),
                f"{kind} are {time}, longer than the calls that they are of: {way_out}",
                warning=not is_deleted,
            )


def assemble_retention(file: RetentionFile | None) -> RetentionSettings:
    """Of a file without faults; without one all is kept for ever."""
    if file is None:
        return RetentionSettings()
    return RetentionSettings(
        recordings=_days(file.recordings),
        recordings_of=dict(file.recordings.groups) if file.recordings is not None else {},
        voicemails=_days(file.voicemails),
        calls=_days(file.calls),
        calls_then=CallsEnd(file.calls.then) if file.calls is not None else CallsEnd.ANONYMISE,
        facts=_days(file.facts),
        agent_states=_days(file.agent_states),
        audit=_days(file.audit),
        contacts=_days(file.contacts),
        drafts=_days(file.drafts),
    )


def _days(entry: KeptEntry | None) -> int | None:
    return entry.days if entry is not None else None
