"""Builds the rules of a skill group for the engine."""

from __future__ import annotations

from acd.core.plan import GroupPolicy, LastAgent, Ring
from acd.core.pools import AgentChoice
from acd.core.requirement import Requirement
from acd.settings import assemble_work
from acd.settings.schema.groups import GroupEntry, GroupsFile
from acd.settings.schema.routing import RingEntry

_AS_THEY_ARE = (
    "name", "ring_timeout_s", "service_level_s", "service_level_target", "short_abandon_s",
    "music", "weight", "reserve", "max_waiting",
)  # fmt: skip


def group_policy(group_id: str, entry: GroupEntry, groups: GroupsFile) -> GroupPolicy:
    """Of a file without faults."""
    last = entry.last_agent
    return GroupPolicy(
        id=group_id,
        requirement=entry.requires,
        wrap_up=assemble_work.wrap_up(entry),
        rings=tuple(ring_of(entry, ring, groups) for ring in entry.rings),
        choice=AgentChoice(entry.choose),
        last_agent=None if last is None else LastAgent(last.days, last.wait_s),
        steps=tuple(step.step() for step in entry.policy),
        **{name: getattr(entry, name) for name in _AS_THEY_ARE},
    )


def ring_of(group: GroupEntry, ring: RingEntry, groups: GroupsFile) -> Ring:
    """Who may serve in this ring."""
    wanted = [groups.groups[name].requires for name in ring.add_groups]
    if ring.requires is not None:
        wanted.append(ring.requires)
    requirement = Requirement.any_of(wanted) if wanted else group.requires
    return Ring(ring.after_s, requirement, ring.drop_call_requirement)
