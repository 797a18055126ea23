"""The files of what callers and agents said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table; files that are there already get their rows from the next look at the folder."""
    op.create_table(
        "recordings",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("group_id", sa.String),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("duration_s", sa.Double, nullable=False),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("format", sa.String, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("storage", sa.String, nullable=False),
        sa.Column("consent", sa.String),
        sa.Column("pauses", sa.JSON, nullable=False),
        sa.Column("deleted_at", _MOMENT),
        sa.Column("deleted_why", sa.String),
    )
    op.create_index("ix_recordings_call_id", "recordings", ["call_id"])
    op.create_index("ix_recordings_started_at", "recordings", ["started_at"])
    op.create_index("ix_recordings_storage_format", "recordings", ["storage", "format"])


def downgrade() -> None:
    """Drop it; the files stay."""
    op.drop_table("recordings")
