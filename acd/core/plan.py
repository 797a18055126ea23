"""What the engine is told about the call centre: agents, skill groups, reason codes.

Everything here is immutable; a reload makes a new Plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.core.facts import OfferFailure
from acd.core.work_rules import (
    DEFAULT_MISSED_RINGS,
    DEFAULT_WRAP_UP,
    NO_LIMITS,
    MissRule,
    Reason,
    WorkLimits,
    WrapUpRule,
)


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """A person who takes calls. `skills` maps skill to proficiency, 1 to 10, higher is better."""

    id: str
    name: str
    extension: str
    skills: Mapping[str, int] = field(default_factory=dict)
    limits: WorkLimits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Requirement:
    """What an agent must know: skill → least proficiency."""

    skills: Mapping[str, int]

    def admits(self, skills: Mapping[str, int]) -> bool:
        """Whether somebody with these skills may take the call."""
        return all(skills.get(skill, 0) >= least for skill, least in self.skills.items())


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """A skill group: who may serve its waiting line, and by which rules.

    `service_level_s` and `service_level_target` (a share, 0..1) are the promise that reports
    measure against; `short_abandon_s` is the wait below which an abandon is counted apart.
    `music` names an Asterisk music class.
    """

    id: str
    name: str
    requirement: Requirement
    ring_timeout_s: float = 15.0
    wrap_up: WrapUpRule = DEFAULT_WRAP_UP
    service_level_s: float = 20.0
    service_level_target: float = 0.8
    short_abandon_s: float = 5.0
    music: str = "default"


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole centre, as the engine sees it.

    `reasons`: what agents may choose for being not ready, by code. `missed_rings`: what follows when an
    agent does not take a call; a cause that is not in it has no consequences.
    """

    agents: Mapping[str, AgentProfile]
    groups: Mapping[str, GroupPolicy]
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    direct_ring_timeout_s: float = 20.0
    unreachable_after_s: float = 3.0
    missed_rings: Mapping[OfferFailure, MissRule] = field(default_factory=lambda: DEFAULT_MISSED_RINGS)
    outside_ring_timeout_s: float = 60.0

    def agent_by_extension(self, extension: str) -> AgentProfile | None:
        """The agent whose extension this is, or None."""
        for profile in self.agents.values():
            if profile.extension == extension:
                return profile
        return None
