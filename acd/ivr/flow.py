"""The shape of a flow, after it has been read and checked.

A flow is a set of named steps; each step has one kind. Which steps exist and where they lead is
fixed when the flow is loaded, so the machine never meets a missing step, flow, calendar or prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from acd.ivr.expressions import Expression
from acd.ivr.hours import Calendar

KEYS = "0123456789*#"


# --- prompts ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Speech:
    """Text to be spoken; rendered to a sound file when the flow is loaded."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A recorded prompt: a path below the flows' `sounds/` folder, or an Asterisk sound's name.

    `words`: the text that it was recorded for, if there is one, for people who read what is heard.
    """

    name: str
    words: str = field(default="", compare=False)


Prompt: TypeAlias = Speech | SoundFile
"""What a line can play; everything else is turned into these before."""


class SpokenKind(StrEnum):
    """How a value is said."""

    NUMBER = "number"  # 1234: one thousand two hundred thirty-four
    DIGITS = "digits"  # 1234: one two three four
    ORDINAL = "ordinal"  # 3: third
    DATE = "date"  # an ISO date or datetime: Friday, December twenty-fifth
    TIME = "time"  # an ISO time or datetime: ten thirty A M
    MONEY = "money"  # a decimal, and the currency
    DURATION = "duration"  # seconds: two minutes and five seconds


@dataclass(frozen=True, slots=True)
class Spoken:
    """A value that is known only during the call, put together from words rendered at the load."""

    kind: SpokenKind
    value: Expression
    currency: str = ""


Part: TypeAlias = Speech | SoundFile | Spoken


@dataclass(frozen=True, slots=True)
class Message:
    """What the caller hears, by language: `parts` has an entry for each language of the flow.

    The reader has filled in the fallback where a language has no text of its own.
    """

    parts: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.parts.values())


# --- steps ------------------------------------------------------------------------------------
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
class Hours:
    """`hours`: where to go by the calendar; `holiday` is where its holidays and closings lead."""

    calendar: str
    open: str
    closed: str
    holiday: str


@dataclass(frozen=True, slots=True)
class Set:
    """`set`: variables get values, in order."""

    values: Mapping[str, Expression]
    next: str


@dataclass(frozen=True, slots=True)
class If:
    """`if`: one of two ways."""

    condition: Expression
    then: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Switch:
    """`switch`: the way whose case is the value, as text; else `default`."""

    value: Expression
    cases: Mapping[str, str]
    default: str


@dataclass(frozen=True, slots=True)
class CustomerLookup:
    """The customer directory, by a phone number."""

    number: Expression


@dataclass(frozen=True, slots=True)
class HttpLookup:
    """An HTTP request. `url`, headers and the values of `body` (sent as JSON) are expressions.

    `timeout_s` is for all tries together; `retries` more tries follow a failure that may pass
    (no connection, 5xx). Where asking twice does something twice (not `idempotent`), that is only while
    no connection was had, and a request that a restart cut off is a failure. `values` maps variable to a
    path in the JSON answer such as `account.balance` or `items.0.name`; a path that is not there is a
    failure. Those of `masked` are treated like what is keyed into a masked `collect`.
    """

    method: str  # GET or POST
    url: Expression
    headers: Mapping[str, Expression] = field(default_factory=dict)
    body: Mapping[str, Expression] = field(default_factory=dict)
    timeout_s: float = 3.0
    retries: int = 1
    values: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = True
    masked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lookup:
    """`lookup`: ask somebody; the caller hears `wait`, then music, and keys are kept meanwhile.

    `not_found` (404, or no such customer) and `failure` (all else) never set a variable.
    """

    source: CustomerLookup | HttpLookup
    next: str
    failure: str
    not_found: str
    wait: Message = field(default_factory=Message)


@dataclass(frozen=True, slots=True)
class Language:
    """`language`: from here on the caller hears this language; one the flow lacks changes nothing."""

    language: Expression
    next: str


@dataclass(frozen=True, slots=True)
class QueueNews:
    """What a waiting caller is told: after `first_s`, then every `every_s`. Never delays an offer.

    `position` and `expected_wait`: say them; `comfort`: said after them, or alone.
    """

    first_s: float = 20.0
    every_s: float = 45.0
    position: bool = False
    expected_wait: bool = False
    comfort: Message = field(default_factory=Message)


@dataclass(frozen=True, slots=True)
class Queue:
    """`queue`: the caller joins the waiting line of a skill group.

    The flow goes on only by one of the exits: a key of `keys`, `max_wait_s` passed (`timeout`),
    nobody logged in who could serve (`no_agents`, also when the last one logs out), or after the
    agent has hung up (`after`, the survey). Where an exit is None there is none: the caller waits on,
    or the call ends after the agent.
    """

    group: str
    priority: Expression | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    news: QueueNews | None = None
    max_wait_s: float | None = None
    timeout: str | None = None
    no_agents: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """`callback`: the caller wants to be called back by the group, at `number`.

    `failure`: the number cannot be one, or has an open callback already.
    """

    group: str
    number: Expression
    next: str
    failure: str


@dataclass(frozen=True, slots=True)
class Voicemail:
    """`voicemail`: a message, a beep, a recording that is kept for the group with the call.

    It ends with a key, with `silence_s` of silence, after `max_s`, or when the caller hangs up; all
    of these keep it. One shorter than `min_s` is not kept and leads to `next` all the same.
    """

    group: str
    message: Message
    next: str
    min_s: float = 1.0
    max_s: float = 180.0
    silence_s: float = 5.0


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


class TransferKind(StrEnum):
    """What a transfer's target is."""

    NUMBER = "number"  # outside, through the dial plan of flows
    AGENT = "agent"  # an agent's id
    SIP = "sip"  # a SIP address that the configuration names


