"""How far somebody's rights reach: whose calls, states and figures they are for, as a filter of rows.

A row is reached that names an agent of the teams, or that names nobody and is of a line that the teams serve,
such as a caller who waited there and hung up. A call is reached that has such a part, and is then shown as a
whole. docs/teams.md says what follows from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, true

from acd.core.facts import SoundPurpose
from acd.records import schema


@dataclass(frozen=True, slots=True)
class Reach:
    """`agents`: of the teams; `groups`: whose lines one of them can serve. None: everybody and everything."""

    agents: frozenset[str] | None = None
    groups: frozenset[str] | None = None

    @property
    def is_all(self) -> bool:
        """Whether there are no bounds."""
        return self.agents is None

    def has_agent(self, agent: str | None) -> bool:
        """Whether it is an agent of the teams."""
        return self.agents is None or agent in self.agents

    def has_group(self, group: str | None) -> bool:
        """Whether the teams serve its line."""
        return self.groups is None or group in self.groups

    def has(self, agent: str | None, group: str | None) -> bool:
        """Whether something is reached that this agent had; of nobody: that is of this group."""
        return self.has_group(group) if not agent else self.has_agent(agent)

    # --- the same for the database -------------------------------------------------------------------
    def of_agent(self, agent: Any) -> ColumnElement[bool]:
        """`has_agent` of a column."""
        return true() if self.agents is None else agent.in_(sorted(self.agents))

    def of_group(self, group: Any) -> ColumnElement[bool]:
        """`has_group` of a column."""
        return true() if self.groups is None else group.in_(sorted(self.groups))

    def of(self, agent: Any, group: Any) -> ColumnElement[bool]:
        """`has` of two columns."""
        if self.is_all:
            return true()
        return or_(self.of_agent(agent), and_(agent.is_(None), self.of_group(group)))

    def of_call(self, call_id: Any) -> ColumnElement[bool]:
        """Whether the call on record with this id has a part that is reached."""
        if self.is_all:
            return true()
        calls, segments, visits, callbacks, sounds = (
            table.alias().c
            for table in (schema.calls, schema.segments, schema.visits, schema.callbacks, schema.sounds)
        )  # other names than those of the tables that are asked for themselves
        left = and_(sounds.purpose == SoundPurpose.VOICEMAIL.value, self.of_group(sounds.group_id))
        return or_(
            exists().where(segments.call_id == call_id, self.of_agent(segments.agent_id)),
            exists().where(visits.call_id == call_id, self.of(visits.agent_id, visits.group_id)),
            exists().where(callbacks.call_id == call_id, self.of_group(callbacks.group_id)),
            exists().where(sounds.call_id == call_id, left),
            exists().where(calls.call_id == call_id, self.of_agent(calls.origin_agent)),
        )


ALL = Reach()


def reach_of(
    teams: Collection[str] | None, members: Iterable[tuple[str, str | None, Iterable[str]]]
) -> Reach:
    """Of these teams; None: of all. `members`: each agent of the centre, with team and groups."""
    if teams is None:
        return ALL
    agents, groups = set[str](), set[str]()
    for agent, team, served in members:
        if team is not None and team in teams:
            agents.add(agent)
            groups.update(served)
    return Reach(frozenset(agents), frozenset(groups))
