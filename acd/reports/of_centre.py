"""What reports know of the configuration of a centre."""

from __future__ import annotations

from acd.reports.known import AgentKnown, Known
from acd.settings.model import Centre


def known_of(centre: Centre, language: str) -> Known:
    """`language`: of names, and of what reports say."""
    agents = centre.plan.agents.values()
    return Known(
        groups=centre.plan.groups,
        agents={agent.id: AgentKnown(agent.id, agent.name) for agent in agents},
        reasons=centre.plan.reasons,
        numbers=dict.fromkeys(centre.numbers, ""),
        flows=dict.fromkeys(centre.flow_set.flows, ""),
        fcr_days=centre.reports.fcr_days,
        csat_top=centre.reports.csat_top,
        language=language,
    )
