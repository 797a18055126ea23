"""Where a call's node cannot ring every phone: who gets which call then.

A phone that one of several nodes lacks is rare and passes, as while a node learns the registrations anew. Its
agent cannot be offered the head of a lane that is a call there: the first call behind it that can be offered
goes before it, and the order of all others stays. While no phone is lacking (`Floor.lacking`) nothing here is
asked.
"""

from __future__ import annotations

from collections.abc import Callable

from acd.core.agents import Agent
from acd.core.calls import Call
from acd.core.choosing import Choice
from acd.core.floor import Floor
from acd.core.pools import ORDER_OF


def choice(floor: Floor, call: Call, group: str, asking: Agent | None) -> Choice | None:
    """The best agent for whom the call is the first of its lane that can be offered.

    `asking` has just become free: if the best of all is not one, nobody else can be.
    """
    router = floor.router
    best = router.agent_for(call.id, group, floor.now, floor.plan.seed)
    if best is None or (passed := _nodes_before(floor, call, group)) is None:
        return None
    fits = _fitting(floor, call, passed)
    if fits(best.agent):
        return best
    if asking is not None and fits(asking.id) and (idle := router.idle_as(asking.id)) is not None:
        rule = floor.plan.groups[group].choice
        return Choice(asking.id, 1, rule.value, key=idle.key(ORDER_OF[rule]))
    return router.agent_for_one_of(call.id, group, floor.now, fits, floor.plan.seed)


def call_for(floor: Floor, agent: Agent) -> str | None:
    """The call that this agent should serve next, of those that can be offered on the agent's phone."""
    missing = floor.missing(agent)
    if not missing:
        return floor.router.call_for(agent.id, floor.now)
    calls = floor.calls
    return floor.router.call_for_among(
        agent.id, floor.now, lambda call_id: calls[call_id].node not in missing
    )


def overtaken(floor: Floor, call: Call, group: str) -> int:
    """How many calls are before this one in its lane."""
    return sum(1 for _ in floor.router.before(call.id, group))


def _nodes_before(floor: Floor, call: Call, group: str) -> frozenset[str] | None:
    """Of the calls before this one in its lane; None where one is at the same node, which goes first."""
    found: set[str] = set()
    for other in floor.router.before(call.id, group):
        node = floor.calls[other].node
        if node == call.node:
            return None
        found.add(node)
    return frozenset(found)


def _fitting(floor: Floor, call: Call, passed: frozenset[str]) -> Callable[[str], bool]:
    """Whether an agent can be offered the call, and none at the nodes of those whom it would pass."""

    def fits(agent: str) -> bool:
        missing = floor.missing(floor.agents[agent])
        return call.node not in missing and passed <= missing

    return fits
