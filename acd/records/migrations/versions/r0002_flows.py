"""A caller's steps in flows, survey scores, sounds, callbacks, what became of tasks; why a line was left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.add_column("visits", sa.Column("left_by", sa.String))
    _make_steps()
    _make_scores()
    _make_sounds()
    _make_callbacks()
    op.create_table(
        "task_changes",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("task_id", sa.String, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("agent_id", sa.String),
        sa.Column("note", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Drop them and all that is in them."""
    for table in ("task_changes", "callbacks", "sounds", "survey_scores", "ivr_steps"):
        op.drop_table(table)
    op.drop_column("visits", "left_by")


def _call_key() -> tuple[sa.Column[str], sa.Column[int]]:
    return (
        sa.Column("call_id", sa.String, sa.ForeignKey("calls.call_id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    )


def _make_steps() -> None:
    op.create_table(
        "ivr_steps",
        *_call_key(),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("flow", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("arrow", sa.String, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
    )
    op.create_index("ix_ivr_steps_flow_at", "ivr_steps", ["flow", "at"])


def _make_scores() -> None:
    op.create_table(
        "survey_scores",
        *_call_key(),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("survey", sa.String, nullable=False),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
    )
    op.create_index("ix_survey_scores_at", "survey_scores", ["at"])


def _make_sounds() -> None:
    op.create_table(
        "sounds",
        *_call_key(),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("duration_s", sa.Double, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("group_id", sa.String),
    )
    op.create_index("ix_sounds_name", "sounds", ["name"])
    op.create_index("ix_sounds_purpose_at", "sounds", ["purpose", "at"])


def _make_callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("callback_id", sa.Integer, primary_key=True),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("wanted_at", _MOMENT, nullable=False),
        sa.Column("group_id", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.UniqueConstraint("call_id", "wanted_at", name="uq_callbacks_call_id_wanted_at"),
    )
    op.create_index("ix_callbacks_wanted_at", "callbacks", ["wanted_at"])
