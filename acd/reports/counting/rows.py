"""Rows as counting takes them: one kind for each source, in the order in which they are selected. Pure.

`at` is the moment that decides the interval; `call_id` and `position` say which row it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class VisitRow(NamedTuple):
    """A caller in a group's line, of calls of every kind; `agent` answered."""

    at: datetime
    call_id: str
    position: int
    group: str
    agent: str | None
    number: str
    flow: str | None
    segment: str | None
    kind: str
    origin: str
    outcome: str
    wait_s: float
    talk_s: float
    hold_s: float
    wrap_up_s: float


class RingRow(NamedTuple):
    """An agent's phone that rang."""

    at: datetime
    call_id: str
    position: int
    group: str | None
    agent: str | None
    number: str
    flow: str | None
    segment: str | None
    outcome: str


class TransferRow(NamedTuple):
    """An agent who handed a caller on; `group` of the talk that was left."""

    at: datetime
    call_id: str
    position: int
    group: str | None
    agent: str | None
    number: str
    flow: str | None
    segment: str | None
    how: str


class StateRow(NamedTuple):
    """A stretch of an agent in one state, which may begin before the period and end after it.

    `missing_since`: when the stretch before was over, where nobody knows what the agent did until this one.
    """

    at: datetime
    until: datetime
    agent: str
    state: str
    reason: str | None
    missing_since: datetime | None = None


class CallRow(NamedTuple):
    """An inbound call. `reached`: it asked for somebody; `next_at`: when the same customer called again."""

    at: datetime
    call_id: str
    position: int
    number: str
    flow: str | None
    segment: str | None
    contact: str
    answered_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    reached: bool
    next_at: datetime | None


class StepRow(NamedTuple):
    """A step of a flow that was left; `step` with its flow."""

    at: datetime
    call_id: str
    position: int
    number: str
    flow: str
    segment: str | None
    step: str
    arrow: str


class ScoreRow(NamedTuple):
    """A caller's answer; `question` with its survey, `agent` and `group` of the last talk before it."""

    at: datetime
    call_id: str
    position: int
    group: str | None
    agent: str | None
    number: str
    flow: str | None
    segment: str | None
    question: str
    score: int


class DispositionRow(NamedTuple):
    """What an agent last said that came of a call; `complaint`: the last to say that the call was one."""

    at: datetime
    call_id: str
    position: int
    group: str | None
    agent: str
    code: str
    complaint: bool


class CallbackRow(NamedTuple):
    """A wish to be called back; `state` of its task now, None where nothing has happened to it yet."""

    at: datetime
    call_id: str
    position: int
    group: str
    state: str | None


class StretchRow(NamedTuple):
    """For peaks: something of this kind went on from `at` to `until`; None: it goes on."""

    at: datetime
    until: datetime | None
    kind: str
