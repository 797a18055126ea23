"""Steps that speak, ask and listen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.ivr.expressions import Expression
from acd.ivr.shapes.messages import Message


@dataclass(frozen=True, slots=True)
class Say:
    """`say` and `play`: the caller hears the message, then goes to `next`.

    With `interrupt` a key ends the message early; the key is kept for what follows (type-ahead).
    """

    message: Message
    next: str
    interrupt: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """`menu`: a message that any key interrupts; `choices` maps what is keyed to a step.

    A choice is one key or several (`"*9"`, `"12"`); with several, the longest that fits within
    `next_key_s` is taken. After `tries` rounds without a valid choice the caller goes to `failure`.
    `timeout_s` counts from the end of the message.
    """

    message: Message
    choices: Mapping[str, str]
    failure: str
    timeout_s: float = 5.0
    next_key_s: float = 2.0
    tries: int = 3
    invalid: Message = field(default_factory=Message)
    no_input: Message = field(default_factory=Message)


@dataclass(frozen=True, slots=True)
class Confirm:
    """Read back and confirm: `message` may speak the value; `yes` goes on, `no` asks again."""

    message: Message
    yes: str = "1"
    no: str = "2"


@dataclass(frozen=True, slots=True)
class Collect:
    """`collect`: digits into a variable.

    `pattern` is a regular expression that the whole value must match; `luhn` checks the last digit
    (ISO/IEC 7812-1); `valid` is an expression over the variables, the new value among them.
    `masked`: the value reaches no log, record, trace or recording, see `Position.kept`.
    """

    variable: str
    message: Message
    next: str
    failure: str
    min_length: int = 1
    max_length: int = 20
    terminator: str = "#"  # "" : none
    timeout_s: float = 6.0
    next_key_s: float = 3.0
    tries: int = 3
    pattern: str = ""
    luhn: bool = False
    valid: Expression | None = None
    masked: bool = False
    invalid: Message = field(default_factory=Message)
    no_input: Message = field(default_factory=Message)
    confirm: Confirm | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a survey, answered with one key from `low` to `high`."""

    name: str
    message: Message
    low: int = 1
    high: int = 5


@dataclass(frozen=True, slots=True)
class Survey:
    """`survey`: questions one after the other; scores are stored with the call as they come.

    A question that is not answered after `tries` is left out.
    """

    questions: tuple[Question, ...]
    next: str
    timeout_s: float = 6.0
    tries: int = 2
    invalid: Message = field(default_factory=Message)


@dataclass(frozen=True, slots=True)
class Record:
    """`record`: the caller's words into a file kept with the call; the variable gets its name."""

    variable: str
    message: Message
    next: str
    max_s: float = 60.0
    silence_s: float = 4.0


@dataclass(frozen=True, slots=True)
class Announce:
    """`announce`: say an announcement if it is switched on now; then `next`."""

    name: str
    next: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """`hangup`: the call ends, after the message if there is one."""

    message: Message = field(default_factory=Message)
