"""Which calls were deleted for good; callers whom an agent took over from a colleague were not offered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_TAKEN_OVER = """
UPDATE visits SET outcome = :after WHERE outcome = :before AND wait_s = 0 AND EXISTS (
    SELECT 1 FROM transfers
    WHERE transfers.call_id = visits.call_id AND transfers.how = 'attended'
    AND transfers.at = visits.queued_at AND transfers.to_group = visits.group_id
    AND (transfers.to_agent = visits.agent_id OR transfers.to_agent IS NULL AND EXISTS (
        SELECT 1 FROM segments
        WHERE segments.call_id = visits.call_id AND segments.kind = 'fallback'
        AND segments.started_at = visits.queued_at AND segments.agent_id = visits.agent_id
    ))
)
"""
"""Of an agent whom the fallback queue had connected the transfer does not tell."""


def upgrade() -> None:
    """Make the table. Roll-ups are of another format since then, and are made anew by themselves."""
    op.create_table(
        "deleted_calls",
        sa.Column("code", sa.String, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute(sa.text(_TAKEN_OVER).bindparams(before="answered", after="transferred_in"))


def downgrade() -> None:
    """Without the table calls that were deleted may come back."""
    is_taken_over = "UPDATE visits SET outcome = 'answered' WHERE outcome = 'transferred_in'"
    op.execute(sa.text(is_taken_over))
    op.drop_table("deleted_calls")
