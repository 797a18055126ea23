"""Flows for the tests of the machine, built without YAML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from acd.ivr.expressions import Expression
from acd.ivr.flow import Flow, FlowSet, Message, Part, Speech, Step
from acd.ivr.machine import Machine
from acd.ivr.position import Position
from acd.ivr.talk import GroupView
from acd.ivr.world import World

WORLD = World(
    now=datetime(2026, 12, 25, 9, 30, tzinfo=UTC),
    caller={"number": "+49301234", "name": "Ann"},
    call={"id": "c1", "dialed_number": "100", "started_at": "2026-12-25T09:29:00+00:00"},
    groups={"sales": GroupView(waiting=3, agents_ready=0, agents_logged_in=2, expected_wait_s=90.0)},
)


def speech(text: str, language: str = "en") -> Speech:
    """A text to speak."""
    return Speech(text, language)


def message(*parts: str | Part, **others: str) -> Message:
    """In English, and as the keywords say in other languages."""
    english = tuple(Speech(part, "en") if isinstance(part, str) else part for part in parts)
    return Message({"en": english, **{lang: (Speech(text, lang),) for lang, text in others.items()}})


def expr(source: str) -> Expression:
    """Compiled."""
    return Expression.compile(source)


def flow(
    steps: Mapping[str, Step],
    *,
    name: str = "main",
    languages: tuple[str, ...] = ("en",),
    parameters: Mapping[str, Expression | None] | None = None,
    variables: Mapping[str, Expression] | None = None,
    error: str | None = None,
) -> Flow:
    """A flow that starts with its first step."""
    return Flow(name, next(iter(steps)), languages, steps, parameters or {}, variables or {}, error)


def machine(*flows: Flow | Position, version: str = "1", **shared: Mapping[str, object]) -> Machine:
    """A caller at the start of the first flow, or at the position that is given last."""
    named = {each.name: each for each in flows if isinstance(each, Flow)}
    positions = [each for each in flows if isinstance(each, Position)]
    first = positions[0] if positions else Position.at_start(next(iter(named)), version)
    return Machine(FlowSet(version, named, **shared), first)  # type: ignore[arg-type]
