"""The shape of a flow, after it has been read and checked.

A flow is a set of named steps; each step has one kind. Which steps exist and where they lead is
fixed when the flow is loaded, so the machine never meets a missing step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

KEYS = "0123456789*#"


@dataclass(frozen=True, slots=True)
class Speech:
    """Text to be spoken; rendered to a sound file when the flow is loaded."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A recorded prompt: a path below the flows' `sounds/` folder, or an Asterisk sound's name."""

    name: str


Prompt: TypeAlias = Speech | SoundFile


@dataclass(frozen=True, slots=True)
class Say:
    """`say` and `play`: the caller hears the prompts, then goes to `next`. Keys do not interrupt."""

    prompts: tuple[Prompt, ...]
    next: str


@dataclass(frozen=True, slots=True)
class Menu:
    """`menu`: prompts that any key interrupts; `choices` maps key → step.

    After `tries` rounds without a valid key the caller goes to `failure`.
    `timeout_s` counts from the end of the prompts.
    """

    prompts: tuple[Prompt, ...]
    choices: Mapping[str, str]
    failure: str
    timeout_s: float = 5.0
    tries: int = 3
    invalid: tuple[Prompt, ...] = ()
    no_input: tuple[Prompt, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """`queue`: the caller joins the waiting line of a skill group and leaves the flow."""

    group: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class HangUp:
    """`hangup`: the call ends, after the prompts if there are any."""

    prompts: tuple[Prompt, ...] = ()


Step: TypeAlias = Say | Menu | Queue | HangUp


@dataclass(frozen=True, slots=True)
class Flow:
    """A checked flow. Every step named anywhere in it is a key of `steps`."""

    name: str
    start: str
    language: str
    steps: Mapping[str, Step] = field(default_factory=dict)

    def prompts(self) -> tuple[Prompt, ...]:
        """Every prompt of the flow, in the order of the file, without repeats."""
        seen: dict[Prompt, None] = {}
        for step in self.steps.values():
            match step:
                case Say(prompts=prompts) | HangUp(prompts=prompts):
                    parts = prompts
                case Menu():
                    parts = step.prompts + step.invalid + step.no_input
                case Queue():
                    parts = ()
            seen.update(dict.fromkeys(parts))
        return tuple(seen)
