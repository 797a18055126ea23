"""What happened while nobody listened, from the records."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import Engine, or_, select

from acd.core.fact_json import fact_from_dict
from acd.core.facts import Fact
from acd.records import schema
from acd.webhooks.events import Event, agent_event, events_of

WRAPPED_UP_WITHIN = timedelta(hours=2)
"""A call's last facts come so long after its end, at most."""


def events_since(engine: Engine, since: datetime) -> list[Event]:
    """Of calls and agents' stretches on record, from `since` on. Synchronous; raises SQLAlchemy's errors."""
    at_least = since.timestamp()
    found = [
        event
        for call_id, call_facts in _facts(engine, since).items()
        for event in events_of(call_id, [fact for fact in call_facts if fact.at >= at_least])
    ]
    return sorted([*found, *_stretches(engine, since)], key=lambda event: event.at)


def _facts(engine: Engine, since: datetime) -> dict[str, list[Fact]]:
    calls, facts = schema.calls, schema.facts
    ended = or_(calls.c.ended_at >= since - WRAPPED_UP_WITHIN, calls.c.started_at >= since)
    query = (
        select(facts.c.call_id, facts.c.data)
        .join(calls, calls.c.call_id == facts.c.call_id)
        .where(ended)
        .order_by(facts.c.call_id, facts.c.part)
    )
    found: defaultdict[str, list[Fact]] = defaultdict(list)
    with engine.connect() as connection:
        for call_id, data in connection.execute(query):
            found[call_id] += map(fact_from_dict, data)
    return found


def _stretches(engine: Engine, since: datetime) -> list[Event]:
    table = schema.agent_states
    query = select(table).where(table.c.since >= since)
    with engine.connect() as connection:
        return [
            agent_event(row.agent_id, row.state, row.reason, row.since.timestamp())
            for row in connection.execute(query)
        ]
