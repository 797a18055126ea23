"""The queues that serve while no controller is there: who is rung, and in what order."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from acd.core.plan import AgentProfile, GroupPolicy
from acd.core.pools import AgentChoice
from acd.settings.model import Centre

EVERYBODY = "all"
"""The queue of callers who have no group yet."""
RING_PENALTY = 1000
"""Members of a wider ring come after all of those inside: a penalty is at most nine skills at ten before."""
STRATEGIES: Mapping[AgentChoice, str] = {
    AgentChoice.FEWEST_CALLS: "fewestcalls",
    AgentChoice.ROUND_ROBIN: "rrmemory",
    AgentChoice.WEIGHTED_RANDOM: "random",
}
"""By which Asterisk chooses among members of one penalty; for all others it is who has been idle longest."""


def queue_sections(centre: Centre) -> str:
    """One queue for each group and one for everybody, for queues.conf."""
    agents = centre.plan.agents.values()
    blocks = [_queue(EVERYBODY, AgentChoice.LONGEST_IDLE, {agent.id: 0 for agent in agents}, centre)]
    for group in centre.plan.groups.values():
        blocks.append(_queue(group.id, group.choice, penalties(group, agents), centre))
    return "\n".join(blocks)


def penalties(group: GroupPolicy, agents: Collection[AgentProfile]) -> dict[str, int]:
    """By agent of the group, in the order of `agents`: whom the queue rings first has the least.

    Agents of the inner ring come before those of the wider ones. Where the group wants the most skilled, or
    the least, so does its queue; a queue knows no waiting time by which a ring would open later.
    """
    out: dict[str, int] = {}
    inside: set[str] = set()
    for place, requirement in enumerate([group.requirement, *(ring.requirement for ring in group.rings)]):
        ring = [a for a in agents if a.id not in inside and requirement.admits(a.skills)]
        inside |= {agent.id for agent in ring}
        skill = {agent.id: _skill(group, agent) for agent in ring}
        least = min(skill.values(), default=0)
        out |= {agent: RING_PENALTY * place + value - least for agent, value in skill.items()}
    return {agent.id: out[agent.id] for agent in agents if agent.id in out}


def _skill(group: GroupPolicy, agent: AgentProfile) -> int:
    """The less, the sooner."""
    if group.choice is AgentChoice.MOST_SKILLED:
        return -group.requirement.proficiency(agent.skills)
    if group.choice is AgentChoice.LEAST_SKILLED:
        return sum(agent.skills.values())
    return 0


def _queue(name: str, choice: AgentChoice, members: Mapping[str, int], centre: Centre) -> str:
    lines = [f"[acd-{name}](acd-queue)"]
    if choice in STRATEGIES:
        lines.append(f"strategy = {STRATEGIES[choice]}")
    for agent, penalty in members.items():
        extension = centre.plan.agents[agent].extension
        state = f"hint:{extension}@acd-hints" if centre.desktop.browser_phones else f"PJSIP/{extension}"
        lines.append(f"member => Local/{extension}@acd-member,{penalty},{agent},{state}")
    return "\n".join(lines) + "\n"
