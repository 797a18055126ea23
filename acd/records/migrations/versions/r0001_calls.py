"""Calls, their segments, visits and facts; the agents' states."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _make_calls()
    _make_segments()
    _make_visits()
    op.create_table("facts", *_call_key(), sa.Column("data", sa.JSON, nullable=False))
    op.create_table(
        "agent_states",
        sa.Column("agent_id", sa.String, primary_key=True),
        sa.Column("since", _MOMENT, primary_key=True),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("call_id", sa.String),
    )
    op.create_index("ix_agent_states_since", "agent_states", ["since"])
    op.create_index("ix_agent_states_until", "agent_states", ["until"])


def downgrade() -> None:
    """Drop the tables and all that is in them."""
    for table in ("agent_states", "facts", "visits", "segments", "calls"):
        op.drop_table(table)


def _call_key() -> tuple[sa.Column[str], sa.Column[int]]:
    return (
        sa.Column("call_id", sa.String, sa.ForeignKey("calls.call_id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    )


def _make_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("call_id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("caller_number", sa.String, nullable=False),
        sa.Column("caller_name", sa.String, nullable=False),
        sa.Column("dialed_number", sa.String, nullable=False),
        sa.Column("customer_id", sa.String),
        sa.Column("customer_name", sa.String),
        sa.Column("customer_segment", sa.String),
        sa.Column("origin_agent", sa.String),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("answered_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.Column("ended_by", sa.String),
    )
    op.create_index("ix_calls_caller_number", "calls", ["caller_number"])
    op.create_index("ix_calls_customer_id", "calls", ["customer_id"])
    op.create_index("ix_calls_started_at", "calls", ["started_at"])


def _make_segments() -> None:
    op.create_table(
        "segments",
        *_call_key(),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("group_id", sa.String),
        sa.Column("agent_id", sa.String),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("hold_s", sa.Double, nullable=False),
    )
    op.create_index("ix_segments_started_at", "segments", ["started_at"])
    op.create_index("ix_segments_agent_id_started_at", "segments", ["agent_id", "started_at"])


def _make_visits() -> None:
    op.create_table(
        "visits",
        *_call_key(),
        sa.Column("group_id", sa.String, nullable=False),
        sa.Column("queued_at", _MOMENT, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("wait_s", sa.Double, nullable=False),
        sa.Column("agent_id", sa.String),
        sa.Column("talk_s", sa.Double, nullable=False),
        sa.Column("hold_s", sa.Double, nullable=False),
        sa.Column("wrap_up_s", sa.Double, nullable=False),
    )
    op.create_index("ix_visits_queued_at", "visits", ["queued_at"])
    op.create_index("ix_visits_group_id_queued_at", "visits", ["group_id", "queued_at"])
