"""Facts of callbacks that keep their place in line, and what is told of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from acd.core.facts import Fact

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class CallbackPlaced(Fact):
    """A caller's place in line is kept for a callback. `of_call`: the call in which it was asked for."""

    of_call: str
    number: str
    language: str


@dataclass(frozen=True, slots=True)
class AgentReserved(Fact):
    """This agent is kept for the customer, who is dialled first. `reasons`: lines that say why this agent."""

    agent: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentJoined(Fact):
    """The agent's phone was answered for a callback; the customer is dialled next."""

    agent: str


@dataclass(frozen=True, slots=True)
class CallbackTried(Fact):
    """The customer was not reached, and stands in line again from `next_at`. `number`: tries so far."""

    number: int
    why: str
    next_at: float


class CallbackNews(StrEnum):
    """What is to be added to the history of a wish to be called back."""

    TRIED = "tried"
    DONE = "done"
    FAILED = "failed"  # too many tries, or not to be dialled at all
    EXPIRED = "expired"
    PUT_BACK = "put_back"  # the centre no longer has the group: for people


@dataclass(frozen=True, slots=True)
class CallbackNote:
    """A line of that history. `callback`: the id of the entry in line; `at` in engine seconds."""

    callback: str
    at: float
    news: str
    agent: str | None = None
    note: str = ""


ENTRY_MARK = "-cb"
"""Between the id of the call and the rest in the id of its callback's entry in line."""


def entry_id(call_id: str, at: float | datetime) -> str:
    """The id under which a callback asked for in this call stands in line. `at`: Unix time, or the moment.

    Both give the same: seconds are taken to the microsecond in the way in which the database has them.
    """
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
    return f"{call_id}{ENTRY_MARK}{microseconds % 10**12}"
