"""Why each agent does not take a waiting call: what it needs to become free, or which skill is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from acd.core.agents import Agent, AgentState
from acd.core.calls import Call, CallState
from acd.core.floor import Floor
from acd.core.reach import requirement_of
from acd.core.shortfall import shortfall
from acd.core.work_rules import (
    REASON_DAY_LIMIT,
    REASON_REST,
    REASON_UNREACHABLE,
    WrapUpMode,
)

NAMED_AT_MOST = 12


@dataclass(frozen=True, slots=True)
class Able:
    """An agent at work who could serve the call as it stands. `needs`: what has to happen first.

    `reason_label`: the reason in the centre's language.
    """

    id: str
    name: str
    ring: int
    state: str
    reason: str | None
    reason_label: str | None
    since_s: float
    needs: str


@dataclass(frozen=True, slots=True)
class Unable:
    """An agent at work who may not serve the call yet. `lacks`: the parts of the requirement that fail;
    `from_ring`: the ring that will have the agent, None: no ring will."""

    id: str
    name: str
    state: str
    lacks: tuple[str, ...]
    from_ring: int | None


@dataclass(frozen=True, slots=True)
class AgentsSeen:
    """The first of each kind by name; the others counted, in words. `away` could serve, and are logged out.

    `reserved`: how many ready agents the reserves of other groups keep from this call, by group.
    """

    able: tuple[Able, ...]
    more_able: tuple[str, ...]
    unable: tuple[Unable, ...]
    more_unable: tuple[str, ...]
    away: tuple[str, ...]
    away_count: int
    reserved: Mapping[str, int]


def agents_seen(floor: Floor, call: Call, now: float, language: str = "en") -> AgentsSeen:
    """Everybody in the plan, for a call in line. Agents of one pool are alike: it is looked at once."""
    standing, widest = floor.standing(call), floor.widest(call)
    wanted = requirement_of(floor.plan.groups[standing.group], standing, standing.ring)
    able: list[Able] = []
    unable: list[Unable] = []
    away: list[str] = []
    for pool in floor.router.pools:
        ring, reach = (floor.router.ring_of(pool.members[0], place) for place in (standing, widest))
        there = [floor.agents[name] for name in pool.members if floor.agents[name].logged_in]
        if ring is not None:
            able += (_able(floor, call, ring, agent, now, language) for agent in there)
        elif there:
            lacks = shortfall(wanted, pool.skills)
            unable += (_unable(floor, lacks, reach, agent) for agent in there)
        if reach is not None:
            away += (name for name in pool.members if not floor.agents[name].logged_in)
    able.sort(key=lambda agent: (agent.ring, _ORDER[agent.state], -agent.since_s))
    return AgentsSeen(
        able=tuple(able[:NAMED_AT_MOST]),
        more_able=_counted(agent.state for agent in able[NAMED_AT_MOST:]),
        unable=tuple(unable[:NAMED_AT_MOST]),
        more_unable=_counted("; ".join(agent.lacks) for agent in unable[NAMED_AT_MOST:]),
        away=tuple(away[:NAMED_AT_MOST]),
        away_count=len(away),
        reserved=_reserved(floor, call, able),
    )


_ORDER = {
    state.value: place
    for place, state in enumerate(
        (
            AgentState.READY,
            AgentState.RINGING,
            AgentState.WRAP_UP,
            AgentState.TALKING,
            AgentState.NOT_READY,
            AgentState.LOGGED_OUT,
        )
    )
}


def _counted(words: Iterable[str]) -> tuple[str, ...]:
    """Most frequent first."""
    counts: Counter[str] = Counter(words)
    named = [f"{count} {said.replace('_', ' ')}" for said, count in counts.most_common(NAMED_AT_MOST)]
    rest = sum(counts.values()) - sum(count for _, count in counts.most_common(NAMED_AT_MOST))
    return (*named, f"{rest} for other reasons") if rest else tuple(named)


def _unable(floor: Floor, lacks: tuple[str, ...], reach: int | None, agent: Agent) -> Unable:
    return Unable(agent.id, floor.profile(agent.id).name, agent.state.value, lacks, reach)


def _able(floor: Floor, call: Call, ring: int, agent: Agent, now: float, language: str) -> Able:
    reason = floor.plan.reason(agent.reason)
    return Able(
        agent.id,
        floor.profile(agent.id).name,
        ring,
        agent.state.value,
        agent.reason,
        agent.reason if reason is None else reason.label(language),
        now - agent.since,
        needs(floor, call, agent, now),
    )


def _reserved(floor: Floor, call: Call, able: Iterable[Able]) -> dict[str, int]:
    assert call.group is not None, call.id
    keepers = (floor.router.keeper(agent.id, call.group) for agent in able if floor.router.is_free(agent.id))
    return dict(Counter(keeper for keeper in keepers if keeper is not None))


def needs(floor: Floor, call: Call, agent: Agent, now: float) -> str:
    """What has to happen before this agent can be offered the call."""
    match agent.state:
        case AgentState.READY:
            return _ready(floor, call, agent, now)
        case AgentState.RINGING:
            return f"is being offered {_other(agent)}"
        case AgentState.TALKING:
            return f"the end of {_other(agent)}{_then(floor, agent)}"
        case AgentState.WRAP_UP:
            if agent.wrap_up_until is None:
                return f"to end the wrap-up{_wish(agent)}"
            return f"the end of the wrap-up, in {agent.wrap_up_until - now:.0f} s{_wish(agent)}"
        case AgentState.NOT_READY:
            return _not_ready(agent, now)
        case _:
            return "to log in"


def _ready(floor: Floor, call: Call, agent: Agent, now: float) -> str:
    if not floor.phone_idle(agent):
        return "the phone is in use or out of reach"
    if agent.back_off_until is not None:
        left_s = max(0.0, agent.back_off_until - now)
        return f"missed a call: no offers for {left_s:.0f} s more"
    if floor.suspended:
        return "ready: dispatch is suspended"
    if floor.is_away(call):
        return f"ready, but the call's node {call.node} is away"
    if floor.lacks(agent, call):
        return f"ready, but the phone has not registered at the call's node {call.node}"
    if not call.present:
        return "ready, but the call does not stand in line now"
    assert call.group is not None, call.id
    keeper = floor.router.keeper(agent.id, call.group)
    if keeper is not None:
        return f"ready, but kept for {keeper} (reserve)"
    if call.only_agent is not None:
        return f"ready, but the call waits for {call.only_agent} alone"
    return "ready: the next call is this agent's"


def _other(agent: Agent) -> str:
    call_id = agent.call_id or agent.own_call_id
    return f"call {call_id}" if call_id else "a call"


def _then(floor: Floor, agent: Agent) -> str:
    """What follows the talk before the agent is ready."""
    call = floor.calls.get(agent.call_id or "")
    policy = None if call is None or call.state is CallState.ENDED else floor.policy(call)
    if policy is None or policy.wrap_up.mode is WrapUpMode.NONE:
        return _wish(agent)
    if policy.wrap_up.mode is WrapUpMode.UNTIL_RELEASED:
        return f", then of the wrap-up{_wish(agent)}"
    if policy.wrap_up.mode is WrapUpMode.OPTIONAL and not agent.wrap_up_wanted:
        return _wish(agent)
    return f", then {policy.wrap_up.s:.0f} s of wrap-up{_wish(agent)}"


def _wish(agent: Agent) -> str:
    if agent.pending_logout:
        return ", but logs out then"
    return f", but is not ready then ({agent.next_reason})" if agent.next_reason else ""


def _not_ready(agent: Agent, now: float) -> str:
    if agent.reason == REASON_UNREACHABLE:
        return "the phone to be reachable again"
    if agent.reason == REASON_REST and agent.rest_until is not None:
        return f"the end of the rest, in {max(0.0, agent.rest_until - now):.0f} s"
    if agent.reason == REASON_DAY_LIMIT:
        return "the next day: the calls of this one are done"
    return "to go ready"


def in_ring(floor: Floor, call: Call, ring: int) -> list[str]:
    """The agents at work of this ring whom no ring inside it has."""
    standing = floor.standing(call)._replace(ring=ring, only=None)
    pools = (p for p in floor.router.pools if floor.router.ring_of(p.members[0], standing) == ring)
    return [name for pool in pools for name in pool.members if floor.agents[name].logged_in]
