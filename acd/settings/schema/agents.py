"""config/agents.yml: the skills there are, and the people who have them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from acd.settings.schema.values import (
    Dialable,
    Id,
    Name,
    Options,
    Proficiency,
    PublicNumber,
    Weight,
    not_empty,
)


class AgentEntry(Options):
    """One agent; `skills` maps skill to proficiency, 10 is best.

    `role`: what the agent may dial (dialing.yml); `caller_id`: the number of ours that is shown there.
    """

    name: Name
    extension: Dialable
    skills: dict[Id, Proficiency] = Field(default_factory=dict)
    weight: Weight = 1.0
    role: Id | None = None
    caller_id: PublicNumber | None = None


class AgentsFile(Options):
    """The whole file; `skills` maps skill to what it means, for people."""

    skills: Annotated[dict[Id, Name], not_empty("skill")]
    agents: Annotated[dict[Id, AgentEntry], not_empty("agent")]
