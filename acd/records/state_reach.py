"""Which stretches of agents' states reach into a period, found without a look at all that began before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, select

from acd.records import schema
from acd.records.period import Period

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_ROUNDED_S = 1.0


def reaching_into(connection: Connection, period: Period) -> ColumnElement[bool]:
    """Whether a row of `agent_states` lies at least partly in the period.

    None began longer before it than the longest stretch on record lasts: so an index leads to all of them,
    however many years of them there are.
    """
    states = schema.agent_states.c
    longest_s = connection.scalar(select(func.max(states.length_s))) or 0.0
    since = period.since.astimezone(UTC)
    reach = timedelta(seconds=min(longest_s + _ROUNDED_S, max(0.0, (since - _FIRST).total_seconds())))
    return and_(states.since >= since - reach, states.since < period.until, states.until > period.since)
