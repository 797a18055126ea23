"""Facts of calls to somebody outside: an agent dials a public number, or sends a caller to one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from acd.core.facts import Fact

FLOW = "flow:"
"""In the place of an agent's id, which never has a colon: a flow has dialled."""


class DialFailure(StrEnum):
    """Why a call to an outside number did not come about over this trunk."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    UNKNOWN_NUMBER = "unknown_number"  # 404: some providers say so when they have no way there
    CONGESTION = "congestion"  # the trunk refuses: full, faulty, or it does not accept our login
    UNREACHABLE = "unreachable"  # the trunk says nothing, or is known to be away
    WITHDRAWN = "withdrawn"  # the dial was broken off on our side


@dataclass(frozen=True, slots=True)
class OutsideDialed(Fact):
    """An outside number is dialled over this trunk.

    `agent` is the one on whose authority, '' for an emergency number dialled where nobody is logged in,
    FLOW for a flow's transfer.
    `caller_id` is the number that is shown there. Both numbers are E.164, or an emergency number.
    """

    number: str
    trunk: str
    agent: str
    caller_id: str


@dataclass(frozen=True, slots=True)
class OutsideAlerted(Fact):
    """The other end rings, says the trunk."""


@dataclass(frozen=True, slots=True)
class OutsideFailed(Fact):
    """It came to nothing over this trunk. `cause`: in the trunk's words, such as 'SIP 486 Busy Here'."""

    trunk: str
    failure: DialFailure
    cause: str = ""


@dataclass(frozen=True, slots=True)
class OutsideAnswered(Fact):
    """Somebody outside answered; the two are talking."""


@dataclass(frozen=True, slots=True)
class OutsideLeft(Fact):
    """The one outside hung up; the caller is still with us."""


@dataclass(frozen=True, slots=True)
class OutsideRefused(Fact):
    """The number was not dialled: the dial plan does not allow it, or every trunk is full.

    `agent` is the one who wanted it, '' if nobody was logged in there.
    """

    number: str
    agent: str
    reason: str
