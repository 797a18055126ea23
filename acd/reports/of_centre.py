"""What reports know of the configuration of a centre."""

from __future__ import annotations

from acd.core.plan import AgentProfile
from acd.reports.known import AgentKnown, Known
from acd.settings.model import Centre


def known_of(centre: Centre, language: str) -> Known:
    """`language`: of names, and of what reports say."""
    agents = centre.plan.agents.values()
    return Known(
        groups=centre.plan.groups,
        agents={agent.id: _agent(centre, agent) for agent in agents},
        reasons=centre.plan.reasons,
        numbers=dict.fromkeys(centre.numbers, ""),
        flows=dict.fromkeys(centre.flow_set.flows, ""),
        fcr_days=centre.reports.fcr_days,
        csat_top=centre.reports.csat_top,
        language=language,
    )


def _agent(centre: Centre, agent: AgentProfile) -> AgentKnown:
    hours = centre.planned_hours.get(agent.id)
    calendar = None if hours is None else centre.flow_set.calendars[hours]
    return AgentKnown(agent.id, agent.name, centre.teams.get(agent.id), calendar)
