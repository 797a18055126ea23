"""The state of one call: the customer's (or dialling agent's) visit from arrival to hang-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from acd.core.fact_json import fact_from_dict, fact_to_dict
from acd.core.facts import AgentLeft, Arrived, CallKind, Customer, Fact
from acd.core.kept_form import unusual, usual_values
from acd.core.losses import loss_of
from acd.core.machine import advance


class CallState(StrEnum):
    """Where the caller is."""

    IVR = "ivr"  # in a flow, or in hand between two stations
    WAITING = "waiting"
    RINGING = "ringing"  # hears music while an agent's phone rings
    TALKING = "talking"
    DIALING_OUT = "dialing_out"  # an outside number is being rung
    OUTSIDE = "outside"  # talks with somebody outside, over a trunk
    ENDED = "ended"


class Channel(StrEnum):
    """Whose channel asks us what next, and is dialled from."""

    CALLER = "caller"
    AGENT = "agent"  # a callback for which the agent's phone was rung first
    NONE = "none"  # a callback in line: there is none yet


class CallInput(StrEnum):
    """What can happen to a call."""

    QUEUE = "queue"
    LEAVE_LINE = "leave_line"  # back to the flow without an agent
    OFFER = "offer"
    OFFER_FAILED = "offer_failed"  # back into the line
    REFUSED = "refused"  # a direct offer failed: back in hand
    ANSWER = "answer"
    AGENT_LEFT = "agent_left"  # hung up or handed the caller over
    FOUND_TALKING = "found_talking"
    ADOPT_WAITING = "adopt_waiting"  # an attended transfer: takes the consultation's place
    ADOPT_RINGING = "adopt_ringing"
    ADOPT_IVR = "adopt_ivr"
    ADOPT_TALKING = "adopt_talking"
    ADOPT_DIALING_OUT = "adopt_dialing_out"
    ADOPT_OUTSIDE = "adopt_outside"
    DIAL_OUT = "dial_out"
    OUTSIDE_ANSWERED = "outside_answered"
    OUTSIDE_FAILED = "outside_failed"  # back in hand
    OUTSIDE_LEFT = "outside_left"
    RESERVE = "reserve"  # a callback: the agent is kept, the customer is dialled first
    AGENT_JOINED = "agent_joined"  # a callback: the agent is there, the customer is dialled next
    BACK_IN_LINE = "back_in_line"  # a callback whose customer was not reached
    END = "end"
    FOUND_AGAIN = "found_again"  # it was taken for lost with its node, which lives


_STANDING = (
    "priority",
    "requirement",
    "requirement_alone",
    "ring",
    "only_agent",
    "only_until",
    "waiting_since",
    "joined",
    "step_runs",
    "step_raises",
)

S = CallState
I = CallInput  # noqa: E741

CALL_TABLE: Mapping[CallState, Mapping[CallInput, CallState]] = {
    S.IVR: {
        I.QUEUE: S.WAITING,
        I.OFFER: S.RINGING,
        I.DIAL_OUT: S.DIALING_OUT,
        I.BACK_IN_LINE: S.WAITING,
        I.FOUND_TALKING: S.TALKING,
        I.END: S.ENDED,
    },
    S.WAITING: {
        I.LEAVE_LINE: S.IVR,
        I.RESERVE: S.IVR,
        I.BACK_IN_LINE: S.WAITING,
        I.OFFER: S.RINGING,
        I.FOUND_TALKING: S.TALKING,
        I.END: S.ENDED,
    },
    S.RINGING: {
        I.ANSWER: S.TALKING,
        I.OFFER_FAILED: S.WAITING,
        I.REFUSED: S.IVR,
        I.AGENT_JOINED: S.IVR,
        I.BACK_IN_LINE: S.WAITING,
        I.FOUND_TALKING: S.TALKING,
        I.END: S.ENDED,
    },
    S.TALKING: {
        I.AGENT_LEFT: S.IVR,
        I.FOUND_TALKING: S.TALKING,
        I.ADOPT_WAITING: S.WAITING,
        I.ADOPT_RINGING: S.RINGING,
        I.ADOPT_IVR: S.IVR,
        I.ADOPT_TALKING: S.TALKING,
        I.ADOPT_DIALING_OUT: S.DIALING_OUT,
        I.ADOPT_OUTSIDE: S.OUTSIDE,
        I.END: S.ENDED,
    },
    S.DIALING_OUT: {
        I.OUTSIDE_ANSWERED: S.OUTSIDE,
        I.OFFER: S.RINGING,
        I.ANSWER: S.TALKING,
        I.BACK_IN_LINE: S.WAITING,
        I.OUTSIDE_FAILED: S.IVR,
        I.FOUND_TALKING: S.TALKING,
        I.END: S.ENDED,
    },
    S.OUTSIDE: {
        I.OUTSIDE_LEFT: S.IVR,
        I.FOUND_TALKING: S.TALKING,
        I.END: S.ENDED,
    },
    S.ENDED: {I.FOUND_AGAIN: S.IVR},
}


@dataclass(frozen=True, slots=True)
class WaitSoFar:
    """What time has done to a wait in a group's line, for one that goes on elsewhere; see `Call`."""

    ring: int
    step_runs: Mapping[str, float]
    step_raises: Mapping[str, int]

    @property
    def raised(self) -> int:
        """What steps of the policy have added to the priority."""
        return sum(self.step_raises.values())


