"""Agents' states: also those that only reach into the period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, null, select

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
_LOG_IN_WITHIN = timedelta(days=7)
"""An agent's log-in is looked for so far back: history of years is not read for each of its gaps."""


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
    History of another system does not say when an agent logged in, so that gaps in it tell nothing.
    """

    connection: Connection
    _agent: str = ""
    _over_at: datetime | None = None
    _has_logged_in: bool | None = None  # None: not looked for yet

    def tell(self, row: StateRow) -> None:
        """The next one."""
        self._turn_to(row)
        self._over_at = row.until if self._over_at is None else max(self._over_at, row.until)
        self._has_logged_in = _is_log_in(row) or self._has_logged_in

    def missing_since(self, row: StateRow) -> datetime | None:
        """When the stretch before this row was over, where there must have been another one in between."""
        self._turn_to(row)
        if _is_log_in(row):
            return None
        over_at = self._over_before(row) if self._over_at is None else self._over_at
        if over_at is None or row.at - over_at <= _AT_ONCE:
            return None
        if self._has_logged_in is None:
            self._has_logged_in = self._log_in_before(row)
        return over_at if self._has_logged_in else None

    def _turn_to(self, row: StateRow) -> None:
        if row.agent != self._agent:
            self._agent, self._over_at, self._has_logged_in = row.agent, None, None

    def _over_before(self, row: StateRow) -> datetime | None:
        query = select(_states.c.until).where(_states.c.agent_id == row.agent, _states.c.since < row.at)
        found: datetime | None = self.connection.scalar(query.order_by(_states.c.since.desc()).limit(1))
        return found

    def _log_in_before(self, row: StateRow) -> bool:
        query = select(_states.c.since).where(
            _states.c.agent_id == row.agent,
            _states.c.since.between(row.at - _LOG_IN_WITHIN, row.at),
            _states.c.state == AgentState.NOT_READY.value,
            _states.c.reason == REASON_LOGIN,
        )
        return self.connection.scalar(query.order_by(_states.c.since.desc()).limit(1)) is not None


def _is_log_in(row: StateRow) -> bool:
    return (row.state, row.reason) == (AgentState.NOT_READY, REASON_LOGIN)


STATES = _StateSource(
    row=StateRow,
    query=select(
        _states.c.since, _states.c.until, _states.c.agent_id, _states.c.state, _states.c.reason, null()
    ),
    at=_states.c.since,
    filters={"agents": _states.c.agent_id},
    order=(_states.c.agent_id, _states.c.since),
)
