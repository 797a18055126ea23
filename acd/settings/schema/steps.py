"""The kinds of step of a flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from acd.settings.problems import Place
from acd.settings.schema.dialogue import CollectOptions, MenuOptions, RecordOptions, SurveyOptions
from acd.settings.schema.handover import (
    CallbackOptions,
    QueueOptions,
    TransferTarget,
    VoicemailOptions,
)
from acd.settings.schema.lookup import LookupSource
from acd.settings.schema.prompts import Prompts, only_kind
from acd.settings.schema.values import (
    ExpressionText,
    ExpressionValue,
    Id,
    Options,
    SoundName,
    Variable,
    YesNo,
    checked,
    expected,
    mistake,
    not_empty,
    text_of,
)

_SoundList = Annotated[list[SoundName], not_empty("sound")]


def _sounds_tag(value: Any) -> str:
    return "(list)" if isinstance(value, list) else "(name)"


Sounds = Annotated[
    Annotated[SoundName, Tag("(name)")] | Annotated[_SoundList, Tag("(list)")],
    Discriminator(_sounds_tag),
    AfterValidator(lambda value: value if isinstance(value, list) else [value]),
]
"""A sound's name or a list of them; always a list once it is checked."""


def _case(value: object) -> str:
    what = "a text of up to 100 characters to compare with"
    text = text_of(what, value)
    if len(text) > 100:
        raise expected(what, value)
    return text


def _nothing(value: object) -> None:
    if value is not None:
        raise mistake("`return:` has nothing after the colon; results are named by `into` of the `call`")


Case = Annotated[str, checked(_case, type="string")]


class _StepEntry(Options):
    """What all steps have in common."""

    def ways(self) -> Iterator[tuple[Place, str]]:
        """Every step that this one says it leads to, with its place in the step."""
        for name in ("next", "failure", "not_found"):
            target = getattr(self, name, None)
            if target:
                yield (name,), target


class SayStep(_StepEntry):
    """Speaks, then goes on."""

    say: Prompts
    """What the caller hears."""
    next: Id
    """The step that follows."""
    interrupt: YesNo = False
    """A key ends the message early, and is kept for what follows."""


class PlayStep(_StepEntry):
    """Plays recorded sounds, then goes on."""

    play: Sounds
    """Files below sounds/, or sounds of Asterisk's."""
    next: Id
    """The step that follows."""
    interrupt: YesNo = False
    """A key ends the sounds early, and is kept for what follows."""


class MenuStep(_StepEntry):
    """Asks for a key, or several."""

    menu: MenuOptions

    def ways(self) -> Iterator[tuple[Place, str]]:
        """The choices, and what follows the last try."""
        for key, target in self.menu.choices.items():
            yield ("menu", "choices", key), target
        if self.menu.failure:
            yield ("menu", "failure"), self.menu.failure


class CollectStep(_StepEntry):
    """Asks for digits and keeps them in a variable."""

    collect: CollectOptions
    next: Id
    """The step that follows."""

    def ways(self) -> Iterator[tuple[Place, str]]:
        """`next`, and what follows the last try."""
        yield ("next",), self.next
        if self.collect.failure:
            yield ("collect", "failure"), self.collect.failure


class HoursOptions(Options):
    """Where to go by the calendar."""

    calendar: Id
    """A calendar of config/calendars.yml."""
    open: Id
    """The step while it is open."""
    closed: Id
    """The step while it is closed."""
    holiday: Id | None = None
    """The step on holidays and closings; left out: that of `closed`."""


class HoursStep(_StepEntry):
    """Goes by the opening hours."""

    hours: HoursOptions

    def ways(self) -> Iterator[tuple[Place, str]]:
        """The three ways."""
        for name in ("open", "closed", "holiday"):
            target = getattr(self.hours, name)
            if target is not None:
                yield ("hours", name), target


class SetStep(_StepEntry):
    """Gives variables values, in order."""

    set: Annotated[dict[Variable, ExpressionValue], not_empty("variable")]
    """Names, and numbers, true, false, or expressions."""
    next: Id
    """The step that follows."""


class IfStep(_StepEntry):
    """One of two ways."""

    condition: ExpressionValue = Field(alias="if")
    """An expression."""
    then: Id
    """The step where it is true."""
    otherwise: Id = Field(alias="else")
    """The step where it is not."""

    def ways(self) -> Iterator[tuple[Place, str]]:
        """Both."""
        yield ("then",), self.then
        yield ("else",), self.otherwise


