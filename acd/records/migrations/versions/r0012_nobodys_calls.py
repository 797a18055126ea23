"""Which calls have been made nobody's: they stay so when something is told of them later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the column; those of before are known by what stands for their contact."""
    op.add_column("calls", sa.Column("anonymised", sa.Boolean, nullable=False, server_default=sa.false()))
    names = ("caller_number", "caller_name", "customer_id", "contact_key")
    calls = sa.table("calls", sa.column("anonymised", sa.Boolean), *(sa.column(n, sa.String) for n in names))
    is_nobodys = calls.c.contact_key.like("anon:%") & (calls.c.caller_number == "")
    is_nobodys &= (calls.c.caller_name == "") & calls.c.customer_id.is_(None)
    op.execute(sa.update(calls).where(is_nobodys).values(anonymised=sa.true()))


def downgrade() -> None:
    """Without it they are looked at as those of somebody without a number."""
    op.drop_column("calls", "anonymised")
