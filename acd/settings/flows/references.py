"""Names in flows that refer to something: steps, flows, groups, calendars, prompts, languages, sounds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from acd.settings.files import Files
from acd.settings.flows.sounds import Sounds, check_sounds
from acd.settings.flows.sources import Entry, FlowSource
from acd.settings.flows.walk import leaves, named_prompts
from acd.settings.problems import Place, did_you_mean, undefined
from acd.settings.schema.prompts import PROMPT_KINDS
from acd.settings.schema.steps import (
    AnnounceStep,
    CallbackStep,
    CallStep,
    CollectStep,
    GotoFlow,
    GotoStep,
    HoursStep,
    LookupStep,
    MenuStep,
    QueueStep,
    StepEntry,
    TransferStep,
    VoicemailStep,
)


@dataclass(frozen=True, slots=True)
class _Known:
    """What flows can name; None: that file could not be read, so nothing can be said."""

    groups: Collection[str] | None
    skills: Collection[str] | None
    default_group: bool
    flows: Collection[str]
    calendars: Collection[str] | None
    announcements: Collection[str] | None


def check_flows(files: Files, sources: dict[str, FlowSource], sounds: Sounds) -> None:
    """Notes every name that refers to nothing, where it has to be mended."""
    known = _Known(
        groups=files.groups.document.names("groups"),
        skills=files.agents.document.names("skills"),
        default_group=files.system.content is None or files.system.content.routing.default_group is not None,
        flows=files.flows.keys(),
        calendars=() if files.calendars is None else files.calendars.document.names("calendars"),
        announcements=(
            () if files.announcements is None else files.announcements.document.names("announcements")
        ),
    )
    for source in sources.values():
        _check_file(source)
        for step_id, entry in source.steps.items():
            _check_ways(source, step_id, entry)
            _check_names(entry, known)
            if isinstance(entry.content, QueueStep) and entry.content.queue.group is None:
                _check_groupless(entry, known)
            _check_prompts(source, entry)
        for name, prompt in source.prompts.items():
            _check_prompts(source, prompt)
            _check_circle(source, name, prompt)
        _check_prompts(source, Entry(source.file.defaults, source.document, ("defaults",)))
        for document in source.documents:
            for section in ("prompts", "defaults", "steps"):
                check_sounds(document, section, sounds, source.languages)
    for stem, flow in files.flows.items():
        if stem not in sources:
            check_sounds(flow.document, "steps", sounds, ("en",))


def _check_file(source: FlowSource) -> None:
    file, document, steps = source.file, source.document, source.step_names
    if file.name != source.name:
        document.report(("name",), f"the flow's name must be that of its file: '{source.name}'")
    for place, target in (
        (("start",), file.start),
        (("error",), file.error),
        (("defaults", "failure"), file.defaults.failure),
    ):
        if target and target not in steps:
            document.report_undefined(place, "step", target, steps)


def _check_ways(source: FlowSource, step_id: str, entry: Entry[StepEntry]) -> None:
    for place, target in entry.content.ways():
        if target not in source.step_names:
            tail = "" if source.is_own(step_id) else f" in flow '{source.name}', which includes this file"
            if not entry.document.is_full:
                entry.report(place, undefined("step", target, source.step_names, tail))
    failure = _failure(entry.content)
    if failure is not None and not failure[1] and not source.file.defaults.failure:
        entry.report(
            failure[0],
            "the required option 'failure' is missing: the step to go to when this fails; say it here or, for"
            " the whole flow, under `defaults`",
        )


def _failure(step: StepEntry) -> tuple[Place, str] | None:
    """The failure way of the steps that must have one."""
    match step:
        case MenuStep(menu=menu):
            return ("menu", "failure"), menu.failure
        case CollectStep(collect=collect):
            return ("collect", "failure"), collect.failure
        case TransferStep(transfer=transfer):
            return ("transfer", "failure"), transfer.failure
        case LookupStep(failure=failure) | CallbackStep(failure=failure):
            return ("failure",), failure
    return None


def _check_names(entry: Entry[StepEntry], known: _Known) -> None:
    for place, kind, name, names in _named(entry.content, known):
        if names is not None and name not in names and not entry.document.is_full:
            entry.report(place, undefined(kind, name, names, _WHERE.get(kind, "")))


def _check_groupless(entry: Entry[StepEntry], known: _Known) -> None:
    if not known.default_group:
        entry.report(
            ("queue",),
            "`requires` without `group` needs a group that gives the rules: name it here, or for all such"
            " steps as `routing: {default_group: …}` in config/system.yml",
        )


_WHERE = {
    "skill": " in config/agents.yml",
    "calendar": " in config/calendars.yml",
    "announcement": " in announcements.yml",
}


def _named(step: StepEntry, known: _Known) -> Iterator[tuple[Place, str, str, Collection[str] | None]]:
    match step:
        case QueueStep(queue=queue):
            if queue.group is not None:
                yield ("queue", "group"), "group", queue.group, known.groups
            for skill in sorted(queue.requires.skills) if queue.requires is not None else ():
                yield ("queue", "requires"), "skill", skill, known.skills
        case CallbackStep(callback=callback):
            yield ("callback", "group"), "group", callback.group, known.groups
        case VoicemailStep(voicemail=voicemail):
            yield ("voicemail", "group"), "group", voicemail.group, known.groups
        case HoursStep(hours=hours):
            yield ("hours", "calendar"), "calendar", hours.calendar, known.calendars
        case AnnounceStep(announce=name):
            yield ("announce",), "announcement", name, known.announcements
        case CallStep(call=flow):
            yield ("call",), "flow", flow, known.flows
        case GotoStep(goto=GotoFlow(flow=flow)):
            yield ("goto", "flow"), "flow", flow, known.flows


def _check_prompts(source: FlowSource, entry: Entry[Any]) -> None:
    for place, name in named_prompts(entry.content):
        if name not in source.prompt_names and not entry.document.is_full:
            entry.report(place, undefined("prompt", name, source.prompt_names))
    for place, value in leaves(entry.content):
        if isinstance(value, dict) and value and all(isinstance(parts, list) for parts in value.values()):
            for language in value:
                if language not in source.languages:
                    # A misspelt kind of prompt looks like a language.
                    hint = did_you_mean(language, (*PROMPT_KINDS, *source.languages), separator=";")
                    message = (
                        f"the flow has no language '{language}'; its languages are "
                        + ", ".join(source.languages)
                        + hint
                    )
                    entry.report((*place, language), message)


def _check_circle(source: FlowSource, name: str, entry: Entry[list[Any]]) -> None:
    """A prompt that is made of itself would never end."""
    waiting, seen = [name], set()
    while waiting:
        prompt = source.prompts.get(waiting.pop())
        for _, part in named_prompts(prompt.content) if prompt is not None else ():
            if part == name:
                entry.report((), f"the prompt '{name}' contains itself")
                return
            if part not in seen:
                seen.add(part)
                waiting.append(part)
