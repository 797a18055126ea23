"""`/api/teams`: the teams of agents, as the configuration names them."""

from __future__ import annotations

from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.route import Bound, Route
from acd.web.values import Answer


class TeamShown(Answer):
    """`name`: by language. `agents`: who is in it, `groups`: whose lines one of them can serve."""

    id: str
    name: dict[str, str]
    agents: list[str]
    groups: list[str]


async def every(ctx: Context[None, None]) -> list[TeamShown]:
    """In the order of the configuration; those that one's rights are for."""
    centre, asker, reach = await ctx.services.centre.get(), ctx.asker, ctx.reach
    return [
        TeamShown(
            id=team,
            name=dict(names),
            agents=[a.id for a in centre.agents.values() if a.team == team and reach.has_agent(a.id)],
            groups=sorted(centre.reach({team}).groups or ()),
        )
        for team, names in centre.team_names.items()
        if asker.teams is None or team in asker.teams
    ]


ROUTES = [
    Route("GET", "/api/teams", "The teams of agents", every, Role.SUPERVISOR, Scope.READ_STATE,
          answer=list[TeamShown], bound=Bound.REACH),
]  # fmt: skip
