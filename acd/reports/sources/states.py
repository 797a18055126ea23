"""Agents' states: also those that only reach into the period."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from acd.records import schema
from acd.records.period import Period
from acd.reports.counting.rows import StateRow
from acd.reports.sources.source import Filter, RowSource

_states = schema.agent_states


class _StateSource(RowSource[StateRow]):
    def select(self, period: Period, filter: Filter) -> Select[Any]:
        """Stretches that lie at least partly in the period; they are not cut to it."""
        query = self.query.where(_states.c.since < period.until, _states.c.until > period.since)
        return self.filtered(query, filter)


STATES = _StateSource(
    row=StateRow,
    query=select(_states.c.since, _states.c.until, _states.c.agent_id, _states.c.state, _states.c.reason),
    at=_states.c.since,
    filters={"agents": _states.c.agent_id},
    order=(_states.c.agent_id, _states.c.since),
)
