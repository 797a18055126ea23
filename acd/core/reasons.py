"""Why this agent and not another: what each decision keeps with the call."""

from __future__ import annotations

from collections import Counter

from acd.core.agents import Agent, AgentState
from acd.core.calls import Call
from acd.core.choosing import Choice
from acd.core.floor import Floor
from acd.core.pools import AgentChoice

NAMED_AT_MOST = 8
"""Who was passed over is named one by one up to so many; of more, only how many they are is told."""


def of_choice(floor: Floor, call: Call, choice: Choice) -> tuple[str, ...]:
    """Lines for people: why this one, out of how many, who else and why not."""
    lines = [f"{_measured(floor, choice, choice.agent, choice.key)}: {choice.why.replace('_', ' ')}"]
    ring = f", ring {call.ring}" if call.ring else ""
    lines.append(f"{choice.ready} ready with the skills of {call.group}{ring}")
    if choice.next_agent is not None:
        lines.append(f"next would be {_measured(floor, choice, choice.next_agent, choice.next_key)}")
    if call.group is not None and call.only_agent is None:
        lines += passed_over(floor, call, {choice.agent, choice.next_agent or ""})
    return tuple(lines)


def _measured(floor: Floor, choice: Choice, agent: str, key: tuple[float, ...]) -> str:
    match choice.why:
        case AgentChoice.LEAST_OCCUPIED:
            return f"{agent}, occupied {key[0]:.0%}"
        case AgentChoice.FEWEST_CALLS:
            return f"{agent}, {key[0]:.0f} calls"
        case AgentChoice.ROUND_ROBIN:
            told = f"{floor.now - key[0]:.1f} s ago" if key[0] else "not yet"
            return f"{agent}, last offered {told}"
        case _ if key:
            return f"{agent}, ready {floor.now - key[0]:.1f} s"
        case _:
            return agent


def passed_over(floor: Floor, call: Call, but: set[str]) -> list[str]:
    """Those at work who could serve the call and were not chosen; others are not looked at."""
    candidates = floor.router.candidates(floor.standing(call), NAMED_AT_MOST + 2)
    if candidates is None:
        return []
    agents = [floor.agents[name] for name in candidates if name not in but]
    there = [agent for agent in agents if agent.logged_in]
    if len(there) <= NAMED_AT_MOST:
        return [f"not {agent.id}: {state_said(floor, agent)}" for agent in there]
    counted = Counter(state_said(floor, agent, with_time=False) for agent in there)
    return [f"not {count} others: {said}" for said, count in sorted(counted.items())]


def state_said(floor: Floor, agent: Agent, *, with_time: bool = True) -> str:
    """What an agent does who is not being offered a call."""
    said = agent.state.value.replace("_", " ")
    if agent.reason is not None:
        said += f" ({agent.reason})"
    if agent.state is AgentState.READY and not floor.can_take_calls(agent):
        said = "did not take a call a moment ago" if floor.phone_idle(agent) else "phone busy"
    return f"{said} for {floor.now - agent.since:.0f} s" if with_time else said
