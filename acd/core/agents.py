"""The state of one agent.

Rules: all that decides which state follows is the table below. Why an input is given (a missed ring,
a limit, the caller left) is the engine's business, in `offers.py`, `wrap_up.py` and `desk.py`. Not ready
always has a reason code; the other states have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from acd.core.kept_form import unusual, usual_values
from acd.core.machine import advance
from acd.core.work_rules import REASON_DESKTOP_GONE


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
WORK_STATES = frozenset({S.TALKING, S.WRAP_UP})
"""Those that leave something behind: a ring alone may come to nothing."""
_STILL_READY = {S.READY, S.RINGING}  # rung while ready, and back


@dataclass(slots=True)
class Agent:
    """One agent, live. Times are engine seconds.

    Beside `since`, of the state: the agent has been ready since `ready_since`, over rings that were called
    off, and without a talk or wrap-up since `idle_since`, ready or not.

    What follows the present work: `pending_logout` and `pending_reason` (not ready with this reason) were
    asked for meanwhile, the later wish counts (`sent_home`: not the agent has asked for the log-out, the
    plan has no such agent any more); `back_to` is the reason that an agent had who was not
    ready and took a direct call or dialled. Without any of them: ready.

    `call_id` is the call offered or talked to, `own_call_id` one the agent dialled, `wrap_up_call_id`
    the one being wrapped up (or to be, when an own call that outlived it is over), by the rules of
    `wrap_up_group`, through which it came. `wrap_up_wanted`: the agent asked for wrap-up after this talk.

    `misses`: offers missed in a row, by cause; until `back_off_until` there is no further offer.
    `ready_when_reachable`: the system made the agent not ready because the phone was gone, and will undo
    it when the phone is back. `rest_until`: likewise, of a rest. `desktop`: one is open. It is gone
    since a moment (`desktop_until`: the end of the grace) or for longer (`desktop_missing`), which keeps the
    agent from being ready.

    Counted since `login_at`: `calls_taken` (customers' calls answered) and `busy_s` (ringing, talking and
    wrap-up, up to `since`). `calls_today` is counted for `day`, the centre's date, over all log-ins of it.
    `calls_in_a_row`: taken since the agent was last idle for the length of a rest.
    """

    id: str
    state: AgentState = AgentState.LOGGED_OUT
    since: float = 0.0
    ready_since: float = 0.0
    idle_since: float = 0.0
    reason: str | None = None
    phone: str | None = None
    pending_reason: str | None = None
    pending_logout: bool = False
    sent_home: bool = False
    back_to: str | None = None
    call_id: str | None = None
    own_call_id: str | None = None
    wrap_up_call_id: str | None = None
    wrap_up_group: str | None = None
    wrap_up_until: float | None = None
    wrap_up_wanted: bool = False
    misses: dict[str, int] = field(default_factory=dict)
    back_off_until: float | None = None
    ready_when_reachable: bool = False
    rest_until: float | None = None
    desktop: bool = False
    desktop_until: float | None = None
    desktop_missing: bool = False
    login_at: float | None = None
    calls_taken: int = 0
    busy_s: float = 0.0
    offered_at: float = 0.0
    day: str = ""
    calls_today: int = 0
    calls_in_a_row: int = 0

    def apply(self, input_: AgentInput, now: float, reason: str | None = None) -> None:
        """Move by the table. `reason` is required where the new state is not ready."""
        state = advance("agent", self.id, AGENT_TABLE, self.state, input_)
        assert (state is AgentState.NOT_READY) == (reason is not None), (self.id, input_, reason)
        self.busy_s = self.busy_s_at(now)
        if input_ is AgentInput.LOG_IN:
            self.login_at, self.calls_taken, self.busy_s = now, 0, 0.0
        elif state is AgentState.LOGGED_OUT:
            self.login_at = None
        if self.state in WORK_STATES:
            self.idle_since = now
        if {self.state, state} != _STILL_READY:
            self.ready_since = now
        self.state, self.reason, self.since = state, reason, now

    def busy_s_at(self, now: float) -> float:
        """Seconds of work since log-in, with those of the present state."""
        return self.busy_s + (now - self.since if self.state in BUSY_STATES else 0.0)

    def count_call(self, day: str) -> None:
        """The agent has taken a customer's call on this day."""
        self.begin_day(day)
        self.calls_taken += 1
        self.calls_today += 1
        self.calls_in_a_row += 1

    def begin_day(self, day: str) -> None:
        """A new date begins a new count; '' is none."""
        if day not in ("", self.day):
            self.day, self.calls_today = day, 0

    def send_home(self) -> None:
        """The plan has the agent no longer, who logs out when the present work is over."""
        self.sent_home = self.sent_home or not self.pending_logout
        self.pending_logout = True

    def forget_wishes(self) -> None:
        """Nothing is pending: ready follows."""
        self.pending_reason, self.pending_logout, self.back_to = None, False, None
        self.sent_home = False

    @property
    def next_reason(self) -> str | None:
        """The reason with which the agent is not ready after the present work; None: ready, or at home."""
        asked_for = self.pending_reason if self.pending_reason is not None else self.back_to
        if asked_for is None and self.desktop_missing and self.state in BUSY_STATES:
            return REASON_DESKTOP_GONE
        return asked_for

    @property
    def logged_in(self) -> bool:
        """Whether the agent is at work at all."""
        return self.state is not AgentState.LOGGED_OUT

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form for the mirror of live state, without what is as in a new agent."""
        data = {name: getattr(self, name) for name in _ALWAYS} | unusual(self, _USUAL)
        if self.misses:
            data["misses"] = dict(self.misses)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Agent:
        """The inverse of `to_dict`. What other versions kept besides is left out, what they lack is new.

        Raises KeyError, TypeError or ValueError for what cannot be an agent.
        """
        values = {name: value for name, value in data.items() if name in _FIELDS}
        values["state"] = AgentState(data["state"])
        for name in ("ready_since", "idle_since"):
            values.setdefault(name, data.get("since", 0.0))
        if "misses" in data:
            values["misses"] = {str(cause): int(count) for cause, count in dict(data["misses"]).items()}
        for name in _NUMBERS:
            if not isinstance(values.get(name, 0), int | float):
                raise TypeError(f"{name} is no number")
        return cls(**values)


# Worked out once: this runs for every change of an agent.
_FIELDS = frozenset(f.name for f in fields(Agent))
_ALWAYS = ("state", "since", "ready_since", "idle_since")
_USUAL = usual_values(Agent, but=(*_ALWAYS, "misses"))
_NUMBERS = ("since", "ready_since", "idle_since", "calls_taken", "busy_s", "calls_today", "calls_in_a_row")
