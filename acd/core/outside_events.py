"""What the engine hears about calls to somebody outside, in the past tense."""

from __future__ import annotations

from dataclasses import dataclass

from acd.core.outside_facts import DialFailure


@dataclass(frozen=True, slots=True)
class OutsideDialed:
    """An outside number is to be dialled for this caller now, over this trunk.

    `digits` and `shown` are the number and our caller id as the provider wants them written;
    `ring_timeout_s` None: as the plan says; the other fields are those of the fact.
    """

    call_id: str
    number: str
    trunk: str
    agent: str
    caller_id: str
    digits: str
    shown: str
    ring_timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class OutsideAlerting:
    """The trunk has taken the call; `rings`: the other end rings."""

    call_id: str
    rings: bool = True


@dataclass(frozen=True, slots=True)
class OutsideAnswered:
    """Somebody outside answered."""

    call_id: str


@dataclass(frozen=True, slots=True)
class OutsideFailed:
    """The dial ended without a conversation; the caller's channel asks again."""

    call_id: str
    failure: DialFailure
    cause: str = ""


@dataclass(frozen=True, slots=True)
class OutsideLeft:
    """The conversation with somebody outside is over, the caller is still there and asks what next."""

    call_id: str


@dataclass(frozen=True, slots=True)
class OutsideRefused:
    """The number may not, or cannot, be dialled."""

    call_id: str
    number: str
    agent: str
    reason: str


OutsideEvent = (
    OutsideDialed | OutsideAlerting | OutsideAnswered | OutsideFailed | OutsideLeft | OutsideRefused
)
