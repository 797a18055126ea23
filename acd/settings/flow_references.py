"""Where the steps of the flows lead, and the sounds that they play."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from acd.settings.asterisk_sounds import CORE_SOUNDS, SOUND_FORMATS
from acd.settings.document import Document
from acd.settings.files import Files
from acd.settings.problems import Place, did_you_mean
from acd.settings.schema.flow import FlowFile, MenuStep, PlayStep, QueueStep, SayStep, StepEntry
from acd.settings.schema.values import SOUND_NAME_PATTERN


def check_flows(files: Files) -> None:
    """Notes every problem in the flow's own document."""
    groups = files.groups.document.names("groups")
    sounds = _own_sounds(files.flows_dir / "sounds") | CORE_SOUNDS
    for stem, flow in files.flows.items():
        if flow.content is not None:
            _check_flow(stem, flow.content, flow.document, groups)
        _check_sounds(flow.document, sounds)


def _check_flow(stem: str, flow: FlowFile, document: Document, groups: Collection[str] | None) -> None:
    steps: Collection[str] = document.names("steps") or ()
    if flow.name != stem:
        document.report(("name",), f"the flow's name must be that of its file: '{stem}'")
    if flow.start not in steps:
        document.report_undefined(("start",), "step", flow.start, steps)
    for step_id, step in flow.steps.items():
        for place, target in _targets(step):
            if target not in steps:
                document.report_undefined(("steps", step_id, *place), "step", target, steps)
        if isinstance(step, QueueStep) and groups is not None and step.queue.group not in groups:
            place = ("steps", step_id, "queue", "group")
            document.report_undefined(place, "group", step.queue.group, groups)


def _targets(step: StepEntry) -> Iterator[tuple[Place, str]]:
    """Every step that this one leads to, with its place in the step."""
    match step:
        case SayStep() | PlayStep():
            yield ("next",), step.next
        case MenuStep(menu=menu):
            for key, target in menu.choices.items():
                yield ("menu", "choices", key), target
            yield ("menu", "failure"), menu.failure


def _check_sounds(document: Document, known: frozenset[str]) -> None:
    """A sound is ours, below `sounds/`, or Asterisk's; a missing one would be silence."""
    for step_id in document.names("steps") or ():
        for place, name in _played(document.data["steps"][step_id], ("steps", step_id)):
            # A name that is not well-formed is reported by the schema.
            is_missing = re.fullmatch(SOUND_NAME_PATTERN, name) and name not in known
            if is_missing and not document.is_full:
                hint = did_you_mean(name, sorted(known), separator=";")
                document.report(place, f"no sound '{name}' in sounds/ nor among Asterisk's{hint}")


def _played(data: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Every text under a key `play`, read from the document itself to have its exact place."""
    entries: list[tuple[str | int, Any]] = []
    if isinstance(data, dict):
        entries = list(data.items())
    elif isinstance(data, list):
        entries = list(enumerate(data))
    for key, value in entries:
        here = (*place, key)
        if key == "play" and isinstance(value, str):
            yield here, value
        elif key == "play" and isinstance(value, list):
            yield from (((*here, i), item) for i, item in enumerate(value) if isinstance(item, str))
        else:
            yield from _played(value, here)


def _own_sounds(sounds_dir: Path) -> frozenset[str]:
    """The sounds below the folder, named as flows name them."""
    found = [path for path in sounds_dir.rglob("*") if path.suffix in SOUND_FORMATS and path.is_file()]
    return frozenset(path.relative_to(sounds_dir).with_suffix("").as_posix() for path in found)
