"""Defaults of a flow that no step takes."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from acd.settings.flows.sources import FlowSource
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
