"""The shape of a flow, after it has been read and checked.

A flow is a set of named steps; each step has one kind. Which steps exist and where they lead is
fixed when the flow is loaded, so the machine never meets a missing step, flow, calendar or prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from acd.ivr.expressions import Expression
from acd.ivr.hours import Calendar
from acd.ivr.shapes.deciding import (
    Call,
    CustomerLookup,
    Goto,
    Hours,
    HttpLookup,
    If,
    Language,
    Lookup,
    Recording,
    Return,
    Set,
    Switch,
)
from acd.ivr.shapes.handing import Callback, Queue, QueueNews, Transfer, TransferKind, Voicemail
from acd.ivr.shapes.messages import Message, Part, Prompt, SoundFile, Speech, Spoken, SpokenKind
from acd.ivr.shapes.talking import Announce, Collect, Confirm, HangUp, Menu, Question, Record, Say, Survey

__all__ = [
    "KEYS", "Announce", "Call", "Callback", "Collect", "Confirm", "CustomerLookup", "Flow", "FlowSet",
    "Goto", "HangUp", "Hours", "HttpLookup", "If", "Language", "Lookup", "Menu", "Message", "Part",
    "Place", "Prompt", "Question", "Queue", "QueueNews", "Record", "Recording", "Return", "Say", "Set",
    "SoundFile", "Speech", "Spoken", "SpokenKind", "Step", "Survey", "Switch", "Transfer", "TransferKind",
    "Voicemail", "messages", "targets",
]  # fmt: skip

KEYS = "0123456789*#"

Step: TypeAlias = (
    Say | Menu | Collect | Hours | Set | If | Switch | Lookup | Language | Recording | Queue | Callback
    | Voicemail | Survey | Transfer | Record | Announce | Call | Return | Goto | HangUp
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
    """Every way out of a step as (arrow, step): `next`, `failure`, `choice 1`, `key 2`, `exit sorry`, …

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
            yield from _ways_of_line(step)
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


def _ways_of_line(step: Queue) -> Iterator[tuple[str, str]]:
    yield from ((f"key {key}", target) for key, target in step.keys.items())
    yield from ((f"exit {name}", target) for name, target in step.exits.items())
    for arrow in ("timeout", "no_agents", "full", "closed", "after"):
        target: str | None = getattr(step, arrow)
        if target is not None:
            yield arrow.replace("_", " "), target
