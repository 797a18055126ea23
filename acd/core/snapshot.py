"""All of an engine's state between two events, as plain data, and an engine made of it again.

An engine that is made so answers every later event as the first one does: for the same agent, in the same
order. What is kept for a restart (`recovery.py`) is less: it knows nothing of phones, timers and turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from acd.core.agents import Agent
from acd.core.calls import Call, CallState
from acd.core.engine import Engine
from acd.core.floor import Floor, Phone
from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.pools import Idle
from acd.core.router import Router
from acd.core.timers import Timer


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The fields are those of `Floor`; agents and calls in the form of `to_dict`, in the order of the floor.

    `idle`: as what each free agent is chosen by. `turn`: see `Router.turn`. `deadlines`: kind, key, moment.
    """

    plan: Plan
    now: float
    suspended: bool
    hour: int
    day: str
    closed_at: Mapping[str, float]
    callbacks_closed: tuple[str, ...]
    agents: tuple[dict[str, Any], ...]
    calls: tuple[dict[str, Any], ...]
    phones: Mapping[str, Phone]
    last_on_phone: Mapping[str, str]
    leaving: Mapping[str, AgentProfile]
    retired: Mapping[str, GroupPolicy]
    idle: Mapping[str, Idle]
    turn: int
    deadlines: tuple[tuple[Timer, str, float], ...]
    nodes_away: tuple[str, ...] = ()
    lost: tuple[dict[str, Any], ...] = ()


def take(floor: Floor) -> Snapshot:
    """As it is now; nothing in it changes with the floor."""
    free = ((agent, floor.router.idle_as(agent)) for agent in floor.agents)
    return Snapshot(
        plan=floor.plan,
        now=floor.now,
        suspended=floor.suspended,
        hour=floor.hour,
        day=floor.day,
        closed_at=dict(floor.closed_at),
        callbacks_closed=tuple(sorted(floor.callbacks_closed)),
        agents=tuple(agent.to_dict() for agent in floor.agents.values()),
        calls=tuple(call.to_dict() for call in floor.calls.values()),
        phones={name: replace(phone) for name, phone in floor.phones.items()},
        last_on_phone=dict(floor.last_on_phone),
        leaving=dict(floor.leaving),
        retired=dict(floor.retired),
        idle={agent: idle for agent, idle in free if idle is not None},
        turn=floor.router.turn,
        deadlines=floor.timers.all(),
        nodes_away=tuple(sorted(floor.nodes_away)),
        lost=tuple(call.to_dict() for call in floor.lost.values()),
    )


def engine_of(snapshot: Snapshot) -> Engine:
    """An engine that goes on where the other was.

    Raises KeyError, TypeError or ValueError for agents and calls that are none.
    """
    engine = Engine(snapshot.plan)
    floor = engine.floor
    floor.now, floor.suspended = snapshot.now, snapshot.suspended
    floor.nodes_away = set(snapshot.nodes_away)
    floor.hour, floor.day = snapshot.hour, snapshot.day
    floor.closed_at = dict(snapshot.closed_at)
    floor.callbacks_closed = set(snapshot.callbacks_closed)
    floor.phones = dict(snapshot.phones)
    floor.lacking = {name for name, phone in snapshot.phones.items() if phone.missing}
    floor.last_on_phone = dict(snapshot.last_on_phone)
    floor.leaving, floor.retired = dict(snapshot.leaving), dict(snapshot.retired)
    floor.agents = {agent.id: agent for agent in map(Agent.from_dict, snapshot.agents)}
    for call in map(Call.from_dict, snapshot.calls):
        floor.admit(call)
    for call in map(Call.from_dict, snapshot.lost):
        floor.lost[call.id] = floor.calls.get(call.id, call)
    floor.router = Router(snapshot.plan, floor.leaving, snapshot.turn)
    for agent in floor.agents.values():
        floor.router.agent_present(agent.id, logged_in=agent.logged_in)
    for name, idle in snapshot.idle.items():
        floor.router.agent_free(name, idle)
    for call in floor.calls.values():
        if call.state is CallState.WAITING and call.present:
            floor.stand(call)
    for kind, key, at in snapshot.deadlines:
        floor.timers.set(kind, key, at)
    floor.take_commands()  # everything here is in the mirror already
    return engine