class SwitchStep(_StepEntry):
    """One of several ways."""

    switch: ExpressionText
    """An expression; its value, as text, is looked for among the cases."""
    cases: Annotated[dict[Case, Id], not_empty("case")]
    """Texts, and the steps that they lead to."""
    default: Id
    """The step for any other value."""

    def ways(self) -> Iterator[tuple[Place, str]]:
        """The cases, and the default."""
        for case, target in self.cases.items():
            yield ("cases", case), target
        yield ("default",), self.default


class LookupStep(_StepEntry):
    """Asks the customer directory or an HTTP service."""

    lookup: LookupSource
    """Whom to ask."""
    next: Id
    """The step when there is an answer."""
    not_found: Id | None = None
    """The step when there is no such thing; left out: that of `failure`."""
    failure: Id = ""
    """The step when there is no usable answer in time; left out: that of the flow's `defaults`."""


class LanguageStep(_StepEntry):
    """From here on the caller hears another language."""

    language: ExpressionText
    """An expression; a language that the flow lacks changes nothing."""
    next: Id
    """The step that follows."""


class QueueStep(_StepEntry):
    """Puts the caller into the waiting line of a skill group."""

    queue: QueueOptions

    def ways(self) -> Iterator[tuple[Place, str]]:
        """The ways out of the line."""
        for key, target in self.queue.keys.items():
            yield ("queue", "keys", key), target
        for name in ("timeout", "no_agents", "after"):
            target = getattr(self.queue, name)
            if target is not None:
                yield ("queue", name), target


class CallbackStep(_StepEntry):
    """Notes that the caller wants to be called back."""

    callback: CallbackOptions
    next: Id
    """The step when it is noted."""
    failure: Id = ""
    """The step when the number cannot be called, or has an open callback already."""


class VoicemailStep(_StepEntry):
    """Records a message for a skill group."""

    voicemail: VoicemailOptions
    next: Id
    """The step that follows."""


class SurveyStep(_StepEntry):
    """Asks questions and keeps the scores with the call."""

    survey: SurveyOptions
    next: Id
    """The step that follows."""


class TransferStep(_StepEntry):
    """Rings somebody for the caller."""

    transfer: TransferTarget
    """Whom to ring."""

    def ways(self) -> Iterator[tuple[Place, str]]:
        """What follows when nobody answers, and when they have hung up."""
        if self.transfer.failure:
            yield ("transfer", "failure"), self.transfer.failure
        if self.transfer.after is not None:
            yield ("transfer", "after"), self.transfer.after


class RecordStep(_StepEntry):
    """Records the caller's words."""

    record: RecordOptions
    next: Id
    """The step that follows."""


class AnnounceStep(_StepEntry):
    """Says an announcement if it is switched on."""

    announce: Id
    """An announcement of announcements.yml."""
    next: Id
    """The step that follows."""


class CallStep(_StepEntry):
    """Another flow as a sub-flow."""

    call: Id
    """The flow."""
    arguments: dict[Variable, ExpressionValue] = Field(default_factory=dict, alias="with")
    """Values for the sub-flow's parameters."""
    into: dict[Variable, Variable] = Field(default_factory=dict)
    """Variables here, and the variables of the sub-flow whose values they get at its `return`."""
    next: Id
    """The step that follows the sub-flow's `return`."""


class ReturnStep(_StepEntry):
    """Back to where the sub-flow was called; at the top the call ends."""

    back: Annotated[None, checked(_nothing, type="null")] = Field(alias="return")
    """Left empty."""


class GotoFlow(Options):
    """The start of another flow."""

    flow: Id
    """The flow; the caller does not come back."""


def _goto_tag(value: Any) -> str:
    return "(flow)" if isinstance(value, dict) else "(step)"


class GotoStep(_StepEntry):
    """Goes on with another step, or another flow."""

    goto: Annotated[
        Annotated[Id, Tag("(step)")] | Annotated[GotoFlow, Tag("(flow)")], Discriminator(_goto_tag)
    ]
    """The step, or {flow: NAME}."""
    """A step of this flow, or {flow: NAME}."""

    def ways(self) -> Iterator[tuple[Place, str]]:
        """The step, if it is one."""
        if isinstance(self.goto, str):
            yield ("goto",), self.goto


class HangUpStep(_StepEntry):
    """Says goodbye, if there is a prompt, and ends the call."""

    hangup: Prompts | None
    """What the caller hears last; may be left empty."""


_KINDS: dict[str, type[_StepEntry]] = {
    "say": SayStep, "play": PlayStep, "menu": MenuStep, "collect": CollectStep, "hours": HoursStep,
    "set": SetStep, "if": IfStep, "switch": SwitchStep, "lookup": LookupStep, "language": LanguageStep,
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
