"""Second factors of accounts and their recovery codes; how far a session has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Failed attempts are counted by other keys since then: what was counted begins anew."""
    op.add_column("sessions", sa.Column("stage", sa.String, nullable=False, server_default=""))
    op.create_table(
        "second_factors",
        sa.Column("username", sa.String, sa.ForeignKey("accounts.username"), primary_key=True),
        sa.Column("secret", sa.String, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("last_step", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("username", sa.String, sa.ForeignKey("accounts.username"), primary_key=True),
        sa.Column("hash", sa.String, primary_key=True),
    )
    op.execute("DELETE FROM attempts")


def downgrade() -> None:
    """Whoever had a second factor signs in without it."""
    op.drop_table("recovery_codes")
    op.drop_table("second_factors")
    op.drop_column("sessions", "stage")
