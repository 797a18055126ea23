"""What an agent may do with a call, by where the two are: a table with one gate.

Rules of this file:
* An agent is in one phase at a time, told from the floor alone (`in_hand`): nothing else is remembered, so a
  restart changes nothing.
* A consultation is a call of the agent's own, made on the leg of the call that it is about. Its id is that
  call's with CONSULT and a number behind; by that the two are known to belong together.
* While the first one hears music the call is on hold. A consultation beside a call that is not on hold is a
  conference of three.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any

from acd.core.agents import Agent
from acd.core.calls import Call, CallState, Channel
from acd.core.consults import CONSULT, is_consult, main_of
from acd.core.floor import Floor
from acd.errors import RequestRefused


class Verb(StrEnum):
    """What can be asked for; the words of the control socket."""

    ANSWER = "call-answer"
    HANG_UP = "call-hangup"
    HOLD = "call-hold"
    RESUME = "call-resume"
    MUTE = "call-mute"
    TAKE_UP = "call-take-up"
    KEYS = "call-keys"
    TRANSFER = "call-transfer"
    CONSULT = "consult"
    COMPLETE = "consult-complete"
    CANCEL = "consult-cancel"
    JOIN = "consult-join"
    ADD = "conference-add"
    DIAL = "call-dial"
    RECORD_PAUSE = "record-pause"
    RECORD_RESUME = "record-resume"


class Phase(StrEnum):
    """Where an agent is with a call."""

    IDLE = "idle"
    RINGING = "ringing"  # the agent's phone rings
    TALKING = "talking"
    HELD = "held"
    CALLING = "calling"  # a consultation rings, waits or is in a menu; the first one hears music
    CONSULTING = "consulting"
    CONFERENCE = "conference"
    DIALING = "dialing"  # the agent's own call: nobody has answered yet
    OWN = "own"  # talks in a call of the agent's own
    OWN_HELD = "own_held"


V = Verb
_RECORD = frozenset({V.RECORD_PAUSE, V.RECORD_RESUME})

ALLOWED: Mapping[Phase, frozenset[Verb]] = {
    Phase.IDLE: frozenset({V.DIAL}),
    Phase.RINGING: frozenset({V.ANSWER, V.HANG_UP}),
    Phase.TALKING: _RECORD | {V.HANG_UP, V.HOLD, V.MUTE, V.TAKE_UP, V.KEYS, V.TRANSFER, V.CONSULT, V.ADD},
    Phase.HELD: _RECORD | {V.HANG_UP, V.RESUME, V.MUTE, V.TAKE_UP, V.TRANSFER, V.CONSULT, V.ADD},
    Phase.CALLING: _RECORD | {V.CANCEL, V.COMPLETE, V.MUTE, V.KEYS},
    Phase.CONSULTING: _RECORD | {V.CANCEL, V.COMPLETE, V.JOIN, V.MUTE, V.KEYS},
    Phase.CONFERENCE: _RECORD | {V.HANG_UP, V.CANCEL, V.MUTE},
    Phase.DIALING: frozenset({V.HANG_UP}),
    Phase.OWN: frozenset({V.HANG_UP, V.HOLD, V.MUTE, V.KEYS, V.TRANSFER, V.CONSULT, V.ADD}),
    Phase.OWN_HELD: frozenset({V.HANG_UP, V.RESUME, V.MUTE, V.TRANSFER, V.CONSULT, V.ADD}),
}

_TALKS = frozenset({CallState.TALKING, CallState.OUTSIDE})


@dataclass(frozen=True, slots=True)
class Hand:
    """An agent's present call. `consult`: the one made about it, if there is one.

    `dialled`: the agent's phone is the one that asks us what next, since it has dialled or was rung first.
    """

    phase: Phase
    agent: Agent
    call: Call | None = None
    consult: Call | None = None
    dialled: bool = False


def in_hand(floor: Floor, agent_id: str) -> Hand:
    """Where the agent is. Raises RequestRefused for one whom nobody knows, or who is not at work."""
    agent = floor.agents.get(agent_id)
    if agent is None:
        raise RequestRefused("unknown-agent", f"there is no agent {agent_id!r}")
    if not agent.logged_in:
        raise RequestRefused("logged-out", f"{agent_id} is not logged in")
    call, own = floor.calls.get(agent.call_id or ""), floor.calls.get(agent.own_call_id or "")
    if call is not None and call.agent == agent_id and call.state in (CallState.RINGING, *_TALKS):
        consult = own if own is not None and is_consult(own.id, call.id) else None
        return Hand(_phase(call, consult), agent, call, consult, call.channel is Channel.AGENT)
    if own is not None and own.state is not CallState.ENDED:
        main = floor.calls.get(main_of(own.id) or "")
        if main is not None and main.origin_agent == agent_id and _talks(main):
            return Hand(_phase(main, own), agent, main, own, dialled=True)
        phase = (Phase.OWN_HELD if own.on_hold else Phase.OWN) if _talks(own) else Phase.DIALING
        return Hand(phase, agent, own, dialled=True)
    return Hand(Phase.IDLE, agent)


def _phase(call: Call, consult: Call | None) -> Phase:
    if call.state is CallState.RINGING:
        return Phase.RINGING
    if consult is None:
        return Phase.HELD if call.on_hold else Phase.TALKING
    if not call.on_hold:
        return Phase.CONFERENCE
    return Phase.CONSULTING if _talks(consult) else Phase.CALLING


def _talks(call: Call) -> bool:
    return call.state in _TALKS and not call.agent_left


def check(hand: Hand, verb: Verb) -> None:
    """Raises RequestRefused where the table does not allow it: `no-call`, or `not-now`."""
    if verb in ALLOWED[hand.phase]:
        return
    if hand.call is None:
        raise RequestRefused("no-call", f"{hand.agent.id} has no call")
    possible = ", ".join(sorted(ALLOWED[hand.phase])) or "nothing"
    raise RequestRefused("not-now", f"{verb} is not possible now ({hand.phase}); possible: {possible}")


def call_of(hand: Hand) -> Call:
    """The agent's call, in a phase that has one."""
    assert hand.call is not None
    return hand.call


