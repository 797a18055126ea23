"""Steps that find out where the caller goes next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from acd.settings.problems import Place
from acd.settings.schema.checking import Options, checked, expected, mistake, not_empty, one_of, text_of
from acd.settings.schema.lookup import LookupSource
from acd.settings.schema.step_options import StepOptions
from acd.settings.schema.values import ExpressionText, ExpressionValue, Id, Variable


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


class HoursStep(StepOptions):
    """Goes by the opening hours."""

    hours: HoursOptions

    def ways(self) -> Iterator[tuple[Place, str]]:
        """The three ways."""
        for name in ("open", "closed", "holiday"):
            target = getattr(self.hours, name)
            if target is not None:
                yield ("hours", name), target


class SetStep(StepOptions):
    """Gives variables values, in order."""

    set: Annotated[dict[Variable, ExpressionValue], not_empty("variable")]
    """Names, and numbers, true, false, or expressions."""
    next: Id
    """The step that follows."""


class IfStep(StepOptions):
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


class SwitchStep(StepOptions):
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


class RecordingStep(StepOptions):
    """Keeps what the caller said to being recorded."""

    recording: Annotated[str, one_of("consent", "decline")]
    """`consent`: the talk may be recorded; `decline`: nothing is, whatever group and agent want."""
    next: Id
    """The step that follows."""


class LookupStep(StepOptions):
    """Asks the customer directory or an HTTP service."""

    lookup: LookupSource
    """Whom to ask."""
    next: Id
    """The step when there is an answer."""
    not_found: Id | None = None
    """The step when there is no such thing; left out: that of `failure`."""
    failure: Id = ""
    """The step when there is no usable answer in time; left out: that of the flow's `defaults`."""


class LanguageStep(StepOptions):
    """From here on the caller hears another language."""

    language: ExpressionText
    """An expression; a language that the flow lacks changes nothing."""
    next: Id
    """The step that follows."""


class CallStep(StepOptions):
    """Another flow as a sub-flow."""

    call: Id
    """The flow."""
    arguments: dict[Variable, ExpressionValue] = Field(default_factory=dict, alias="with")
    """Values for the sub-flow's parameters."""
    into: dict[Variable, Variable] = Field(default_factory=dict)
    """Variables here, and the variables of the sub-flow whose values they get at its `return`."""
    next: Id
    """The step that follows the sub-flow's `return`."""


class ReturnStep(StepOptions):
    """Back to where the sub-flow was called; at the top the call ends."""

    back: Annotated[None, checked(_nothing, type="null")] = Field(alias="return")
    """Left empty."""


class GotoFlow(Options):
    """The start of another flow."""

    flow: Id
    """The flow; the caller does not come back."""


def _goto_tag(value: Any) -> str:
    return "(flow)" if isinstance(value, dict) else "(step)"


class GotoStep(StepOptions):
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
