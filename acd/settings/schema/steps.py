"""All kinds of step of a flow; each stands with those that do alike, in a file of their own."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Discriminator, Tag

from acd.settings.schema.prompts import only_kind
from acd.settings.schema.step_options import StepOptions
from acd.settings.schema.steps_deciding import (
    CallStep,
    GotoFlow,
    GotoStep,
    HoursStep,
    IfStep,
    LanguageStep,
    LookupStep,
    RecordingStep,
    ReturnStep,
    SetStep,
    SwitchStep,
)
from acd.settings.schema.steps_handing import CallbackStep, QueueStep, TransferStep, VoicemailStep
from acd.settings.schema.steps_talking import (
    AnnounceStep,
    CollectStep,
    HangUpStep,
    MenuStep,
    PlayStep,
    RecordStep,
    SayStep,
    SurveyStep,
)

__all__ = [
    "STEP_KINDS",
    "AnnounceStep",
    "CallStep",
    "CallbackStep",
    "CollectStep",
    "GotoFlow",
    "GotoStep",
    "HangUpStep",
    "HoursStep",
    "IfStep",
    "LanguageStep",
    "LookupStep",
    "MenuStep",
    "PlayStep",
    "QueueStep",
    "RecordStep",
    "RecordingStep",
    "ReturnStep",
    "SayStep",
    "SetStep",
    "StepEntry",
    "SurveyStep",
    "SwitchStep",
    "TransferStep",
    "VoicemailStep",
]

_KINDS: dict[str, type[StepOptions]] = {
    "say": SayStep, "play": PlayStep, "menu": MenuStep, "collect": CollectStep, "hours": HoursStep,
    "set": SetStep, "if": IfStep, "switch": SwitchStep, "lookup": LookupStep, "language": LanguageStep,
    "recording": RecordingStep,
    "queue": QueueStep, "callback": CallbackStep, "voicemail": VoicemailStep, "survey": SurveyStep,
    "transfer": TransferStep, "record": RecordStep, "announce": AnnounceStep, "call": CallStep,
    "return": ReturnStep, "goto": GotoStep, "hangup": HangUpStep,
}  # fmt: skip
STEP_KINDS = tuple(_KINDS)
_STEP_OPTIONS = tuple(
    {field.alias or name: None for kind in _KINDS.values() for name, field in kind.model_fields.items()}
)


def _one_step_kind(value: Any) -> Any:
    only_kind("a step", value, STEP_KINDS, _STEP_OPTIONS)
    return value


def _kind_tag(value: Any) -> str:
    return next(f"({kind})" for kind in STEP_KINDS if kind in value)


StepEntry: TypeAlias = Annotated[
    Annotated[SayStep, Tag("(say)")]
    | Annotated[PlayStep, Tag("(play)")]
    | Annotated[MenuStep, Tag("(menu)")]
    | Annotated[CollectStep, Tag("(collect)")]
    | Annotated[HoursStep, Tag("(hours)")]
    | Annotated[SetStep, Tag("(set)")]
    | Annotated[IfStep, Tag("(if)")]
    | Annotated[SwitchStep, Tag("(switch)")]
    | Annotated[LookupStep, Tag("(lookup)")]
    | Annotated[LanguageStep, Tag("(language)")]
    | Annotated[RecordingStep, Tag("(recording)")]
    | Annotated[QueueStep, Tag("(queue)")]
    | Annotated[CallbackStep, Tag("(callback)")]
    | Annotated[VoicemailStep, Tag("(voicemail)")]
    | Annotated[SurveyStep, Tag("(survey)")]
    | Annotated[TransferStep, Tag("(transfer)")]
    | Annotated[RecordStep, Tag("(record)")]
    | Annotated[AnnounceStep, Tag("(announce)")]
    | Annotated[CallStep, Tag("(call)")]
    | Annotated[ReturnStep, Tag("(return)")]
    | Annotated[GotoStep, Tag("(goto)")]
    | Annotated[HangUpStep, Tag("(hangup)")],
    Discriminator(_kind_tag),
    BeforeValidator(_one_step_kind),
]
"""One step; its kind is the one key of STEP_KINDS that it has."""
