"""The tables: one row per call, its segments, visits and facts, and the agents' states.

Segments and visits repeat what the facts say, in a form that reports can select by time. Times are
aware UTC on both databases; durations are seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
)

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. SQLite has no time zones, so it keeps UTC there without saying so.

    A naive datetime is refused with ValueError: nobody could say which moment it means.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC, on its way into the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To aware UTC, on its way out."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _call_key() -> tuple[Column[str], Column[int]]:
    """A part of a call: its place in the order of that call's parts."""
    return (
        Column("call_id", String, ForeignKey("calls.call_id"), primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
    )


calls = Table(
    "calls",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("caller_number", String, nullable=False, index=True),
    Column("caller_name", String, nullable=False),
    Column("dialed_number", String, nullable=False),
    Column("customer_id", String, index=True),
    Column("customer_name", String),
    Column("customer_segment", String),
    Column("origin_agent", String),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("ended_by", String),
)

segments = Table(
    "segments",
    metadata,
    *_call_key(),
    Column("kind", String, nullable=False),
    Column("group_id", String),
    Column("agent_id", String),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("ended_at", UtcDateTime),
    Column("outcome", String, nullable=False),
    Column("hold_s", Double, nullable=False),
    Index("ix_segments_agent_id_started_at", "agent_id", "started_at"),
)

visits = Table(
    "visits",
    metadata,
    *_call_key(),
    Column("group_id", String, nullable=False),
    Column("queued_at", UtcDateTime, nullable=False, index=True),
    Column("outcome", String, nullable=False),
    Column("wait_s", Double, nullable=False),
    Column("agent_id", String),
    Column("talk_s", Double, nullable=False),
    Column("hold_s", Double, nullable=False),
    Column("wrap_up_s", Double, nullable=False),
    Index("ix_visits_group_id_queued_at", "group_id", "queued_at"),
)

facts = Table(
    "facts",
    metadata,
    *_call_key(),
    Column("data", JSON, nullable=False),
)

agent_states = Table(
    "agent_states",
    metadata,
    Column("agent_id", String, primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("until", UtcDateTime, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("call_id", String),
    Index("ix_agent_states_since", "since"),
)