def phase_of(floor: Floor, agent: str) -> Phase:
    """Of one who may have logged out meanwhile."""
    return in_hand(floor, agent).phase if floor.agents[agent].logged_in else Phase.IDLE


def has(floor: Floor, agent: str, call_id: str) -> bool:
    """Whether the agent is still in that call."""
    who = floor.agents[agent]
    return call_id in (who.call_id, who.own_call_id)


def must_last(call: Call) -> None:
    """Raises RequestRefused where the other side has gone meanwhile."""
    if call.state is CallState.ENDED:
        raise RequestRefused("call-over", "the other side has hung up")


def new_consult(floor: Floor, call: Call, number: int) -> str:
    """The id of another consultation about this call, with this number or the next that is free."""
    return next(i for n in count(number) if (i := f"{call.id}{CONSULT}{n}") not in floor.calls)


def picture(floor: Floor, call: Call) -> dict[str, Any]:
    """Who takes part in the call, and the consultation about it, as the desktop shows them."""
    agent = floor.agents.get(call.agent or "")
    consult = next(_consults(floor, call), None)
    parties: list[dict[str, Any]] = []
    if call.is_customers:
        parties.append({"who": "customer", "number": call.caller_number, "on_hold": call.on_hold})
    elif call.origin_agent is not None:
        parties.append({"who": "agent", "agent": call.origin_agent, "on_hold": False})
    if agent is not None and call.state in (CallState.RINGING, *_TALKS):
        parties.append({"who": "agent", "agent": agent.id, "on_hold": False})
    if call.state in (CallState.DIALING_OUT, CallState.OUTSIDE):
        parties.append(_outside(call))
    if consult is not None and not call.on_hold:
        parties.append(_other(consult))
    return {
        "recording": call.taping,
        "parties": parties,
        "consult": None
        if consult is None
        else {"call": consult.id, "to": consult.agent or consult.dialed_number, "state": consult.state.value},
    }


def _consults(floor: Floor, call: Call) -> Iterator[Call]:
    """What the agents in it have begun about it, one each at most."""
    for name in (call.agent, call.origin_agent):
        agent = floor.agents.get(name or "")
        own = floor.calls.get(agent.own_call_id or "") if agent is not None else None
        if own is not None and is_consult(own.id, call.id):
            yield own


def _other(consult: Call) -> dict[str, Any]:
    if consult.agent is not None:
        return {"who": "agent", "agent": consult.agent, "on_hold": False}
    return _outside(consult)


def _outside(call: Call) -> dict[str, Any]:
    return {"who": "outside", "number": call.outside_number or call.dialed_number, "on_hold": call.on_hold}
