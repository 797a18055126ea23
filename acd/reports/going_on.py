"""What agents are doing at this moment: it is on no record before it is over. Pure.

Without it whoever has been ready for an hour would not have been at work in that hour, while the plan runs
on. Whoever can ask the controller hands it in; time in the plan is all that is counted of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from acd.core.agents import AgentState
from acd.reports.counting.rows import StateRow
from acd.reports.kpis import KPIS, RowKind

GoingOn = tuple[StateRow, ...]
"""One stretch of each agent who is logged in, until now."""


def going_on(told: Iterable[tuple[str, str, str | None, float]], now: datetime) -> GoingOn:
    """`told`: agents with their states, the reasons, and for how many seconds they have been in them."""
    return tuple(
        StateRow(now - timedelta(seconds=max(0.0, state_s)), now, agent, state, reason)
        for agent, state, reason, state_s in told
        if state != AgentState.LOGGED_OUT
    )


def is_counted(ids: Iterable[str]) -> bool:
    """Whether one of these KPIs takes it."""
    return any(id in KPIS and RowKind.PLANS in KPIS[id].rows for id in ids)


def with_going_on(rows: Iterable[StateRow], going_on: Iterable[StateRow]) -> Iterator[StateRow]:
    """The stretches on record, and what goes on as far as it is not on record by now."""
    over_at: dict[str, datetime] = {}
    for row in rows:
        over_at[row.agent] = max(row.until, over_at.get(row.agent, row.until))
        yield row
    for row in going_on:
        began = max(row.at, over_at.get(row.agent, row.at))
        if began < row.until:
            yield row._replace(at=began)
