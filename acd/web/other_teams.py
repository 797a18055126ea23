"""What answers of the controller, and facts of calls, say of agents whom somebody's rights do not reach.

A call is told as a whole to whoever may see it. Why it was routed so, though, names agents who had nothing to
do with it: those of other teams are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from acd.records.reach import Reach
from acd.web.context import Context

REASONS = "reasons"


async def without_others(ctx: Context[Any, Any], told: Any) -> Any:
    """Facts or decisions, whatever they are in, without the reasons that name agents of other teams."""
    reach = ctx.reach
    if reach.is_all:
        return told
    agents = (await ctx.services.centre.get()).agents.values()
    others = [name for agent in agents if not reach.has_agent(agent.id) for name in (agent.id, agent.name)]
    return reduced(told, names_one_of(others))


def names_one_of(others: Collection[str]) -> Callable[[str], bool]:
    """Whether a line names one of them. Pure."""
    if not others:
        return lambda _line: False
    names = "|".join(re.escape(other) for other in sorted(others, key=len, reverse=True))
    found = re.compile(rf"(?<![\w-])(?:{names})(?![\w-])")
    return lambda line: found.search(line) is not None


def reduced(told: Any, names_others: Callable[[str], bool]) -> Any:
    """Without such lines of reasons, however deep. Pure."""
    if isinstance(told, list | tuple):
        return [reduced(each, names_others) for each in told]
    if not isinstance(told, dict):
        return told
    found = {key: reduced(value, names_others) for key, value in told.items()}
    if isinstance(found.get(REASONS), list):
        found[REASONS] = [line for line in found[REASONS] if not names_others(str(line))]
    return found


def why_within(reach: Reach, why: Any) -> Any:
    """`why` of `/api/calls/{id}/why` without agents and lines of others. Pure."""
    if reach.is_all or not isinstance(why, dict):
        return why
    agents, ring, kept = why["agents"], why["next_ring"], why["kept_for"]
    return {
        **why,
        "agents": {
            **agents,
            **{
                name: [one for one in agents[name] if reach.has_agent(one["id"])]
                for name in ("able", "unable")
            },
            **{"more_able": [], "more_unable": []},
            "away": (away := [one for one in agents["away"] if reach.has_agent(one)]),
            "away_count": len(away),
            "reserved": _served(reach, agents["reserved"]),
        },
        "elsewhere": _served(reach, why["elsewhere"]),
        "kept_for": kept if kept is None or reach.has_agent(kept["agent"]) else None,
        "next_ring": ring
        and {
            **ring,
            "adds": (adds := [one for one in ring["adds"] if reach.has_agent(one)]),
            "adds_count": len(adds),
        },
        "tried": (tried := [one for one in why["tried"] if reach.has_agent(one["agent"])]),
        "tried_count": len(tried),
    }


def _served(reach: Reach, by_group: dict[str, int]) -> dict[str, int]:
    return {group: count for group, count in by_group.items() if reach.has_group(group)}
