"""ivr_flows/NAME.yml: one flow, its steps and prompts; and the pieces that flows include."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from acd.settings.schema.checking import Options, checked, mistake, not_empty
from acd.settings.schema.dialogue import NextKey, Timeout, Tries, nothing
from acd.settings.schema.flow_tests import FlowTest
from acd.settings.schema.prompts import Prompts
from acd.settings.schema.steps import StepEntry
from acd.settings.schema.values import ExpressionValue, Id, Language, Variable, piece_name


def _no_language_twice(value: list[str]) -> list[str]:
    twice = [language for index, language in enumerate(value) if language in value[:index]]
    if twice:
        raise mistake(f"the language '{twice[0]}' is listed twice")
    return value


Languages = Annotated[list[Language], not_empty("language"), AfterValidator(_no_language_twice)]


class Defaults(Options):
    """What holds for every step of the flow that does not say otherwise."""

    timeout_s: Timeout = 5.0
    """Seconds to wait for a key: menu, collect, survey."""
    next_key_s: NextKey = 2.0
    """Seconds to wait for a further key: menu, collect."""
    tries: Tries = 3
    """Rounds before `failure`: menu, collect, survey."""
    invalid: Prompts = Field(default_factory=nothing)
    """Said when the keys are not valid: menu, collect, survey."""
    no_input: Prompts = Field(default_factory=nothing)
    """Said when no key came: menu, collect."""
    failure: Id = ""
    """Where menu, collect, lookup, callback and transfer lead when they fail."""


Pieces = list[Annotated[str, checked(piece_name, type="string")]]
NamedPrompts = dict[Id, Prompts]
Steps = dict[Id, StepEntry]


class FlowFile(Options):
    """A flow of the telephone menu: named steps, each of one kind, and where each leads."""

    name: Id
    """The flow's name: that of the file."""
    start: Id
    """The first step."""
    language: Language | None = None
    """The one language of the flow; `languages` for several."""
    languages: Languages | None = None
    """The languages; the first is that of a caller who has chosen none."""
    include: Pieces = Field(default_factory=list)
    """Pieces whose prompts and steps become part of this flow: [shared/bank.yml]."""
    defaults: Defaults = Field(default_factory=Defaults)
    """What holds for every step that does not say otherwise."""
    parameters: dict[Variable, ExpressionValue | None] = Field(default_factory=dict)
    """Of a sub-flow: variables that a `call` gives; empty: it must, else the default."""
    variables: dict[Variable, ExpressionValue] = Field(default_factory=dict)
    """Variables and their first values."""
    error: Id | None = None
    """Where a caller goes when something fails that no step provides for."""
    prompts: NamedPrompts = Field(default_factory=dict)
    """Prompts with names, used as {prompt: NAME}."""
    steps: Annotated[Steps, not_empty("step")]
    """The steps."""
    tests: list[FlowTest] = Field(default_factory=list)
    """Test cases, run by `acd test`."""


class PieceFile(Options):
    """A piece that flows include: a file in a sub-folder of ivr_flows/."""

    prompts: NamedPrompts = Field(default_factory=dict)
    """Prompts with names."""
    steps: Steps = Field(default_factory=dict)
    """Steps."""


class AnnouncementsFile(Options):
    """ivr_flows/announcements.yml: messages that are switched on and off by `acd announce`."""

    announcements: NamedPrompts = Field(default_factory=dict)
    """Each with what the caller hears."""
