"""Who accounts are at the provider of single sign-on, and which sessions began there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Nobody is linked yet; all sessions so far began with a password."""
    op.add_column("sessions", sa.Column("by_provider", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "provider_links",
        sa.Column("username", sa.String, sa.ForeignKey("accounts.username"), primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("issuer", sa.String),
        sa.Column("subject", sa.String),
        sa.Column("since", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_provider_links_subject", "provider_links", ["issuer", "subject"], unique=True)


def downgrade() -> None:
    """Everybody signs in with a password; who has none asks an admin for one."""
    op.drop_table("provider_links")
    op.execute("DELETE FROM sessions WHERE by_provider")
    op.drop_column("sessions", "by_provider")
