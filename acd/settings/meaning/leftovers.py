"""Defaults of a flow that no step takes, and named prompts that nothing says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from acd.settings.flows.sources import Entry, FlowSource
from acd.settings.flows.walk import named_prompts
from acd.settings.meaning.graph import reach
from acd.settings.schema.flow import Defaults
from acd.settings.schema.steps import (
    CallbackStep,
    CollectStep,
    LookupStep,
    MenuStep,
    StepEntry,
    SurveyStep,
    TransferStep,
)


def check_defaults(sources: Mapping[str, FlowSource]) -> None:
    """Each default must serve at least one step."""
    for source in sources.values():
        taken = {name for entry in source.steps.values() for name in _taken(entry.content)}
        for name in Defaults.model_fields:
            if name in source.file.defaults.model_fields_set and name not in taken:
                message = "no step of this flow takes this default; remove it"
                source.document.report(("defaults", name), message, warning=True)


def check_prompts(sources: Mapping[str, FlowSource], *, complete: bool) -> None:
    """Each named prompt must be said by something; one of a piece by one of the flows that include it.

    Of a flow with mistakes nothing is known: nothing is said then of what it may use. `complete`: all
    flows that there are could be read.
    """
    used: set[tuple[str, str]] = set()
    unused: dict[tuple[str, str], tuple[FlowSource, Entry[list[Any]]]] = {}
    for source in sources.values():
        said = _said(source)
        for name, prompt in source.prompts.items():
            key = (prompt.document.file, name)
            is_own = prompt.document is source.document
            if source.has_errors or name in said or not (is_own or complete):
                used.add(key)
            else:
                unused.setdefault(key, (source, prompt))
    for key, (source, prompt) in unused.items():
        if key not in used:
            whose = "this flow" if prompt.document is source.document else "any flow that includes this file"
            prompt.report((), f"nothing in {whose} says this prompt; remove it", warning=True)


def _said(source: FlowSource) -> set[str]:
    """The named prompts that steps and defaults lead to, also by way of other prompts."""
    contents = [entry.content for entry in source.steps.values()]
    roots = [name for content in (*contents, source.file.defaults) for _, name in named_prompts(content)]
    return set(
        reach(
            [name for name in roots if name in source.prompts],
            lambda name: (
                inner for _, inner in named_prompts(source.prompts[name].content) if inner in source.prompts
            ),
        )
    )


def _taken(step: StepEntry) -> set[str]:
    """The options that the step leaves to the defaults."""
    options: BaseModel
    match step:
        case MenuStep(menu=options) | CollectStep(collect=options) | SurveyStep(survey=options):
            return type(options).model_fields.keys() - options.model_fields_set
        case TransferStep(transfer=options):  # its timeout_s is that of a ring
            return {"failure"} - options.model_fields_set
        case LookupStep() | CallbackStep():
            return {"failure"} - step.model_fields_set
    return set()
