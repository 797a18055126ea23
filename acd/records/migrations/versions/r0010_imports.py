"""Which imports of other systems' history there have been."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "imports",
        sa.Column("import_id", sa.Integer, primary_key=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.Column("files", sa.JSON, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("calls", "known", "states")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("refused", "unused")),
        sa.Column("first", _MOMENT),
        sa.Column("last", _MOMENT),
        sa.Column("reasons", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    """Which calls came from another system is still said by `calls.source`."""
    op.drop_table("imports")
