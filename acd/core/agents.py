"""The state of one agent.

Rules: all that decides which state follows is the table below. Why an input is given (RONA, the
phone was busy for a moment, the caller left) is the engine's business, in `offers.py` and
`conversations.py`. Not ready always has a reason code; the other states have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from acd.core.machine import advance


class AgentState(StrEnum):
    """Where an agent is; see the glossary."""

    LOGGED_OUT = "logged_out"
    NOT_READY = "not_ready"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


class AgentInput(StrEnum):
    """What can happen to an agent."""

    LOG_IN = "log_in"
    LOG_OUT = "log_out"
    GO_READY = "go_ready"
    GO_NOT_READY = "go_not_ready"
    OFFER = "offer"  # the engine offers a call
    ANSWER = "answer"  # the agent took the offered call
    MISS = "miss"  # the offer failed and the agent is to blame: not ready with a system reason
    DIAL = "dial"  # the agent makes a call of their own
    FOUND_TALKING = "found_talking"  # seen in a conversation that began while we were away
    FINISH_TO_WRAP_UP = "finish_to_wrap_up"  # the conversation is over, work on it is not


S = AgentState
I = AgentInput  # noqa: E741

# LOG_OUT, GO_READY and GO_NOT_READY during RINGING, TALKING and WRAP_UP end that work: the engine
# gives them when the work is over, according to what the agent has asked for meanwhile.
AGENT_TABLE: Mapping[AgentState, Mapping[AgentInput, AgentState]] = {
    S.LOGGED_OUT: {
        I.LOG_IN: S.NOT_READY,
    },
    S.NOT_READY: {
        I.LOG_OUT: S.LOGGED_OUT,
        I.GO_READY: S.READY,
        I.GO_NOT_READY: S.NOT_READY,
        I.OFFER: S.RINGING,
        I.DIAL: S.TALKING,
        I.FOUND_TALKING: S.TALKING,
    },
    S.READY: {
        I.LOG_OUT: S.LOGGED_OUT,
        I.GO_NOT_READY: S.NOT_READY,
        I.OFFER: S.RINGING,
        I.DIAL: S.TALKING,
        I.FOUND_TALKING: S.TALKING,
    },
    S.RINGING: {
        I.ANSWER: S.TALKING,
        I.MISS: S.NOT_READY,
        I.GO_READY: S.READY,
        I.GO_NOT_READY: S.NOT_READY,
        I.LOG_OUT: S.LOGGED_OUT,
        I.FOUND_TALKING: S.TALKING,
    },
    S.TALKING: {
        I.FINISH_TO_WRAP_UP: S.WRAP_UP,
        I.GO_READY: S.READY,
        I.GO_NOT_READY: S.NOT_READY,
        I.LOG_OUT: S.LOGGED_OUT,
    },
    S.WRAP_UP: {
        I.GO_READY: S.READY,
        I.GO_NOT_READY: S.NOT_READY,
        I.LOG_OUT: S.LOGGED_OUT,
        I.FOUND_TALKING: S.TALKING,
    },
}

BUSY_STATES = frozenset({S.RINGING, S.TALKING, S.WRAP_UP})


@dataclass(slots=True)
class Agent:
    """One agent, live. Times are engine seconds.

    `pending_reason`: not ready with this reason as soon as the present work ends (also how an
    agent who was not ready and took a direct call returns to that). `pending_logout` likewise.
    `call_id` is the call offered or talked to, `own_call_id` one the agent dialled, `wrap_up_call_id`
    the one being wrapped up (or to be, when an own call that outlived it is over) for `wrap_up_s`, by
    the rules of the group it came through. `ready_when_reachable`: the system made the agent not ready
    because the phone was gone, and will undo it when the phone is back.
    """

    id: str
    state: AgentState = AgentState.LOGGED_OUT
    since: float = 0.0
    reason: str | None = None
    phone: str | None = None
    pending_reason: str | None = None
    pending_logout: bool = False
    call_id: str | None = None
    own_call_id: str | None = None
    wrap_up_call_id: str | None = None
    wrap_up_until: float | None = None
    wrap_up_s: float = 0.0
    busy_until: float | None = None
    ready_when_reachable: bool = False
    login_at: float = 0.0
    calls_taken: int = 0
    busy_s: float = 0.0
    offered_at: float = 0.0

    def apply(self, input_: AgentInput, now: float, reason: str | None = None) -> None:
        """Move by the table. `reason` is required where the new state is not ready."""
        state = advance("agent", self.id, AGENT_TABLE, self.state, input_)
        assert (state is AgentState.NOT_READY) == (reason is not None), (self.id, input_, reason)
        self.state, self.reason, self.since = state, reason, now

    @property
    def logged_in(self) -> bool:
        """Whether the agent is at work at all."""
        return self.state is not AgentState.LOGGED_OUT

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form for the mirror of live state."""
        return {name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Agent:
        """The inverse of `to_dict`."""
        return cls(**{**data, "state": AgentState(data["state"])})


# Worked out once: this runs for every change of an agent.
_FIELDS = tuple(f.name for f in fields(Agent))
