"""Webhooks, what waits to be told to them, which process tells it; and agents' unsent words about calls."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("url", sa.String, nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("secret", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("since_at", _MOMENT, nullable=False),
        sa.Column("failing_since", _MOMENT),
        sa.Column("last_error", sa.String),
        sa.Column("disabled_why", sa.String),
        sa.Column("dropped", sa.Integer, nullable=False),
    )
    _make_deliveries()
    lease = op.create_table(
        "webhook_lease",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT),
    )
    op.bulk_insert(lease, [{"id": 1, "holder": "", "until": datetime.fromtimestamp(0, UTC)}])
    op.create_table(
        "drafts",
        sa.Column("agent_id", sa.String, primary_key=True),
        sa.Column("call_id", sa.String, primary_key=True),
        sa.Column("text", sa.JSON, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )
    op.create_index("ix_drafts_at", "drafts", ["at"])


def downgrade() -> None:
    """Drop them and all that is in them."""
    for table in ("drafts", "webhook_lease", "deliveries", "webhooks"):
        op.drop_table(table)


def _make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("webhook_id", sa.String, sa.ForeignKey("webhooks.id"), nullable=False),
        sa.Column("event_id", sa.String, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("next_at", _MOMENT, nullable=False),
        sa.Column("done_at", _MOMENT),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.String),
        sa.UniqueConstraint("webhook_id", "event_id", name="uq_deliveries_webhook_id_event_id"),
    )
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])
    op.create_index("ix_deliveries_state_next_at", "deliveries", ["state", "next_at"])
