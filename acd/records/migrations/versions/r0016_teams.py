"""Which teams an account's and a token's rights are for; reports kept at the command line say so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"

_BY_HAND = """
UPDATE saved_reports SET owner = :mark || owner
WHERE owner NOT LIKE 'token:%' AND owner NOT LIKE 'cli:%'
AND NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.username = saved_reports.owner)
"""
"""What an account owns that is gone by now counted as the machine's before, too."""


def upgrade() -> None:
    """NULL is all teams: everybody may do what they could."""
    for table in ("accounts", "tokens"):
        op.add_column(table, sa.Column("teams", sa.JSON))
    op.execute(sa.text(_BY_HAND).bindparams(mark="cli:"))


def downgrade() -> None:
    """Supervisors of teams may see everything then: disable their accounts before."""
    for table in ("accounts", "tokens"):
        op.drop_column(table, "teams")
    op.execute(sa.text("UPDATE saved_reports SET owner = substr(owner, 5) WHERE owner LIKE 'cli:%'"))
