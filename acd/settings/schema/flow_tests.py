"""`tests:` of a flow: who calls when, what they do, what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from acd.core.requirement import ANYBODY, Requirement
from acd.ivr.cases import HANG_UP, ScriptedOutcome
from acd.ivr.values import Unfit, Value, fit
from acd.settings.schema.checking import (
    Options,
    checked,
    expected,
    mistake,
    text_of,
    whole,
)
from acd.settings.schema.routing import skill_requirement
from acd.settings.schema.values import (
    Id,
    Variable,
    YesNo,
)

LONGEST_TEXT = 1_000
ANYBODY_WORD = str(ANYBODY)
MOST_ENTRIES = 200
ENDS = (
    "hangup, error, return, 'caller hangs up', 'group NAME', 'transfer TARGET', 'voicemail GROUP',"
    " 'callback GROUP'"
)
SINGLE_ENDS = frozenset({"hangup", "error", "return", "caller hangs up"})
COMPOUND_ENDS = frozenset({"group", "transfer", "voicemail", "callback"})


def _text(what: str) -> Any:
    def validate(value: object) -> str:
        text = text_of(what, value)
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise expected(f"{what} of 1 to {LONGEST_TEXT} characters", value)
        return " ".join(text.split())

    return checked(validate, type="string", minLength=1, maxLength=LONGEST_TEXT)


def _moment(value: object) -> datetime:
    what = "a local time such as '2026-12-25 10:00'"
    text = text_of(what, value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise expected(what, value) from None
    if moment.tzinfo is not None:
        raise expected(f"{what} without a time zone: it is the centre's", value)
    return moment


def _value(value: object) -> Value:
    try:
        return fit(value)
    except Unfit:
        raise expected("a text, a number, true, false or nothing", value) from None


def _keys(value: object) -> tuple[str, ...]:
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MOST_ENTRIES:
        raise mistake(f"more than {MOST_ENTRIES} entries")
    return tuple(_keyed(entry) for entry in entries)


def _keyed(value: object) -> str:
    what = 'keys of the phone in quotes, "" for none, or hangup'
    text = text_of(what, value)
    if text != HANG_UP and (not set(text) <= set("0123456789*#") or len(text) > LONGEST_TEXT):
        raise expected(what, value)
    return text


def _outcome(value: object) -> ScriptedOutcome:
    match value:
        case dict():
            return {str(name): _value(inner) for name, inner in value.items()}
        case bool() | None:
            pass
        case str() | int() | float() if isinstance(fitted := _value(value), str | int | float):
            return fitted
    raise expected("a word such as agent or not_found, seconds, or the values of a look-up", value)


def _outcomes(value: object) -> tuple[ScriptedOutcome, ...]:
    entries = value if isinstance(value, list) else [value]
    if not entries or len(entries) > MOST_ENTRIES:
        raise expected(f"1 to {MOST_ENTRIES} outcomes", value)
    return tuple(_outcome(entry) for entry in entries)


def _step(value: object) -> str:
    what = "a step's name, or FLOW/STEP"
    text = text_of(what, value)
    if not text or len(text) > LONGEST_TEXT or text.count("/") > 1:
        raise expected(what, value)
    return text


def _wanted(value: object) -> Requirement:
    return ANYBODY if value == ANYBODY_WORD else skill_requirement(value)


def _ends(value: object) -> str:
    text = " ".join(text_of(f"one of {ENDS}", value).split())
    kind, _, rest = text.partition(" ")
    if text in SINGLE_ENDS or (kind in COMPOUND_ENDS and rest):
        return text
    raise expected(f"one of {ENDS}", value)


def _caller(value: object) -> Mapping[str, Value]:
    if isinstance(value, dict):
        if not set(value) <= {"number", "name"}:
            raise mistake("a caller has number and name")
        return {name: text_of(f"the caller's {name}", inner) for name, inner in value.items()}
    return {"number": text_of("a number in quotes, or {number: …, name: …}", value)}


def _several(what: str, one: Any) -> Any:
    def validate(value: object) -> tuple[Any, ...]:
        entries = value if isinstance(value, list) else [value]
        if not entries:
            raise expected(f"at least one {what}", value)
        return tuple(one(entry) for entry in entries)

    either = {"type": "string"}
    return checked(validate, anyOf=[either, {"type": "array", "items": either}])


_heard_text = _text("a text").validate
Moment = Annotated[datetime, checked(_moment, type="string", description="Local time: '2026-12-25 10:00'.")]
AnyValue = Annotated[Value, checked(_value, type=["string", "number", "boolean", "null"])]
Keyed = Annotated[tuple[str, ...], checked(
    _keys, description="What is keyed, one entry for each pause of the caller; hangup ends the call.",
    anyOf=[{"type": "string"}, {"type": "array", "items": {"type": "string"}}])]  # fmt: skip
Outcomes = Annotated[tuple[ScriptedOutcome, ...], checked(
    _outcomes, description="Once, or a list: for each time that the step is reached.")]  # fmt: skip
StepName = Annotated[str, checked(_step, type="string")]
Caller = Annotated[Mapping[str, Value], checked(_caller, anyOf=[{"type": "string"}, {"type": "object"}])]
Wanted = Annotated[Requirement, checked(
    _wanted, type=["string", "object"],
    description="Skills with least proficiency: 'english >= 5', or anybody.")]  # fmt: skip
Texts = Annotated[tuple[str, ...], _several("text", _heard_text)]
StepNames = Annotated[tuple[str, ...], _several("step", _step)]


class GroupState(Options):
    """A group's line at the time of the call."""

    waiting: Annotated[int, whole(0, 100_000)] = 0
    """Callers who wait."""
    agents_ready: Annotated[int, whole(0, 100_000)] = 1
    """Agents who are free."""
    agents_logged_in: Annotated[int, whole(0, 100_000)] = 1
    """Agents who could serve."""
    expected_wait_s: Annotated[int, whole(0, 1_000_000)] = 0
    """The expected wait in seconds: half of those who join now are served by then."""
    expected_wait_p90_s: Annotated[int, whole(0, 1_000_000)] = 0
    """Nine of ten are served by then."""
    expected_wait_known: YesNo = True
    """No: nobody serves the line."""


