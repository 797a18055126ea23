"""Agents' states: also those that only reach into the period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, null, select

from acd.core.agents import AgentState
from acd.core.work_rules import REASON_LOGIN
from acd.records import schema
from acd.records.period import Period
from acd.records.state_reach import reaching_into
from acd.reports.counting.rows import StateRow
from acd.reports.sources.source import Filter, RowSource

_states = schema.agent_states
_AT_ONCE = timedelta(milliseconds=1)
"""Times are kept to the microsecond; those of one moment may differ by the last digits of a float."""


class _StateSource(RowSource[StateRow]):
    def select(self, connection: Connection, period: Period, filter: Filter) -> Select[Any]:
        """Stretches that lie at least partly in the period; they are not cut to it."""
        return self.filtered(self.query.where(reaching_into(connection, period)), filter)

    def read(self, connection: Connection, period: Period, filter: Filter) -> Iterator[StateRow]:
        """As others, each with what is missing before it."""
        history = _History(connection)
        for row in super().read(connection, period, filter):
            since = history.missing_since(row) if row.at >= period.since else None
            history.tell(row)
            yield row if since is None else row._replace(missing_since=since)


@dataclass
class _History:
    """Where agents' stretches ended, of rows in the order of agent and begin.

    Each log-in begins with a stretch of its own (not ready, for this reason), and each other state begins
    where the one before ended: so between two stretches an agent was logged out, or one is not on record.
    """

    connection: Connection
    _agent: str = ""
    _over_at: datetime | None = None
    _imported_until: list[datetime | None] = field(default_factory=list)

    def tell(self, row: StateRow) -> None:
        """The next one."""
        if row.agent != self._agent or self._over_at is None:
            self._agent, self._over_at = row.agent, row.until
        self._over_at = max(self._over_at, row.until)

    def missing_since(self, row: StateRow) -> datetime | None:
        """When the stretch before this row was over, where there must have been another one in between."""
        if (row.state, row.reason) == (AgentState.NOT_READY, REASON_LOGIN):
            return None
        over_at = self._over_at if row.agent == self._agent else self._over_before(row)
        if over_at is None or row.at - over_at <= _AT_ONCE or self._is_imported(row):
            return None
        return over_at

    def _over_before(self, row: StateRow) -> datetime | None:
        query = select(_states.c.until).where(_states.c.agent_id == row.agent, _states.c.since < row.at)
        found: datetime | None = self.connection.scalar(query.order_by(_states.c.since.desc()).limit(1))
        return found

    def _is_imported(self, row: StateRow) -> bool:
        """History of another system does not say why a stretch began."""
        if not self._imported_until:
            last = select(func.max(schema.imports.c.last)).where(schema.imports.c.states > 0)
            self._imported_until.append(self.connection.scalar(last))
        until = self._imported_until[0]
        return until is not None and row.at <= until


STATES = _StateSource(
    row=StateRow,
    query=select(
        _states.c.since, _states.c.until, _states.c.agent_id, _states.c.state, _states.c.reason, null()
    ),
    at=_states.c.since,
    filters={"agents": _states.c.agent_id},
    order=(_states.c.agent_id, _states.c.since),
)
