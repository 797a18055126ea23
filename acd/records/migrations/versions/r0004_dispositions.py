"""What agents recorded of calls; when a callback was promised, and by whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table and the columns."""
    op.create_table(
        "dispositions",
        sa.Column("call_id", sa.String, primary_key=True),
        sa.Column("agent_id", sa.String, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("group_id", sa.String),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("complaint", sa.Boolean, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("callback_at", _MOMENT),
    )
    op.create_index("ix_dispositions_at", "dispositions", ["at"])
    op.add_column("callbacks", sa.Column("due_at", _MOMENT))
    op.add_column("callbacks", sa.Column("for_agent", sa.String))


def downgrade() -> None:
    """Drop them and all that is in them."""
    op.drop_column("callbacks", "for_agent")
    op.drop_column("callbacks", "due_at")
    op.drop_table("dispositions")