class Expectations(Options):
    """What must come of it; what is left out is not looked at."""

    heard: Texts = ()
    """Parts of what the caller hears, in this order."""
    not_heard: Texts = ()
    """What the caller must not hear."""
    variables: dict[Variable, AnyValue] = Field(default_factory=dict)
    """Variables at the end, of the flow that runs then."""
    ends: Annotated[str, checked(_ends, type="string", description=f"One of {ENDS}.")] | None = None
    """Where the call ends, or what it has reached."""
    language: Annotated[str, _text("a language")] | None = None
    """The caller's language at the end."""
    steps: StepNames = ()
    """Steps that are passed, in this order."""
    priority: Annotated[int, whole(0, 100)] | None = None
    """The priority in the last line."""
    scores: dict[Id, Annotated[int, whole(0, 9)]] = Field(default_factory=dict)
    """Answers of surveys that were kept."""
    requires: Wanted | None = None
    """The skills that the last line was asked for, beside those of its group; anybody: none."""
    prefer: Annotated[str, _text("an agent's id or extension, or nobody")] | None = None
    """The agent whom the caller waits for in the last line, by id or extension; nobody: none."""


class FlowTest(Options):
    """A test case of a flow, run by `acd test`."""

    name: Annotated[str, _text("a name")]
    """What the case is about."""
    caller: Caller = Field(default_factory=dict)
    """The caller's number, or number and name."""
    dialed: Annotated[str, _text("a number")] = "100"
    """The number that was dialled."""
    at: Moment = datetime(2026, 6, 10, 10, 0)
    """When, in the centre's time; a Wednesday morning if it is left out."""
    customer: dict[Variable, AnyValue] | None = None
    """Who the directory says the caller is; nobody if it is left out."""
    groups: dict[Id, GroupState] = Field(default_factory=dict)
    """The lines at that time; a group that is left out has one free agent and nobody waiting."""
    announcements: StepNames = ()
    """Announcements that are switched on."""
    arguments: dict[Variable, AnyValue] = Field(default_factory=dict)
    """For a sub-flow: what its caller gives."""
    keys: Keyed = ()
    """What the caller keys."""
    outcomes: dict[StepName, Outcomes] = Field(default_factory=dict)
    """What comes of look-ups, queues, transfers, callbacks and recordings, by step."""
    expect: Expectations
    """What must come of it."""
