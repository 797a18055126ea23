"""From facts to the events that other systems are told of. Pure.

An event's id is made of what happened to whom and when, so the same fact always gives the same one: whoever
hears of an event twice can tell, and so can we.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from acd.core import facts
from acd.core.facts import Fact, SoundPurpose
from acd.core.outside_facts import OutsideAnswered


class EventName(StrEnum):
    """What one can be told of."""

    ARRIVED = "call.arrived"
    QUEUED = "call.queued"
    OFFERED = "call.offered"
    ANSWERED = "call.answered"
    HELD = "call.held"
    RESUMED = "call.resumed"
    TRANSFERRED = "call.transferred"
    ENDED = "call.ended"
    AGENT_STATE = "agent.state"
    CALLBACK = "callback.created"
    VOICEMAIL = "voicemail.created"
    DISPOSITION = "disposition"
    OUTSIDE_BUDGET = "outside.budget"


TEST = "test"
"""The event of `POST /api/webhooks/{id}/test`; nobody has to ask for it."""


@dataclass(frozen=True, slots=True)
class Event:
    """`at` in Unix seconds; `call` is the call it happened to."""

    id: str
    name: str
    at: float
    call: str | None
    data: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> str:
        """As it is sent."""
        told = {"id": self.id, "event": self.name, "at": self.at, "call": self.call, "data": self.data}
        return orjson.dumps(told).decode()


def _id(name: str, of: str, at: float) -> str:
    microseconds = round(at * 1_000_000)
    return f"{name}/{of}/{microseconds}"


def agent_event(agent: str, state: str, reason: str | None, at: float) -> Event:
    """An agent is in this state from then on."""
    data = {"agent": agent, "state": state, "reason": reason}
    return Event(_id(EventName.AGENT_STATE, agent, at), EventName.AGENT_STATE, at, None, data)


def budget_event(alarm: Mapping[str, Any]) -> Event:
    """So much of what calls outside may cost today is spent."""
    at, name = float(alarm["at"]), EventName.OUTSIDE_BUDGET
    data = {key: value for key, value in alarm.items() if key != "at"}
    return Event(_id(name, f"{alarm['who']}-{alarm['percent']}", at), name, at, None, data)


def events_of(call_id: str, call_facts: Sequence[Fact]) -> Iterator[Event]:
    """What these facts of a call have to tell."""
    for fact in call_facts:
        told = _told(fact)
        if told is not None:
            name, data = told
            yield Event(_id(name, call_id, fact.at), name, fact.at, call_id, data)


def _told(fact: Fact) -> tuple[EventName, dict[str, Any]] | None:
    match fact:
        case facts.Arrived():
            return EventName.ARRIVED, _arrived(fact)
        case facts.Queued(group=group, priority=priority):
            return EventName.QUEUED, {"group": group, "priority": priority}
        case facts.Offered(agent=agent, phone=phone):
            return EventName.OFFERED, {"agent": agent, "phone": phone}
        case facts.Answered(agent=agent):
            return EventName.ANSWERED, {"agent": agent}
        case facts.FellBack(agent=str(agent)):
            return EventName.ANSWERED, {"agent": agent}
        case OutsideAnswered():
            return EventName.ANSWERED, {"agent": None}
        case facts.Held():
            return EventName.HELD, {}
        case facts.Resumed():
            return EventName.RESUMED, {}
        case facts.Ended(by=by, reason=reason):
            return EventName.ENDED, {"by": by.value, "reason": reason}
        case _:
            return _passed_on(fact)


def _passed_on(fact: Fact) -> tuple[EventName, dict[str, Any]] | None:
    match fact:
        case facts.Transferred():
            met = [f.agent for f in fact.consult if isinstance(f, facts.Answered)]
            to = met[-1] if met else None
            data = {"agent": fact.agent, "how": fact.how, "target": fact.target, "to_agent": to}
            return EventName.TRANSFERRED, data
        case facts.CallbackWanted():
            data = {"group": fact.group, "number": fact.number, "language": fact.language}
            return EventName.CALLBACK, data
        case facts.Disposed(agent=agent, code=code, label=label):
            return EventName.DISPOSITION, {"agent": agent, "code": code, "label": label}
        case facts.SoundKept(purpose=SoundPurpose.VOICEMAIL):
            return EventName.VOICEMAIL, {"group": fact.group, "duration_s": fact.duration_s}
        case _:
            return None


def _arrived(fact: facts.Arrived) -> dict[str, Any]:
    customer = fact.customer
    return {
        "kind": fact.kind.value,
        "caller_number": fact.caller_number,
        "caller_name": fact.caller_name,
        "dialed_number": fact.dialed_number,
        "trunk": fact.trunk,
        "agent": fact.origin_agent,
        "customer": None if customer is None else {"id": customer.id, "name": customer.name},
    }
