"""Voicemails and callbacks as things to be done: who has them, and what became of them. Pure.

What happens to one is added to its history and never changed. Without a history it is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from acd.core.callback_facts import entry_id
from acd.errors import OperatorError


class TaskKind(StrEnum):
    """What is to be done."""

    VOICEMAIL = "voicemail"  # hear it, and see to what was asked
    CALLBACK = "callback"  # call back


class TaskState(StrEnum):
    """How far it is."""

    OPEN = "open"
    ASSIGNED = "assigned"
    RELEASED = "released"  # who had it gave it back: for anybody of the group
    FAILED = "failed"  # a callback: the customer could not be reached; for people
    EXPIRED = "expired"  # a callback: its time in line was over; for people
    DONE = "done"
    CANCELLED = "cancelled"


CLOSED = frozenset({TaskState.DONE, TaskState.CANCELLED})
GIVEN_UP = frozenset({TaskState.FAILED, TaskState.EXPIRED})
"""Callbacks that nobody tries any more by themselves. They are for people, and the number may ask again."""
_BY_PEOPLE = frozenset({TaskState.ASSIGNED, TaskState.RELEASED, TaskState.DONE, TaskState.CANCELLED})
_MAY_FOLLOW: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.OPEN: _BY_PEOPLE | {TaskState.OPEN, TaskState.FAILED, TaskState.EXPIRED},
    TaskState.ASSIGNED: _BY_PEOPLE,
    TaskState.RELEASED: _BY_PEOPLE,
    TaskState.FAILED: _BY_PEOPLE,
    TaskState.EXPIRED: _BY_PEOPLE,
    TaskState.DONE: frozenset(),
    TaskState.CANCELLED: frozenset(),
}


SYSTEM = "acd"
"""Who has changed a task that was worked off by itself."""


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What somebody (`who`: a user of this machine, or SYSTEM) did with a task."""

    at: datetime
    who: str
    state: TaskState
    agent: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A voicemail or a callback.

    `number` is the one to call. `sound` and `duration_s` are a voicemail's, `language` is a callback's;
    `caller_name` is known when the call is over. `due_at` and `for_agent`: a callback that was promised for
    then, by this agent.
    """

    kind: TaskKind
    id: str
    call_id: str
    at: datetime
    group: str | None
    number: str
    caller_name: str = ""
    sound: str = ""
    duration_s: float = 0.0
    language: str = ""
    history: tuple[TaskChange, ...] = ()
    due_at: datetime | None = None
    for_agent: str | None = None

    @property
    def state(self) -> TaskState:
        """How far it is now."""
        return self.history[-1].state if self.history else TaskState.OPEN

    @property
    def agent(self) -> str | None:
        """Who was given it last, or had promised it, and has not given it back."""
        if self.state is TaskState.RELEASED:
            return None
        given = (change.agent for change in reversed(self.history) if change.agent)
        return next(given, self.for_agent)

    @property
    def entry_id(self) -> str:
        """A callback's: the id of its entry in line."""
        return entry_id(self.call_id, self.at)

    @property
    def is_open(self) -> bool:
        """Whether there is still something to be done."""
        return self.state not in CLOSED

    def check(self, state: TaskState, tz: tzinfo | None = UTC) -> None:
        """Raises OperatorError where `state` cannot follow; its text tells times in `tz`."""
        if state not in _MAY_FOLLOW[self.state]:
            last = self.history[-1]
            when = f"{last.at.astimezone(tz):%F %T}"
            raise OperatorError(f"{self.kind} {self.id} is {self.state} already (by {last.who}, {when})")
