"""Steps that speak, ask and listen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Tag

from acd.settings.problems import Place
from acd.settings.schema.checking import not_empty
from acd.settings.schema.dialogue import CollectOptions, MenuOptions, RecordOptions, SurveyOptions
from acd.settings.schema.prompts import Prompts
from acd.settings.schema.step_options import StepOptions
from acd.settings.schema.values import Id, SoundName, YesNo

_SoundList = Annotated[list[SoundName], not_empty("sound")]


def _sounds_tag(value: Any) -> str:
    return "(list)" if isinstance(value, list) else "(name)"


Sounds = Annotated[
    Annotated[SoundName, Tag("(name)")] | Annotated[_SoundList, Tag("(list)")],
    Discriminator(_sounds_tag),
    AfterValidator(lambda value: value if isinstance(value, list) else [value]),
]
"""A sound's name or a list of them; always a list once it is checked."""


class SayStep(StepOptions):
    """Speaks, then goes on."""

    say: Prompts
    """What the caller hears."""
    next: Id
    """The step that follows."""
    interrupt: YesNo = False
    """A key ends the message early, and is kept for what follows."""


class PlayStep(StepOptions):
    """Plays recorded sounds, then goes on."""

    play: Sounds
    """Files below sounds/, or sounds of Asterisk's."""
    next: Id
    """The step that follows."""
    interrupt: YesNo = False
    """A key ends the sounds early, and is kept for what follows."""


class MenuStep(StepOptions):
    """Asks for a key, or several."""

    menu: MenuOptions

    def ways(self) -> Iterator[tuple[Place, str]]:
        """The choices, and what follows the last try."""
        for key, target in self.menu.choices.items():
            yield ("menu", "choices", key), target
        if self.menu.failure:
            yield ("menu", "failure"), self.menu.failure


class CollectStep(StepOptions):
    """Asks for digits and keeps them in a variable."""

    collect: CollectOptions
    next: Id
    """The step that follows."""

    def ways(self) -> Iterator[tuple[Place, str]]:
        """`next`, and what follows the last try."""
        yield ("next",), self.next
        if self.collect.failure:
            yield ("collect", "failure"), self.collect.failure


class SurveyStep(StepOptions):
    """Asks questions and keeps the scores with the call."""

    survey: SurveyOptions
    next: Id
    """The step that follows."""


class RecordStep(StepOptions):
    """Records the caller's words."""

    record: RecordOptions
    next: Id
    """The step that follows."""


class AnnounceStep(StepOptions):
    """Says an announcement if it is switched on."""

    announce: Id
    """An announcement of announcements.yml."""
    next: Id
    """The step that follows."""


class HangUpStep(StepOptions):
    """Says goodbye, if there is a prompt, and ends the call."""

    hangup: Prompts | None
    """What the caller hears last; may be left empty."""
