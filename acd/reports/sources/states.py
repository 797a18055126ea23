"""Agents' states: also those that only reach into the period."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select

from acd.records import schema
from acd.records.period import Period
from acd.records.state_reach import reaching_into
from acd.reports.counting.rows import StateRow
from acd.reports.sources.source import Filter, RowSource

_states = schema.agent_states


class _StateSource(RowSource[StateRow]):
    def select(self, connection: Connection, period: Period, filter: Filter) -> Select[Any]:
        """Stretches that lie at least partly in the period; they are not cut to it."""
        return self.filtered(self.query.where(reaching_into(connection, period)), filter)


STATES = _StateSource(
    row=StateRow,
    query=select(_states.c.since, _states.c.until, _states.c.agent_id, _states.c.state, _states.c.reason),
    at=_states.c.since,
    filters={"agents": _states.c.agent_id},
    order=(_states.c.agent_id, _states.c.since),
)
