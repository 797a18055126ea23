"""What reports know of the configuration of a centre."""

from __future__ import annotations

from collections.abc import Collection

from acd.core.plan import AgentProfile
from acd.core.router import Router
from acd.core.work_rules import in_language
from acd.records.reach import ALL, Reach, reach_of
from acd.reports.known import AgentKnown, Known
from acd.settings.model import Centre


def known_of(centre: Centre, language: str, reach: Reach = ALL) -> Known:
    """`language`: of names, and of what reports say; `reach`: of whom they are for."""
    agents = centre.plan.agents.values()
    known = Known(
        groups=centre.plan.groups,
        agents={agent.id: _agent(centre, agent) for agent in agents},
        reasons=centre.plan.reasons,
        numbers=dict.fromkeys(centre.numbers, ""),
        flows=dict.fromkeys(centre.flow_set.flows, ""),
        fcr_days=centre.reports.fcr_days,
        csat_top=centre.reports.csat_top,
        language=language,
        teams={team: in_language(names, language) for team, names in centre.team_names.items()},
    )
    return known.within(reach)


def _agent(centre: Centre, agent: AgentProfile) -> AgentKnown:
    hours = centre.planned_hours.get(agent.id)
    calendar = None if hours is None else centre.flow_set.calendars[hours]
    return AgentKnown(agent.id, agent.name, centre.teams.get(agent.id), calendar)


def reach_of_centre(centre: Centre, teams: Collection[str] | None) -> Reach:
    """How far rights go that are for these teams; None: for all."""
    served = Router(centre.plan)
    agents = ((agent, centre.teams.get(agent), served.groups_of(agent)) for agent in centre.plan.agents)
    return reach_of(teams, agents)
