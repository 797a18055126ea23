"""A flow without a telephone: somebody, or a script, plays the caller and the world around.

    ending = run(machine, world, answer)

`answer` is asked for the outcome of each command; None means that the caller has hung up. What was
heard, which way was taken and where it ended comes back. `acd try` answers from the keyboard, tests of
flows from their script (`acd.ivr.script`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from acd.core.requirement import Requirement
from acd.ivr.flow import Prompt, SoundFile, Speech
from acd.ivr.machine import Machine, World
from acd.ivr.talk import (
    AgentLeft,
    Dial,
    Done,
    End,
    FlowCommand,
    GiveUp,
    JoinQueue,
    KeepScore,
    Listen,
    Look,
    NotTaken,
    Outcome,
    Play,
    Recorded,
    RecordSound,
    StepTaken,
    TakeCallback,
)
from acd.ivr.values import Value

MOST_COMMANDS = 1_000
FIRST_CHINESE = "\u2e80"
STOPS = ".,;:!?"
CALLER_HANGS_UP = "caller hangs up"
HANGUP, ERROR, RETURN, NEVER = "hangup", "error", "return", "never"

Answer: TypeAlias = Callable[[FlowCommand], Outcome | None]
"""Gives the outcome of a command. None: the caller hangs up; or, in a line or a talk, stays there."""


@dataclass(slots=True)
class Ending:
    """What a trial came to.

    `end` is `hangup`, `error`, `return`, `never` (too many commands), `caller hangs up`, `group NAME`
    or `transfer TARGET`; `reached` has what happened on the way in the same words, besides
    `voicemail GROUP`, `callback GROUP`. `priority`, `requirement` and `prefer` are those of the last line,
    None where there was none. `heard` has one text for each time something was played.
    """

    end: str = ""
    reason: str = ""
    heard: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    scores: dict[str, int] = field(default_factory=dict)
    trace: list[StepTaken] = field(default_factory=list)
    variables: Mapping[str, Value] = field(default_factory=dict)
    language: str = ""
    priority: int | None = None
    requirement: Requirement | None = None
    prefer: str | None = None
    last_step: tuple[str, str] = ("", "")

    def note(self, reached: str) -> None:
        """Something was reached."""
        self.reached.append(reached)


def heard_text(prompts: Sequence[Prompt]) -> str:
    """Prompts as one text: words where they are known, another recorded sound as [its name]."""
    text = ""
    for prompt in prompts:
        match prompt:
            case SoundFile(name=name, words=words):
                part = words or f"[{name}]"
            case Speech(text=part):
                pass
        is_apart = text and part and part[0] not in STOPS
        is_apart = is_apart and not (_is_chinese(text[-1]) and _is_chinese(part[0]))
        text += f" {part}" if is_apart else part
    return text


def _is_chinese(character: str) -> bool:
    """Whether it stands without a blank before it, as Chinese characters and their stops do."""
    return character >= FIRST_CHINESE


def prompts_heard(command: FlowCommand) -> tuple[Prompt, ...]:
    """What a command plays."""
    match command:
        case (
            Play(prompts=prompts)
            | Listen(prompts=prompts)
            | RecordSound(prompts=prompts)
            | Look(wait=prompts)
        ):
            return prompts
    return ()


def run(machine: Machine, world: World, answer: Answer) -> Ending:
    """The whole call, from where the machine is to its end."""
    ending = Ending()
    command = machine.begin(world)
    for _ in range(MOST_COMMANDS):
        ending.trace += machine.take_trace()
        ending.last_step = (machine.position.flow, machine.position.step)
        ending.language, ending.variables = machine.language, machine.variables
        text = heard_text(prompts_heard(command))
        if text:
            ending.heard.append(text)
        if isinstance(command, End | GiveUp):
            _finish(ending, command)
            return ending
        outcome = answer(command)
        _follow(ending, command, outcome)
        if outcome is None:
            return ending
        command = machine.handle(outcome, world)
    ending.end = NEVER
    return ending


def _finish(ending: Ending, command: End | GiveUp) -> None:
    if isinstance(command, GiveUp):
        ending.end, ending.reason = ERROR, command.reason
    elif ending.trace and ending.trace[-1].arrow == RETURN:
        ending.end = RETURN
    else:
        ending.end = HANGUP


def _follow(ending: Ending, command: FlowCommand, outcome: Outcome | None) -> None:
    """What a command and its outcome mean for where the call has been."""
    if isinstance(command, JoinQueue):
        ending.priority = command.priority
        ending.requirement, ending.prefer = command.requirement, command.prefer
    match command, outcome:
        case JoinQueue(group=group), None | AgentLeft():
            ending.note(f"group {group}")
        case Dial(target=target), None | AgentLeft():
            ending.note(f"transfer {target}")
        case Dial(), NotTaken():
            pass
        case RecordSound(voicemail_group=str(group)), Recorded(name=name) if name:
            ending.note(f"voicemail {group}")
        case TakeCallback(group=group), Done():
            ending.note(f"callback {group}")
        case KeepScore(question=question, score=score), Done():
            ending.scores[question] = score
    if outcome is None:
        is_elsewhere = isinstance(command, JoinQueue | Dial)
        ending.end = ending.reached[-1] if is_elsewhere else CALLER_HANGS_UP


# --- keys as a line takes them ------------------------------------------------------------------
def take_keys(listen: Listen, keyed: str) -> tuple[str, str]:
    """What a Listen takes of keys that come without a pause, and what is left for the next one."""
    taken = ""
    for place, key in enumerate(keyed):
        rest = keyed[place + 1 :]
        if listen.terminator and key == listen.terminator:
            return taken, rest
        taken += key
        if len(taken) >= listen.max_keys:
            if listen.terminator and rest.startswith(listen.terminator):
                rest = rest[len(listen.terminator) :]  # a habit, not an answer to the next question
            return taken, rest
        if listen.words and _is_decided(listen.words, taken):
            return taken, rest
    return taken, ""


def _is_decided(words: frozenset[str], taken: str) -> bool:
    longer = any(word != taken and word.startswith(taken) for word in words)
    return not longer