@dataclass(slots=True)
class Call:
    """One call, live.

    `group` is the skill group whose line the caller is in, or came through last. `waiting_since` orders
    the line, `joined` breaks ties; both survive failed rings. `requirement` is what the call asks for beside
    its group (`requirement_alone`: instead of it), `ring` how far it has widened. It waits for `only_agent`
    alone until `only_until`. `step_runs`: how long the wait was when each step of the group's policy was
    last taken, by the step's number; `step_raises`: what each has added to `priority`. `leave_at` says when
    the caller leaves the line without an agent, `exits` by which ways (`LeftBy`, or a name of the flow's) the
    flow can go on. `present`: the caller's channel asks us what next, so it can be dialled from; false for a
    moment after a restart. `direct`: the offer is for a named agent, not from a line. A direct offer and a
    dial outside ring for `ring_timeout_s` (None: as the plan says). `alerted`: the phone of the present
    offer said that it rings. `recording` names the file into which the caller's words are being recorded.
    `taping`: the talk is recorded ("on"), or that is "paused".
    `trunk` brought the call from outside; `outside_number` is being dialled or talked to over
    `outside_trunk`.

    `node`: the Asterisk that has it, '' where there is only one; a callback that has no channel is at none.
    `lost_with`: the agent who talked with the caller when the call was lost with its node.

    Of a callback: `channel` says whose channel there is; the customer was dialled `tries` times in vain, and
    the entry stands in line again at `try_at`; `blocked` times in a row nobody could be dialled; it is given
    up at `expires_at`.
    """

    id: str
    kind: CallKind
    caller_number: str
    caller_name: str
    dialed_number: str
    arrived_at: float
    customer: Customer | None = None
    origin_agent: str | None = None
    state: CallState = CallState.IVR
    since: float = 0.0
    group: str | None = None
    priority: int = 0
    requirement: str = ""
    requirement_alone: bool = False
    ring: int = 0
    only_agent: str | None = None
    only_until: float | None = None
    waiting_since: float | None = None
    joined: int = 0
    leave_at: float | None = None
    exits: tuple[str, ...] = ()
    step_runs: dict[str, float] = field(default_factory=dict)
    step_raises: dict[str, int] = field(default_factory=dict)
    present: bool = True
    agent: str | None = None
    direct: bool = False
    ring_timeout_s: float | None = None
    alerted: bool = False
    on_hold: bool = False
    agent_left: bool = False
    trunk: str | None = None
    outside_number: str | None = None
    outside_trunk: str | None = None
    open_wrap_ups: int = 0
    recording: str | None = None
    taping: str | None = None
    channel: Channel = Channel.CALLER
    tries: int = 0
    blocked: int = 0
    try_at: float | None = None
    expires_at: float | None = None
    node: str = ""
    lost_with: str | None = None
    facts: list[Fact] = field(default_factory=list)  # only ever added to
    _told: list[dict[str, Any]] = field(default_factory=list, init=False, repr=False, compare=False)

    @classmethod
    def arrive(cls, call_id: str, fact: Arrived) -> Call:
        """A new call from its first fact."""
        return cls(
            id=call_id,
            kind=fact.kind,
            caller_number=fact.caller_number,
            caller_name=fact.caller_name,
            dialed_number=fact.dialed_number,
            arrived_at=fact.at,
            since=fact.at,
            customer=fact.customer,
            origin_agent=fact.origin_agent,
            trunk=fact.trunk,
            facts=[fact],
        )

    def apply(self, input_: CallInput, now: float) -> None:
        """Move by the table."""
        self.state = advance("call", self.id, CALL_TABLE, self.state, input_)
        self.since = now

    def stand_as(self, other: Call) -> None:
        """Take over how `other` stands in line."""
        for name in _STANDING:
            setattr(self, name, getattr(other, name))

    @property
    def base_priority(self) -> int:
        """What the call has brought into the line: without what the group's policy has added there."""
        return self.priority - sum(self.step_raises.values())

    @property
    def so_far(self) -> WaitSoFar:
        """For a wait that goes on in another call, or in the same line again."""
        return WaitSoFar(self.ring, dict(self.step_runs), dict(self.step_raises))

    def when(self, at: float | None, now: float) -> float:
        """The time of something learnt of late: `at` if known, but not before what was known already.

        That the call was lost with its node is no knowledge of it: the node was away, and may have lived.
        """
        if at is None:
            return now
        loss = loss_of(self.facts)
        known = self.facts[-1] if loss is None else self.facts[loss.start - 1]
        return max(min(at, now), known.at)

    @property
    def is_customers(self) -> bool:
        """Whether the channel is that of a customer, who stays when an agent has hung up."""
        is_back = self.kind is CallKind.CALLBACK and self.channel is Channel.CALLER
        return is_back or self.kind is CallKind.INBOUND

    @property
    def left_by(self) -> str | None:
        """The agent who hung up last."""
        return next((f.agent for f in reversed(self.facts) if isinstance(f, AgentLeft)), None)

    @property
    def finished(self) -> bool:
        """Nothing more will happen to it."""
        return self.state is CallState.ENDED and self.open_wrap_ups == 0 and self.recording is None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form for the mirror of live state, without what is as in a new call."""
        data = {"state": self.state, **unusual(self, _USUAL)}
        if self.customer is not None:
            data["customer"] = asdict(self.customer)
        self._told += map(fact_to_dict, self.facts[len(self._told) :])
        data["facts"] = list(self._told)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Call:
        """The inverse of `to_dict`."""
        values = dict(data)
        values["kind"] = CallKind(values["kind"])
        values["state"] = CallState(values["state"])
        if "channel" in values:
            values["channel"] = Channel(values["channel"])
        if "exits" in values:
            values["exits"] = tuple(values["exits"])
        if values.get("customer") is not None:
            values["customer"] = Customer(**values["customer"])
        values["facts"] = [fact_from_dict(f) for f in values["facts"]]
        return cls(**values)


# Worked out once: this runs for every change of a call.
_USUAL = usual_values(Call, but=("state", "facts"))
