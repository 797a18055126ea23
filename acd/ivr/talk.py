"""What a flow's machine and the line say to each other: commands out, outcomes in.

The machine answers exactly one command and waits for its outcome. Which outcomes a command can have
is said in its docstring. `Gone` (the caller hung up) is never told to the machine: its run just ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from acd.core.requirement import ANYBODY, Requirement
from acd.ivr.values import Value as Value

if TYPE_CHECKING:  # look-ups are made without flows, too
    from acd.ivr.flow import Prompt, TransferKind


# --- commands ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Play:
    """Let the caller hear these. Outcome: Done.

    With `interrupt` a key, also one pressed before, ends it; the key is kept for the next Listen.
    `masked`: what is said must reach no log.
    """

    prompts: tuple[Prompt, ...]
    interrupt: bool = False
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Listen:
    """Play prompts that any key interrupts, then wait for keys. Outcome: Keys.

    Keys pressed before are taken first, and the prompts are not begun then. Listening ends with
    `max_keys` keys, with `terminator` (which is not among the keys), when `first_key_s` after the
    prompts nothing or `next_key_s` after a key nothing more has come; and, where there are `words`,
    as soon as the keys are a word that begins no other, or begin no word. `masked`: keys and prompts must
    reach no log.
    """

    prompts: tuple[Prompt, ...]
    first_key_s: float
    next_key_s: float = 2.0
    max_keys: int = 1
    terminator: str = ""
    words: frozenset[str] = frozenset()
    masked: bool = False


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A look-up's request, worked out; see `acd.ivr.flow.HttpLookup`.

    Not `idempotent`: it must not be sent again once it may have reached the other side.
    `masked`: URL, headers or body hold a secret of the caller, and none of them may reach a log.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Value]
    timeout_s: float
    retries: int
    values: Mapping[str, str]
    masked: bool = False
    idempotent: bool = True


@dataclass(frozen=True, slots=True)
class CustomerRequest:
    """Who has this phone number? Found gives `id`, `name`, `segment` and whatever else is known."""

    number: str


@dataclass(frozen=True, slots=True)
class Look:
    """Ask, while the caller hears `wait` and then music. Outcome: Found, NotFound, LookupFailed.

    Keys pressed meanwhile are kept. Found is told as soon as `wait` has been heard.
    """

    request: HttpRequest | CustomerRequest
    wait: tuple[Prompt, ...] = ()


@dataclass(frozen=True, slots=True)
class News:
    """See `acd.ivr.flow.QueueNews`; the prompts are in the caller's language."""

    first_s: float
    every_s: float
    position: bool
    expected_wait: bool
    comfort: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class JoinQueue:
    """Into the waiting line. Outcome: one of QueueExit, AgentLeft; or none at all.

    `language` is for announcements. Only the exits named here may be told. For `requirement`, `alone` and
    `prefer` see `acd.ivr.flow.Queue`; `prefer` is '' where nobody is preferred.
    """

    group: str
    priority: int
    language: str
    keys: frozenset[str] = frozenset()
    news: News | None = None
    max_wait_s: float | None = None
    leave_without_agents: bool = False
    back_after_agent: bool = False
    leave_when_full: bool = False
    leave_when_closed: bool = False
    exits: frozenset[str] = frozenset()
    requirement: Requirement = ANYBODY
    alone: bool = False
    prefer: str = ""
    prefer_wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring somebody. Outcome: NotTaken; or AgentLeft where `back_after_agent`."""

    kind: TransferKind
    target: str
    timeout_s: float
    back_after_agent: bool = False


@dataclass(frozen=True, slots=True)
class RecordSound:
    """Play the prompts, a beep, record. Outcome: Recorded, also when nothing was said.

    `voicemail_group`: the recording is a voicemail for this group and is kept even if the caller
    hangs up meanwhile; None: it belongs to the call.
    """

    prompts: tuple[Prompt, ...]
    max_s: float
    silence_s: float
    min_s: float = 0.0
    voicemail_group: str | None = None


@dataclass(frozen=True, slots=True)
class TakeCallback:
    """Note a wish to be called back. Outcome: Done, or Refused."""

    group: str
    number: str
    language: str


@dataclass(frozen=True, slots=True)
class KeepScore:
    """Store one answer of a survey with the call. Outcome: Done."""

    survey: str  # flow/step
    question: str
    score: int


@dataclass(frozen=True, slots=True)
class End:
    """The call is over."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The flow cannot go on and says why; the caller is put in somebody's hands. Nothing follows."""

    reason: str


FlowCommand: TypeAlias = (
    Play | Listen | Look | JoinQueue | Dial | RecordSound | TakeCallback | KeepScore | End | GiveUp
)


# --- outcomes ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Done:
    """It has been done."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What was keyed; '' if nothing."""

    keys: str


@dataclass(frozen=True, slots=True)
class Found:
    """The values that were asked for, by variable."""

    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no such thing."""


@dataclass(frozen=True, slots=True)
class LookupFailed:
    """No usable answer in time; `reason` is for the trace and the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class QueueKey:
    """The waiting caller pressed one of the keys that lead out."""

    key: str


@dataclass(frozen=True, slots=True)
class QueueTimeout:
    """The longest wait is over."""


@dataclass(frozen=True, slots=True)
class NoAgents:
    """Nobody is logged in who could serve this line."""


@dataclass(frozen=True, slots=True)
class QueueFull:
    """As many wait in this line as may."""


@dataclass(frozen=True, slots=True)
class QueueClosed:
    """The group's day is over."""


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """A step of the group's policy leads out by this name of `exits`."""

    exit: str


QueueExit: TypeAlias = QueueKey | QueueTimeout | NoAgents | QueueFull | QueueClosed | QueueLeft
"""The ways out of a line without an agent."""


@dataclass(frozen=True, slots=True)
class AgentLeft:
    """Whoever talked with the caller has hung up; the caller is still there."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Nobody answered the transfer; `reason` as the records name it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recording's name ('' if none was kept) and length."""

    name: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Refused:
    """It could not be noted; `reason` for trace and log."""

    reason: str


Outcome: TypeAlias = (
    Done | Keys | Found | NotFound | LookupFailed | QueueExit | AgentLeft | NotTaken | Recorded | Refused
)  # fmt: skip


# --- what the flow can see, and what it leaves behind --------------------------------------------
@dataclass(frozen=True, slots=True)
class GroupView:
    """A group's line as expressions see it: `queue.sales.waiting` and so on.

    The expected wait is that of a caller who joined now: half of such callers are served within
    `expected_wait_s`, nine of ten within `expected_wait_p90_s`. It is not `known` where nobody serves the
    line; the two then say what to expect if one agent came.
    """

    waiting: int = 0
    agents_ready: int = 0
    agents_logged_in: int = 0
    expected_wait_s: float = 0.0
    expected_wait_p90_s: float = 0.0
    expected_wait_known: bool = True


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One step of a caller's way, for traces and drawings: left by `arrow` to `to`.

    `arrow` is as `acd.ivr.flow.targets` names it, or `end`, `return`, `call FLOW`, `goto FLOW`,
    `error`; `to` is '' where the flow is left. `detail` says what was keyed, found or decided, never
    anything masked.
    """

    flow: str
    step: str
    arrow: str
    to: str
    detail: str = ""
