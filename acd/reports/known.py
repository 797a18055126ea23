"""What reports must know of the configuration: names, thresholds, teams, planned hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from acd.core.plan import GroupPolicy
from acd.core.work_rules import SYSTEM_REASONS, Reason
from acd.ivr.hours import Calendar
from acd.records.reach import ALL, Reach
from acd.reports.measures import Limits


@dataclass(frozen=True, slots=True)
class AgentKnown:
    """`hours`: when the agent is planned to be logged in; None: there is no plan."""

    id: str
    name: str
    team: str | None = None
    hours: Calendar | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """By id. `numbers`, `flows` and `teams`: names where there are any. `reach`: how far the rights go of
    whoever asks; the agents are those within it (see `within`).

    A call is resolved where the same customer does not call again within `fcr_days`; a caller is satisfied
    who gives `csat_top` or more. `language`: of names and of what reports say.
    """

    groups: Mapping[str, GroupPolicy]
    agents: Mapping[str, AgentKnown] = field(default_factory=dict)
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    flows: Mapping[str, str] = field(default_factory=dict)
    fcr_days: float = 7.0
    csat_top: int = 4
    language: str = "en"
    teams: Mapping[str, str] = field(default_factory=dict)
    reach: Reach = ALL

    def within(self, reach: Reach) -> Known:
        """What somebody may know whose rights reach so far. Groups stay, for their thresholds."""
        agents = {id: agent for id, agent in self.agents.items() if reach.has_agent(id)}
        return replace(self, agents=agents, reach=reach)

    def limits(self, group: str | None) -> Limits:
        """A group's own; of one that is not configured, and of nobody's calls, the usual ones."""
        unpaid = frozenset(code for code, reason in self.reasons.items() if not reason.paid)
        policy = self.groups.get(group) if group is not None else None
        if policy is None:
            return Limits(score_top=self.csat_top, unpaid=unpaid)
        return Limits(policy.service_level_s, policy.short_abandon_s, self.csat_top, unpaid)

    def reason(self, code: str) -> str | None:
        """What it is called; None: it is not known."""
        reason = self.reasons.get(code) or SYSTEM_REASONS.get(code)
        return reason.label(self.language.replace("-", "_")) if reason is not None else None

    def team(self, agent: str | None) -> str | None:
        """Whose team the agent is in today."""
        known = self.agents.get(agent) if agent is not None else None
        return known.team if known is not None else None
