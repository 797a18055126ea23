"""What the engine hears about callbacks that keep their place in line, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class CallbackPlaced:
    """The caller of `of_call` wants to be called back: the place in line is kept by an entry of this id.

    In the line of the group in which the caller last stood the place is the caller's own; in another one,
    or for a caller who has stood in none, it is the last.

    `wanted_at`: when it was asked for, of one that was known once and lost: the entry is as old, for its
    place and for its end. It was tried `tries` times since, the last time `tried_at`. `due_at`: it was
    promised for then, and does not stand in line before.
    """

    call_id: str
    of_call: str
    group: str
    number: str
    language: str
    wanted_at: float | None = None
    tries: int = 0
    tried_at: float | None = None
    due_at: float | None = None


@dataclass(frozen=True, slots=True)
class CallbackReached:
    """The customer has answered: the customer's own channel asks what next."""

    call_id: str


@dataclass(frozen=True, slots=True)
class CallbackNotReached:
    """The customer cannot be had now, and nobody is being dialled any more.

    `counts`: it was a try; else it was for want of a free line. `final`: there is no use in trying again.
    """

    call_id: str
    why: str
    counts: bool = True
    final: bool = False


@dataclass(frozen=True, slots=True)
class CallbackWithdrawn:
    """Somebody has cancelled the callback, done it, or given it to a person: it leaves the line.

    Not while the customer is being dialled or talked to: that goes on.
    """

    call_id: str


@dataclass(frozen=True, slots=True)
class CallbackHours:
    """The time in which customers of the group may be called has begun, or is over."""

    group: str
    open: bool


CallbackEvent: TypeAlias = CallbackReached | CallbackNotReached | CallbackWithdrawn
"""Those about one callback."""
