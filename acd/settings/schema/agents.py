"""config/agents.yml: the skills there are, and the people who have them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from acd.settings.outside import Encryption
from acd.settings.schema.checking import (
    Options,
    not_empty,
    one_of,
)
from acd.settings.schema.values import (
    Dialable,
    Id,
    Name,
    Proficiency,
    PublicNumber,
    Weight,
)
from acd.settings.schema.work import Label, LimitsEntry


class AgentEntry(Options):
    """One agent; `skills` maps skill to proficiency, 10 is best.

    `role`: what the agent may dial (dialing.yml); `caller_id`: the number of ours that is shown there.
    `team`: of the file's `teams`, or without those a name of its own; `hours`: the calendar that says when
    the agent is to be logged in.
    """

    name: Name
    extension: Dialable
    skills: dict[Id, Proficiency] = Field(default_factory=dict)
    weight: Weight = 1.0
    role: Id | None = None
    caller_id: PublicNumber | None = None
    limits: LimitsEntry | None = None
    team: Name | None = None
    hours: Id | None = None
    encryption: Annotated[str, one_of(*Encryption)] | None = None
    """Of the phone on the desk; left out: as system.yml says for all phones."""


class TeamEntry(Options):
    """A team of agents."""

    name: Label


class PhoneEntry(Options):
    """A phone that is nobody's own."""

    name: Name
    encryption: Annotated[str, one_of(*Encryption)] | None = None


class AgentsFile(Options):
    """The whole file; `skills` maps skill to what it means, for people.

    `limits`: those of agents who have none of their own. `phones`: phones beside those of the agents, at
    which any agent may log in. `teams`: where there are any, agents' teams are among them.
    """

    skills: Annotated[dict[Id, Name], not_empty("skill")]
    agents: Annotated[dict[Id, AgentEntry], not_empty("agent")]
    limits: LimitsEntry | None = None
    phones: dict[Dialable, PhoneEntry] = Field(default_factory=dict)
    teams: dict[Id, TeamEntry] = Field(default_factory=dict)
