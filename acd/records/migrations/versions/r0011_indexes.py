"""Steps by moment, whatever the flow; and how long states last at most, so that a look is not at all."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("ix_ivr_steps_at", "ivr_steps", ["at"])
    op.create_index("ix_agent_states_length_s", "agent_states", ["length_s"])


def downgrade() -> None:
    """Nothing is lost by it."""
    op.drop_index("ix_agent_states_length_s", "agent_states")
    op.drop_index("ix_ivr_steps_at", "ivr_steps")
