"""The tables of webhooks: who is told of what, what waits to be told, and which process tells it."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from acd.sql import UtcDateTime

metadata = MetaData()

# The secret is kept as it is: without it nothing could be signed. `since_at`: of nothing before is told.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String, primary_key=True),
    Column("url", String, nullable=False),
    Column("events", JSON, nullable=False),
    Column("secret", String, nullable=False),
    Column("note", String, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_by", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("since_at", UtcDateTime, nullable=False),
    Column("failing_since", UtcDateTime),
    Column("last_error", String),
    Column("disabled_why", String),
    Column("dropped", Integer, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("webhook_id", String, ForeignKey("webhooks.id"), nullable=False),
    Column("event_id", String, nullable=False),
    Column("event", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("next_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("status", Integer),
    Column("error", String),
    UniqueConstraint("webhook_id", "event_id", name="uq_deliveries_webhook_id_event_id"),
    Index("ix_deliveries_state_next_at", "state", "next_at"),
)

# One row, made by the migration. `seen_at`: the facts up to then are in `deliveries`.
lease = Table(
    "webhook_lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("holder", String, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime),
)
