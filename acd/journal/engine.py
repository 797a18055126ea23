"""The engine with a journal: whatever it is told, and what it answers, is written down.

A line of a journal's file is a JSON object. The first has all state (`snapshot`), so that each file can be
played by itself. Each other one is a step: `at`; one of `event`, `timer` and `restored` (agents, calls and
calls lost with their nodes, that were kept over a restart); `waits`, the expected waits in seconds that the
engine asked for; and what came of it: `did` (commands) or `raised`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

import orjson
import structlog

from acd import __version__
from acd.core import snapshot
from acd.core.agents import Agent
from acd.core.calls import Call
from acd.core.commands import Command
from acd.core.engine import Engine
from acd.core.events import Event
from acd.core.plan import Plan
from acd.core.snapshot import Snapshot
from acd.errors import RequestRefused
from acd.journal.forms import command_forms, event_form, snapshot_form

log = structlog.get_logger(__name__)

FORMAT = 1


class Journal(Protocol):
    """Where the lines go; nothing here waits or raises."""

    is_open: bool
    """Whether lines are taken."""

    def is_due(self, now: float) -> bool:
        """Whether a new file has to be begun, with a snapshot."""

    def begin(self, now: float, first: Callable[[], bytes]) -> None:
        """A new file; `first` makes its first line, and may be called later and in another thread."""

    def add(self, line: bytes) -> None:
        """The next line."""

    def abandon(self, reason: str) -> None:
        """This file cannot go on: something is missing in it from here."""


class JournaledEngine(Engine):
    """See the module. A fault of the journal is no fault of the engine's."""

    def __init__(self, plan: Plan, journal: Journal) -> None:
        super().__init__(plan)
        self._journal = journal
        self._waits: list[float] = []

    def ask_for_waits(self, estimate: Callable[[Call], float]) -> None:
        """Who knows the expected wait of a call in line. The answers come from outside, as events do."""

        def noted(call: Call) -> float:
            wait_s = estimate(call)
            self._waits.append(wait_s)
            return wait_s

        self.floor.estimate_wait_s = noted

    def restore(
        self, agents: Iterable[Agent], calls: Iterable[Call], now: float, lost: Iterable[Call] = ()
    ) -> list[Command]:
        """See Engine."""
        agents, calls, lost = list(agents), list(calls), list(lost)
        kept = {
            "agents": [agent.to_dict() for agent in agents],
            "calls": [call.to_dict() for call in calls],
            "lost": [call.to_dict() for call in lost],
        }
        return self._ask(now, {"restored": kept}, super().restore, agents, calls, now, lost)

    def handle(self, event: Event, now: float) -> list[Command]:
        """See Engine."""
        return self._ask(now, event, super().handle, event, now)

    def handle_timer(self, now: float) -> list[Command]:
        """See Engine."""
        return self._ask(now, _TIMER, super().handle_timer, now)

    def _ask(
        self, now: float, told: Event | dict[str, Any], ask: Callable[..., list[Command]], *arguments: Any
    ) -> list[Command]:
        if self._journal.is_due(now):
            self._write(lambda: self._journal.begin(now, partial(_head, snapshot.take(self.floor))))
        if not self._journal.is_open:
            return ask(*arguments)
        self._waits.clear()
        try:
            commands = ask(*arguments)
        except Exception as error:
            self._note(now, told, {"raised": named(error)})
            raise
        self._note(now, told, {"did": commands})
        return commands

    def _note(self, now: float, told: Event | dict[str, Any], outcome: dict[str, Any]) -> None:
        self._write(lambda: self._journal.add(_step(now, told, self._waits, outcome)))

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:
            log.exception("the journal cannot say what happened")
            self._journal.abandon(repr(error))


def named(error: Exception) -> str:
    """What an engine raised, as a journal has it."""
    return error.code if isinstance(error, RequestRefused) else type(error).__name__


_TIMER = {"timer": True}


def _head(taken: Snapshot) -> bytes:
    return _line({"journal": FORMAT, "acd": __version__, "snapshot": snapshot_form(taken)})


def _step(now: float, told: Event | dict[str, Any], waits: list[float], outcome: dict[str, Any]) -> bytes:
    line: dict[str, Any] = {"at": now, **(told if isinstance(told, dict) else {"event": event_form(told)})}
    if waits:
        line["waits"] = [None if math.isinf(wait_s) else wait_s for wait_s in waits]
    if "did" in outcome:
        outcome = {"did": command_forms(outcome["did"])}
    return _line({**line, **outcome})


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
