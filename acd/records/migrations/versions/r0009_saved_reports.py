"""Saved reports, what became of each time one was due, and which process sends them."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "saved_reports",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("asked", sa.JSON, nullable=False),
        sa.Column("format", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("recipients", sa.JSON, nullable=False),
        sa.Column("schedule", sa.String),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("next_at", _MOMENT),
    )
    op.create_index("ix_saved_reports_next_at", "saved_reports", ["next_at"])
    op.create_table(
        "report_runs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("saved_id", sa.String, sa.ForeignKey("saved_reports.id"), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", _MOMENT, nullable=False),
        sa.Column("done_at", _MOMENT),
        sa.Column("waiting", sa.JSON, nullable=False),
        sa.Column("refused", sa.JSON, nullable=False),
        sa.Column("file_name", sa.String),
        sa.Column("bytes", sa.Integer),
        sa.Column("error", sa.String),
        sa.UniqueConstraint("saved_id", "due_at", name="uq_report_runs_saved_id_due_at"),
    )
    op.create_index("ix_report_runs_state_next_at", "report_runs", ["state", "next_at"])
    lease = op.create_table(
        "report_lease",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
    )
    op.bulk_insert(lease, [{"id": 1, "holder": "", "until": datetime.fromtimestamp(0, UTC)}])


def downgrade() -> None:
    """Drop them and all that is in them."""
    for table in ("report_lease", "report_runs", "saved_reports"):
        op.drop_table(table)
