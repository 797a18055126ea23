"""ivr_flows/NAME.yml: one flow, its steps and prompts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from acd.settings.problems import did_you_mean, shown
from acd.settings.schema.values import (
    Id,
    Language,
    MenuKey,
    Options,
    Priority,
    SoundName,
    Speech,
    expected,
    mistake,
    not_empty,
    seconds,
    whole,
)

STEP_KINDS = ("say", "play", "menu", "queue", "hangup")
PROMPT_KINDS = ("say", "play")
_STEP_OPTIONS = (*STEP_KINDS, "next")


class SpokenPart(Options):
    """A text to speak."""

    say: Speech


class PlayedPart(Options):
    """A recorded sound."""

    play: SoundName


def _only_kind(what: str, value: object, kinds: tuple[str, ...], options: tuple[str, ...]) -> None:
    """Raises unless the value is a mapping with exactly one of the kinds among its keys."""
    choice = " or ".join((", ".join(kinds[:-1]), kinds[-1]))
    if not isinstance(value, dict):
        raise expected(f"a mapping with {choice}", value)
    found = [key for key in value if key in kinds]
    if len(found) > 1:
        names = " and ".join(f"'{name}'" for name in found)
        raise mistake(f"{what} has exactly one of {choice}, found {names}")
    if not found:
        strange = [key for key in value if key not in options]
        hint = f"; '{shown(strange[0])}' is none of them" if strange else ""
        hint += did_you_mean(strange[0], kinds, separator=",") if strange else ""
        raise mistake(f"{what} has exactly one of {choice}{hint}")


def _one_prompt_kind(value: Any) -> Any:
    if not isinstance(value, (str, list)):
        if not isinstance(value, dict):
            raise expected("a text, {say: text}, {play: sound} or a list of these", value,
                           "" if value is None else "; put a text in quotes")  # fmt: skip
        _only_kind("a prompt", value, PROMPT_KINDS, PROMPT_KINDS)
    return value


def _one_step_kind(value: Any) -> Any:
    _only_kind("a step", value, STEP_KINDS, _STEP_OPTIONS)
    return value


def _kind_tag(value: Any) -> str:
    """The tag of a union's member. Tags stand in parentheses: no name in a file looks like that."""
    if isinstance(value, dict):
        return next(f"({kind})" for kind in STEP_KINDS if kind in value)
    return "(list)" if isinstance(value, list) else "(text)"


def _no_list(value: Any) -> Any:
    if isinstance(value, list):
        raise expected("a text, {say: text} or {play: sound}", value)
    return value


PromptPart = Annotated[
    Annotated[Speech, Tag("(text)")]
    | Annotated[SpokenPart, Tag("(say)")]
    | Annotated[PlayedPart, Tag("(play)")],
    Discriminator(_kind_tag),
    BeforeValidator(_one_prompt_kind),
    BeforeValidator(_no_list),
]
"""One text or sound."""

_PromptList = Annotated[list[PromptPart], not_empty("prompt")]


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Prompts = Annotated[
    Annotated[Speech, Tag("(text)")]
    | Annotated[SpokenPart, Tag("(say)")]
    | Annotated[PlayedPart, Tag("(play)")]
    | Annotated[_PromptList, Tag("(list)")],
    Discriminator(_kind_tag),
    BeforeValidator(_one_prompt_kind),
    AfterValidator(_as_list),
]
"""A prompt or a list of them; always a list once it is checked."""

_SoundList = Annotated[list[SoundName], not_empty("sound")]


def _sounds_tag(value: Any) -> str:
    return "(list)" if isinstance(value, list) else "(name)"


Sounds = Annotated[
    Annotated[SoundName, Tag("(name)")] | Annotated[_SoundList, Tag("(list)")],
    Discriminator(_sounds_tag),
    AfterValidator(_as_list),
]
"""A sound's name or a list of them; always a list once it is checked."""


class SayStep(Options):
    """Speaks, then goes on."""

    say: Prompts
    next: Id


class PlayStep(Options):
    """Plays recorded sounds, then goes on."""

    play: Sounds
    next: Id


class MenuOptions(Options):
    """`choices` maps key to step; `failure` is the step after the last try."""

    prompt: Prompts
    choices: Annotated[dict[MenuKey, Id], not_empty("choice")]
    failure: Id
    timeout_s: Annotated[float, seconds(1, 60)] = 5.0
    tries: Annotated[int, whole(1, 10)] = 3
    invalid: Prompts = Field(default_factory=list)
    no_input: Prompts = Field(default_factory=list)


class MenuStep(Options):
    """Asks for a key."""

    menu: MenuOptions


class QueueOptions(Options):
    """Whose waiting line; a higher `priority` is served first."""

    group: Id
    priority: Priority = 0


class QueueStep(Options):
    """Puts the caller into a waiting line and leaves the flow."""

    queue: QueueOptions


class HangUpStep(Options):
    """Says goodbye, if there is a prompt, and ends the call."""

    hangup: Prompts | None


StepEntry = Annotated[
    Annotated[SayStep, Tag("(say)")]
    | Annotated[PlayStep, Tag("(play)")]
    | Annotated[MenuStep, Tag("(menu)")]
    | Annotated[QueueStep, Tag("(queue)")]
    | Annotated[HangUpStep, Tag("(hangup)")],
    Discriminator(_kind_tag),
    BeforeValidator(_one_step_kind),
]
"""One step; its kind is the one key of STEP_KINDS that it has."""


class FlowFile(Options):
    """The whole file; `name` is also the file's name."""

    name: Id
    start: Id
    language: Language | None = None
    steps: Annotated[dict[Id, StepEntry], not_empty("step")]
