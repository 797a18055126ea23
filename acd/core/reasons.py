"""Why this agent and not another: what each decision keeps with the call.

Lines, not codes: so they are kept, and read wherever calls are read. The pages know each form of them and put
it into the reader's language (acd/web/ui/src/calls/reasons.ts); a new form needs words there.
"""

from __future__ import annotations

from collections import Counter

from acd.core import partial_reach
from acd.core.agents import Agent, AgentState
from acd.core.calls import Call
from acd.core.choosing import Choice
from acd.core.floor import Floor
from acd.core.pools import AgentChoice
from acd.core.reach import requirement_of

_UNREACHED = "ready but the phone is not registered at node {}"
NAMED_AT_MOST = 8
"""Who was passed over is named one by one up to so many; of more, only how many they are is told."""


def of_choice(floor: Floor, call: Call, choice: Choice) -> tuple[str, ...]:
    """Lines for people: why this one, out of how many, who else and why not."""
    lines = [f"{_measured(floor, call, choice, choice.agent, choice.key)}: {_words(choice.why)}"]
    if call.only_agent is not None:
        return tuple(lines)
    ring = _ring(floor, call, choice.agent)
    lines.append(f"{choice.ready} ready with the skills of {call.group}" + (f", ring {ring}" if ring else ""))
    if floor.lacking and (overtaken := partial_reach.overtaken(floor, call, call.group or "")):
        lines.append(f"before {overtaken} more urgent: this agent's phone is not registered at their node")
    if choice.next_agent is not None:
        lines.append(f"next would be {_measured(floor, call, choice, choice.next_agent, choice.next_key)}")
    return (*lines, *_passed_over(floor, call, choice, ring))


def _ring(floor: Floor, call: Call, agent: str) -> int:
    """The agent's, of those open to the call; nothing to look up where there is but the inner one."""
    return (floor.router.ring_of(agent, floor.standing(call)) or 0) if call.ring else 0


def _words(rule: str) -> str:
    return rule.replace("_", " ")


def _measured(floor: Floor, call: Call, choice: Choice, agent: str, key: tuple[float, ...]) -> str:
    """The agent, with what the rule looked at."""
    match choice.why:
        case AgentChoice.LEAST_OCCUPIED:
            return f"{agent}, occupied {key[0]:.0%}"
        case AgentChoice.FEWEST_CALLS:
            return f"{agent}, {key[0]:.0f} call{'' if key[0] == 1 else 's'}"
        case AgentChoice.ROUND_ROBIN:
            told = f"{floor.now - key[0]:.1f} s ago" if key[0] else "not yet"
            return f"{agent}, last offered {told}"
        case AgentChoice.MOST_SKILLED | AgentChoice.LEAST_SKILLED:
            return f"{agent}, {_skill(floor, call, choice.why, agent)}, ready {floor.now - key[0]:.1f} s"
        case AgentChoice.WEIGHTED_RANDOM:
            return f"{agent}, weight {floor.plan.agents[agent].weight:g}"
        case _ if key:
            return f"{agent}, ready {floor.now - key[0]:.1f} s"
        case _:
            return agent


def _skill(floor: Floor, call: Call, rule: str, agent: str) -> str:
    """What these two rules look at: how good for this call, or how good in everything."""
    assert call.group is not None, call.id
    skills = floor.plan.agents[agent].skills
    if rule == AgentChoice.LEAST_SKILLED:
        return f"proficiency {sum(skills.values())} in all skills"
    wanted = requirement_of(floor.plan.groups[call.group], floor.standing(call), 0)
    return f"proficiency {wanted.proficiency(skills)}"


def _passed_over(floor: Floor, call: Call, choice: Choice, ring: int) -> list[str]:
    """Those at work who could serve the call and were not chosen; others are not looked at."""
    assert call.group is not None, call.id
    count, candidates = floor.router.candidates(call.id, call.group, NAMED_AT_MOST + 2)
    if not candidates:
        return _crowd(floor, call, choice, ring) if count else []
    but = {choice.agent, choice.next_agent}
    there = [floor.agents[name] for name in candidates if name not in but and floor.agents[name].logged_in]
    if len(there) <= NAMED_AT_MOST:
        return [f"not {agent.id}: {_why_not(floor, call, choice, ring, agent)}" for agent in there]
    counted = Counter(_why_not(floor, call, choice, ring, agent, with_time=False) for agent in there)
    return [_of_others(count, said) for said, count in sorted(counted.items())]


def _of_others(count: int, said: str) -> str:
    return f"not {count} other{'' if count == 1 else 's'}: {said}"


def _crowd(floor: Floor, call: Call, choice: Choice, ring: int) -> list[str]:
    """Of so many that nobody is looked at one by one."""
    assert call.group is not None, call.id
    there = floor.router.crowd(call.id, call.group, ring)
    lines = [
        _of_others(n, f"ready but kept for {keeper} (reserve)") for keeper, n in sorted(there.kept.items())
    ]
    lines += [_of_others(n, f"ready but only in ring {outer}") for outer, n in there.outer.items()]
    if unreached := there.ready - choice.ready:
        lines.append(_of_others(unreached, _UNREACHED.format(call.node)))
    others = there.logged_in - there.ready - sum(there.kept.values()) - sum(there.outer.values())
    return [*lines, _of_others(others, "busy or not ready")] if others else lines


def _why_not(
    floor: Floor, call: Call, choice: Choice, ring: int, agent: Agent, *, with_time: bool = True
) -> str:
    said = state_said(floor, agent, with_time=with_time)
    if not floor.can_take_calls(agent):
        return said
    assert call.group is not None, call.id
    keeper = floor.router.keeper(agent.id, call.group)
    if keeper is not None:
        return f"{said} but kept for {keeper} (reserve)"
    if floor.lacks(agent, call):
        return _UNREACHED.format(call.node)
    its_ring = _ring(floor, call, agent.id)
    if its_ring > ring:
        return f"{said} but only in ring {its_ring}"
    if with_time and choice.why in (AgentChoice.MOST_SKILLED, AgentChoice.LEAST_SKILLED):
        said += f", {_skill(floor, call, choice.why, agent.id)}"
    return f"{said}, not first by {_words(choice.why)}"


def state_said(floor: Floor, agent: Agent, *, with_time: bool = True) -> str:
    """What an agent does who is not being offered a call."""
    said = agent.state.value.replace("_", " ")
    if agent.reason is not None:
        reason = floor.plan.reason(agent.reason)  # by its label, as pages and lists show it
        said += f" ({agent.reason if reason is None else reason.label('en').lower()})"
    if agent.state is AgentState.READY and not floor.can_take_calls(agent):
        said = "did not take a call a moment ago" if floor.phone_idle(agent) else "phone busy"
    return f"{said} for {floor.now - agent.since:.0f} s" if with_time else said