@dataclass(frozen=True, slots=True)
class Transfer:
    """`transfer`: ring somebody for the caller; `failure` if nobody answers, else the call is theirs.

    `after`: where the flow goes on when they have hung up; None: the call ends.
    """

    kind: TransferKind
    target: Expression
    failure: str
    timeout_s: float = 30.0
    after: str | None = None


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
class Call:
    """`call`: another flow as a sub-flow. Its variables are its own: `arguments` in, `results` out.

    `results` maps a variable here to a variable of the sub-flow at its `return`.
    """

    flow: str
    next: str
    arguments: Mapping[str, Expression] = field(default_factory=dict)
    results: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Return:
    """`return`: back to the step after `call`; at the top it ends the call."""


@dataclass(frozen=True, slots=True)
class Goto:
    """`goto`: a step of this flow, or the start of another flow without coming back."""

    step: str | None = None
    flow: str | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    """`hangup`: the call ends, after the message if there is one."""

    message: Message = field(default_factory=Message)


Step: TypeAlias = (
    Say | Menu | Collect | Hours | Set | If | Switch | Lookup | Language | Queue | Callback | Voicemail
    | Survey | Transfer | Record | Announce | Call | Return | Goto | HangUp
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step stands, for messages: file and line."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Flow:
    """A checked flow. Every step named anywhere in it is a key of `steps`.

    `languages`: the first is that of a caller who has chosen none. `parameters` are the variables
    that a `call` must or may give, with their defaults (None: must). `variables` are set when the flow
    begins. `error`: where a caller goes when something in the flow fails that no step provides for
    (None: to the centre's `transfer_fallback_group`).
    """

    name: str
    start: str
    languages: tuple[str, ...]
    steps: Mapping[str, Step]
    parameters: Mapping[str, Expression | None] = field(default_factory=dict)
    variables: Mapping[str, Expression] = field(default_factory=dict)
    error: str | None = None
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlowSet:
    """All flows of one version, and what they share.

    `version` tells one state of the files from another (a hash of their content). `announcements` are
    the messages that can be switched on and off.
    """

    version: str
    flows: Mapping[str, Flow]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    announcements: Mapping[str, Message] = field(default_factory=dict)


def messages(step: Step) -> Iterator[Message]:
    """Every message of a step, empty ones left out."""
    found: list[Message] = []
    match step:
        case Say(message=message) | Voicemail(message=message) | Record(message=message) | HangUp(message):
            found = [message]
        case Menu():
            found = [step.message, step.invalid, step.no_input]
        case Collect():
            found = [step.message, step.invalid, step.no_input]
            if step.confirm is not None:
                found.append(step.confirm.message)
        case Lookup(wait=message):
            found = [message]
        case Queue(news=QueueNews(comfort=message)):
            found = [message]
        case Survey():
            found = [question.message for question in step.questions] + [step.invalid]
        case _:
            pass
    yield from filter(None, found)


def targets(step: Step) -> Iterator[tuple[str, str]]:
    """Every way out of a step as (arrow, step): `next`, `failure`, `choice 1`, `key 2`, …

    Arrow names are what traces, drawings and tests of flows call a way. `goto` another flow and
    `return` have none here.
    """
    match step:
        case Menu():
            yield from ((f"choice {keys}", target) for keys, target in step.choices.items())
            yield "failure", step.failure
        case Hours():
            yield from (("open", step.open), ("closed", step.closed), ("holiday", step.holiday))
        case If():
            yield from (("then", step.then), ("else", step.otherwise))
        case Switch():
            yield from ((f"case {value}", target) for value, target in step.cases.items())
            yield "default", step.default
        case Queue():
            yield from ((f"key {key}", target) for key, target in step.keys.items())
            exits = (("timeout", step.timeout), ("no agents", step.no_agents), ("after", step.after))
            yield from ((arrow, target) for arrow, target in exits if target is not None)
        case Transfer():
            yield "failure", step.failure
            if step.after is not None:
                yield "after", step.after
        case Goto(step=str(target)):
            yield "next", target
        case Goto() | Return() | HangUp():
            pass
        case _:
            yield "next", step.next
            for arrow in ("failure", "not_found"):
                way: str | None = getattr(step, arrow, None)
                if way is not None:
                    yield arrow.replace("_", " "), way
