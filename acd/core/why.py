"""Why a caller still waits: what keeps the call from an agent at this moment. Reads the floor only.

The pages put the lines in it into the reader's language (acd/web/ui/src/supervisor/waitingLines.ts): a new
form of a line, here or in why_agents and why_steps, needs words there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acd.core.calls import Call, CallState, Channel
from acd.core.expected_wait import WaitRange
from acd.core.facts import Kept, OfferFailed, WaitTakenUp
from acd.core.floor import Floor
from acd.core.plan import GroupPolicy
from acd.core.reach import requirement_of
from acd.core.why_agents import AgentsSeen, agents_seen, in_ring
from acd.core.why_steps import StepSeen, step_seen

AHEAD_AT_MOST = 5
RING_NAMED_AT_MOST = 8
TRIED_AT_MOST = 5
SAME_WAIT_S = 0.001  # as sums of Unix seconds are rounded


@dataclass(frozen=True, slots=True)
class Ahead:
    """A call of the same group that is more urgent. `by`: what makes it so."""

    call_id: str
    priority: int
    points: float
    waited_s: float
    by: str


@dataclass(frozen=True, slots=True)
class NextRing:
    """The ring outside the present one: when it opens, what it asks for and whom at work it adds."""

    ring: int
    in_s: float
    requires: str
    adds: tuple[str, ...]
    adds_count: int


@dataclass(frozen=True, slots=True)
class KeptFor:
    """The call waits for this agent alone; `why`: preferred, last_agent."""

    agent: str
    state: str
    for_s: float
    why: str


@dataclass(frozen=True, slots=True)
class EntrySeen:
    """The call is a callback's entry: nobody is on the line, the customer is dialled when an agent is there.

    `tries` so far. It stands aside until `next_try_in_s` is over, and while `closed`: customers of the group
    may not be called at this time. `expires_in_s`: then it is given up.
    """

    tries: int
    next_try_in_s: float | None
    closed: bool
    expires_in_s: float | None


@dataclass(frozen=True, slots=True)
class Tried:
    """An agent who was offered the call and did not get it."""

    agent: str
    failure: str
    ago_s: float


@dataclass(frozen=True, slots=True)
class WhyWaiting:
    """All of it, in seconds from this moment. `ring` counts from 0, `rings` are those beside the inner one.

    `position` is 0 where the call does not stand in line: the caller's channel is not `present`, or the
    `entry` of a callback stands aside.
    `former_call`: whose wait this caller goes on with, so that `waited_s` counts it, too; '' for none.
    `elsewhere`: calls of other groups, by group, that are more urgent and could be served by the same agents.
    """

    call_id: str
    caller_number: str
    caller_name: str
    group: str
    group_name: str
    suspended: bool
    present: bool
    waited_s: float
    former_call: str
    position: int
    waiting: int
    priority: int
    points: float
    ageing: bool
    ahead: tuple[Ahead, ...]
    elsewhere: Mapping[str, int]
    requires: str
    ring: int
    rings: int
    ring_requires: str
    next_ring: NextRing | None
    kept_for: KeptFor | None
    entry: EntrySeen | None
    steps: tuple[StepSeen, ...]
    tried: tuple[Tried, ...]
    tried_count: int
    expected_p50_s: float | None
    expected_p90_s: float | None
    expected_known: bool
    leaves_in_s: float | None
    exits: tuple[str, ...]
    agents: AgentsSeen


def why_waiting(
    floor: Floor, call: Call, now: float, expected: WaitRange | None = None, language: str = "en"
) -> WhyWaiting:
    """Of a call in line; `expected`: its wait, from one who knows; `language`: of the names of reasons.

    Raises ValueError for any other call.
    """
    if call.state is not CallState.WAITING or call.group is None or call.waiting_since is None:
        raise ValueError(f"call {call.id} does not wait")
    policy = floor.plan.groups[call.group]
    standing = floor.standing(call)
    line = floor.router.lines[call.group]
    waited_s = now - call.waiting_since
    rings = () if call.requirement_alone else policy.rings
    failures = [fact for fact in call.facts if isinstance(fact, OfferFailed)]
    return WhyWaiting(
        call_id=call.id,
        caller_number=call.caller_number,
        caller_name=call.caller_name,
        group=call.group,
        group_name=policy.name,
        suspended=floor.is_away(call),
        present=call.present,
        waited_s=waited_s,
        former_call=_former_call(call),
        position=line.position(call.id, now) or 0,
        waiting=len(line),
        priority=call.priority,
        points=standing.rate * waited_s,
        ageing=bool(floor.plan.ageing),
        ahead=_ahead(floor, call, now),
        elsewhere=_elsewhere(floor, call, now),
        requires=str(requirement_of(policy, standing, 0)),
        ring=call.ring,
        rings=len(rings),
        ring_requires=str(requirement_of(policy, standing, call.ring)),
        next_ring=_next_ring(floor, call, policy, now) if call.ring < len(rings) else None,
        kept_for=_kept_for(floor, call, now),
        entry=_entry(floor, call, now) if call.channel is Channel.NONE else None,
        steps=tuple(step_seen(floor, call, n, step, waited_s) for n, step in enumerate(policy.steps, 1)),
        tried=tuple(Tried(f.agent, f.failure.value, now - f.at) for f in failures[-TRIED_AT_MOST:]),
        tried_count=len(failures),
        expected_p50_s=None if expected is None else expected.p50_s,
        expected_p90_s=None if expected is None else expected.p90_s,
        expected_known=expected is not None and expected.known,
        leaves_in_s=None if call.leave_at is None else call.leave_at - now,
        exits=call.exits,
        agents=agents_seen(floor, call, now, language),
    )


def _former_call(call: Call) -> str:
    """Of the wait that goes on still, also where the caller was moved to another line since."""
    assert call.waiting_since is not None, call.id
    for fact in call.facts:
        if isinstance(fact, WaitTakenUp) and abs(fact.at - fact.waited_s - call.waiting_since) < SAME_WAIT_S:
            return fact.former_call
    return ""


def _ahead(floor: Floor, call: Call, now: float) -> tuple[Ahead, ...]:
    assert call.group is not None, call.id
    found: list[Ahead] = []
    for call_id in floor.router.lines[call.group].in_order(now):
        if call_id == call.id or len(found) == AHEAD_AT_MOST:
            break
        found.append(_one_ahead(floor, call, floor.calls[call_id], now))
    return tuple(found)


def _one_ahead(floor: Floor, call: Call, other: Call, now: float) -> Ahead:
    mine, its = floor.standing(call), floor.standing(other)
    points, my_points = its.rate * (now - its.since), mine.rate * (now - mine.since)
    if its.level != mine.level:
        by = f"priority {other.priority} against {call.priority}"
    elif its.rate != mine.rate and points != my_points:
        by = f"{points:.0f} points against {my_points:.0f}"
    elif its.since != mine.since:
        by = f"has waited {mine.since - its.since:.0f} s longer"
    else:
        by = "came first"
    return Ahead(other.id, other.priority, points, now - its.since, by)


def _elsewhere(floor: Floor, call: Call, now: float) -> dict[str, int]:
    assert call.group is not None, call.id
    lane = floor.router.lines[call.group].lane_of(call.id)
    if lane is None:
        return {}
    urgency = lane.urgency(call.id, now)
    counts = {
        group: sum(other.before(urgency, now) for other in line.lanes if other.agents & lane.agents)
        for group, line in floor.router.lines.items()
        if group != call.group
    }
    return {group: count for group, count in counts.items() if count}


def _next_ring(floor: Floor, call: Call, policy: GroupPolicy, now: float) -> NextRing:
    assert call.waiting_since is not None, call.id
    ring = call.ring + 1
    standing = floor.standing(call)._replace(ring=ring)
    adds = in_ring(floor, call, ring)
    return NextRing(
        ring,
        call.waiting_since + policy.rings[ring - 1].after_s - now,
        str(requirement_of(policy, standing, ring)),
        tuple(adds[:RING_NAMED_AT_MOST]),
        len(adds),
    )


def _kept_for(floor: Floor, call: Call, now: float) -> KeptFor | None:
    agent = floor.agents.get(call.only_agent or "")
    if agent is None or call.only_until is None:
        return None
    why = next((f.why for f in reversed(call.facts) if isinstance(f, Kept)), "")
    return KeptFor(agent.id, agent.state.value, max(0.0, call.only_until - now), why)


def _entry(floor: Floor, call: Call, now: float) -> EntrySeen:
    return EntrySeen(
        call.tries,
        None if call.try_at is None else max(0.0, call.try_at - now),
        call.group in floor.callbacks_closed,
        None if call.expires_at is None else max(0.0, call.expires_at - now),
    )
